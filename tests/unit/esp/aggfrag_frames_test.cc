// ESP frames with AGGFRAG payloads: what leaves, and what becomes of everything that a peer with
// the keys may send.
#include <algorithm>
#include <random>

#include "tests/unit/esp/tunnel_pair.h"
#include "tests/unit/tun/packet_builder.h"

namespace twinspan::esp {
namespace {

constexpr EspTransforms kSuite{kGcm256, IntegrityId::None, true};

SaPairParams aggfrag_params(const EspTransforms& transforms = kSuite) {
  SaPairParams params = left_params(transforms);
  params.aggfrag = true;
  return params;
}

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Sub-type 0.
Bytes payload_of(const std::vector<Bytes>& blocks, uint16_t block_offset = 0) {
  Bytes header(4);
  store_be16(&header[2], block_offset);
  return joined({header, joined(blocks)});
}

Bytes numbered(uint8_t number, const char* source = "10.1.0.1") {
  return make_inner({.source = source, .source_port = number});
}

// A frame with that payload, and all that came out of it.
struct Opened {
  Opened(TunnelPair& pair, Bytes payload, uint8_t next_header = kNextHeaderAggfrag,
         Ecn outer_ecn = Ecn::NotEct)
      : frame(seal_body(
            pair, padded_body(pair.left.outbound().layout(), std::move(payload), next_header))) {
    OpenItem item{.frame = frame.data(),
                  .frame_length = static_cast<uint32_t>(frame.size()),
                  .outer_ecn = outer_ecn};
    open(*pair.right.table, {&item, 1}, pair.right.orphans);
    verdict = item.verdict;
    if (verdict != Verdict::Accept) return;
    do {
      packets.push_back(to_bytes(inner_of(item)));
    } while (next_inner(item));
    EXPECT_FALSE(next_inner(item)) << "the end is the end";
  }

  // Whether this part of the payload is zero now.
  bool is_wiped(const TunnelPair& pair, size_t from, size_t size) const {
    const size_t start = pair.left.outbound().layout().header_size() + from;
    return std::all_of(frame.begin() + static_cast<ptrdiff_t>(start),
                       frame.begin() + static_cast<ptrdiff_t>(start + size),
                       [](uint8_t byte) { return byte == 0; });
  }

  Bytes frame;
  Verdict verdict = Verdict::Count_;
  std::vector<Bytes> packets;
};

TEST(AggfragOpen, AllPacketsComeOutInTheirOrderAndAreCounted) {
  TunnelPair pair(aggfrag_params());
  const std::vector<Bytes> sent = {
      numbered(1), make_inner({.source = "fd01::1", .destination = "fd02::1", .payload_length = 7}),
      numbered(2), make_inner({.payload_length = 0}), numbered(3)};
  const Opened opened(pair, payload_of(sent));
  EXPECT_EQ(opened.packets, sent);
  EXPECT_EQ(pair.right.opened().packets.read(), 5u);
  EXPECT_EQ(pair.right.opened().bytes.read(), joined(sent).size());
  EXPECT_EQ(all_drops(pair.right.opened()), 0u);
}

TEST(AggfragOpen, PaddingBehindPacketsIsPassedOver) {
  TunnelPair pair(aggfrag_params());
  const Opened opened(pair, payload_of({numbered(1), numbered(2), Bytes(500)}));
  EXPECT_EQ(opened.packets.size(), 2u);
  EXPECT_EQ(all_drops(pair.right.opened()), 0u);
}

TEST(AggfragOpen, TheCongestionHeaderIsPassedOver) {
  TunnelPair pair(aggfrag_params());
  Bytes header(24, 0x77);
  header[0] = 1;
  store_be16(&header[2], 0);
  const std::vector<Bytes> sent = {numbered(1), numbered(2)};
  EXPECT_EQ(Opened(pair, joined({header, joined(sent)})).packets, sent);
}

TEST(AggfragOpen, PayloadsWithoutPacketsAreDummies) {
  TunnelPair pair(aggfrag_params());
  EXPECT_EQ(Opened(pair, payload_of({Bytes(100)})).verdict, Verdict::Dummy) << "all-pad";
  EXPECT_EQ(Opened(pair, payload_of({})).verdict, Verdict::Dummy) << "empty";
  EXPECT_EQ(Opened(pair, Bytes(100, 9), kNextHeaderNone).verdict, Verdict::Dummy) << "RFC 4303";
  EXPECT_EQ(drops(pair.right.opened(), Verdict::Dummy), 3u);
  EXPECT_EQ(all_drops(pair.right.opened()), 3u);
}

TEST(AggfragOpen, NothingElseIsTakenOnAnSaWithAggfragNorAggfragWithout) {
  TunnelPair pair(aggfrag_params());
  const Bytes packet = numbered(1);
  EXPECT_EQ(Opened(pair, packet, kNextHeaderIpv4).verdict, Verdict::BadAggfrag);
  EXPECT_EQ(Opened(pair, payload_of({packet}), kNextHeaderIpv4).verdict, Verdict::BadAggfrag);
  EXPECT_EQ(Opened(pair, packet, 6).verdict, Verdict::BadAggfrag);
  EXPECT_EQ(drops(pair.right.opened(), Verdict::BadAggfrag), 3u);
  TunnelPair plain(kSuite);
  EXPECT_EQ(Opened(plain, payload_of({packet})).verdict, Verdict::BadInnerPacket);
  EXPECT_EQ(Opened(plain, packet, kNextHeaderAggfrag).verdict, Verdict::BadInnerPacket);
  EXPECT_EQ(all_drops(plain.right.opened()), 2u);
}

TEST(AggfragOpen, NoHeaderIsABadPayload) {
  TunnelPair pair(aggfrag_params());
  for (const Bytes& payload : {Bytes{}, Bytes{0}, Bytes{0, 0, 0}, Bytes(23, 1), Bytes(80, 2)}) {
    const Opened opened(pair, payload);
    EXPECT_EQ(opened.verdict, Verdict::BadAggfrag) << payload.size();
    EXPECT_TRUE(opened.is_wiped(pair, 0, payload.size()));
  }
  EXPECT_EQ(drops(pair.right.opened(), Verdict::BadAggfrag), 5u);
  EXPECT_EQ(all_drops(pair.right.opened()), 5u);
}

TEST(AggfragOpen, TheRestOfAnEarlierPacketIsDroppedAndTheBlocksBehindItAreRead) {
  TunnelPair pair(aggfrag_params());
  const std::vector<Bytes> sent = {numbered(1), numbered(2)};
  const Opened opened(pair, payload_of({Bytes(33, 0x45), joined(sent)}, 33));
  EXPECT_EQ(opened.packets, sent);
  EXPECT_TRUE(opened.is_wiped(pair, 0, 4 + 33));
  EXPECT_EQ(drops(pair.right.opened(), Verdict::AggfragFragment), 1u);
  EXPECT_EQ(all_drops(pair.right.opened()), 1u);
}

TEST(AggfragOpen, APayloadInsideOnePacketIsAFragment) {
  TunnelPair pair(aggfrag_params());
  EXPECT_EQ(Opened(pair, payload_of({Bytes(33, 0x45)}, 33)).verdict, Verdict::AggfragFragment);
  EXPECT_EQ(Opened(pair, payload_of({Bytes(33, 0x45)}, 34)).verdict, Verdict::AggfragFragment);
  EXPECT_EQ(Opened(pair, payload_of({Bytes(33, 0x45)}, 65535)).verdict, Verdict::AggfragFragment);
  EXPECT_EQ(Opened(pair, payload_of({}, 9)).verdict, Verdict::AggfragFragment);
  EXPECT_EQ(Opened(pair, payload_of({Bytes(33, 0x45), Bytes(9)}, 33)).verdict,
            Verdict::AggfragFragment);
  EXPECT_EQ(drops(pair.right.opened(), Verdict::AggfragFragment), 5u);
  EXPECT_EQ(all_drops(pair.right.opened()), 5u);
}

TEST(AggfragOpen, WhereverAPayloadIsCutTheWholePacketsComeOutAndNothingElse) {
  for (const bool is_v4 : {true, false}) {
    TunnelPair pair(aggfrag_params());
    const Bytes packet =
        is_v4 ? numbered(1)
              : make_inner({.source = "fd01::1", .destination = "fd02::1", .payload_length = 9});
    const Bytes whole = payload_of({packet, packet, packet});
    for (size_t size = 4; size <= whole.size(); ++size) {
      const uint64_t before = all_drops(pair.right.opened());
      const Opened opened(pair, Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
      const size_t complete = (size - 4) / packet.size();
      const size_t rest = (size - 4) % packet.size();
      EXPECT_EQ(opened.packets, std::vector<Bytes>(complete, packet)) << size;
      EXPECT_TRUE(opened.is_wiped(pair, size - rest, rest)) << size;
      EXPECT_EQ(all_drops(pair.right.opened()) - before, rest != 0 || complete == 0 ? 1u : 0u);
    }
    EXPECT_EQ(drops(pair.right.opened(), Verdict::AggfragFragment), 3 * (packet.size() - 1));
  }
}

TEST(AggfragOpen, AMalformedBlockEndsThePayload) {
  TunnelPair pair(aggfrag_params());
  Bytes broken = numbered(2);
  store_be16(&broken[2], 0);
  const Opened opened(pair, payload_of({numbered(1), broken, numbered(3)}));
  EXPECT_EQ(opened.packets, std::vector<Bytes>{numbered(1)});
  EXPECT_TRUE(opened.is_wiped(pair, 4 + 60, 120));
  EXPECT_EQ(drops(pair.right.opened(), Verdict::BadAggfrag), 1u);
  EXPECT_EQ(all_drops(pair.right.opened()), 1u);

  const Opened none(pair, payload_of({broken, numbered(3)}));
  EXPECT_EQ(none.verdict, Verdict::BadAggfrag);
  EXPECT_EQ(drops(pair.right.opened(), Verdict::BadAggfrag), 2u);
}

TEST(AggfragOpen, EachPacketIsJudgedByItself) {
  SaPairParams params = aggfrag_params();
  params.local_selectors = prefix_selectors("10.1.0.0/16");
  params.remote_selectors = prefix_selectors("10.2.0.0/16");
  TunnelPair pair(params);
  const Bytes foreign = numbered(9, "10.3.0.1");
  const Opened opened(pair, payload_of({foreign, numbered(1), foreign, foreign, numbered(2)}));
  EXPECT_EQ(opened.packets, (std::vector<Bytes>{numbered(1), numbered(2)}));
  EXPECT_TRUE(opened.is_wiped(pair, 4, 60));
  EXPECT_TRUE(opened.is_wiped(pair, 4 + 120, 120));
  EXPECT_EQ(drops(pair.right.opened(), Verdict::SelectorMismatch), 3u);
  EXPECT_EQ(all_drops(pair.right.opened()), 3u);
  EXPECT_EQ(pair.right.opened().packets.read(), 2u);

  const Opened none(pair, payload_of({foreign, foreign}));
  EXPECT_EQ(none.verdict, Verdict::SelectorMismatch);
  EXPECT_TRUE(none.packets.empty());
  EXPECT_EQ(drops(pair.right.opened(), Verdict::SelectorMismatch), 5u) << "each, once";
}

TEST(AggfragOpen, TheSourcePolicyHoldsForEachPacket) {
  TunnelPair pair(aggfrag_params(), {.refuse_martians = true, .refused_sources = {}});
  const Opened opened(pair, payload_of({numbered(1), numbered(2, "127.0.0.1"), numbered(3)}));
  EXPECT_EQ(opened.packets, (std::vector<Bytes>{numbered(1), numbered(3)}));
  EXPECT_EQ(drops(pair.right.opened(), Verdict::SourceRefused), 1u);
}

TEST(AggfragOpen, ACongestionMarkReachesEachPacketThatUnderstandsIt) {
  TunnelPair pair(aggfrag_params());
  const auto with_class = [](uint8_t traffic_class) {
    return tun::build_packet({.traffic_class = traffic_class});
  };
  const Opened opened(pair, payload_of({with_class(2), with_class(0), with_class(1)}),
                      kNextHeaderAggfrag, Ecn::Ce);
  EXPECT_EQ(opened.packets, (std::vector<Bytes>{with_class(3), with_class(3)}));
  EXPECT_EQ(drops(pair.right.opened(), Verdict::EcnIllegal), 1u);
}

TEST(AggfragOpen, TheMssOfEachSynIsLowered) {
  TunnelPair pair(aggfrag_params());
  pair.right.store.path(kTunnel)->set_device_mtu(1434);
  Bytes syn = tun::build_packet({.payload = 0, .flags = 0x02, .option_words = 1});
  syn[40] = 2;  // Maximum segment size.
  syn[41] = 4;
  store_be16(&syn[42], 1460);
  tun::repair_checksum(syn);
  const Opened opened(pair, payload_of({syn, syn}));
  ASSERT_EQ(opened.packets.size(), 2u);
  for (const Bytes& packet : opened.packets) EXPECT_EQ(load_be16(&packet[42]), 1394);
}

TEST(AggfragOpen, ThePayloadOfTheLargestFrameEnds) {
  TunnelPair pair(aggfrag_params());
  const Bytes packet = make_inner({.payload_length = 0});
  const size_t count = 65400 / packet.size();
  Bytes blocks;
  for (size_t i = 0; i < count; ++i) blocks.insert(blocks.end(), packet.begin(), packet.end());
  EXPECT_EQ(Opened(pair, payload_of({blocks})).packets.size(), count);
  EXPECT_EQ(pair.right.opened().packets.read(), count);
}

// What one side seals of these packets, all in one payload.
Bytes seal_together(TunnelPair& pair, const std::vector<Bytes>& packets, bool in_place) {
  OutboundSa& sa = pair.left.outbound();
  const Bytes blocks = joined(packets);
  Bytes frame(frame_size(sa, blocks.size()));
  uint8_t* const place = frame.data() + inner_offset(sa);
  if (in_place) std::copy(blocks.begin(), blocks.end(), place);
  SealItem item{.inner = in_place ? place : blocks.data(),
                .inner_length = static_cast<uint32_t>(blocks.size()),
                .frame = frame.data(),
                .packet_count = static_cast<uint32_t>(packets.size())};
  EXPECT_EQ(seal(sa, {&item, 1}, pair.left.sealed()), 1u);
  EXPECT_EQ(item.frame_length, frame.size());
  return frame;
}

void expect_round_trips(TunnelPair& pair, uint64_t seed) {
  std::mt19937_64 random(seed);
  uint64_t packets = 0, bytes = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<Bytes> sent(1 + random() % 30);
    for (Bytes& packet : sent) {
      const size_t payload = random() % (random() % 4 == 0 ? 1400 : 60);
      packet =
          random() % 2 == 0
              ? make_inner({.payload_length = payload})
              : make_inner(
                    {.source = "fd01::1", .destination = "fd02::1", .payload_length = payload});
      bytes += packet.size();
    }
    packets += sent.size();
    Bytes frame = seal_together(pair, sent, round % 2 == 0);
    OpenItem item = pair.open_on_right(frame);
    ASSERT_EQ(item.verdict, Verdict::Accept) << to_string(item.verdict) << ", seed " << seed;
    std::vector<Bytes> received;
    do {
      received.push_back(to_bytes(inner_of(item)));
    } while (next_inner(item));
    ASSERT_EQ(received, sent) << "seed " << seed;
  }
  EXPECT_EQ(all_drops(pair.right.opened()), 0u);
  for (const DirectionCounters* counters : {&pair.left.sealed(), &pair.right.opened()}) {
    EXPECT_EQ(counters->packets.read(), packets);
    EXPECT_EQ(counters->bytes.read(), bytes);
  }
}

TEST(AggfragRoundTrip, EverySuiteOpensWhatTheOtherSideSealed) {
  for (const EspTransforms& suite : all_transforms()) {
    TunnelPair pair(aggfrag_params(suite));
    expect_round_trips(pair, 1);
  }
}

TEST(AggfragRoundTrip, EveryKernelOpensWhatTheOtherSideSealed) {
  const kernels::CpuFeatures cpu = kernels::probe_cpu({});
  for (const kernels::Kernel* kernel : kernels::KernelSet::aes_gcm_kernels(cpu)) {
    const auto set = kernels::KernelSet::choose(kernel->name, cpu);
    ASSERT_TRUE(set.has_value()) << kernel->name;
    for (const Encryption& gcm : {kGcm128, kGcm256}) {
      TunnelPair pair(aggfrag_params({gcm, IntegrityId::None, true}), {}, *set);
      expect_round_trips(pair, 2);
    }
  }
}

TEST(AggfragSeal, ThePayloadsHeaderTakesFourBytesOfTheFrame) {
  TunnelPair pair(aggfrag_params());
  OutboundSa& sa = pair.left.outbound();
  EXPECT_EQ(inner_offset(sa), 20u);
  EXPECT_EQ(frame_size(sa, 1434), 1472u);
  EXPECT_EQ(frame_size(sa, 1435), 1476u);
  EXPECT_EQ(largest_inner(sa.layout(), 1472), 1434u);
  EXPECT_EQ(largest_inner(sa.layout(), 35), 0u);
}

TEST(AggfragSeal, PacketsMayFillAPayloadUpToWhatTheDeviceAndThePathCarry) {
  TunnelPair pair(aggfrag_params());
  OutboundSa& sa = pair.left.outbound();
  EXPECT_EQ(sa.payload_limit(), 0u) << "nothing is known yet";
  sa.path().set_device_mtu(1434);
  EXPECT_EQ(sa.payload_limit(), 1434u);
  sa.path().lower(1300, IpFamily::V4, 0);
  EXPECT_EQ(sa.payload_limit(), 1234u);
  TunnelPair plain(kSuite);
  plain.left.outbound().path().set_device_mtu(1434);
  EXPECT_EQ(plain.left.outbound().payload_limit(), 0u) << "without AGGFRAG";
}

TEST(AggfragSeal, ADummyIsAnAllPadPayloadAndNoTraffic) {
  TunnelPair pair(aggfrag_params());
  OutboundSa& sa = pair.left.outbound();
  const Bytes filling(300, 0x45);
  Bytes frame(frame_size(sa, filling.size()));
  SealItem item{
      .inner = filling.data(), .inner_length = 300, .frame = frame.data(), .is_dummy = true};
  ASSERT_EQ(seal(sa, {&item, 1}, pair.left.sealed()), 1u);
  EXPECT_EQ(pair.left.sealed().packets.read(), 0u);
  // RFC 9347 2.3: no other next header, not even 59, so it is one that AGGFRAG alone can tell.
  InboundSa& receiver = pair.right.inbound(kRightSpi);
  Bytes copy = frame;
  receiver.state().layout.payload_header_size = 0;
  EXPECT_EQ(pair.open_on_right(copy).verdict, Verdict::BadInnerPacket);
  receiver.state().layout.payload_header_size = kAggfragHeaderSize;
  receiver.state().window = ReplayWindow(1024);
  EXPECT_EQ(pair.open_on_right(frame).verdict, Verdict::Dummy);
}

TEST(AggfragSeal, WhatTheLimitsStopIsCountedByPackets) {
  SaPairParams params = aggfrag_params({kGcm256, IntegrityId::None, false});
  params.limits.hard_bytes = 200;
  TunnelPair pair(params);
  OutboundSa& sa = pair.left.outbound();
  const Bytes blocks = joined({numbered(1), numbered(2), numbered(3)});
  Bytes frames[2];
  SealItem items[2];
  for (int i = 0; i < 2; ++i) {
    frames[i].resize(frame_size(sa, blocks.size()));
    items[i] = {.inner = blocks.data(),
                .inner_length = static_cast<uint32_t>(blocks.size()),
                .frame = frames[i].data(),
                .packet_count = 3};
  }
  EXPECT_EQ(seal(sa, items, pair.left.sealed()), 1u);
  EXPECT_EQ(pair.left.sealed().packets.read(), 3u);
  EXPECT_EQ(drops(pair.left.sealed(), Verdict::Expired), 3u);
  TunnelPair fresh(aggfrag_params({kGcm256, IntegrityId::None, false}));
  fresh.left.outbound().state().sequence =
      OutboundSequence(OutboundSequence::kLast, UINT32_MAX - 1);
  EXPECT_EQ(seal(fresh.left.outbound(), items, fresh.left.sealed()), 1u);
  EXPECT_EQ(drops(fresh.left.sealed(), Verdict::SequenceExhausted), 3u);
}

}  // namespace
}  // namespace twinspan::esp
