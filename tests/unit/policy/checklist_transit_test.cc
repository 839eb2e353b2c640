// What checklists say of transit.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/validate.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"
#include "tests/unit/policy/estate_changes.h"
#include "tests/unit/policy/transit_estates.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(TransitChecklist, TransitOverAPeeringIsPartOfTheList) {
  const auto flags = [](const std::string& text) {
    const auto all = lines(walked(model_of(text), "a-to-branch"));
    return std::vector<std::string>(all.begin() + 6, all.end());
  };
  EXPECT_THAT(flags(hub_and_spoke("true", "true")),
              ElementsAre("7 pass peerings.hub allow_gateway_transit",
                          "8 pass peerings.leaf use_remote_gateways",
                          "9 unknown connections.b-to-a enable_bgp"));
  EXPECT_THAT(flags(hub_and_spoke("true", "false")),
              ElementsAre("7 pass peerings.hub allow_gateway_transit",
                          "8 fail peerings.leaf use_remote_gateways",
                          "9 unknown connections.b-to-a enable_bgp"));
  // Nobody asks for transit over a plain peering.
  EXPECT_THAT(lines(walked(model_of(hub_and_spoke("false", "false")), "hub")),
              testing::IsSupersetOf({"3 unknown peerings.hub allow_gateway_transit",
                                     "4 unknown peerings.leaf use_remote_gateways"}));
  const std::string closed =
      replaced(hub_and_spoke("true", "true"), "leaf: { virtual_network: spoke,",
               "leaf: { virtual_network: spoke, allow_virtual_network_access: false,");
  EXPECT_THAT(
      flags(closed),
      testing::Contains(testing::EndsWith(" fail peerings.leaf allow_virtual_network_access")));
  EXPECT_THAT(flags(hub_and_spoke("false", "true")),
              ElementsAre("7 fail peerings.hub allow_gateway_transit",
                          "8 pass peerings.leaf use_remote_gateways",
                          "9 unknown connections.b-to-a enable_bgp"));
  // Nobody has asked for it: it is told, and no fault.
  EXPECT_THAT(flags(hub_and_spoke("false", "false")),
              testing::UnorderedElementsAre(
                  testing::EndsWith(" unknown peerings.hub allow_gateway_transit"),
                  testing::EndsWith(" unknown peerings.leaf use_remote_gateways"),
                  testing::EndsWith(" unknown connections.b-to-a enable_bgp")));
}

TEST(TransitChecklist, APeeringHasAListOfItsOwn) {
  for (const char* const name : {"hub", "leaf"}) {
    const std::string other = name == std::string_view("hub") ? "leaf" : "hub";
    EXPECT_THAT(lines(walked(model_of(hub_and_spoke("true", "false")), name)),
                ElementsAre(fmt::format("1 pass peerings.{} allow_virtual_network_access", name),
                            "2 pass peerings." + other + " allow_virtual_network_access",
                            "3 pass peerings.hub allow_gateway_transit",
                            "4 fail peerings.leaf use_remote_gateways"));
  }
  const std::string closed =
      replaced(hub_and_spoke("true", "true"), "leaf: { virtual_network: spoke,",
               "leaf: { virtual_network: spoke, allow_virtual_network_access: false,");
  EXPECT_THAT(lines(walked(model_of(closed), "hub")),
              testing::Contains("2 fail peerings.leaf allow_virtual_network_access"));
}

TEST(TransitChecklist, APeeringWithoutItsOtherHalfFailsUnlessTheNetworkIsClassic) {
  std::string text = hub_and_spoke("false", "false");
  text.erase(text.find("  leaf:"));
  EXPECT_THAT(lines(walked(model_of(text), "hub")),
              ElementsAre("1 pass peerings.hub allow_virtual_network_access",
                          "2 fail peerings.hub remote_virtual_network"));
  const std::string classic =
      replaced(text, "spoke: { address_space", "spoke: { deployment_model: classic, address_space");
  EXPECT_THAT(lines(walked(model_of(classic), "hub")),
              ElementsAre("1 pass peerings.hub allow_virtual_network_access"));
}

TEST(TransitChecklist, WithBgpEveryConnectionInBetweenNeedsIt) {
  const auto list = lines(
      walked(model_of(estate_with({{"ipsec_policy: strong", "enable_bgp: true"}})), "a-to-b"));
  EXPECT_THAT(std::vector<std::string>(list.begin() + 6, list.end()),
              ElementsAre("7 fail virtual_network_gateways.gw-a enable_bgp",
                          "8 fail connections.b-to-a enable_bgp",
                          "9 fail virtual_network_gateways.gw-b enable_bgp",
                          "10 unknown connections.a-to-branch enable_bgp"));
}

std::vector<std::string> transit_steps(const std::string& text, std::string_view name) {
  const auto all = lines(walked(model_of(text), name));
  EXPECT_GE(all.size(), 6u);
  return {all.begin() + 6, all.end()};
}

TEST(TransitChecklist, AChainWithoutBgpIsToldOfTheNetworksThatItDoesNotJoin) {
  // BGP is on at the gateways, as the cloud has it, or off there too.
  for (const auto& [gateways, others] :
       {std::pair("",
                  "virtual_network_gateways.g1, connections.c21, virtual_network_gateways.g2, "
                  "3 more)"),
        {"enable_bgp: true, ", "connections.c21, connections.c32, connections.c23)"}}) {
    const auto list = walked(model_of(chain(gateways, "")), "c12");
    ASSERT_EQ(list.size(), 7u);
    EXPECT_EQ(list[6].result, CheckResult::Unknown);
    EXPECT_THAT(list[6].message,
                HasSubstr("n1 and n3 do not reach each other over it: without BGP"));
    EXPECT_THAT(list[6].message, HasSubstr(std::string("(and enable_bgp of ") + others));
  }
  EXPECT_THAT(transit_steps(chain("", ""), "c12"),
              ElementsAre("7 unknown connections.c12 enable_bgp"));
  EXPECT_THAT(transit_steps(chain("", ""), "c23"),
              ElementsAre("7 unknown connections.c32 enable_bgp"));
}

TEST(TransitChecklist, AChainWithBgpEverywherePasses) {
  for (const std::string& step :
       transit_steps(chain("enable_bgp: true, ", "enable_bgp: true, "), "c12"))
    EXPECT_THAT(step, HasSubstr(" pass "));
}

TEST(TransitChecklist, AGatewayThatSpeaksNoBgpFailsTheListOfItsConnections) {
  const std::string text = chain("enable_bgp: true, ", "enable_bgp: true, ");
  const auto steps = transit_steps(
      replaced(text, "virtual_network: n2, enable_bgp: true", "virtual_network: n2"), "c12");
  EXPECT_THAT(steps,
              testing::Contains(testing::EndsWith(" fail virtual_network_gateways.g2 enable_bgp")));
  // The other end's gateway, of which no connection here is.
  const auto far = transit_steps(
      replaced(text, "virtual_network: n3, enable_bgp: true", "virtual_network: n3"), "c12");
  EXPECT_THAT(far,
              testing::Contains(testing::EndsWith(" fail virtual_network_gateways.g3 enable_bgp")));
}

// A hub with a gateway, `count` networks around it that connections join to it, and as many peered.
std::string star(int count, const std::string& connections) {
  std::string networks =
      "  v0: { address_space: [10.200.0.0/16], subnets: { GatewaySubnet: "
      "10.200.255.0/27 } }\n";
  std::string gateways, objects, peerings;
  const auto gateway = [&](int n) {
    return fmt::format(
        "  g{0}: {{ virtual_network: v{0}, enable_bgp: true, bgp_settings: {{ asn: {3} }}, "
        "ip_configurations: [ {{ public_ip_address: 100.64.{1}.{2} }} ] }}\n",
        n, n / 250, n % 250 + 1, 4200000000u + static_cast<unsigned>(n));
  };
  gateways += gateway(0);
  for (int n = 1; n <= count; ++n) {
    networks += fmt::format(
        "  v{0}: {{ address_space: [10.{1}.{2}.0/24], subnets: {{ GatewaySubnet: 10.{1}.{2}.224/27 "
        "}} }}\n  s{0}: {{ address_space: [172.{3}.{2}.0/24] }}\n",
        n, n / 250, n % 250, 16 + n / 250);
    gateways += gateway(n);
    for (const auto& [name, from, to] : {std::tuple("c", 0, n), {"d", n, 0}}) {
      objects += fmt::format(
          "  {0}{1}: {{ connection_type: vnet-to-vnet, virtual_network_gateway1: g{2}, "
          "virtual_network_gateway2: g{3}, {4}shared_key: {{ file: k }} }}\n",
          name, n, from, to, connections);
    }
    peerings += fmt::format(
        "  h{0}: {{ virtual_network: v0, remote_virtual_network: s{0}, allow_gateway_transit: true "
        "}}\n  r{0}: {{ virtual_network: s{0}, remote_virtual_network: v0, use_remote_gateways: "
        "true }}\n",
        n);
  }
  return "version: 1\nvirtual_networks:\n" + networks + "virtual_network_gateways:\n" + gateways +
         "connections:\n" + objects + "peerings:\n" + peerings;
}

TEST(TransitChecklist, TheListOfAHubIsNotAsLongAsTheEstate) {
  const auto closed = walked(model_of(star(100, "")), "c1");
  EXPECT_THAT(lines(closed),
              ElementsAre(testing::_, testing::_, testing::_, testing::_, testing::_, testing::_,
                          "7 pass peerings.h1 allow_gateway_transit",
                          "8 pass peerings.r1 use_remote_gateways",
                          testing::MatchesRegex("9 unknown connections.[cd]1 enable_bgp")));
  EXPECT_THAT(closed[6].message,
              HasSubstr("so too peerings.h10, peerings.h100, peerings.h11, 96 more"));
  EXPECT_THAT(closed[8].message, HasSubstr("v1 and v10, v100, v11, 96 more do not reach"));
  const auto open = walked(model_of(star(100, "enable_bgp: true, ")), "c1");
  EXPECT_EQ(open.size(), 9u);
  EXPECT_EQ(lines(open).back(), "9 pass connections.c1 enable_bgp");
  EXPECT_THAT(open.back().message,
              HasSubstr("so too connections.d1, connections.c10, connections.c100, 196 more"));
}

TEST(TransitChecklist, ManySitesBehindOneHubAreOneStep) {
  std::string sites, connections;
  for (int index = 0; index < 200; ++index) {
    sites += fmt::format(
        "  s{0}: {{ gateway_ip_address: 198.51.100.{0}, address_prefixes: [172.16.{0}.0/24] }}\n",
        index);
    connections += fmt::format(
        "  to-s{0}: {{ connection_type: ipsec, virtual_network_gateway1: gw-a, "
        "local_network_gateway2: s{0}, shared_key: {{ file: k }} }}\n",
        index);
  }
  const Model model =
      model_of(estate_with({{"local_network_gateways:\n", "local_network_gateways:\n" + sites},
                            {"connections:\n", "connections:\n" + connections}}));
  const auto list = walked(model, "a-to-b");
  ASSERT_EQ(list.size(), 7u);
  EXPECT_THAT(list.back().message, HasSubstr("vnet-b and branch, s0, s1, 198 more do not reach"));
}

TEST(TransitChecklist, BgpIsNotSpokenWithAGatewayThatSpeaksNone) {
  const std::string open = chain("enable_bgp: true, ", "enable_bgp: true, ");
  const auto steps = lines(walked(
      model_of(replaced(open, "virtual_network: n2, enable_bgp: true", "virtual_network: n2")),
      "c12"));
  EXPECT_THAT(steps, testing::Contains(HasSubstr(" fail virtual_network_gateways.g2 enable_bgp")));
  EXPECT_THAT(steps,
              testing::Not(testing::Contains(HasSubstr(" pass connections.c12 enable_bgp"))));
  EXPECT_THAT(steps,
              testing::Not(testing::Contains(HasSubstr(" pass connections.c23 enable_bgp"))));
}

TEST(TransitChecklist, WhatTheRulesRefuseAboutAPeeringFailsItsList) {
  const std::string good = hub_and_spoke("true", "true");
  EXPECT_THAT(lines(walked(model_of(good), "leaf")),
              testing::Not(testing::Contains(HasSubstr(" fail "))));
  const std::string overlap = replaced(good, "10.20.0.0/16", "10.1.0.0/16");
  EXPECT_THAT(lines(walked(model_of(overlap), "leaf")),
              testing::Contains(HasSubstr(" fail virtual_networks.vnet-a address_space")));
}

TEST(TransitChecklist, TwoNetworksOfOnePrefixOverlapWithBgpToo) {
  const std::string open = chain("enable_bgp: true, ", "enable_bgp: true, ");
  const std::string text = replaced(replaced(open, "[10.3.0.0/16]", "[10.1.0.0/16]"),
                                    "GatewaySubnet: 10.3.255.0/27", "GatewaySubnet: 10.1.254.0/27");
  EXPECT_THAT(findings_of(text), testing::Contains("error connection.overlap-between"));
  for (const char* const name : {"c21", "c23"})
    EXPECT_EQ(walked(model_of(text), name).front().result, CheckResult::Fail) << name;
}

TEST(TransitChecklist, ANumberThatComesBackClosesTheWay) {
  const std::string open = chain("enable_bgp: true, ", "enable_bgp: true, ");
  EXPECT_THAT(transit_steps(replaced(open, "65003", "65001"), "c12"),
              testing::Contains(HasSubstr("fail virtual_network_gateways.g1 bgp_settings.asn")));
}

// Two of one site have one number, and nothing to tell each other.
TEST(TransitChecklist, DevicesOfOneSiteCloseNothing) {
  const std::string text = changed(kBgp + bgp_branch("65090"));
  EXPECT_THAT(transit_steps(text, "a-to-branch"),
              Not(testing::Contains(HasSubstr("bgp_settings.asn"))));
}

// What is not there, or has selectors of its own network alone, leads no further.
TEST(TransitChecklist, WhatKeepsBgpFromLeadingOnFails) {
  const std::string open = chain("enable_bgp: true, ", "enable_bgp: true, ");
  const size_t at = open.find("  c32:");
  EXPECT_THAT(transit_steps(open.substr(0, at), "c12"),
              testing::Contains(HasSubstr("fail connections.c23 virtual_network_gateway1")));
  const std::string pairs = open.substr(0, at) + replaced(open.substr(at), "shared_key",
                                                          "use_policy_based_traffic_selectors: "
                                                          "true, shared_key");
  EXPECT_THAT(
      transit_steps(pairs, "c12"),
      testing::Contains(HasSubstr("fail connections.c32 use_policy_based_traffic_selectors")));
}

TEST(TransitChecklist, NeighboursOfOneNumberAreFoundWithoutAskingForTheWay) {
  const std::string open = chain("enable_bgp: true, ", "enable_bgp: true, ");
  EXPECT_EQ(std::ranges::count(findings_of(open), "warning bgp.as-path"), 0);
  EXPECT_EQ(
      std::ranges::count(findings_of(replaced(open, "65003", "65001")), "warning bgp.as-path"), 1);
}

}  // namespace
}  // namespace twinspan::policy
