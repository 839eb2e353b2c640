#include "esp/udp_encap.h"

#include <gtest/gtest.h>

namespace twinspan::esp {
namespace {

TEST(UdpEncap, TellsIkeEspAndKeepalivesApart) {
  EXPECT_EQ(classify_udp_payload(Bytes{0xff}), UdpPayload::Keepalive);
  EXPECT_EQ(classify_udp_payload(Bytes{0, 0, 0, 0, 1, 2}), UdpPayload::Ike);
  EXPECT_EQ(classify_udp_payload(Bytes{0, 0, 0, 0}), UdpPayload::Ike);
  EXPECT_EQ(classify_udp_payload(Bytes{0, 0, 1, 0, 1, 2}), UdpPayload::Esp);
  EXPECT_EQ(classify_udp_payload(Bytes{0xff, 0xff, 0xff, 0xff}), UdpPayload::Esp);
}

TEST(UdpEncap, WhatIsTooShortForAnSpiIsARunt) {
  EXPECT_EQ(classify_udp_payload({}), UdpPayload::Runt);
  EXPECT_EQ(classify_udp_payload(Bytes{0xfe}), UdpPayload::Runt);
  EXPECT_EQ(classify_udp_payload(Bytes{0xff, 0xff, 0xff}), UdpPayload::Runt);
}

}  // namespace
}  // namespace twinspan::esp
