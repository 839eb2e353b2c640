// Each rule with what passes and what fails. The good estate passes all; a case changes one thing
// of it.
#include "policy/validate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "policy/rules.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Validate, TheGoodEstateHasNoFinding) {
  EXPECT_THAT(findings_of(kGoodEstate), IsEmpty());
}

TEST(Validate, RulesHaveDistinctIdsAndAreExplained) {
  std::set<std::string_view> ids;
  for (const Rule& rule : all_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_FALSE(rule.doc.empty());
  }
}

TEST(Validate, AFindingPrintsPlaceObjectsAndRemedy) {
  EXPECT_EQ(only_finding({{"GatewaySubnet: 10.1.255.0/27", "GatewaySubnet: 10.3.255.0/27"}}),
            "e.yaml:7:51: error: virtual_networks.vnet-a: subnet GatewaySubnet (10.3.255.0/27) "
            "lies outside the "
            "address space; widen address_space or move the subnet [network.subnet]");
}

TEST(Validate, OnlyErrorsStopADaemon) {
  EXPECT_TRUE(has_error({{.severity = Severity::Warning}, {.severity = Severity::Error}}));
  EXPECT_FALSE(has_error({{.severity = Severity::Warning}, {.severity = Severity::Info}}));
}

TEST(Validate, ReferencesMustExist) {
  EXPECT_THAT(only_finding({{"local_network_gateway2: branch", "local_network_gateway2: brunch"}}),
              HasSubstr("there is no local network gateway 'brunch'; did you mean 'branch'? "
                        "[reference.unknown]"));
  EXPECT_THAT(findings_with({{"virtual_network: vnet-a", "virtual_network: vnet-x"}}),
              Contains("error reference.unknown"));
  EXPECT_THAT(findings_with({{"virtual_network_gateway1: gw-a", "virtual_network_gateway1: gw-x"}}),
              Contains("error reference.unknown"));
  EXPECT_THAT(findings_with({{"virtual_network_gateway2: gw-b", "virtual_network_gateway2: gw-x"}}),
              Contains("error reference.unknown"));
}

TEST(Validate, AddressSpacesAreUsableAndDisjoint) {
  EXPECT_THAT(findings_with({{"[10.1.0.0/16]", "[10.1.0.0/16, 172.16.0.0/12, 2001:db8:1::/48]"}}),
              IsEmpty());
  EXPECT_THAT(findings_with({{"[10.1.0.0/16]", "[10.1.0.0/16, 10.1.128.0/17]"}}),
              Contains("error network.address-space"));
  for (const std::string_view space : {"127.1.0.0/16", "224.0.0.0/24", "169.254.0.0/24",
                                       "fe80::/64", "ff02::/16", "0.0.0.0/0", "::/0"}) {
    EXPECT_THAT(findings_with({{"[10.1.0.0/16]", "[10.1.0.0/16, " + std::string(space) + "]"}}),
                Contains("error network.address-space"))
        << space;
  }
  EXPECT_THAT(findings_of("version: 1\nvirtual_networks: { a: { address_space: [] } }\n"),
              ElementsAre("error network.address-space"));
}

TEST(Validate, SubnetsLieInTheSpaceAndAreDisjoint) {
  EXPECT_THAT(findings_with({{"hosts: 10.1.0.0/24", "hosts: 10.1.255.0/24"}}),
              ElementsAre("error network.subnet"));
  EXPECT_THAT(findings_with({{"hosts: 10.1.0.0/24", "hosts: 10.5.0.0/24"}}),
              ElementsAre("error network.subnet"));
  EXPECT_THAT(findings_with({{"hosts: 10.1.0.0/24", "hosts: 10.1.0.0/29"}}), IsEmpty());
  EXPECT_THAT(findings_with({{"hosts: 10.1.0.0/24", "hosts: 10.1.0.0/30"}}),
              ElementsAre("error network.subnet"));
  const Changes with_v6 = {{"[10.1.0.0/16]", "[10.1.0.0/16, 2001:db8:1::/48]"}};
  EXPECT_THAT(findings_with({with_v6[0], {"hosts: 10.1.0.0/24", "hosts: 2001:db8:1:1::/64"}}),
              IsEmpty());
  EXPECT_THAT(findings_with({with_v6[0], {"hosts: 10.1.0.0/24", "hosts: 2001:db8:1:1::/80"}}),
              ElementsAre("warning network.subnet"));
}

TEST(Validate, ANetworkWithAGatewayNeedsItsGatewaySubnet) {
  EXPECT_THAT(only_finding({{", GatewaySubnet: 10.1.255.0/27", ""}}),
              HasSubstr("no subnet 'GatewaySubnet'"));
  EXPECT_THAT(only_finding({{"GatewaySubnet: 10.1", "gateway-subnet: 10.1"}}),
              HasSubstr("rename it to exactly 'GatewaySubnet'"));
  EXPECT_THAT(findings_with({{"10.1.255.0/27", "10.1.255.0/28"}}),
              ElementsAre("warning network.gateway-subnet"));
  EXPECT_THAT(findings_of("version: 1\nvirtual_networks: { a: { address_space: [10.0.0.0/8] } }\n"),
              IsEmpty());
}

TEST(Validate, InterfacesHaveNamesThatLinuxTakes) {
  EXPECT_THAT(findings_with({{"[lan0]", "[lan0, br-lan.100]"}}), IsEmpty());
  EXPECT_THAT(findings_with({{"[lan0]", "[lan0, lan0]"}}), ElementsAre("error network.interface"));
  for (const std::string_view name : {"abcdefghijklmnop", "a/b", "'a b'", "..", "eth0:1"}) {
    EXPECT_THAT(findings_with({{"[lan0]", "[" + std::string(name) + "]"}}),
                ElementsAre("error network.interface"))
        << name;
  }
}

const std::string kShared = "error network.shared-interface";

// The good estate, where lan0 is vnet-a's, with two networks that have no gateway.
std::vector<std::string> with_two_networks(const std::string& first, const std::string& second,
                                           const std::string& peerings = "peerings: {}") {
  const std::string networks =
      "virtual_networks:\n  s1: { region: west, address_space: [10.20.0.0/16], interfaces: [" +
      first + "] }\n  s2: { region: west, address_space: [10.21.0.0/16], interfaces: [" + second +
      "] }\n";
  return findings_with({{"virtual_networks:\n", networks}, {"peerings: {}", peerings}});
}

TEST(Validate, NetworksOfOneHostDoNotShareAnInterface) {
  EXPECT_THAT(with_two_networks("lan1", "lan2"), IsEmpty());
  EXPECT_THAT(with_two_networks("lan1", "lan1"), ElementsAre(kShared));
  EXPECT_THAT(with_two_networks("lan1", "lan2, lan1"), ElementsAre(kShared));
  EXPECT_THAT(with_two_networks("lan0", "lan1"), ElementsAre(kShared));
  EXPECT_THAT(with_two_networks("lan0", "lan0"), ElementsAre(kShared, kShared));
}

TEST(Validate, APeeringDoesNotSeparateASharedInterface) {
  const std::string halves =
      "peerings:\n  a-s1: { virtual_network: vnet-a, remote_virtual_network: s1 }\n"
      "  s1-a: { virtual_network: s1, remote_virtual_network: vnet-a }\n";
  EXPECT_THAT(with_two_networks("lan0", "lan1", halves), ElementsAre(kShared));
}

TEST(Validate, ASpokeBehindATunnelMayNameTheSameInterface) {
  const auto using_the_gateway_of = [](const std::string& hub) {
    return "peerings:\n  hub-s1: { virtual_network: " + hub +
           ", remote_virtual_network: s1, allow_gateway_transit: true }\n"
           "  s1-hub: { virtual_network: s1, remote_virtual_network: " +
           hub + ", use_remote_gateways: true }\n";
  };
  // s1 is where gw-b's daemon runs, vnet-a where gw-a's does.
  EXPECT_THAT(with_two_networks("lan0", "lan1", using_the_gateway_of("vnet-b")),
              Not(Contains(kShared)));
  EXPECT_THAT(with_two_networks("lan0", "lan1", using_the_gateway_of("vnet-a")), Contains(kShared));
}

TEST(Validate, GatewaysOfDifferentHostsMayNameTheSameInterface) {
  EXPECT_THAT(findings_with({{"subnets: { GatewaySubnet: 10.2.255.0/27 } }",
                              "subnets: { GatewaySubnet: 10.2.255.0/27 }, interfaces: [lan0] }"}}),
              IsEmpty());
}

TEST(Validate, ANetworkHasOneGateway) {
  EXPECT_THAT(
      findings_with({{"  gw-b: { virtual_network: vnet-b", "  gw-b: { virtual_network: vnet-a"}}),
      Contains("error gateway.one-per-network"));
}

TEST(Validate, AGatewayHasOneIpConfigurationPerInstance) {
  EXPECT_THAT(findings_with({{"[ { name: default, public_ip_address: 192.0.2.1 } ]", "[]"}}),
              Contains("error gateway.ip-configurations"));
  EXPECT_THAT(
      only_finding(
          {{"[ { name: default, public_ip_address: 192.0.2.1 } ]",
            "[ { public_ip_address: 192.0.2.1 }, { name: two, public_ip_address: 192.0.2.3 } ]"}}),
      HasSubstr("it has 2 ip_configurations, an active/standby gateway has 1"));
  EXPECT_THAT(
      findings_with({{"[ { name: default, public_ip_address: 192.0.2.1 } ]",
                      "[ { public_ip_address: 192.0.2.1 }, { public_ip_address: 192.0.2.3 } ]"}}),
      ElementsAre("error gateway.ip-configurations", "error gateway.ip-configurations"));
}

TEST(Validate, GatewayAddressesAreUsableAndTheirOwn) {
  EXPECT_THAT(findings_with({{"public_ip_address: 192.0.2.1 }",
                              "public_ip_address: 192.0.2.1, private_ip_address: 10.0.0.4 }"}}),
              IsEmpty());
  EXPECT_THAT(
      findings_with({{"public_ip_address: 192.0.2.1 }",
                      "public_ip_address: 192.0.2.1, private_ip_address: '2001:db8::1' }"}}),
      Contains("error gateway.address"));
  EXPECT_THAT(findings_with({{"public_ip_address: 192.0.2.1 }", "public_ip_address: 224.0.0.1 }"}}),
              ElementsAre("error gateway.address"));
  EXPECT_THAT(findings_with({{"public_ip_address: 192.0.2.1 }", "public_ip_address: 0.0.0.0 }"}}),
              ElementsAre("error gateway.address"));
  EXPECT_THAT(findings_with({{"public_ip_address: 192.0.2.1 }", "public_ip_address: 192.0.2.2 }"}}),
              ElementsAre("error gateway.address"));
}

// The branch connection alone, on a policy-based gateway.
std::string policy_based_estate() {
  std::string text = replaced(kGoodEstate, "vpn_type: route-based", "vpn_type: policy-based");
  const size_t begin = text.find("  a-to-b:");
  return text.erase(begin, text.find("  a-to-branch:") - begin);
}

TEST(Validate, APolicyBasedGatewayHasOneConnectionToALocalNetworkGateway) {
  EXPECT_THAT(findings_of(policy_based_estate()), IsEmpty());
  EXPECT_THAT(findings_with({{"vpn_type: route-based", "vpn_type: policy-based"}}),
              ElementsAre("error gateway.policy-based", "error gateway.policy-based",
                          "error gateway.policy-based"));
  EXPECT_THAT(findings_of(replaced(policy_based_estate(), "    enable_bgp: false\n    bgp",
                                   "    enable_bgp: true\n    bgp")),
              Contains("error gateway.policy-based"));
  EXPECT_THAT(
      findings_of(replaced(policy_based_estate(), "active_active: false", "active_active: true")),
      Contains("error gateway.policy-based"));
}

TEST(Validate, ALocalNetworkGatewayHasOneUsableAddress) {
  EXPECT_THAT(findings_with({{"    gateway_ip_address: 203.0.113.9\n", ""}}),
              ElementsAre("error local-network-gateway.address"));
  EXPECT_THAT(findings_with({{"    gateway_ip_address: 203.0.113.9\n",
                              "    gateway_ip_address: 203.0.113.9\n    fqdn: x.example.net\n"}}),
              ElementsAre("error local-network-gateway.address"));
  EXPECT_THAT(
      findings_with({{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: 255.255.255.255"}}),
      ElementsAre("error local-network-gateway.address"));
}

TEST(Validate, APeerMayHaveANameInsteadOfAnAddress) {
  const auto named = [](const std::string& name) {
    return findings_with({{"gateway_ip_address: 203.0.113.9", "fqdn: " + name}});
  };
  for (const char* name : {"vpn.example.net", "vpn.example.net.", "branch", "a_b.x-y.example"})
    EXPECT_THAT(named(name), testing::IsEmpty()) << name;
  for (const std::string& name :
       std::vector<std::string>{"203.0.113.9", "'2001:db8::1'", "-a.example", "a-.example", "a..b",
                                "'a b'", "x@example", "'.'", std::string(64, 'a') + ".example"}) {
    EXPECT_THAT(named(name), ElementsAre("error local-network-gateway.address")) << name;
  }
  std::string long_name;
  while (long_name.size() < 254) long_name += "label.";
  EXPECT_THAT(named(long_name + "x"), ElementsAre("error local-network-gateway.address"));
  EXPECT_THAT(only_finding({{"gateway_ip_address: 203.0.113.9", "fqdn: 203.0.113.9"}}),
              HasSubstr("give the address as gateway_ip_address"));
}

TEST(Validate, AConnectionHasTheEndsOfItsType) {
  EXPECT_THAT(only_finding({{"    local_network_gateway2: branch\n", ""}}),
              HasSubstr("local_network_gateway2 is missing"));
  EXPECT_THAT(findings_with({{"    virtual_network_gateway2: gw-b\n", ""}}),
              Contains("error connection.ends"));
  EXPECT_THAT(
      findings_with({{"    local_network_gateway2: branch\n",
                      "    local_network_gateway2: branch\n    virtual_network_gateway2: gw-b\n"}}),
      ElementsAre("error connection.ends"));
  EXPECT_THAT(
      findings_with({{"    virtual_network_gateway2: gw-b\n",
                      "    virtual_network_gateway2: gw-b\n    local_network_gateway2: branch\n"}}),
      ElementsAre("error connection.ends"));
  EXPECT_THAT(findings_with({{"    virtual_network_gateway2: gw-b\n",
                              "    virtual_network_gateway2: gw-a\n"}}),
              Contains("error connection.ends"));
}

std::string with_second_branch(std::string_view address, std::string_view prefix,
                               std::string_view identity) {
  return estate_with(
      {{"connections:\n",
        "connections:\n  z-second:\n    { connection_type: ipsec, virtual_network_gateway1: gw-a, "
        "local_network_gateway2: second,\n"
        "      shared_key: { file: second.psk }" +
            std::string(identity) + " }\n"},
       {"local_network_gateways:\n",
        "local_network_gateways:\n  second: { gateway_ip_address: " + std::string(address) +
            ", address_prefixes: [" + std::string(prefix) + "] }\n"}});
}

TEST(Validate, PeerAndIdentitiesTellConnectionsApart) {
  EXPECT_THAT(findings_of(with_second_branch("203.0.113.10", "10.10.0.0/16", "")), IsEmpty());
  EXPECT_THAT(findings_of(with_second_branch("203.0.113.9", "10.10.0.0/16", ", remote_id: other")),
              IsEmpty());
  EXPECT_THAT(findings_of(with_second_branch("203.0.113.9", "10.10.0.0/16", "")),
              ElementsAre("error connection.duplicate"));
  EXPECT_THAT(findings_of(with_second_branch("203.0.113.9", "10.10.0.0/16",
                                             ", local_id: 192.0.2.1, remote_id: 203.0.113.9")),
              ElementsAre("error connection.duplicate"));
}

TEST(Validate, ConnectionsOfAGatewayLeadToDifferentPrefixes) {
  EXPECT_THAT(findings_of(with_second_branch("203.0.113.10", "10.9.128.0/17", "")),
              ElementsAre("error connection.overlap-between"));
  EXPECT_THAT(findings_of(with_second_branch("203.0.113.10", "10.2.0.0/24", "")),
              ElementsAre("error connection.overlap-between"));
  EXPECT_THAT(findings_of(with_second_branch("203.0.113.10", "0.0.0.0/0", "")),
              ElementsAre("warning connection.covers-peer"));
}

TEST(Validate, OuterAddressesAreTwoOfOneFamily) {
  EXPECT_THAT(
      findings_with({{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: '2001:db8::9'"}}),
      ElementsAre("error connection.outer-addresses"));
  EXPECT_THAT(findings_with({{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: 192.0.2.1"}}),
              ElementsAre("error connection.outer-addresses"));
  EXPECT_THAT(
      findings_with({{"public_ip_address: 192.0.2.1 }", "public_ip_address: '2001:db8::1' }"},
                     {"public_ip_address: 192.0.2.2 }", "public_ip_address: '2001:db8::2' }"},
                     {"gateway_ip_address: 203.0.113.9", "gateway_ip_address: '2001:db8::9'"}}),
      IsEmpty());
}

TEST(Validate, AnOuterAddressIsMendedInTheLocalNetworkGateway) {
  const Finding own =
      finding_with({{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: 192.0.2.1"}});
  EXPECT_EQ(own.field, "gateway_ip_address");
  EXPECT_THAT(own.objects, ElementsAre("local_network_gateways.branch", "connections.a-to-branch",
                                       "virtual_network_gateways.gw-a"));
  const Finding family =
      finding_with({{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: '2001:db8::9'"}});
  EXPECT_EQ(family.field, "gateway_ip_address");
  EXPECT_EQ(family.objects, own.objects);
}

TEST(Validate, FragmentsCarryContentOrDoNotExist) {
  const auto with_size = [](std::string_view size) {
    return findings_with(
        {{"dpd_timeout_seconds: 30",
          "dpd_timeout_seconds: 30\n    ike_fragment_size: " + std::string(size)}});
  };
  for (const char* const size : {"1", "255"}) {
    EXPECT_THAT(with_size(size), ElementsAre("error connection.fragment-size")) << size;
  }
  for (const char* const size : {"0", "256", "1280", "9000"}) {
    EXPECT_THAT(with_size(size), IsEmpty()) << size;
  }
}

TEST(Validate, SomethingIsBehindTheRemoteEnd) {
  EXPECT_THAT(findings_with({{"address_prefixes: [10.9.0.0/16]", "address_prefixes: []"}}),
              ElementsAre("error connection.remote-prefixes"));
  EXPECT_THAT(findings_with({{"    address_prefixes: [10.9.0.0/16]\n", ""}}),
              ElementsAre("error connection.remote-prefixes"));
  const auto of_prefix = [](const std::string& prefix) {
    return findings_with({{"prefixes: [10.9.0.0/16]", "prefixes: [" + prefix + "]"}});
  };
  for (const char* const nobodys : {"127.0.0.0/8", "169.254.7.0/24", "224.0.0.0/4", "fe80::/10"})
    EXPECT_THAT(of_prefix(nobodys), testing::Contains("error connection.remote-prefixes"));
  EXPECT_THAT(of_prefix("128.0.0.0/1"),
              testing::Each(testing::Not("error connection.remote-prefixes")));
}

TEST(Validate, JoinedNetworksDoNotOverlap) {
  EXPECT_THAT(only_finding({{"address_prefixes: [10.9.0.0/16]",
                             "address_prefixes: [10.9.0.0/16, 10.1.128.0/24]"}}),
              HasSubstr("e.yaml:23:37: error: local_network_gateways.branch: remote prefix "
                        "10.1.128.0/24 of a-to-branch overlaps 10.1.0.0/16 of vnet-a"));
  EXPECT_THAT(findings_with(
                  {{"address_space: [10.2.0.0/16]", "address_space: [10.2.0.0/16, 10.1.4.0/24]"}}),
              ElementsAre("error connection.overlap", "error connection.overlap"));
  EXPECT_THAT(
      findings_with({{"address_prefixes: [10.9.0.0/16]", "address_prefixes: [10.0.0.0/8]"}}),
      Contains("error connection.overlap"));
}

// Where the prefix is, be it a local network gateway or the other network.
TEST(Validate, APrefixThatOverlapsOrCoversIsNamedWithItsPlace) {
  const Changes wider = {{"address_space: [10.2.0.0/16]", "address_space: [10.1.4.0/24]"},
                         {"GatewaySubnet: 10.2.255.0/27", "GatewaySubnet: 10.1.4.0/27"}};
  const Findings overlaps = validate(model_of(estate_with(wider)));
  ASSERT_FALSE(overlaps.empty());
  EXPECT_EQ(overlaps.front().id, "connection.overlap");
  EXPECT_EQ(overlaps.front().field, "address_space");
  EXPECT_THAT(overlaps.front().objects, ElementsAre("virtual_networks.vnet-a", "connections.b-to-a",
                                                    "virtual_networks.vnet-b"));
  const Finding cover =
      finding_with({{"address_prefixes: [10.9.0.0/16]", "address_prefixes: [203.0.113.0/24]"}});
  EXPECT_EQ(cover.field, "address_prefixes");
  EXPECT_THAT(cover.objects,
              ElementsAre("local_network_gateways.branch", "connections.a-to-branch"));
  const Finding network = finding_with(
      {{"address_space: [10.2.0.0/16]", "address_space: [10.2.0.0/16, 192.0.2.2/32]"}});
  EXPECT_EQ(network.field, "address_space");
  EXPECT_THAT(network.objects, ElementsAre("virtual_networks.vnet-b", "connections.a-to-b"));
  const Findings clash =
      validate(model_of(with_second_branch("203.0.113.10", "10.9.128.0/17", "")));
  ASSERT_EQ(clash.size(), 1u);
  EXPECT_EQ(clash.front().field, "address_prefixes");
}

TEST(Validate, CoveringTheGatewaysAddressesIsAWarning) {
  EXPECT_THAT(
      findings_with({{"address_prefixes: [10.9.0.0/16]", "address_prefixes: [203.0.113.0/24]"}}),
      ElementsAre("warning connection.covers-peer"));
  EXPECT_THAT(
      findings_with({{"address_prefixes: [10.9.0.0/16]", "address_prefixes: [192.0.2.0/28]"}}),
      ElementsAre("warning connection.covers-peer"));
  EXPECT_THAT(
      findings_with({{"address_prefixes: [10.9.0.0/16]", "address_prefixes: ['::/0', 0.0.0.0/0]"}}),
      ElementsAre("warning connection.covers-peer", "warning connection.covers-peer"));
}

TEST(Validate, SelectorsHavePairsAndPoliciesAreInForce) {
  const std::pair<std::string_view, std::string_view> on = {
      "use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"};
  const std::pair<std::string_view, std::string_view> ranges = {
      "traffic_selector_policies: []",
      "traffic_selector_policies: [ { local_address_ranges: [10.1.0.0/24], remote_address_ranges: "
      "[10.9.0.0/24] } ]"};
  const std::pair<std::string_view, std::string_view> v6 = {
      "address_prefixes: [10.9.0.0/16]", "address_prefixes: ['2001:db8:9::/48']"};
  EXPECT_THAT(findings_with({on, ranges}), IsEmpty());
  EXPECT_THAT(findings_with({ranges}), ElementsAre("warning connection.selectors"));
  EXPECT_THAT(findings_of(replaced(replaced(policy_based_estate(), ranges.first, ranges.second),
                                   on.first, on.second)),
              ElementsAre("warning connection.selectors", "warning connection.selectors"));
  EXPECT_THAT(findings_with({v6}), ElementsAre("error connection.families"));
  EXPECT_THAT(findings_with({on, v6}), ElementsAre("error connection.selectors"));
}

TEST(Validate, TheDirectionsOfAVnetToVnetConnectionAgree) {
  EXPECT_THAT(
      only_finding({{"remote_id: gw-b.example.net", "remote_id: gw-c.example.net"}}),
      HasSubstr("remote_id is 'gw-c.example.net', but b-to-a calls itself 'gw-b.example.net'"));
  EXPECT_THAT(findings_with({{"    local_id: gw-a.example.net\n", ""}}),
              ElementsAre("error connection.reverse"));
  EXPECT_THAT(findings_with({{"ipsec_policy: strong", "ipsec_policy: named"}}),
              ElementsAre("error connection.reverse"));
  EXPECT_THAT(findings_with({{"ipsec_policy: strong", "encapsulation: esp"}}),
              ElementsAre("warning connection.reverse"));
  EXPECT_THAT(only_finding({{"ipsec_policy: strong", "aggfrag: true"}}),
              HasSubstr("aggfrag is on in one direction only, so it has no effect"));
  EXPECT_THAT(findings_with({{"ipsec_policy: strong", "connection_mode: responder-only"}}),
              IsEmpty());
  EXPECT_THAT(findings_with({{"ipsec_policy: strong", "connection_mode: responder-only"},
                             {"  b-to-a: {", "  b-to-a: { connection_mode: responder-only,"}}),
              ElementsAre("error connection.reverse"));
}

TEST(Validate, AVnetToVnetConnectionWithoutTheOtherDirectionIsAnError) {
  std::string text = kGoodEstate;
  const size_t begin = text.find("  b-to-a:");
  text.erase(begin, text.find("  a-to-branch:") - begin);
  EXPECT_THAT(findings_of(text), ElementsAre("error connection.reverse"));
}

TEST(Validate, AVpnWithinARegionIsPointedOut) {
  EXPECT_THAT(findings_with({{"region: east", "region: west"}}),
              ElementsAre("info connection.same-region", "info connection.same-region"));
}

TEST(Validate, NamedIpsecPoliciesExist) {
  EXPECT_THAT(only_finding({{"ipsec_policy: strong", "ipsec_policy: strnog"}}),
              HasSubstr("there is no IPsec policy 'strnog'; did you mean 'strong'?"));
  EXPECT_THAT(only_finding({{"ipsec_policy: strong", "ipsec_policy: azure-defualt"}}),
              HasSubstr("did you mean 'azure-default'?"));
  EXPECT_THAT(findings_with({{"  named:", "  strong:"}}),
              ElementsAre("error ipsec-policy.unknown"));
}

TEST(Validate, EncryptionAndIntegrityFitTogether) {
  EXPECT_THAT(only_finding({{"ipsec_integrity: GCMAES128", "ipsec_integrity: SHA256"}}),
              HasSubstr("ipsec_integrity SHA256 does not fit ipsec_encryption GCMAES128; GCMAES128 "
                        "brings its own integrity: write GCMAES128 for both"));
  EXPECT_THAT(findings_with({{"ike_integrity: SHA256", "ike_integrity: GCMAES256"}}),
              ElementsAre("error ipsec-policy.words"));
  EXPECT_THAT(findings_with({{"    ipsec_integrity: SHA512", "    ipsec_integrity: GCMAES128"}}),
              ElementsAre("error ipsec-policy.words"));
}

TEST(Validate, ShortLifetimesAreWarnings) {
  EXPECT_THAT(findings_with({{"sa_life_time_seconds: 1800", "sa_life_time_seconds: 299"}}),
              ElementsAre("warning ipsec-policy.lifetime"));
  EXPECT_THAT(findings_with({{"sa_life_time_seconds: 1800", "sa_life_time_seconds: 300"}}),
              IsEmpty());
  EXPECT_THAT(findings_with({{"ike_life_time_seconds: 3600", "ike_life_time_seconds: 1"}}),
              ElementsAre("warning ipsec-policy.lifetime"));
  EXPECT_THAT(findings_with({{"sa_data_size_kilobytes: 0", "sa_data_size_kilobytes: 1023"}}),
              ElementsAre("warning ipsec-policy.lifetime"));
}

}  // namespace
}  // namespace twinspan::policy
