// What arrives: every verdict, and that a bad frame changes nothing but its drop counter.
#include <algorithm>
#include <set>

#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

constexpr EspTransforms kSuite{kGcm256, IntegrityId::None, true};

// The verdict, after checking that it is the only thing that was counted and nothing was released.
Verdict verdict_of(TunnelPair& pair, Bytes frame) {
  const uint64_t packets = pair.right.opened().packets.read();
  const uint64_t bytes = pair.right.opened().bytes.read();
  const uint64_t dropped = all_drops(pair.right.opened()) + all_drops(pair.right.orphans);
  const OpenItem item = pair.open_on_right(frame);
  if (item.verdict == Verdict::Accept) return item.verdict;
  EXPECT_EQ(item.inner, nullptr);
  EXPECT_EQ(pair.right.opened().packets.read(), packets);
  EXPECT_EQ(pair.right.opened().bytes.read(), bytes);
  EXPECT_EQ(all_drops(pair.right.opened()) + all_drops(pair.right.orphans), dropped + 1);
  return item.verdict;
}

// The bytes between header and ICV are all zero.
bool is_wiped(const TunnelPair& pair, const Bytes& frame) {
  const EspLayout& layout = pair.right.inbound(kRightSpi).layout();
  return std::all_of(frame.begin() + static_cast<ptrdiff_t>(layout.header_size()),
                     frame.end() - static_cast<ptrdiff_t>(layout.icv_size),
                     [](uint8_t byte) { return byte == 0; });
}

TEST(Open, CountsAcceptedPacketsAndInnerBytes) {
  TunnelPair pair(kSuite);
  Bytes frame = pair.seal_on_left(make_inner({.payload_length = 100}));
  EXPECT_EQ(pair.open_on_right(frame).verdict, Verdict::Accept);
  EXPECT_EQ(pair.right.opened().packets.read(), 1u);
  EXPECT_EQ(pair.right.opened().bytes.read(), 120u);
}

TEST(Open, TheFirstAuthenticPacketIsAnEventOnce) {
  TunnelPair pair(kSuite);
  InboundSa& sa = pair.right.inbound(kRightSpi);
  Bytes forged = pair.seal_on_left(make_inner({}));
  forged.back() ^= 1;
  EXPECT_EQ(verdict_of(pair, forged), Verdict::BadIcv);
  EXPECT_EQ(sa.take_events(), 0);
  for (int i = 0; i < 2; ++i) {
    Bytes frame = pair.seal_on_left(make_inner({}));
    pair.open_on_right(frame);
  }
  EXPECT_EQ(sa.take_events(), kEventFirstPacket);
  EXPECT_EQ(sa.take_events(), 0);
}

TEST(Open, AFrameWithoutASaIsAnOrphan) {
  TunnelPair pair(kSuite);
  Bytes frame = pair.seal_on_left(make_inner({}));
  frame[0] ^= 0x40;
  EXPECT_EQ(verdict_of(pair, frame), Verdict::UnknownSpi);
  EXPECT_EQ(drops(pair.right.orphans, Verdict::UnknownSpi), 1u);
}

TEST(Open, EveryLengthThatIsNoFrameIsMalformed) {
  for (const EspTransforms& suite : all_transforms()) {
    TunnelPair pair(suite);
    const Bytes frame = pair.seal_on_left(make_inner({.payload_length = 20}));
    const EspLayout& layout = pair.left.outbound().layout();
    for (size_t length = 0; length < frame.size(); ++length) {
      const Bytes part(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(length));
      const bool has_body =
          length >= layout.frame_size(0) &&
          (length - layout.header_size() - layout.icv_size) % layout.alignment == 0;
      EXPECT_EQ(verdict_of(pair, part), has_body ? Verdict::BadIcv : Verdict::Malformed) << length;
    }
    Bytes longer = frame;
    longer.push_back(0);
    EXPECT_EQ(verdict_of(pair, longer), Verdict::Malformed);
  }
}

TEST(Open, OversizedFramesAreAuthenticatedLikeOthers) {
  TunnelPair pair(kSuite);
  Bytes frame(65535 / 4 * 4);
  store_be32(&frame[0], kRightSpi.value);
  store_be32(&frame[4], 1);
  EXPECT_EQ(verdict_of(pair, frame), Verdict::BadIcv);
  frame.resize(65535);
  EXPECT_EQ(verdict_of(pair, frame), Verdict::Malformed);
}

TEST(Open, ACorruptionOfAnyByteIsDroppedAndChangesNothing) {
  for (const EspTransforms& suite : all_transforms()) {
    TunnelPair pair(suite);
    Bytes warm_up = pair.seal_on_left(make_inner({}));
    ASSERT_EQ(pair.open_on_right(warm_up).verdict, Verdict::Accept);
    const Bytes original = pair.seal_on_left(make_inner({.payload_length = 33}));
    InboundSa& sa = pair.right.inbound(kRightSpi);
    sa.take_events();
    const ReplayWindow before = sa.state().window;
    for (size_t position = 0; position < original.size(); ++position) {
      for (const int flip : {0x01, 0x80}) {
        Bytes frame = original;
        frame[position] = static_cast<uint8_t>(frame[position] ^ flip);
        const Verdict verdict = verdict_of(pair, frame);
        EXPECT_TRUE(verdict == Verdict::BadIcv ||
                    (position < 4 && verdict == Verdict::UnknownSpi) ||
                    (position >= 4 && position < 8 && verdict == Verdict::Replayed))
            << to_string(verdict) << " at byte " << position;
      }
    }
    EXPECT_EQ(sa.highest_sequence(), before.highest());
    for (uint64_t number = 0; number < 70; ++number) {
      EXPECT_EQ(sa.state().window.looks_fresh(number), before.looks_fresh(number));
    }
    EXPECT_FALSE(sa.state().lifetime.is_expired());
    EXPECT_EQ(sa.take_events(), 0);
    EXPECT_EQ(verdict_of(pair, original), Verdict::Accept);
  }
}

TEST(Open, APacketThatFailsAuthenticationIsWiped) {
  for (const EspTransforms& suite : all_transforms()) {
    TunnelPair pair(suite);
    Bytes frame = pair.seal_on_left(make_inner({.payload_length = 500}));
    frame[frame.size() - 1] ^= 1;
    EXPECT_EQ(pair.open_on_right(frame).verdict, Verdict::BadIcv);
    EXPECT_TRUE(is_wiped(pair, frame));
  }
}

TEST(Open, AReplayIsDroppedBeforeAndBehindTheCipher) {
  TunnelPair pair(kSuite);
  const Bytes frame = pair.seal_on_left(make_inner({}));
  EXPECT_EQ(verdict_of(pair, frame), Verdict::Accept);
  EXPECT_EQ(verdict_of(pair, frame), Verdict::Replayed);
  // Two copies within one batch both look fresh; the second one is caught by the commit and wiped.
  Bytes twins[2];
  twins[0] = twins[1] = pair.seal_on_left(make_inner({}));
  OpenItem items[2];
  for (int i = 0; i < 2; ++i) {
    items[i] = {.frame = twins[i].data(), .frame_length = static_cast<uint32_t>(twins[i].size())};
  }
  open(*pair.right.table, items, pair.right.orphans);
  EXPECT_EQ(items[0].verdict, Verdict::Accept);
  EXPECT_EQ(items[1].verdict, Verdict::Replayed);
  EXPECT_TRUE(is_wiped(pair, twins[1]));
}

TEST(Open, WhatFallsBehindTheWindowIsDropped) {
  for (const bool esn : {false, true}) {
    SaPairParams params = left_params({kGcm256, IntegrityId::None, esn});
    params.replay_window_packets = 1024;
    TunnelPair pair(params);
    std::vector<Bytes> frames;
    for (int i = 0; i < 1025; ++i) frames.push_back(pair.seal_on_left(make_inner({})));
    EXPECT_EQ(verdict_of(pair, frames[1024]), Verdict::Accept);
    // RFC 4303 A2.2: with ESN a low half below the window is taken for one of the next 2^32
    // numbers, and the ICV tells.
    EXPECT_EQ(verdict_of(pair, frames[0]), esn ? Verdict::BadIcv : Verdict::Replayed);
    EXPECT_EQ(verdict_of(pair, frames[1]), Verdict::Accept);
  }
}

TEST(Open, WrongPaddingIsDroppedAndWiped) {
  TunnelPair pair(kSuite);
  const Bytes inner = make_inner({.payload_length = 40});
  Bytes wrong_bytes = with_trailer(inner, 6, kNextHeaderIpv4);
  wrong_bytes[inner.size() + 3] ^= 1;
  Bytes frame = seal_body(pair, wrong_bytes);
  EXPECT_EQ(pair.open_on_right(frame).verdict, Verdict::BadPadding);
  EXPECT_TRUE(is_wiped(pair, frame));
  EXPECT_EQ(verdict_of(pair, seal_body(pair, {0, 0, 3, kNextHeaderIpv4})), Verdict::BadPadding);
  EXPECT_EQ(verdict_of(pair, seal_body(pair, {0, 0, 255, kNextHeaderIpv4})), Verdict::BadPadding);
}

TEST(Open, LongPaddingIsAccepted) {
  // RFC 4303 2.4: up to 255 bytes.
  TunnelPair pair(kSuite);
  const Bytes inner = make_inner({.payload_length = 43});  // 63 + 255 + 2 = 320
  Bytes frame = seal_body(pair, with_trailer(inner, 255, kNextHeaderIpv4));
  const OpenItem item = pair.open_on_right(frame);
  ASSERT_EQ(item.verdict, Verdict::Accept);
  EXPECT_EQ(to_bytes(inner_of(item)), inner);
}

TEST(Open, TrafficFlowPaddingBehindTheInnerPacketIsTrimmed) {
  TunnelPair pair(kSuite);
  for (const InnerSpec& spec :
       {InnerSpec{}, InnerSpec{.source = "fd01::1", .destination = "fd02::1"}}) {
    const Bytes inner = make_inner(spec);
    Bytes padded = inner;
    padded.resize(700, 0xee);
    const uint8_t next_header = inner[0] >> 4 == 4 ? kNextHeaderIpv4 : kNextHeaderIpv6;
    Bytes frame = seal_body(pair, with_trailer(padded, 2, next_header));
    const OpenItem item = pair.open_on_right(frame);
    ASSERT_EQ(item.verdict, Verdict::Accept);
    EXPECT_EQ(to_bytes(inner_of(item)), inner);
  }
}

TEST(Open, ADummyPacketIsDroppedWhateverItHolds) {
  TunnelPair pair(kSuite);
  EXPECT_EQ(verdict_of(pair, seal_body(pair, with_trailer({}, 2, kNextHeaderNone))),
            Verdict::Dummy);
  EXPECT_EQ(verdict_of(pair, seal_body(pair, with_trailer(Bytes(600, 0x77), 2, kNextHeaderNone))),
            Verdict::Dummy);
  EXPECT_EQ(pair.right.inbound(kRightSpi).highest_sequence(), 2u) << "authentic nevertheless";
}

TEST(Open, BadInnerPacketsAreDropped) {
  TunnelPair pair(kSuite);
  const auto sealed = [&](Bytes inner, uint8_t next_header) {
    const size_t padding = (4 - (inner.size() + 2) % 4) % 4;
    return verdict_of(pair, seal_body(pair, with_trailer(std::move(inner), padding, next_header)));
  };
  const Bytes v4 = make_inner({});
  const Bytes v6 = make_inner({.source = "fd01::1", .destination = "fd02::1"});
  EXPECT_EQ(sealed(v4, kNextHeaderIpv4), Verdict::Accept);
  EXPECT_EQ(sealed(v4, kNextHeaderIpv6), Verdict::BadInnerPacket);
  EXPECT_EQ(sealed(v6, kNextHeaderIpv4), Verdict::BadInnerPacket);
  EXPECT_EQ(sealed(v4, 6), Verdict::BadInnerPacket) << "transport mode";
  EXPECT_EQ(sealed({}, kNextHeaderIpv4), Verdict::BadInnerPacket);
  EXPECT_EQ(sealed(Bytes(v4.begin(), v4.end() - 1), kNextHeaderIpv4), Verdict::BadInnerPacket);
  EXPECT_EQ(sealed(Bytes(v6.begin(), v6.begin() + 39), kNextHeaderIpv6), Verdict::BadInnerPacket);
  Bytes jumbo = v6;
  store_be16(&jumbo[4], 0);
  jumbo[6] = 0;
  EXPECT_EQ(sealed(jumbo, kNextHeaderIpv6), Verdict::BadInnerPacket);
  Bytes version5 = v4;
  version5[0] = 0x55;
  EXPECT_EQ(sealed(version5, kNextHeaderIpv4), Verdict::BadInnerPacket);
}

TEST(Open, TheSelectorsOfTheCarryingSaDecide) {
  SaPairParams params = left_params(kSuite);
  params.local_selectors = prefix_selectors("10.1.0.0/16");
  params.remote_selectors = prefix_selectors("10.2.0.0/16");
  TunnelPair pair(params);
  const auto verdict = [&](const char* source, const char* destination) {
    return verdict_of(
        pair, pair.seal_on_left(make_inner({.source = source, .destination = destination})));
  };
  EXPECT_EQ(verdict("10.1.0.1", "10.2.0.1"), Verdict::Accept);
  EXPECT_EQ(verdict("10.3.0.1", "10.2.0.1"), Verdict::SelectorMismatch) << "source";
  EXPECT_EQ(verdict("10.1.0.1", "10.3.0.1"), Verdict::SelectorMismatch) << "destination";
  EXPECT_EQ(verdict("10.2.0.1", "10.1.0.1"), Verdict::SelectorMismatch) << "reversed";
  EXPECT_EQ(verdict("fd01::1", "fd02::1"), Verdict::SelectorMismatch) << "family";
}

TEST(Open, AnAnyToAnyTunnelRefusesOwnAndMartianSources) {
  const SourcePolicy policy{
      .refuse_martians = true,
      .refused_sources = {*IpPrefix::parse("10.2.0.0/16"), *IpPrefix::parse("192.0.2.1")}};
  TunnelPair pair(left_params(kSuite), policy);
  const auto verdict = [&](const char* source) {
    return verdict_of(pair, pair.seal_on_left(make_inner({.source = source})));
  };
  EXPECT_EQ(verdict("10.1.0.1"), Verdict::Accept);
  EXPECT_EQ(verdict("10.2.9.9"), Verdict::SourceRefused) << "own network";
  EXPECT_EQ(verdict("192.0.2.1"), Verdict::SourceRefused) << "own peer";
  EXPECT_EQ(verdict("127.0.0.1"), Verdict::SourceRefused) << "martian";
}

TEST(Open, PastTheHardLimitNothingIsAccepted) {
  SaPairParams params = left_params(kSuite);
  params.limits.soft_bytes = 64;
  params.limits.hard_bytes = 64 * 2;
  Gateway right(12);
  right.install(mirrored(params));
  TunnelPair unlimited(kSuite);
  const auto receive = [&] {
    Bytes frame = unlimited.seal_on_left(make_inner({}));
    OpenItem item{.frame = frame.data(), .frame_length = static_cast<uint32_t>(frame.size())};
    open(*right.table, {&item, 1}, right.orphans);
    return item.verdict;
  };
  InboundSa& sa = right.inbound(kRightSpi);
  EXPECT_EQ(receive(), Verdict::Accept);
  EXPECT_EQ(sa.take_events(), kEventFirstPacket | kEventSoftLimit);
  EXPECT_EQ(receive(), Verdict::Accept);
  EXPECT_EQ(receive(), Verdict::Expired);
  EXPECT_EQ(sa.take_events(), kEventHardLimit);
  EXPECT_EQ(receive(), Verdict::Expired);
  EXPECT_EQ(sa.highest_sequence(), 3u) << "without cipher work, so without commit";
  EXPECT_EQ(drops(right.opened(), Verdict::Expired), 2u);
}

TEST(Open, OneBatchMayMixSasAndBadFrames) {
  TunnelPair pair(kSuite);
  SaPairParams second = left_params({kCbc128, IntegrityId::HmacSha512_256, false});
  second.child = {2};
  second.inbound_spi = {0x1002};
  second.outbound_spi = {0x2002};
  pair.right.install(mirrored(second));
  Gateway sender(3);
  sender.install(copy_of(second));

  std::vector<Bytes> frames;
  for (int i = 0; i < 200; ++i) {
    Bytes frame = pair.seal_on_left(make_inner({}));
    if (i % 3 == 0) {
      const Bytes inner = make_inner({.payload_length = 200});
      frame.assign(frame_size(sender.outbound(), inner.size()), 0);
      SealItem item{.inner = inner.data(), .inner_length = 220, .frame = frame.data()};
      ASSERT_EQ(seal(sender.outbound(), {&item, 1}, sender.sealed()), 1u);
    }
    if (i % 7 == 0) frame[20] ^= 1;
    frames.push_back(std::move(frame));
  }
  std::vector<OpenItem> items;
  for (Bytes& frame : frames) {
    items.push_back({.frame = frame.data(), .frame_length = static_cast<uint32_t>(frame.size())});
  }
  open(*pair.right.table, items, pair.right.orphans);
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].verdict, i % 7 == 0 ? Verdict::BadIcv : Verdict::Accept) << i;
    EXPECT_EQ(items[i].sa->spi(), i % 3 == 0 ? Spi{0x2002} : kRightSpi) << i;
    if (i % 7 != 0) {
      EXPECT_EQ(items[i].inner_length, i % 3 == 0 ? 220u : 60u) << i;
    }
  }
}

TEST(Verdicts, HaveDistinctStableWords) {
  std::set<std::string> words;
  for (size_t i = 0; i < kVerdictCount; ++i) words.insert(to_string(static_cast<Verdict>(i)));
  EXPECT_EQ(words.size(), kVerdictCount);
  EXPECT_FALSE(words.contains("unknown"));
  EXPECT_TRUE(words.contains("bad-icv"));
  EXPECT_TRUE(words.contains("replayed"));
}

}  // namespace
}  // namespace twinspan::esp
