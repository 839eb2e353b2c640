#include "tun/segment.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tun/packet_builder.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

VirtioHeader gso_header(const PacketSpec& spec, uint16_t segment_payload) {
  const bool is_tcp = spec.protocol == 6;
  const uint8_t tcp_type = spec.version == 4 ? kVirtioGsoTcp4 : kVirtioGsoTcp6;
  return {.flags = kVirtioNeedsChecksum,
          .gso_type = is_tcp ? tcp_type : kVirtioGsoUdp,
          .header_length = static_cast<uint16_t>(spec.header_length()),
          .gso_size = segment_payload,
          .checksum_start = static_cast<uint16_t>(spec.version == 4 ? 20 : 40),
          .checksum_offset = is_tcp ? kTcpChecksumOffset : kUdpChecksumOffset};
}

std::vector<Bytes> segments_of(const VirtioHeader& header, ByteView packet) {
  const auto segmenter = Segmenter::make(header, packet);
  if (!segmenter) return {};
  std::vector<Bytes> out;
  for (size_t i = 0; i < segmenter->count(); ++i) {
    Bytes segment(segmenter->length(i));
    segmenter->write(i, segment.data());
    out.push_back(std::move(segment));
  }
  return out;
}

Verdict verdict_of(const VirtioHeader& header, ByteView packet) {
  const auto segmenter = Segmenter::make(header, packet);
  return segmenter ? Verdict::Accept : segmenter.error();
}

struct Case {
  const char* name;
  PacketSpec spec;
};

class SegmentFamilies : public testing::TestWithParam<Case> {};

TEST_P(SegmentFamilies, AgreesWithTheSlowReference) {
  for (const size_t payload : {size_t{1}, size_t{99}, size_t{100}, size_t{101}, size_t{1400},
                               size_t{9001}, size_t{65000}}) {
    for (const uint16_t size : {uint16_t{99}, uint16_t{100}, uint16_t{1398}, uint16_t{65000}}) {
      PacketSpec spec = GetParam().spec;
      spec.payload = payload;
      const Bytes packet = build_packet(spec);
      const auto expected = reference_segments(packet, size);
      const auto actual = segments_of(gso_header(spec, size), packet);
      ASSERT_EQ(actual, expected) << payload << " by " << size;
      for (const Bytes& segment : actual) ASSERT_TRUE(is_sound(segment));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SegmentFamilies,
    testing::Values(Case{"tcp4", {}}, Case{"tcp6", {.version = 6}}, Case{"udp4", {.protocol = 17}},
                    Case{"udp6", {.version = 6, .protocol = 17}},
                    Case{"tcp4_without_options", {.option_words = 0}},
                    Case{"tcp6_all_options", {.version = 6, .option_words = 10}},
                    Case{"wrapping_sequence_and_id", {.id = 0xfffe, .sequence = 0xffffff00}},
                    Case{"fragmentable", {.dont_fragment = false}},
                    Case{"fin_psh_cwr_ece", {.flags = 0xd9}}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(Segment, FinAndPshStayOnTheLastAndCwrOnTheFirst) {
  const PacketSpec spec{.payload = 300, .flags = 0x99};
  const auto segments = segments_of(gso_header(spec, 100), build_packet(spec));
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[0][33], 0x90);
  EXPECT_EQ(segments[1][33], 0x10);
  EXPECT_EQ(segments[2][33], 0x19);
}

TEST(Segment, EcnBitOfTheGsoTypeIsNoOtherType) {
  const PacketSpec spec{.payload = 300};
  VirtioHeader header = gso_header(spec, 100);
  header.gso_type |= kVirtioGsoEcn;
  EXPECT_EQ(segments_of(header, build_packet(spec)).size(), 3u);
}

TEST(Segment, HeaderLengthHintIsNotTrusted) {
  const PacketSpec spec{.payload = 300};
  const Bytes packet = build_packet(spec);
  for (const uint16_t hint : {uint16_t{0}, uint16_t{1}, uint16_t{352}, uint16_t{65535}}) {
    VirtioHeader header = gso_header(spec, 100);
    header.header_length = hint;
    EXPECT_EQ(segments_of(header, packet), reference_segments(packet, 100)) << hint;
  }
}

TEST(Segment, SuperPacketWithoutPayloadIsOnePacket) {
  const PacketSpec spec{.payload = 0, .flags = 0x11};
  const Bytes packet = build_packet(spec);
  EXPECT_EQ(segments_of(gso_header(spec, 100), packet), std::vector<Bytes>{packet});
}

TEST(Segment, DestinationOptionsOfIpv6AreKept) {
  PacketSpec spec{.version = 6, .payload = 250};
  Bytes packet = build_packet(spec);
  const uint8_t options[8] = {6, 0, 1, 4, 0, 0, 0, 0};  // Next header TCP, PadN.
  packet.insert(packet.begin() + 40, options, options + 8);
  packet[6] = 60;
  store_be16(&packet[4], static_cast<uint16_t>(packet.size() - 40));
  VirtioHeader header = gso_header(spec, 100);
  header.checksum_start = 48;
  const auto segments = segments_of(header, packet);
  ASSERT_EQ(segments.size(), 3u);
  for (Bytes segment : segments) {
    EXPECT_EQ(load_be16(&segment[4]) + 40u, segment.size());
    segment.erase(segment.begin() + 40, segment.begin() + 48);
    segment[6] = 6;
    store_be16(&segment[4], static_cast<uint16_t>(segment.size() - 40));
    EXPECT_TRUE(is_sound(segment));
  }
}

TEST(Segment, ContradictionsAreBadOffload) {
  const PacketSpec spec{.payload = 300};
  const Bytes packet = build_packet(spec);
  const VirtioHeader good = gso_header(spec, 100);
  ASSERT_EQ(verdict_of(good, packet), Verdict::Accept);
  VirtioHeader header = good;
  header.gso_size = 0;
  EXPECT_EQ(verdict_of(header, packet), Verdict::BadOffload) << "segments without payload";
  header = good;
  header.gso_type = 3;
  EXPECT_EQ(verdict_of(header, packet), Verdict::BadOffload) << "UFO was not asked for";
  header.gso_type = kVirtioGsoTcp6;
  EXPECT_EQ(verdict_of(header, packet), Verdict::BadOffload) << "TSO6 of an IPv4 packet";
  header.gso_type = kVirtioGsoUdp;
  EXPECT_EQ(verdict_of(header, packet), Verdict::BadOffload) << "USO of a TCP packet";
  header = good;
  header.checksum_start = 24;
  EXPECT_EQ(verdict_of(header, packet), Verdict::BadOffload) << "checksum of something else";
  Bytes changed = packet;
  changed[0] = 0x44;
  EXPECT_EQ(verdict_of(good, changed), Verdict::BadOffload) << "IPv4 header of 16 bytes";
  changed = packet;
  changed[0] = 0x55;
  EXPECT_EQ(verdict_of(good, changed), Verdict::BadOffload) << "IP version 5";
  changed = packet;
  changed[32] = 0x40;
  EXPECT_EQ(verdict_of(good, changed), Verdict::BadOffload) << "TCP header of 16 bytes";
  EXPECT_EQ(verdict_of(good, {}), Verdict::BadOffload) << "nothing at all";
}

TEST(Segment, RoutingHeaderIsRefused) {
  Bytes packet = build_packet({.version = 6, .payload = 300});
  packet[6] = 43;
  VirtioHeader header = gso_header({.version = 6}, 100);
  EXPECT_EQ(verdict_of(header, packet), Verdict::BadOffload);
}

TEST(Segment, EveryTruncationIsRefusedOrSound) {
  for (const unsigned version : {4u, 6u}) {
    for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}}) {
      const PacketSpec spec{.version = version, .protocol = protocol, .payload = 120};
      const Bytes packet = build_packet(spec);
      for (size_t length = 0; length < spec.header_length(); ++length) {
        const Bytes cut(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(length));
        EXPECT_EQ(verdict_of(gso_header(spec, 50), cut), Verdict::BadOffload) << length;
      }
    }
  }
}

TEST(Segment, RandomHeadersAndPacketsNeverReadOrWritePastTheEnd) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20000; ++round) {
    PacketSpec spec{.version = random() % 2 == 0 ? 4u : 6u,
                    .protocol = static_cast<uint8_t>(random() % 2 == 0 ? 6 : 17),
                    .payload = random() % 300};
    Bytes packet = build_packet(spec);
    VirtioHeader header = gso_header(spec, static_cast<uint16_t>(random() % 200));
    for (int change = 0; change < 3; ++change) {
      packet[random() % 60 % packet.size()] = static_cast<uint8_t>(random());
    }
    packet.resize(random() % (packet.size() + 1));
    packet.shrink_to_fit();
    header.gso_type = static_cast<uint8_t>(random() % 8);
    const auto segments = segments_of(header, packet);  // The sanitizers watch.
    EXPECT_LE(segments.size(), packet.size() + 1);
  }
}

TEST(CompleteChecksum, FinishesTcpAndUdpOfBothFamilies) {
  for (const unsigned version : {4u, 6u}) {
    for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}}) {
      const PacketSpec spec{.version = version, .protocol = protocol, .payload = 121};
      const Bytes finished = build_packet(spec);
      Bytes packet = finished;
      VirtioHeader header = gso_header(spec, 0);
      header.gso_type = kVirtioGsoNone;
      // The kernel leaves the sum of the pseudo header in the field.
      uint8_t* field = &packet[header.checksum_start + header.checksum_offset];
      const size_t length = packet.size() - header.checksum_start;
      Bytes pseudo(version == 4 ? &packet[12] : &packet[8],
                   version == 4 ? &packet[12] + 8 : &packet[8] + 32);
      pseudo.insert(pseudo.end(),
                    {0, protocol, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)});
      store_be16(field, static_cast<uint16_t>(~reference_checksum(pseudo)));
      EXPECT_EQ(complete_checksum(header, packet), Verdict::Accept);
      EXPECT_EQ(packet, finished);
    }
  }
}

TEST(CompleteChecksum, LeavesFinishedPacketsAlone) {
  Bytes packet = build_packet({});
  packet[36] ^= 0xff;  // Wrong on purpose: not ours to repair.
  const Bytes before = packet;
  EXPECT_EQ(complete_checksum({}, packet), Verdict::Accept);
  EXPECT_EQ(packet, before);
}

TEST(CompleteChecksum, FieldOutsideThePacketIsBadOffload) {
  Bytes packet = build_packet({.payload = 10});
  const auto size = static_cast<uint16_t>(packet.size());
  VirtioHeader header{.flags = kVirtioNeedsChecksum};
  header.checksum_start = size;
  EXPECT_EQ(complete_checksum(header, packet), Verdict::BadOffload);
  header = {.flags = kVirtioNeedsChecksum,
            .checksum_start = 20,
            .checksum_offset = static_cast<uint16_t>(size - 21)};
  EXPECT_EQ(complete_checksum(header, packet), Verdict::BadOffload);
  header = {.flags = kVirtioNeedsChecksum, .checksum_start = 65534, .checksum_offset = 65534};
  EXPECT_EQ(complete_checksum(header, packet), Verdict::BadOffload);
  header = {.flags = kVirtioNeedsChecksum, .checksum_start = 21, .checksum_offset = 16};
  EXPECT_EQ(complete_checksum(header, packet), Verdict::BadOffload) << "odd";
  EXPECT_EQ(complete_checksum({.flags = kVirtioNeedsChecksum}, ByteSpan{}), Verdict::BadOffload);
}

}  // namespace
}  // namespace twinspan::tun
