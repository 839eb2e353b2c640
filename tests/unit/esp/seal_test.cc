// What leaves: layout of the frame, numbering, limits.
#include <set>

#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

constexpr EspTransforms kSuite{kGcm256, IntegrityId::None, true};
constexpr EspTransforms kSuiteWithoutEsn{kGcm256, IntegrityId::None, false};

// Seals `count` copies of one packet in one call.
struct Burst {
  Burst(OutboundSa& sa, Bytes packet, size_t count)
      : inner(std::move(packet)), frames(count, Bytes(frame_size(sa, inner.size()))), items(count) {
    for (size_t i = 0; i < count; ++i) {
      items[i] = {.inner = inner.data(),
                  .inner_length = static_cast<uint32_t>(inner.size()),
                  .frame = frames[i].data()};
    }
  }
  Bytes inner;
  std::vector<Bytes> frames;
  std::vector<SealItem> items;
};

TEST(Seal, AFrameOf1438BytesFillsA1500ByteLink) {
  // 1500 - IPv4 20 - UDP 8 - header 16 - ICV 16 - trailer 2 = 1438, which leaves no padding.
  TunnelPair pair(kSuite);
  EXPECT_EQ(inner_offset(pair.left.outbound()), 16u);
  EXPECT_EQ(frame_size(pair.left.outbound(), 1438), 1472u);
  EXPECT_EQ(frame_size(pair.left.outbound(), 1439), 1476u);
  EXPECT_EQ(frame_size(pair.left.outbound(), 64), 8u + 8 + 68 + 16);
}

TEST(Seal, CbcFramesEndOnTheCiphersBlock) {
  TunnelPair pair(EspTransforms{kCbc256, IntegrityId::HmacSha256_128, true});
  EXPECT_EQ(inner_offset(pair.left.outbound()), 24u);
  EXPECT_EQ(frame_size(pair.left.outbound(), 62), 24u + 64 + 16);
  EXPECT_EQ(frame_size(pair.left.outbound(), 63), 24u + 80 + 16);
}

TEST(Seal, TheHeaderCarriesSpiAndConsecutiveNumbersAndTheIvIsTheNumber) {
  TunnelPair pair(kSuite);
  Burst burst(pair.left.outbound(), make_inner({}), 150);  // Three batches.
  ASSERT_EQ(seal(pair.left.outbound(), burst.items, pair.left.sealed()), 150u);
  for (size_t i = 0; i < burst.frames.size(); ++i) {
    EXPECT_EQ(load_be32(&burst.frames[i][0]), kRightSpi.value);
    EXPECT_EQ(load_be32(&burst.frames[i][4]), i + 1);
    EXPECT_EQ(load_be64(&burst.frames[i][8]), i + 1);
    EXPECT_EQ(pair.open_on_right(burst.frames[i]).verdict, Verdict::Accept);
  }
  EXPECT_EQ(pair.left.sealed().packets.read(), 150u);
  EXPECT_EQ(pair.left.sealed().bytes.read(), 150u * 60);
}

TEST(Seal, SealsInPlaceWhatItSealsElsewhere) {
  for (const EspTransforms& suite : all_transforms()) {
    TunnelPair pair(suite);
    OutboundSa& sa = pair.left.outbound();
    const Bytes inner = make_inner({.payload_length = 333});
    Bytes frame(frame_size(sa, inner.size()));
    uint8_t* const start = frame.data() + inner_offset(sa);
    std::copy(inner.begin(), inner.end(), start);
    SealItem item{
        .inner = start, .inner_length = static_cast<uint32_t>(inner.size()), .frame = frame.data()};
    ASSERT_EQ(seal(sa, {&item, 1}, pair.left.sealed()), 1u);
    const OpenItem opened = pair.open_on_right(frame);
    ASSERT_EQ(opened.verdict, Verdict::Accept);
    EXPECT_EQ(to_bytes(inner_of(opened)), inner);
  }
}

TEST(Seal, CbcIvsDifferAndAreNotTheSequenceNumber) {
  TunnelPair pair(EspTransforms{kCbc128, IntegrityId::HmacSha256_128, true});
  std::set<Bytes> ivs;
  for (int i = 0; i < 300; ++i) {
    const Bytes frame = pair.seal_on_left(make_inner({}));
    ivs.insert(Bytes(frame.begin() + 8, frame.begin() + 24));
    EXPECT_NE(load_be64(&frame[8]), load_be32(&frame[4]));
  }
  EXPECT_EQ(ivs.size(), 300u);
}

TEST(Seal, AnEmptyItemBecomesADummyPacketAndIsNotCounted) {
  TunnelPair pair(kSuite);
  Bytes frame = pair.seal_on_left({});
  ASSERT_FALSE(frame.empty());
  EXPECT_EQ(pair.left.sealed().packets.read(), 0u);
  EXPECT_EQ(pair.open_on_right(frame).verdict, Verdict::Dummy);
}

TEST(Seal, TheLargestInnerPacketPasses) {
  for (const EspTransforms& suite : all_transforms()) {
    TunnelPair pair(suite);
    const Bytes inner = make_inner({.payload_length = 65515});
    Bytes frame = pair.seal_on_left(inner);
    const OpenItem item = pair.open_on_right(frame);
    ASSERT_EQ(item.verdict, Verdict::Accept);
    EXPECT_EQ(to_bytes(inner_of(item)), inner);
  }
}

TEST(Seal, WithoutEsnStopsAtTheEndOfTheSpace) {
  TunnelPair pair(kSuiteWithoutEsn);
  OutboundSa& sa = pair.left.outbound();
  sa.state().sequence = OutboundSequence(OutboundSequence::kLast, UINT32_MAX - 100);
  Burst burst(sa, make_inner({}), 128);
  EXPECT_EQ(seal(sa, burst.items, pair.left.sealed()), 100u);
  EXPECT_EQ(load_be32(&burst.frames[99][4]), UINT32_MAX);
  EXPECT_EQ(burst.frames[100], Bytes(burst.frames[100].size())) << "untouched";
  EXPECT_EQ(drops(pair.left.sealed(), Verdict::SequenceExhausted), 28u);
  EXPECT_EQ(pair.left.sealed().packets.read(), 100u);
  EXPECT_EQ(sa.take_events(), kEventSoftLimit | kEventHardLimit);
  EXPECT_TRUE(pair.seal_on_left(make_inner({})).empty());
  EXPECT_EQ(sa.take_events(), 0) << "each event once";
}

TEST(Seal, EightyPercentOfTheSpaceIsTheSoftLimit) {
  TunnelPair pair(kSuiteWithoutEsn);
  OutboundSa& sa = pair.left.outbound();
  sa.state().sequence = OutboundSequence(OutboundSequence::kLast, UINT32_MAX / 5 * 4 - 1);
  EXPECT_EQ(sa.take_events(), 0);
  pair.seal_on_left(make_inner({}));
  EXPECT_EQ(sa.take_events(), kEventSoftLimit);
}

TEST(Seal, StopsAtTheHardByteLimitAndReportsTheSoftOne) {
  SaPairParams params = left_params(kSuite);
  params.limits.soft_bytes = 200;
  params.limits.hard_bytes = 64 * 5;  // A body of 60 bytes inner is 64.
  TunnelPair pair(params);
  OutboundSa& sa = pair.left.outbound();
  Burst burst(sa, make_inner({}), 3);
  ASSERT_EQ(seal(sa, burst.items, pair.left.sealed()), 3u);
  EXPECT_EQ(sa.take_events(), 0);
  Burst second(sa, make_inner({}), 4);
  EXPECT_EQ(seal(sa, second.items, pair.left.sealed()), 2u);
  EXPECT_EQ(sa.take_events(), kEventSoftLimit | kEventHardLimit);
  EXPECT_EQ(drops(pair.left.sealed(), Verdict::Expired), 2u);
  EXPECT_TRUE(pair.seal_on_left(make_inner({.payload_length = 0})).empty());
  EXPECT_EQ(drops(pair.left.sealed(), Verdict::Expired), 3u);
}

TEST(Seal, ContinuesAcrossTheBoundaryOf32BitsWithEsn) {
  TunnelPair pair(kSuite);
  OutboundSa& sa = pair.left.outbound();
  sa.state().sequence = OutboundSequence(OutboundSequence::kLastExtended, UINT32_MAX - 2);
  InboundState& receiver = pair.right.inbound(kRightSpi).state();
  ASSERT_TRUE(receiver.window.accept(UINT32_MAX - 2));
  Burst burst(sa, make_inner({}), 6);
  ASSERT_EQ(seal(sa, burst.items, pair.left.sealed()), 6u);
  EXPECT_EQ(load_be32(&burst.frames[2][4]), 0u);
  EXPECT_EQ(load_be64(&burst.frames[2][8]), uint64_t{1} << 32);
  // Delivered from both sides of the boundary in turns.
  for (const size_t i : {3u, 0u, 5u, 1u, 2u, 4u}) {
    Bytes copy = burst.frames[i];
    EXPECT_EQ(pair.open_on_right(burst.frames[i]).verdict, Verdict::Accept) << i;
    EXPECT_EQ(pair.open_on_right(copy).verdict, Verdict::Replayed) << i;
  }
}

}  // namespace
}  // namespace twinspan::esp
