#include "tun/coalesce.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "tests/unit/tun/fake_io.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/segment.h"
#include "tun/tun_port.h"

namespace twinspan::tun {
namespace {

constexpr CoalesceKinds kAll{.tcp = true, .udp = true};

struct Group {
  VirtioHeader header;
  Bytes packet;
  size_t packets;
};

// A batch of packets through a coalescer into groups.
class CoalesceTest : public testing::Test {
 protected:
  void add(Bytes packet, CoalesceKinds kinds = kAll) { add_to(port_, std::move(packet), kinds); }
  void add_to(TunPort& port, Bytes packet, CoalesceKinds kinds = kAll) {
    packets_.push_back(std::make_unique<Bytes>(std::move(packet)));
    coalescer_->add(port, *packets_.back(), kinds);
  }

  std::vector<Group> groups() {
    std::vector<Group> out;
    for (size_t i = 0; i < coalescer_->group_count(); ++i) {
      Group group{.packets = coalescer_->packet_count(i)};
      const size_t announced = coalescer_->byte_count(i);
      const auto pieces = coalescer_->merge(i);
      std::memcpy(&group.header, pieces[0].iov_base, kVirtioHeaderSize);
      for (const iovec& piece : pieces.subspan(1)) {
        const auto* bytes = static_cast<const uint8_t*>(piece.iov_base);
        group.packet.insert(group.packet.end(), bytes, bytes + piece.iov_len);
      }
      EXPECT_EQ(group.packet.size(), announced);
      out.push_back(std::move(group));
    }
    return out;
  }

  std::vector<size_t> group_sizes() {
    std::vector<size_t> sizes;
    for (const Group& group : groups()) sizes.push_back(group.packets);
    return sizes;
  }

  FakeIo io_;
  TunPort port_{TunnelId{1}, TunDevice{}, io_};
  TunPort other_port_{TunnelId{2}, TunDevice{}, io_};
  std::vector<std::unique_ptr<Bytes>> packets_;
  std::unique_ptr<Coalescer> coalescer_ = std::make_unique<Coalescer>();
};

using Sizes = std::vector<size_t>;

PacketSpec next_of(PacketSpec spec) {
  spec.sequence += static_cast<uint32_t>(spec.payload);
  ++spec.id;
  ++spec.payload_seed;
  return spec;
}

// What the receiving kernel makes of a group.
std::vector<Bytes> split(const Group& group) {
  if (group.header.gso_type == kVirtioGsoNone) return {group.packet};
  return reference_segments(group.packet, group.header.gso_size);
}

struct Case {
  const char* name;
  PacketSpec spec;
};

class CoalesceFamilies : public CoalesceTest, public testing::WithParamInterface<Case> {};

TEST_P(CoalesceFamilies, MergedRunSplitsIntoTheSamePackets) {
  PacketSpec spec = GetParam().spec;
  spec.payload = 1398;
  std::vector<Bytes> sent;
  for (int i = 0; i < 40; ++i) {
    if (i == 39) spec.payload = 17;
    sent.push_back(build_packet(spec));
    add(sent.back());
    spec = next_of(spec);
  }
  const auto merged = groups();
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(split(merged[0]), sent);
}

TEST_P(CoalesceFamilies, MergedRunIsWhatTheKernelsOwnSegmenterTakes) {
  PacketSpec spec = GetParam().spec;
  for (int i = 0; i < 3; ++i) {
    add(build_packet(spec));
    spec = next_of(spec);
  }
  const auto merged = groups();
  ASSERT_EQ(merged.size(), 1u);
  const VirtioHeader& header = merged[0].header;
  EXPECT_EQ(header.flags, kVirtioNeedsChecksum);
  EXPECT_EQ(header.header_length, spec.header_length());
  EXPECT_EQ(header.gso_size, spec.payload);
  EXPECT_EQ(header.checksum_start, spec.version == 4 ? 20 : 40);
  EXPECT_EQ(header.checksum_offset, spec.protocol == 6 ? 16 : 6);
  // The field holds the folded pseudo header sum, so that summing everything from it gives the
  // checksum.
  Bytes packet = merged[0].packet;
  VirtioHeader finish = header;
  finish.gso_type = kVirtioGsoNone;
  ASSERT_EQ(complete_checksum(finish, packet), esp::Verdict::Accept);
  EXPECT_TRUE(is_sound(packet));
}

TEST_P(CoalesceFamilies, OurOwnSegmenterUndoesIt) {
  PacketSpec spec = GetParam().spec;
  std::vector<Bytes> sent;
  for (int i = 0; i < 5; ++i) {
    sent.push_back(build_packet(spec));
    add(sent.back());
    spec = next_of(spec);
  }
  const auto merged = groups();
  ASSERT_EQ(merged.size(), 1u);
  const auto segmenter = Segmenter::make(merged[0].header, merged[0].packet);
  ASSERT_TRUE(segmenter);
  ASSERT_EQ(segmenter->count(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    Bytes segment(segmenter->length(i));
    segmenter->write(i, segment.data());
    EXPECT_EQ(segment, sent[i]);
  }
}

TEST_P(CoalesceFamilies, RestoreGivesBackTheFirstPacket) {
  PacketSpec spec = GetParam().spec;
  const Bytes first = build_packet(spec);
  add(first);
  add(build_packet(next_of(spec)));
  coalescer_->merge(0);
  ASSERT_NE(*packets_[0], first);
  coalescer_->restore(0);
  EXPECT_EQ(*packets_[0], first);
}

INSTANTIATE_TEST_SUITE_P(All, CoalesceFamilies,
                         testing::Values(Case{"tcp4", {}}, Case{"tcp6", {.version = 6}},
                                         Case{"udp4", {.protocol = 17}},
                                         Case{"udp6", {.version = 6, .protocol = 17}},
                                         Case{"tcp4_fragmentable", {.dont_fragment = false}},
                                         Case{"wrapping", {.id = 0xffff, .sequence = 0xffffffd0}}),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(CoalesceTest, SinglePacketIsWrittenAsItCame) {
  const Bytes packet = build_packet({});
  add(packet);
  const auto out = groups();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].packet, packet);
  EXPECT_EQ(out[0].header, VirtioHeader{});
}

// Each rule: what makes the second packet of a flow stay apart.
struct Rule {
  const char* name;
  PacketSpec first;
  std::function<void(PacketSpec&)> change;
};

class CoalesceRules : public CoalesceTest, public testing::WithParamInterface<Rule> {};

TEST_P(CoalesceRules, TheSecondPacketStaysApart) {
  PacketSpec second = next_of(GetParam().first);
  GetParam().change(second);
  const Bytes a = build_packet(GetParam().first);
  const Bytes b = build_packet(second);
  add(a);
  add(b);
  const auto out = groups();
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].packet, a);
  EXPECT_EQ(out[1].packet, b);
  EXPECT_EQ(out[0].header, VirtioHeader{});
}

INSTANTIATE_TEST_SUITE_P(
    All, CoalesceRules,
    testing::Values(
        Rule{"gap_in_sequence", {}, [](PacketSpec& s) { ++s.sequence; }},
        Rule{"retransmission", {}, [](PacketSpec& s) { s.sequence -= 100; }},
        Rule{"other_acknowledgement", {}, [](PacketSpec& s) { ++s.acknowledgement; }},
        Rule{"other_window", {}, [](PacketSpec& s) { ++s.window; }},
        Rule{"other_options", {}, [](PacketSpec& s) { ++s.option_seed; }},
        Rule{"other_option_length", {}, [](PacketSpec& s) { s.option_words = 4; }},
        Rule{"other_tos", {}, [](PacketSpec& s) { s.traffic_class = 3; }},
        Rule{"other_ttl", {}, [](PacketSpec& s) { --s.ttl; }},
        Rule{"other_df", {}, [](PacketSpec& s) { s.dont_fragment = false; }},
        Rule{"id_not_counting", {.dont_fragment = false}, [](PacketSpec& s) { ++s.id; }},
        Rule{"other_traffic_class_v6", {.version = 6}, [](PacketSpec& s) { s.traffic_class = 1; }},
        Rule{"other_hop_limit_v6", {.version = 6}, [](PacketSpec& s) { --s.ttl; }},
        Rule{"other_source", {}, [](PacketSpec& s) { ++s.host; }},
        Rule{"other_source_v6", {.version = 6}, [](PacketSpec& s) { ++s.host; }},
        Rule{"other_source_port", {}, [](PacketSpec& s) { ++s.source_port; }},
        Rule{"other_destination_port", {}, [](PacketSpec& s) { ++s.destination_port; }},
        Rule{"other_protocol", {}, [](PacketSpec& s) { s.protocol = 17; }},
        Rule{"longer_than_the_first", {}, [](PacketSpec& s) { ++s.payload; }},
        Rule{"pure_acknowledgement", {}, [](PacketSpec& s) { s.payload = 0; }},
        Rule{"fin", {}, [](PacketSpec& s) { s.flags = 0x11; }},
        Rule{"syn", {}, [](PacketSpec& s) { s.flags = 0x02; }},
        Rule{"rst", {}, [](PacketSpec& s) { s.flags = 0x14; }},
        Rule{"urg", {}, [](PacketSpec& s) { s.flags = 0x30; }},
        Rule{"ece", {}, [](PacketSpec& s) { s.flags = 0x50; }},
        Rule{"cwr", {}, [](PacketSpec& s) { s.flags = 0x90; }},
        Rule{"after_psh", {.flags = 0x18}, [](PacketSpec&) {}},
        Rule{"after_fin", {.flags = 0x11}, [](PacketSpec& s) { s.flags = 0x10; }},
        Rule{"longer_udp", {.protocol = 17}, [](PacketSpec& s) { ++s.payload; }},
        Rule{"empty_udp", {.protocol = 17}, [](PacketSpec& s) { s.payload = 0; }},
        Rule{"udp_from_another_port", {.protocol = 17}, [](PacketSpec& s) { ++s.source_port; }},
        Rule{"icmp", {.protocol = 1}, [](PacketSpec&) {}},
        Rule{"unknown_protocol_v6", {.version = 6, .protocol = 50}, [](PacketSpec&) {}}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(CoalesceTest, NothingFollowsAShortSegment) {
  PacketSpec spec;
  add(build_packet(spec));
  spec = next_of(spec);
  spec.payload = 50;
  add(build_packet(spec));
  add(build_packet(next_of(spec)));
  EXPECT_EQ(group_sizes(), (Sizes{2, 1}));
}

TEST_F(CoalesceTest, PshEndsTheGroupAndIsKept) {
  PacketSpec spec;
  add(build_packet(spec));
  spec = next_of(spec);
  spec.flags = 0x18;
  add(build_packet(spec));
  spec = next_of(spec);
  spec.flags = 0x10;
  add(build_packet(spec));
  const auto out = groups();
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].packets, 2u);
  EXPECT_EQ(out[0].packet[33], 0x18);
}

class CoalesceBadChecksum : public CoalesceTest, public testing::WithParamInterface<Case> {};

TEST_P(CoalesceBadChecksum, NeitherSpreadsNorIsRepaired) {
  for (size_t broken = 0; broken < 3; ++broken) {
    coalescer_->clear();
    PacketSpec spec = GetParam().spec;
    std::vector<Bytes> sent;
    for (size_t i = 0; i < 3; ++i) {
      sent.push_back(build_packet(spec));
      if (i == broken) sent.back().back() ^= 1;
      add(sent.back());
      spec = next_of(spec);
    }
    std::vector<Bytes> received;
    for (const Group& group : groups()) {
      for (Bytes& packet : split(group)) received.push_back(std::move(packet));
    }
    EXPECT_EQ(received, sent) << broken;
    EXPECT_FALSE(is_sound(received[broken]));
  }
}

INSTANTIATE_TEST_SUITE_P(All, CoalesceBadChecksum,
                         testing::Values(Case{"tcp4", {}}, Case{"tcp6", {.version = 6}},
                                         Case{"udp4", {.protocol = 17}},
                                         Case{"udp6", {.version = 6, .protocol = 17}}),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(CoalesceTest, BadIpv4HeaderChecksumIsNotRepaired) {
  PacketSpec spec;
  Bytes broken = build_packet(spec);
  broken[10] ^= 1;
  add(broken);
  add(build_packet(next_of(spec)));
  const auto out = groups();
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].packet, broken);
}

TEST_F(CoalesceTest, UdpWithoutChecksumStaysAsItIs) {
  PacketSpec spec{.protocol = 17};
  std::vector<Bytes> sent;
  for (int i = 0; i < 2; ++i) {
    sent.push_back(build_packet(spec));
    store_be16(&sent.back()[26], 0);
    add(sent.back());
    spec = next_of(spec);
  }
  const auto out = groups();
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].packet, sent[0]);
  EXPECT_EQ(out[1].packet, sent[1]);
}

TEST_F(CoalesceTest, UdpLengthThatDisagreesStaysApart) {
  PacketSpec spec{.protocol = 17};
  for (int i = 0; i < 2; ++i) {
    Bytes packet = build_packet(spec);
    store_be16(&packet[24], 60);
    repair_checksum(packet);
    add(packet);
    spec = next_of(spec);
  }
  EXPECT_EQ(group_sizes(), (Sizes{1, 1}));
}

TEST_F(CoalesceTest, FlowsAreInterleavedWithoutMixing) {
  PacketSpec a{.host = 1};
  PacketSpec b{.protocol = 17, .host = 2};
  for (int i = 0; i < 10; ++i) {
    add(build_packet(a));
    add(build_packet(b));
    a = next_of(a);
    b = next_of(b);
  }
  EXPECT_EQ(group_sizes(), (Sizes{10, 10}));
}

TEST_F(CoalesceTest, SameFlowOfTwoTunnelsStaysApart) {
  const PacketSpec spec;
  add_to(port_, build_packet(spec));
  add_to(other_port_, build_packet(next_of(spec)));
  add_to(port_, build_packet(next_of(spec)));
  ASSERT_EQ(group_sizes(), (Sizes{2, 1}));
  EXPECT_EQ(&coalescer_->device(0), &port_);
  EXPECT_EQ(&coalescer_->device(1), &other_port_);
}

TEST_F(CoalesceTest, PacketsOfAFlowNeverOvertake) {
  // An acknowledgement between two data packets: joining the second to the first would pull it
  // ahead.
  PacketSpec spec;
  add(build_packet(spec));
  PacketSpec ack = next_of(spec);
  ack.payload = 0;
  add(build_packet(ack));
  add(build_packet(next_of(spec)));
  EXPECT_EQ(group_sizes(), (Sizes{1, 1, 1}));
}

TEST_F(CoalesceTest, NothingIsJoinedPastAFragment) {
  PacketSpec spec;
  add(build_packet(spec));
  Bytes fragment = build_packet({.protocol = 17});
  fragment[6] = 0x20;  // More fragments.
  add(fragment);
  add(build_packet(next_of(spec)));
  EXPECT_EQ(group_sizes(), (Sizes{1, 1, 1}));
}

TEST_F(CoalesceTest, IcmpBetweenDoesNotDisturb) {
  PacketSpec spec;
  add(build_packet(spec));
  add(build_packet({.protocol = 1}));
  add(build_packet(next_of(spec)));
  EXPECT_EQ(group_sizes(), (Sizes{2, 1}));
}

TEST_F(CoalesceTest, Ipv4OptionsStayApart) {
  PacketSpec spec;
  for (int i = 0; i < 2; ++i) {
    Bytes packet = build_packet(spec);
    packet.insert(packet.begin() + 20, {1, 1, 1, 1});
    packet[0] = 0x46;
    store_be16(&packet[2], static_cast<uint16_t>(packet.size()));
    add(packet);
    spec = next_of(spec);
  }
  EXPECT_EQ(group_sizes(), (Sizes{1, 1}));
}

TEST_F(CoalesceTest, GroupEndsAtTheLargestPacket) {
  PacketSpec spec{.payload = 1398};
  for (int i = 0; i < 60; ++i) {
    add(build_packet(spec));
    spec = next_of(spec);
  }
  EXPECT_EQ(group_sizes(), (Sizes{46, 14}));  // 52 + 46 * 1398 = 64360, one more would be 65758.
}

TEST_F(CoalesceTest, GroupEndsAtTheLargestSegmentCount) {
  PacketSpec spec{.protocol = 17, .payload = 10};
  for (int i = 0; i < 70; ++i) {
    add(build_packet(spec));
    spec = next_of(spec);
  }
  EXPECT_EQ(group_sizes(), (Sizes{64, 6}));
}

TEST_F(CoalesceTest, FlowsBeyondTheTableStaySingleAndInOrder) {
  constexpr size_t kFlows = Coalescer::kFlowsMax + 10;
  for (int round = 0; round < 2; ++round) {
    for (size_t flow = 0; flow < kFlows; ++flow) {
      PacketSpec spec{.host = static_cast<uint8_t>(flow + 1)};
      add(build_packet(round == 0 ? spec : next_of(spec)));
    }
  }
  Sizes expected(Coalescer::kFlowsMax, 2);
  expected.insert(expected.end(), 20, 1);
  EXPECT_EQ(group_sizes(), expected);
}

TEST_F(CoalesceTest, KindsThatTheDeviceRefusesStaySingle) {
  PacketSpec tcp;
  PacketSpec udp{.protocol = 17};
  add(build_packet(tcp), {.tcp = false, .udp = true});
  add(build_packet(next_of(tcp)), {.tcp = false, .udp = true});
  add(build_packet(udp), {.tcp = true, .udp = false});
  add(build_packet(next_of(udp)), {.tcp = true, .udp = false});
  EXPECT_EQ(group_sizes(), (Sizes{1, 1, 1, 1}));
}

TEST_F(CoalesceTest, BatchIsBounded) {
  PacketSpec spec{.payload = 1};
  while (!coalescer_->full()) add(build_packet(spec));
  EXPECT_EQ(coalescer_->group_count(), Coalescer::kPacketsMax);
  coalescer_->clear();
  EXPECT_FALSE(coalescer_->full());
  EXPECT_EQ(coalescer_->group_count(), 0u);
}

TEST_F(CoalesceTest, RandomBatchesKeepEveryPacketAndTheOrderOfEachFlow) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    coalescer_->clear();
    packets_.clear();
    std::map<uint8_t, PacketSpec> next;
    std::map<uint8_t, std::vector<Bytes>> sent;
    for (int i = 0; i < 60; ++i) {
      const auto host = static_cast<uint8_t>(1 + random() % 3);
      auto [at, is_new] =
          next.try_emplace(host, PacketSpec{.version = host == 3 ? 6u : 4u,
                                            .protocol = static_cast<uint8_t>(host == 2 ? 17 : 6),
                                            .host = host});
      PacketSpec spec = at->second;
      if (random() % 8 == 0) spec.payload = random() % 100;
      if (random() % 10 == 0) spec.flags |= 0x08;
      if (random() % 12 == 0) spec.sequence += 3;
      at->second = next_of(spec);
      at->second.payload = 100;
      at->second.flags = 0x10;
      Bytes packet = build_packet(spec);
      if (random() % 15 == 0) packet.back() ^= 1;
      if (random() % 15 == 0) packet[spec.version == 4 ? 6 : 7] ^= 0x80;
      sent[host].push_back(packet);
      add(packet);
    }
    std::map<uint8_t, std::vector<Bytes>> received;
    for (const Group& group : groups()) {
      for (Bytes& packet : split(group)) {
        received[packet[0] >> 4 == 4 ? packet[15] : packet[23]].push_back(std::move(packet));
      }
    }
    for (auto& [host, packets] : sent) {
      // The IPv4 header checksum of a packet that was broken above is made anew when it is split.
      ASSERT_EQ(received[host].size(), packets.size());
      for (size_t i = 0; i < packets.size(); ++i) {
        const size_t ip = packets[i][0] >> 4 == 4 ? 20 : 40;
        ASSERT_EQ(
            Bytes(received[host][i].begin() + static_cast<ptrdiff_t>(ip), received[host][i].end()),
            Bytes(packets[i].begin() + static_cast<ptrdiff_t>(ip), packets[i].end()));
      }
    }
  }
}

}  // namespace
}  // namespace twinspan::tun
