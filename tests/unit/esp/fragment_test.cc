#include "esp/fragment.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tun/packet_builder.h"

namespace twinspan::esp {
namespace {

using tun::build_packet;
using tun::reference_checksum;

constexpr size_t kUdp = 17;

std::vector<Bytes> cut(const Bytes& packet, size_t mtu) {
  std::vector<Bytes> fragments;
  const auto fragmenter = Fragmenter::make(packet, mtu);
  if (!fragmenter) return fragments;
  for (size_t i = 0; i < fragmenter->count(); ++i) {
    fragments.emplace_back(fragmenter->length(i));
    fragmenter->write(i, fragments.back().data());
  }
  return fragments;
}

size_t header_of(const Bytes& packet) {
  return (packet[0] & 15u) * 4u;
}
size_t offset_of(const Bytes& packet) {
  return (load_be16(&packet[6]) & 0x1fffu) * 8u;
}
bool has_more(const Bytes& packet) {
  return (packet[6] & 0x20) != 0;
}

// What RFC 791 asks of the receiver; every fragment is checked on the way.
Bytes reassemble(const std::vector<Bytes>& fragments, size_t mtu) {
  Bytes payload;
  const size_t base = offset_of(fragments.front());
  for (size_t i = 0; i < fragments.size(); ++i) {
    const Bytes& fragment = fragments[i];
    EXPECT_LE(fragment.size(), mtu);
    EXPECT_EQ(load_be16(&fragment[2]), fragment.size());
    EXPECT_EQ(reference_checksum(ByteView(fragment).first(header_of(fragment))), 0);
    EXPECT_EQ(offset_of(fragment), base + payload.size());
    if (i + 1 < fragments.size()) {
      EXPECT_TRUE(has_more(fragment));
      EXPECT_EQ((fragment.size() - header_of(fragment)) % 8, 0u);
    }
    payload.insert(payload.end(), fragment.begin() + static_cast<ptrdiff_t>(header_of(fragment)),
                   fragment.end());
  }
  return payload;
}

Bytes payload_of(const Bytes& packet) {
  return Bytes(packet.begin() + static_cast<ptrdiff_t>(header_of(packet)), packet.end());
}

Bytes with_options(Bytes packet, const Bytes& options) {
  packet.insert(packet.begin() + 20, options.begin(), options.end());
  packet[0] = static_cast<uint8_t>(0x45 + options.size() / 4);
  store_be16(&packet[2], static_cast<uint16_t>(packet.size()));
  return packet;
}

TEST(Fragment, KnownAnswer) {
  const Bytes packet =
      build_packet({.protocol = kUdp, .payload = 1992, .dont_fragment = false, .id = 0x1234});
  const auto fragments = cut(packet, 1338);  // 1318 behind the header, 1312 of them usable.
  ASSERT_EQ(fragments.size(), 2u);
  EXPECT_EQ(fragments[0].size(), 1332u);
  EXPECT_EQ(fragments[1].size(), 2000u - 1312 + 20);
  EXPECT_EQ(load_be16(&fragments[0][6]), 0x2000);
  EXPECT_EQ(load_be16(&fragments[1][6]), 1312 / 8);
  EXPECT_EQ(load_be16(&fragments[1][4]), 0x1234);
  EXPECT_EQ(fragments[1][9], kUdp);
}

TEST(Fragment, PiecesOfAnySizeMakeThePacketAgain) {
  std::mt19937 random(4);
  for (int round = 0; round < 2000; ++round) {
    const size_t mtu = 28 + random() % 1500;
    const Bytes packet =
        build_packet({.protocol = kUdp, .payload = random() % 9000, .dont_fragment = false});
    const auto fragments = cut(packet, mtu);
    ASSERT_FALSE(fragments.empty());
    ASSERT_EQ(reassemble(fragments, mtu), payload_of(packet));
    ASSERT_FALSE(has_more(fragments.back()));
  }
}

TEST(Fragment, AFragmentFromTheMiddleIsCutLikeAWholePacket) {
  Bytes packet = build_packet({.protocol = kUdp, .payload = 1472, .dont_fragment = false});
  store_be16(&packet[6], 0x2000 | 185);
  const auto fragments = cut(packet, 700);
  ASSERT_EQ(fragments.size(), 3u);
  EXPECT_EQ(offset_of(fragments[0]), 1480u);
  EXPECT_TRUE(has_more(fragments.back()));
  EXPECT_EQ(reassemble(fragments, 700), payload_of(packet));
  store_be16(&packet[6], 185);
  EXPECT_FALSE(has_more(cut(packet, 700).back()));
}

TEST(Fragment, OnlyOptionsWithTheCopiedFlagStandInLaterFragments) {
  // Record route (7, not copied), NOP, router alert (148, copied), end.
  const Bytes options = {7, 7, 4, 9, 9, 9, 9, 1, 148, 4, 0, 0};
  const Bytes packet = with_options(
      build_packet({.protocol = kUdp, .payload = 3000, .dont_fragment = false}), options);
  const auto fragments = cut(packet, 1000);
  ASSERT_EQ(header_of(fragments[0]), 32u);
  ASSERT_EQ(header_of(fragments[1]), 24u);
  EXPECT_EQ(Bytes(fragments[1].begin() + 20, fragments[1].begin() + 24), (Bytes{148, 4, 0, 0}));
  EXPECT_EQ(reassemble(fragments, 1000), payload_of(packet));
}

TEST(Fragment, BrokenOptionsEndTheList) {
  for (const Bytes& options : {Bytes{148, 0, 0, 0}, Bytes{148, 9, 0, 0}, Bytes{1, 1, 1, 148}}) {
    const Bytes packet = with_options(
        build_packet({.protocol = kUdp, .payload = 3000, .dont_fragment = false}), options);
    const auto fragments = cut(packet, 1000);
    ASSERT_EQ(header_of(fragments.at(1)), 20u);
    EXPECT_EQ(reassemble(fragments, 1000), payload_of(packet));
  }
}

TEST(Fragment, IsRefusedWhereItMayNotOrCannotBe) {
  const Bytes may = build_packet({.protocol = kUdp, .payload = 2000, .dont_fragment = false});
  EXPECT_TRUE(Fragmenter::make(may, 28));
  EXPECT_FALSE(Fragmenter::make(may, 27));
  EXPECT_FALSE(Fragmenter::make(build_packet({.payload = 2000}), 1000)) << "DF";
  EXPECT_FALSE(Fragmenter::make(build_packet({.version = 6, .payload = 2000}), 1000));
  EXPECT_FALSE(Fragmenter::make(ByteView(may).first(19), 1000));
  Bytes long_header = may;
  long_header.resize(40);
  long_header[0] = 0x4f;
  EXPECT_FALSE(Fragmenter::make(long_header, 1000));
}

}  // namespace
}  // namespace twinspan::esp
