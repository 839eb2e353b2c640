// The hash that both ends of a tunnel and the kernel's program agree on. Its values are a contract:
// another gateway of ours computes the same.
#include "esp/flow_hash.h"

#include <vector>

#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

constexpr const char* kV6 = "2001:db8:1::1";
constexpr const char* kV6Remote = "2001:db8:2::2";

TEST(FlowHash, IsTheProductOfTheSum) {
  const Bytes v4 = make_inner({.source = "10.1.0.1",
                               .destination = "10.2.0.1",
                               .protocol = 17,
                               .source_port = 1000,
                               .destination_port = 2000});
  EXPECT_EQ(flow_hash(v4), (0x0a010001u + 0x0a020001u + 3000u) * 0x9e3779b1u);
  EXPECT_EQ(flow_hash(v4), 0x979c059au);
  const Bytes v6 = make_inner({.source = kV6, .destination = kV6Remote, .protocol = 6});
  const uint32_t words = 0x20010db8u + 0x00010000u + 1u + 0x20010db8u + 0x00020000u + 2u;
  EXPECT_EQ(flow_hash(v6), (words + 3000u) * 0x9e3779b1u);
}

TEST(FlowHash, IsTheSameInBothDirections) {
  for (const uint8_t protocol : std::initializer_list<uint8_t>{6, 17, 132, 1, 50}) {
    for (const bool v6 : {false, true}) {
      const char* here = v6 ? kV6 : "10.1.2.3";
      const char* there = v6 ? kV6Remote : "172.16.5.9";
      const Bytes out = make_inner({here, there, protocol, 40001, 443});
      const Bytes back = make_inner({there, here, protocol, 443, 40001});
      EXPECT_EQ(flow_hash(out), flow_hash(back));
      EXPECT_NE(flow_hash(out), 0u);
    }
  }
}

TEST(FlowHash, PortsCountWhereAFlowHasThem) {
  for (const uint8_t protocol : std::initializer_list<uint8_t>{6, 17, 132, 1, 47, 50}) {
    const bool has_ports = protocol == 6 || protocol == 17 || protocol == 132;
    for (const bool v6 : {false, true}) {
      InnerSpec spec{.protocol = protocol, .source_port = 1};
      if (v6) spec.source = kV6, spec.destination = kV6Remote;
      const uint32_t one = flow_hash(make_inner(spec));
      spec.source_port = 2;
      EXPECT_EQ(flow_hash(make_inner(spec)) != one, has_ports) << unsigned{protocol};
    }
  }
}

TEST(FlowHash, AllFragmentsOfAPacketAreTogether) {
  Bytes first = make_inner({.protocol = 17, .source_port = 1});
  first[6] = 0x20;
  Bytes second = make_inner({.protocol = 17, .source_port = 999});
  second[7] = 185;
  EXPECT_EQ(flow_hash(first), flow_hash(second));
  Bytes whole = make_inner({.protocol = 17, .source_port = 1});
  EXPECT_NE(flow_hash(whole), flow_hash(first));
  const uint32_t before = flow_hash(whole);
  whole[6] = 0x40;  // Don't fragment.
  EXPECT_EQ(flow_hash(whole), before);
}

TEST(FlowHash, PortsBehindIpv4OptionsAreFound) {
  Bytes plain = make_inner({.protocol = 6});
  Bytes with_options = plain;
  with_options[0] = 0x47;
  with_options.insert(with_options.begin() + 20, 8, 0x01);
  EXPECT_EQ(flow_hash(with_options), flow_hash(plain));
}

TEST(FlowHash, WhatIsBehindTheEndGivesNothing) {
  Bytes packet = make_inner({.protocol = 6, .payload_length = 4});
  EXPECT_NE(flow_hash(packet), 0u);
  for (size_t size = 0; size < packet.size(); ++size) {
    EXPECT_EQ(flow_hash(ByteView(packet).first(size)), 0u) << size;
  }
  const Bytes arp(28, 0x11);
  EXPECT_EQ(flow_hash(arp), 0u);
}

// How many of 64 flows each slot has.
std::vector<unsigned> spread(unsigned slots, uint16_t step) {
  std::vector<unsigned> counts(slots);
  for (uint16_t flow = 0; flow < 64; ++flow) {
    const auto port = static_cast<uint16_t>(40000 + flow * step);
    const Bytes packet = make_inner({.protocol = 6, .source_port = port});
    ++counts.at(flow_slot(flow_hash(packet), slots));
  }
  return counts;
}

TEST(FlowHash, FlowsOfNeighbouringPortsSpreadEvenly) {
  for (const unsigned slots : {2u, 3u, 4u, 8u}) {
    for (const uint16_t step : {uint16_t{1}, uint16_t{2}}) {  // Linux gives every second port.
      for (const unsigned count : spread(slots, step)) {
        EXPECT_GE(count, 64 / slots - 2) << slots << " slots, step " << step;
        EXPECT_LE(count, 64 / slots + 3) << slots << " slots, step " << step;
      }
    }
  }
}

TEST(FlowHash, SlotsAreAllInRange) {
  EXPECT_EQ(flow_slot(UINT32_MAX, 1), 0u);
  EXPECT_EQ(flow_slot(UINT32_MAX, 256), 255u);
  EXPECT_EQ(flow_slot(0, 256), 0u);
  EXPECT_EQ(flow_slot(0x80000000u, 2), 1u);
  EXPECT_EQ(flow_slot(0x7fffffffu, 2), 0u);
}

}  // namespace
}  // namespace twinspan::esp
