// A question as a packet is one that selectors can read.
#include "tools/twinspand/probe_packet.h"

#include <gtest/gtest.h>

#include "esp/inner_packet.h"

namespace twinspan::tools {
namespace {

policy::Flow flow(const char* source, const char* destination) {
  return {.source = *IpAddress::parse(source), .destination = *IpAddress::parse(destination)};
}

TEST(ProbePacket, HasTheFlowsAddressesAndPorts) {
  policy::Flow asked = flow("10.1.0.2", "10.2.0.3");
  asked.protocol = 6;
  asked.source_port = 1000;
  asked.destination_port = 443;
  const Bytes bytes = probe_packet(asked);
  const auto packet = esp::parse_inner(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->source, esp::to_number(asked.source));
  EXPECT_EQ(packet->destination, esp::to_number(asked.destination));
  const auto upper = esp::find_upper_layer(*packet);
  ASSERT_TRUE(upper && upper->has_ports);
  EXPECT_EQ(upper->protocol, 6);
  EXPECT_EQ(upper->source_port, 1000);
  EXPECT_EQ(upper->destination_port, 443);
}

TEST(ProbePacket, IsAPingWhenNothingIsSaid) {
  const Bytes v4 = probe_packet(flow("10.1.0.2", "10.2.0.3"));
  EXPECT_EQ(esp::find_upper_layer(*esp::parse_inner(v4))->source_port, 8 * 256);
  const policy::Flow asked = flow("2001:db8::1", "2001:db8::2");
  const Bytes v6 = probe_packet(asked);
  const auto packet = esp::parse_inner(v6);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->destination, esp::to_number(asked.destination));
  EXPECT_EQ(esp::find_upper_layer(*packet)->protocol, 58);
}

}  // namespace
}  // namespace twinspan::tools
