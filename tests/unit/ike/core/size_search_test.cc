// The search for the size of a path against every path there is.
#include "ike/core/size_search.h"

#include <gtest/gtest.h>

namespace twinspan::ike {
namespace {

constexpr unsigned kProbesMax = 60;

// A path that carries `mtu` bytes, and a cipher whose messages end on blocks of `block` bytes.
struct Path {
  uint32_t mtu = 0;
  uint32_t block = 1;
  unsigned probes = 0;

  void search(SizeSearch& search) {
    for (; !search.is_done(); ++probes) {
      ASSERT_LT(probes, kProbesMax);
      const uint32_t size = search.next() - (search.next() - 28) % block;
      if (size <= mtu) {
        search.note_answered(size);
      } else {
        search.note_lost();
      }
    }
  }
};

TEST(SizeSearch, OneAnswerIsEnoughForASizeThatFits) {
  SizeSearch search(1500, IpFamily::V4);
  EXPECT_EQ(search.next(), 1500u);
  search.note_answered(1500);
  EXPECT_TRUE(search.is_done());
  EXPECT_EQ(search.fitting(), 1500u);
}

TEST(SizeSearch, TwoLossesOfASizeProveNothing) {
  SizeSearch search(1500, IpFamily::V4);
  search.note_lost();
  search.note_lost();
  EXPECT_EQ(search.next(), 1500u);
  search.note_answered(1500);
  EXPECT_EQ(search.fitting(), 1500u);
}

TEST(SizeSearch, NothingIsKnownOfAPathThatAnswersNoSize) {
  SizeSearch search(1500, IpFamily::V4);
  Path path{.mtu = 0};
  path.search(search);
  EXPECT_EQ(search.fitting(), std::nullopt);
  EXPECT_EQ(path.probes, 9u);  // 1500, 1280, 576.
}

TEST(SizeSearch, NothingIsAskedThatEveryPathCarries) {
  EXPECT_TRUE(SizeSearch(576, IpFamily::V4).is_done());
  EXPECT_FALSE(SizeSearch(577, IpFamily::V4).is_done());
  EXPECT_TRUE(SizeSearch(1280, IpFamily::V6).is_done());
  EXPECT_FALSE(SizeSearch(1281, IpFamily::V6).is_done());
  EXPECT_TRUE(SizeSearch().is_done());
}

TEST(SizeSearch, FindsEverySizeWithinAGrainInFewProbes) {
  for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
    for (const uint32_t asked : {1300u, 1492u, 1500u, 9000u}) {
      for (uint32_t mtu = path_mtu_min(family); mtu < asked; ++mtu) {
        SizeSearch search(asked, family);
        Path path{.mtu = mtu};
        path.search(search);
        ASSERT_TRUE(search.fitting()) << mtu;
        EXPECT_LE(*search.fitting(), mtu);
        EXPECT_GE(*search.fitting() + SizeSearch::kGrain, mtu);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(SizeSearch, NeverTakesASizeForGoodThatACipherOfBlocksDidNotTry) {
  for (uint32_t mtu = 576; mtu < 1500; ++mtu) {
    SizeSearch search(1500, IpFamily::V4);
    Path path{.mtu = mtu, .block = 16};
    path.search(search);
    ASSERT_TRUE(search.fitting()) << mtu;
    // 1500 itself is asked about with 1500 - 0 to 15 bytes.
    if (*search.fitting() < 1500) {
      EXPECT_LE(*search.fitting(), mtu);
    }
    EXPECT_GE(*search.fitting() + 2 * SizeSearch::kGrain, mtu);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SizeSearch, TheUsualSizesAreFoundWithoutATryInBetween) {
  for (const uint32_t mtu : {1280u, 1500u}) {
    SizeSearch search(9000, IpFamily::V4);
    Path path{.mtu = mtu};
    path.search(search);
    EXPECT_EQ(search.fitting(), mtu);
    EXPECT_LE(path.probes, 11u);
  }
}

TEST(SizeSearch, StaysBelowWhatPeersTakeOfAnIkeMessage) {
  SizeSearch search(65535, IpFamily::V4);
  EXPECT_EQ(search.next(), SizeSearch::kSizeMax);
  EXPECT_EQ(search.asked(), SizeSearch::kSizeMax);
}

}  // namespace
}  // namespace twinspan::ike
