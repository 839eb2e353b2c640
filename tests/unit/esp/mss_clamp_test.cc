#include "esp/mss_clamp.h"

#include <gtest/gtest.h>

#include "tests/unit/esp/tunnel_pair.h"
#include "tests/unit/tun/packet_builder.h"

namespace twinspan::esp {
namespace {

using tun::build_packet;
using tun::is_sound;
using tun::repair_checksum;

constexpr uint8_t kSyn = 0x02, kSynAck = 0x12, kAck = 0x10;

size_t tcp_of(ByteView packet) {
  return packet[0] >> 4 == 4 ? 20 : 40;
}

struct Syn {
  unsigned version = 4;
  uint8_t flags = kSyn;
  // Where the MSS option stands; NOPs before it, window scale behind it.
  size_t nops = 0;
  uint16_t mss = 1460;
  uint8_t seed = 1;
};

Bytes build_syn(const Syn& syn) {
  Bytes packet = build_packet({.version = syn.version,
                               .payload = 0,
                               .payload_seed = syn.seed,
                               .sequence = 0x1234567u * syn.seed,
                               .flags = syn.flags,
                               .option_words = 3});
  uint8_t* option = &packet[tcp_of(packet) + 20];
  std::fill_n(option, 12, uint8_t{1});
  option += syn.nops;
  option[0] = 2;
  option[1] = 4;
  option[2] = static_cast<uint8_t>(syn.mss >> 8);
  option[3] = static_cast<uint8_t>(syn.mss);
  repair_checksum(packet);
  return packet;
}

TEST(MssClamp, LowersTheOptionOfBothFamiliesAndBothDirectionsOfTheHandshake) {
  for (const unsigned version : {4u, 6u}) {
    for (const uint8_t flags : {kSyn, kSynAck, uint8_t{0xc2}}) {
      Bytes packet = build_syn({.version = version, .flags = flags});
      EXPECT_TRUE(clamp_mss(packet, 1438));
      const uint16_t expected = version == 4 ? 1398 : 1378;  // facts: 1438 inner gives MSS 1398.
      EXPECT_EQ(packet, build_syn({.version = version, .flags = flags, .mss = expected}));
    }
  }
}

TEST(MssClamp, RepairsTheChecksumWhereverTheOptionLies) {
  for (const unsigned version : {4u, 6u}) {
    for (size_t nops = 0; nops <= 8; ++nops) {
      for (uint8_t seed = 1; seed != 0; ++seed) {
        Bytes packet = build_syn({.version = version, .nops = nops, .mss = 0xffff, .seed = seed});
        ASSERT_TRUE(clamp_mss(packet, 700u + seed));
        ASSERT_TRUE(is_sound(packet)) << nops << " " << int(seed);
      }
    }
  }
}

TEST(MssClamp, NeverRaises) {
  for (const uint16_t mss : {uint16_t{0}, uint16_t{536}, uint16_t{1397}, uint16_t{1398}}) {
    const Bytes before = build_syn({.mss = mss});
    Bytes packet = before;
    EXPECT_FALSE(clamp_mss(packet, 1438));
    EXPECT_EQ(packet, before);
  }
  Bytes above = build_syn({.mss = 1399});
  EXPECT_TRUE(clamp_mss(above, 1438));
}

TEST(MssClamp, LeavesEverythingElseAlone) {
  Bytes later_fragment = build_syn({});
  later_fragment[7] = 100;
  Bytes cut_option = build_syn({});
  cut_option[20 + 20 + 1] = 40;  // Longer than the header.
  Bytes zero_option = build_syn({});
  zero_option[20 + 20] = 5;
  zero_option[20 + 20 + 1] = 0;
  Bytes ended = build_syn({.nops = 1});
  ended[20 + 20] = 0;
  Bytes short_header = build_syn({});
  short_header[20 + 12] = 0x40;
  Bytes long_header = build_syn({});
  long_header[20 + 12] = 0xf0;
  Bytes udp = build_packet({.protocol = 17});
  const Bytes kept[] = {build_syn({.flags = kAck}),
                        later_fragment,
                        cut_option,
                        zero_option,
                        ended,
                        short_header,
                        long_header,
                        udp,
                        Bytes{},
                        Bytes{0x45},
                        Bytes{0x60, 0}};
  for (const Bytes& before : kept) {
    Bytes packet = before;
    EXPECT_FALSE(clamp_mss(packet, 600));
    EXPECT_EQ(packet, before);
  }
  Bytes no_room = build_syn({});
  EXPECT_FALSE(clamp_mss(no_room, 40));
}

TEST(MssClamp, FindsTcpBehindExtensionHeaders) {
  Bytes packet = build_syn({.version = 6});
  const Bytes options = {6, 0, 1, 4, 0, 0, 0, 0};  // Destination options: PadN.
  packet.insert(packet.begin() + 40, options.begin(), options.end());
  packet[6] = 60;
  packet[5] = static_cast<uint8_t>(packet[5] + 8);
  EXPECT_TRUE(clamp_mss(packet, 1400));
  EXPECT_EQ(load_be16(&packet[48 + 22]), 1340);
}

TEST(MssClamp, TruncatedPacketsAreReadOnlyAsFarAsTheyGo) {
  for (const unsigned version : {4u, 6u}) {
    const Bytes whole = build_syn({.version = version, .nops = 8});
    for (size_t length = 0; length < whole.size(); ++length) {
      Bytes packet(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
      EXPECT_FALSE(clamp_mss(packet, 600));
    }
  }
}

TEST(MssClamp, ActsOnWhatIsOpened) {
  TunnelPair pair(EspTransforms{.encryption = kGcm256});
  pair.right.store.path(kTunnel)->set_device_mtu(1438);
  Bytes frame = pair.seal_on_left(build_syn({}));
  EXPECT_EQ(to_bytes(inner_of(pair.open_on_right(frame))), build_syn({.mss = 1398}));
  // RFC 4303 2: 1400 less 28, header, IV and ICV leave 1340 for the body, two of them the trailer.
  pair.right.store.path(kTunnel)->lower(1400, IpFamily::V4, 1);
  frame = pair.seal_on_left(build_syn({}));
  EXPECT_EQ(to_bytes(inner_of(pair.open_on_right(frame))), build_syn({.mss = 1338 - 40}));
}

}  // namespace
}  // namespace twinspan::esp
