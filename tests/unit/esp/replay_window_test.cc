#include "esp/replay_window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace twinspan::esp {
namespace {

// The definition, without any cleverness: every accepted number is remembered for ever.
class SlowWindow {
 public:
  explicit SlowWindow(uint64_t width) : width_(width) {}
  bool accept(uint64_t number) {
    if (number == 0) return false;
    const uint64_t highest = accepted_.empty() ? 0 : *accepted_.rbegin();
    if (number <= highest && highest - number >= width_) return false;
    return accepted_.insert(number).second;
  }

 private:
  uint64_t width_;
  std::set<uint64_t> accepted_;
};

// RFC 4303 A2.2 as it is worded: of the candidates for the high half, the one whose number lies in
// or ahead of the window and is the lowest such.
std::optional<uint64_t> slow_extend(uint64_t highest, uint64_t width, uint32_t low) {
  for (int step = -1; step <= 1; ++step) {
    const auto high = static_cast<int64_t>(highest >> 32) + step;
    if (high > int64_t{UINT32_MAX}) continue;
    if (high < 0) {  // The window reaches below the first number, and `low` would lie there.
      const uint64_t below_zero = (uint64_t{1} << 32) - low;
      if (highest + below_zero < width) return std::nullopt;
      continue;
    }
    const uint64_t number = (static_cast<uint64_t>(high) << 32) | low;
    if (number > highest || highest - number < width) return number;
  }
  return std::nullopt;
}

TEST(ReplayWindow, AgreesWithTheSlowDefinitionOnRandomWalks) {
  std::mt19937_64 random(4303);
  for (const uint32_t width : {1024u, 1025u, 1087u, 1088u, 4096u, 65536u}) {
    ReplayWindow window(width);
    SlowWindow slow(width);
    uint64_t centre = 1;
    for (int i = 0; i < 60000; ++i) {
      const uint64_t spread = i % 97 == 0 ? 4 * width : i % 5 == 0 ? width + 70 : 40;
      const uint64_t number = centre + random() % spread;
      const uint64_t behind = random() % (width + 80);
      const uint64_t tried = random() % 2 == 0 ? number : centre - std::min(centre, behind);
      const bool expected = slow.accept(tried);
      ASSERT_EQ(window.looks_fresh(tried), expected) << "width " << width << " number " << tried;
      ASSERT_EQ(window.accept(tried), expected) << "width " << width << " number " << tried;
      centre = std::max(centre, window.highest());
    }
  }
}

TEST(ReplayWindow, AgreesWithTheSlowDefinitionForEveryPositionOfTheTop) {
  // All alignments of the window's two ends within the ring's words, across two turns of the ring.
  constexpr uint32_t kWidth = 1024;
  for (uint64_t top = 1; top < 2 * 2048 + 130; ++top) {
    ReplayWindow window(kWidth);
    ASSERT_TRUE(window.accept(top));
    EXPECT_FALSE(window.looks_fresh(top));
    EXPECT_TRUE(window.looks_fresh(top + 1));
    const uint64_t bottom = top >= kWidth ? top - kWidth + 1 : 1;
    if (bottom < top) {
      EXPECT_TRUE(window.looks_fresh(bottom));
      EXPECT_TRUE(window.looks_fresh(top - 1));
    }
    EXPECT_FALSE(window.looks_fresh(bottom - 1)) << top;
  }
}

TEST(ReplayWindow, EveryNumberOfTheWindowIsAcceptedOnceInAnyOrder) {
  for (const uint32_t width : {1024u, 1100u}) {
    ReplayWindow window(width);
    const uint64_t top = 5000;
    ASSERT_TRUE(window.accept(top));
    for (uint64_t number = top - 1; number > top - width; --number) {
      ASSERT_TRUE(window.accept(number)) << number;
    }
    for (uint64_t number = top - width + 1; number <= top; ++number) {
      ASSERT_FALSE(window.accept(number)) << number;
    }
    EXPECT_FALSE(window.accept(top - width));
  }
}

TEST(ReplayWindow, TheNumberZeroIsNeverFresh) {
  ReplayWindow window(1024);
  EXPECT_FALSE(window.looks_fresh(0));
  EXPECT_FALSE(window.accept(0));
  EXPECT_TRUE(window.accept(1));
  EXPECT_FALSE(window.accept(0));
}

TEST(ReplayWindow, LookingDoesNotMoveTheWindow) {
  ReplayWindow window(1024);
  EXPECT_TRUE(window.looks_fresh(1'000'000));
  EXPECT_EQ(window.highest(), 0u);
  EXPECT_TRUE(window.accept(1));
}

TEST(ReplayWindow, AJumpOfTheWholeSpaceClearsTheRing) {
  ReplayWindow window(1024);
  for (uint64_t number = 1; number <= 2048; ++number) ASSERT_TRUE(window.accept(number));
  ASSERT_TRUE(window.accept(UINT64_MAX - 10));
  for (uint64_t back = 1; back < 1024; ++back) {
    ASSERT_TRUE(window.accept(UINT64_MAX - 10 - back));
  }
  EXPECT_TRUE(window.accept(UINT64_MAX));
  EXPECT_FALSE(window.accept(UINT64_MAX));
}

TEST(ReplayWindow, InfersTheHighHalfAroundEverySubspaceBoundary) {
  for (const uint32_t width : {1024u, 1500u, 65536u}) {
    for (const uint64_t high :
         {uint64_t{0}, uint64_t{1}, uint64_t{5}, uint64_t{UINT32_MAX - 1}, uint64_t{UINT32_MAX}}) {
      for (const int64_t offset :
           {-70000, -1501, -1024, -1023, -1, 0, 1, 1022, 1023, 1024, 70000}) {
        const uint64_t boundary = high << 32;
        const uint64_t top = boundary + static_cast<uint64_t>(offset);
        if (offset < 0 && high == 0) continue;
        ReplayWindow window(width);
        if (top != 0) {
          ASSERT_TRUE(window.accept(top));
        }
        for (const int64_t delta :
             {-70000, -2000, -1500, -1499, -1024, -1023, -1, 0, 1, 1023, 2000, 1 << 30}) {
          const auto low = static_cast<uint32_t>(top + static_cast<uint64_t>(delta));
          EXPECT_EQ(window.extend(low), slow_extend(top, width, low))
              << "top " << top << " low " << low << " width " << width;
        }
      }
    }
  }
}

TEST(ReplayWindow, ANewWindowTakesLowHalvesFromTheFirstSubspaceOnly) {
  const ReplayWindow window(1024);
  EXPECT_EQ(window.extend(1), 1u);
  EXPECT_EQ(window.extend(0xfffffc00), 0xfffffc00u);
  // RFC 4303 A2.2, case B: these would lie before the space's begin.
  EXPECT_EQ(window.extend(0xffffffff), std::nullopt);
}

TEST(ReplayWindowDeathTest, AWidthOutsideTheBoundsIsOurMistake) {
  EXPECT_DEATH(ReplayWindow(1023), "width_packets");
  EXPECT_DEATH(ReplayWindow(kReplayWidthMax + 1), "width_packets");
}

}  // namespace
}  // namespace twinspan::esp
