// Who reaches whom over others: chains of connections, hubs with spokes, and what stops them.
#include "policy/transit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::HasSubstr;

//   spoke1 --peering-- hub ==v2v== middle ==ipsec== site
//   spoke2 --peering--/
const char* const kWorld = R"(version: 1
virtual_networks:
  hub: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
  spoke1: { address_space: [10.11.0.0/16] }
  spoke2: { address_space: [10.12.0.0/16] }
  middle: { address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 } }
  island: { address_space: [10.3.0.0/16] }
virtual_network_gateways:
  gw-h: { virtual_network: hub, enable_bgp: true, bgp_settings: { asn: 65001 },
          ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
  gw-m: { virtual_network: middle, enable_bgp: true, bgp_settings: { asn: 65002 },
          ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
local_network_gateways:
  site: { gateway_ip_address: 203.0.113.9, address_prefixes: [10.9.0.0/16],
          bgp_settings: { asn: 65009, bgp_peering_address: 10.9.0.1 } }
connections:
  h-m: { connection_type: vnet-to-vnet, virtual_network_gateway1: gw-h,
         virtual_network_gateway2: gw-m, shared_key: { file: k }, enable_bgp: true }
  m-h: { connection_type: vnet-to-vnet, virtual_network_gateway1: gw-m,
         virtual_network_gateway2: gw-h, shared_key: { file: k }, enable_bgp: true }
  m-site: { connection_type: ipsec, virtual_network_gateway1: gw-m, local_network_gateway2: site,
            shared_key: { file: k }, enable_bgp: true }
peerings:
  hub-1: { virtual_network: hub, remote_virtual_network: spoke1, allow_gateway_transit: true }
  1-hub: { virtual_network: spoke1, remote_virtual_network: hub, use_remote_gateways: true }
  hub-2: { virtual_network: hub, remote_virtual_network: spoke2, allow_gateway_transit: true }
  2-hub: { virtual_network: spoke2, remote_virtual_network: hub, use_remote_gateways: true }
)";

// "allowed", or "OBJECT FIELD" of the first hop that refuses; "none" when nothing joins them.
std::string way(const std::string& text, std::string_view from, std::string_view to) {
  const auto found = find_way(model_of(text), from, to);
  if (!found) return "none";
  const TransitRefusal* const refused = found->first_refusal();
  if (refused == nullptr) return "allowed";
  EXPECT_FALSE(refused->reason.empty());
  return refused->object + " " + refused->field;
}

std::string with(std::string_view from, std::string_view to) {
  return replaced(kWorld, from, to);
}

TEST(Transit, NeighboursReachEachOther) {
  EXPECT_EQ(way(kWorld, "hub", "middle"), "allowed");
  EXPECT_EQ(way(kWorld, "spoke1", "hub"), "allowed");
  EXPECT_EQ(way(kWorld, "middle", "site"), "allowed");
  EXPECT_EQ(way(kWorld, "hub", "hub"), "allowed");
}

TEST(Transit, NothingJoinsAnIslandAndUnknownNames) {
  EXPECT_EQ(way(kWorld, "hub", "island"), "none");
  EXPECT_EQ(way(kWorld, "hub", "nowhere"), "none");
}

// A chain of BGP is followed however long it is.
TEST(Transit, AWayOfManyHopsIsFound) {
  constexpr int kNetworks = 20;
  std::string networks, gateways, connections;
  for (int i = 0; i < kNetworks; ++i) {
    networks += fmt::format(
        "  n{0}: {{ address_space: [10.{0}.0.0/16], subnets: {{ GatewaySubnet: 10.{0}.255.0/27 }} "
        "}}\n",
        i);
    gateways += fmt::format(
        "  g{0}: {{ virtual_network: n{0}, enable_bgp: true, bgp_settings: {{ asn: {1} }},\n"
        "         ip_configurations: [ {{ public_ip_address: 192.0.2.{2} }} ] }}\n",
        i, 65001 + i, i + 1);
    for (const int other : {i - 1, i + 1}) {
      if (other < 0 || other == kNetworks) continue;
      connections += fmt::format(
          "  c{0}-{1}: {{ connection_type: vnet-to-vnet, virtual_network_gateway1: g{0},\n"
          "          virtual_network_gateway2: g{1}, shared_key: {{ file: k }}, enable_bgp: true "
          "}}\n",
          i, other);
    }
  }
  const std::string text = "version: 1\nvirtual_networks:\n" + networks +
                           "virtual_network_gateways:\n" + gateways + "connections:\n" +
                           connections;
  EXPECT_EQ(way(text, "n0", "n19"), "allowed");
  EXPECT_EQ(find_way(model_of(text), "n0", "n19")->hops.size(), 19u);
}

TEST(Transit, ConnectionsPassOnWithBgpOnEveryOne) {
  EXPECT_EQ(way(kWorld, "hub", "site"), "allowed");
  EXPECT_EQ(way(kWorld, "site", "hub"), "allowed");
  EXPECT_EQ(way(with("virtual_network_gateway2: gw-h, shared_key: { file: k }, enable_bgp: true",
                     "virtual_network_gateway2: gw-h, shared_key: { file: k }"),
                "site", "hub"),
            "connections.m-h enable_bgp");  // It leads to hub itself, but no session comes up.
  EXPECT_EQ(way(with("virtual_network_gateway2: gw-m, shared_key: { file: k }, enable_bgp: true",
                     "virtual_network_gateway2: gw-m, shared_key: { file: k }"),
                "hub", "site"),
            "connections.h-m enable_bgp");
  EXPECT_EQ(way(with("  gw-h: { virtual_network: hub, enable_bgp: true",
                     "  gw-h: { virtual_network: hub, enable_bgp: false"),
                "hub", "site"),
            "virtual_network_gateways.gw-h enable_bgp");
}

TEST(Transit, StaticPrefixesWrittenByHandDoAsWell) {
  const std::string by_hand =
      R"(version: 1
virtual_networks:
  a: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
  b: { address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 } }
virtual_network_gateways:
  gw-a: { virtual_network: a, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
  gw-b: { virtual_network: b, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
local_network_gateways:
  b-from-a: { gateway_ip_address: 192.0.2.2, address_prefixes: [10.2.0.0/16, 10.9.0.0/16] }
  a-from-b: { gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16] }
  site: { gateway_ip_address: 203.0.113.9, address_prefixes: [10.9.0.0/16] }
connections:
  a-b: { connection_type: ipsec, virtual_network_gateway1: gw-a, local_network_gateway2: b-from-a,
         shared_key: { file: k } }
  b-a: { connection_type: ipsec, virtual_network_gateway1: gw-b, local_network_gateway2: a-from-b,
         shared_key: { file: k } }
  b-site: { connection_type: ipsec, virtual_network_gateway1: gw-b, local_network_gateway2: site,
         shared_key: { file: k } }
)";
  EXPECT_EQ(way(by_hand, "a", "site"), "allowed");
  EXPECT_EQ(way(replaced(by_hand, "[10.2.0.0/16, 10.9.0.0/16]", "[10.2.0.0/16]"), "a", "site"),
            "connections.a-b enable_bgp");
}

TEST(Transit, SelectorsOfPrefixesPassNothingOn) {
  EXPECT_EQ(way(with("local_network_gateway2: site,\n",
                     "local_network_gateway2: site, use_policy_based_traffic_selectors: true,\n"),
                "hub", "site"),
            "connections.m-site use_policy_based_traffic_selectors");
  EXPECT_EQ(way(with("  gw-m: { virtual_network: middle,",
                     "  gw-m: { virtual_network: middle, vpn_type: policy-based,"),
                "hub", "site"),
            "virtual_network_gateways.gw-m vpn_type");
}

TEST(Transit, ASpokeUsesTheHubsGatewayWhenBothHalvesAgree) {
  EXPECT_EQ(way(kWorld, "spoke1", "site"), "allowed");
  EXPECT_EQ(way(kWorld, "site", "spoke1"), "allowed");
  EXPECT_EQ(way(with("spoke1, allow_gateway_transit: true", "spoke1"), "spoke1", "middle"),
            "peerings.hub-1 allow_gateway_transit");
  EXPECT_EQ(way(with("hub, use_remote_gateways: true", "hub"), "middle", "spoke1"),
            "peerings.1-hub use_remote_gateways");
}

TEST(Transit, APeeringIsNotTransitive) {
  EXPECT_EQ(way(kWorld, "spoke1", "spoke2"), "peerings.hub-2 virtual_network");
  EXPECT_EQ(way(kWorld, "spoke2", "spoke1"), "peerings.hub-1 virtual_network");
}

TEST(Transit, AClosedOrMissingHalfStops) {
  EXPECT_EQ(way(with("remote_virtual_network: spoke1,",
                     "remote_virtual_network: spoke1, allow_virtual_network_access: false,"),
                "spoke1", "hub"),
            "peerings.hub-1 allow_virtual_network_access");
  const std::string half =
      "  1-hub: { virtual_network: spoke1, remote_virtual_network: hub, "
      "use_remote_gateways: true }\n";
  EXPECT_EQ(way(with(half, ""), "spoke1", "hub"), "peerings.hub-1 remote_virtual_network");
}

TEST(Transit, AMissingDirectionStops) {
  const std::string back =
      "  m-h: { connection_type: vnet-to-vnet, virtual_network_gateway1: gw-m,\n"
      "         virtual_network_gateway2: gw-h, shared_key: { file: k }, enable_bgp: true }\n";
  EXPECT_EQ(way(with(back, ""), "hub", "middle"), "connections.h-m virtual_network_gateway1");
}

TEST(Transit, ManyWaysEnd) {
  // Every network joined to every other one by BGP: far more paths than are tried.
  std::string text = "version: 1\nvirtual_networks:\n";
  std::string gateways = "virtual_network_gateways:\n", connections = "connections:\n";
  constexpr int kCount = 12;
  for (int a = 0; a < kCount; ++a) {
    const std::string n = std::to_string(a);
    text += "  n" + n + ": { address_space: [10." + n + ".0.0/16], subnets: { GatewaySubnet: 10." +
            n + ".255.0/27 } }\n";
    gateways += "  g" + n + ": { virtual_network: n" + n +
                ", ip_configurations: [ { public_ip_address: 192.0.2." + n + " } ] }\n";
    for (int b = 0; b < kCount; ++b) {
      if (a == b) continue;
      connections += "  c" + n + "-" + std::to_string(b) +
                     ": { connection_type: vnet-to-vnet, virtual_network_gateway1: g" + n +
                     ", virtual_network_gateway2: g" + std::to_string(b) +
                     ", shared_key: { file: k } }\n";
    }
  }
  const Model model =
      model_of(text + "  alone: { address_space: [10.99.0.0/16] }\n" + gateways + connections);
  EXPECT_FALSE(find_way(model, "n0", "alone").has_value());
  EXPECT_TRUE(find_way(model, "n0", "n11").has_value());
}

}  // namespace
}  // namespace twinspan::policy
