// Selectors, families and peers that can carry nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/pairing.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> lines_with(const Changes& changes, std::string_view rule) {
  std::vector<std::string> lines;
  for (const Finding& finding : validate(model_of(estate_with(changes)))) {
    if (finding.id == rule) lines.push_back(finding.to_string());
  }
  return lines;
}

// The branch with one selector policy.
std::vector<std::string> ranges(const std::string& local, const std::string& remote,
                                const Changes& more = {}) {
  const std::string policies = "traffic_selector_policies: [ { local_address_ranges: [" + local +
                               "], remote_address_ranges: [" + remote + "] } ]";
  Changes changes = {
      {"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
      {"traffic_selector_policies: []", policies}};
  changes.insert(changes.end(), more.begin(), more.end());
  return lines_with(changes, "connection.selector-ranges");
}

TEST(SelectorRanges, WhatIsBehindBothEndsIsGood) {
  EXPECT_THAT(ranges("10.1.0.0/24", "10.9.1.0/24"), IsEmpty());
  EXPECT_THAT(ranges("10.1.0.9-10.1.0.17", "10.9.255.255-10.10.0.0"), IsEmpty());
  // Wide ones are what some devices want.
  EXPECT_THAT(ranges("10.0.0.0/8", "0.0.0.0/0"), IsEmpty());
  // What is behind another connection comes through this gateway as well.
  EXPECT_THAT(ranges("10.2.0.0/24", "10.9.0.0/24"), IsEmpty());
}

TEST(SelectorRanges, ARangeThatCarriesNothingIsAWarningAndNoneThatDoesAnError) {
  EXPECT_THAT(ranges("10.1.0.0/24, 10.7.0.0/24", "10.9.0.0/24"),
              ElementsAre(HasSubstr("warning: connections.a-to-branch: 10.7.0.0/24 is neither of "
                                    "vnet-a nor behind another connection")));
  EXPECT_THAT(ranges("10.1.0.0/24", "10.9.0.0/24, 10.99.0.1-10.99.0.7"),
              ElementsAre(HasSubstr("warning: connections.a-to-branch: 10.99.0.1-10.99.0.7 is in "
                                    "none of the remote prefixes")));
  EXPECT_THAT(ranges("10.1.0.0/24", "10.99.0.0/24"),
              Contains(HasSubstr("error: connections.a-to-branch: no packet fits any")));
  EXPECT_THAT(ranges("10.1.0.0/24", "'2001:db8::/64'"),
              Contains(HasSubstr("2001:db8::/64 is in none of the remote prefixes")));
}

TEST(SelectorRanges, WhatBgpTellsIsNotKnownHere) {
  EXPECT_THAT(ranges("10.7.0.0/24", "10.99.0.0/24",
                     {{"    enable_bgp: false\n    bgp", "    enable_bgp: true\n    bgp"},
                      {"    enable_bgp: false\n    connection_mode",
                       "    enable_bgp: true\n    connection_mode"}}),
              IsEmpty());
}

TEST(Families, BothEndsHaveOneInCommon) {
  const auto behind = [](const std::string& prefixes, const Changes& more = {}) {
    const std::string list = "[" + prefixes + "]";
    Changes changes = {{"[10.9.0.0/16]", list}};
    changes.insert(changes.end(), more.begin(), more.end());
    return lines_with(changes, "connection.families");
  };
  EXPECT_THAT(behind("'2001:db8:9::/48'"),
              ElementsAre(HasSubstr("everything behind the peer is IPv6, and vnet-a has nothing of "
                                    "it")));
  EXPECT_THAT(behind("'::/0'"), ElementsAre(HasSubstr("is IPv6")));
  EXPECT_THAT(behind("'2001:db8:9::/48', 10.9.0.0/16"), IsEmpty());
  EXPECT_THAT(behind("'2001:db8:9::/48'", {{"[10.1.0.0/16]", "[10.1.0.0/16, '2001:db8:1::/48']"}}),
              IsEmpty());
  // From one site to another one, over a gateway whose network has none of it.
  EXPECT_THAT(behind("'2001:db8:9::/48'", {{"[10.2.0.0/16]", "[10.2.0.0/16, '2001:db8:2::/48']"}}),
              IsEmpty());
}

TEST(Families, NetworksOfTheEstateToo) {
  EXPECT_THAT(
      lines_with({{"address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 }",
                   "address_space: ['2001:db8:2::/48'], subnets: { GatewaySubnet: "
                   "'2001:db8:2:ff::/64' }"}},
                 "connection.families"),
      ElementsAre(HasSubstr("vnet-a has nothing of it"), HasSubstr("vnet-b has nothing")));
}

TEST(Selectors, AFlagWithoutEffectOnAPolicyBasedGatewayIsSaid) {
  EXPECT_THAT(lines_with({{"vpn_type: route-based", "vpn_type: policy-based"},
                          {"use_policy_based_traffic_selectors: false",
                           "use_policy_based_traffic_selectors: true"}},
                         "connection.selectors"),
              ElementsAre(HasSubstr("warning: connections.a-to-branch: "
                                    "use_policy_based_traffic_selectors has no effect here")));
}

TEST(SelectorPairs, TheRemedyIsOneThatHelpsThatGateway) {
  std::string prefixes;
  for (int i = 0; i < 256; ++i) prefixes += "172.16." + std::to_string(i) + ".0/24, ";
  const std::string list = "[" + prefixes + "10.9.0.0/16]";
  const auto lines = [&](const Changes& kind) {
    Changes changes = {{"[10.9.0.0/16]", list}};
    changes.insert(changes.end(), kind.begin(), kind.end());
    return lines_with(changes, "connection.selector-pairs");
  };
  const auto policy_based = lines({{"vpn_type: route-based", "vpn_type: policy-based"}});
  ASSERT_EQ(policy_based.size(), 1u);
  EXPECT_THAT(policy_based[0], testing::Not(HasSubstr("traffic_selector_policies")));
  EXPECT_THAT(lines({{"use_policy_based_traffic_selectors: false",
                      "use_policy_based_traffic_selectors: true"}}),
              ElementsAre(HasSubstr("traffic_selector_policies")));
}

// -- how many pairs: our own bound of 255, and the cloud's 200 where one of the two ends is its

std::string with_pairs(int count, const std::string& sku) {
  std::string prefixes;
  for (int index = 0; index < count; ++index)
    prefixes += fmt::format("{}172.16.{}.0/24", index == 0 ? "" : ", ", index);
  return estate_with(
      {{"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
       {"address_prefixes: [10.9.0.0/16]", "address_prefixes: [" + prefixes + "]"},
       {"sku: Native", "sku: " + sku}});
}

TEST(Selectors, ThePairsOfACloudsRouteBasedGatewayAreWarnedOfBeyondItsLimit) {
  const auto ids = [](int count, const char* sku) {
    std::vector<std::string> found;
    for (const std::string& id : findings_of(with_pairs(count, sku))) {
      if (id.ends_with(" connection.selector-pairs")) found.push_back(id);
    }
    return found;
  };
  EXPECT_THAT(ids(200, "VpnGw1"), IsEmpty());
  EXPECT_THAT(ids(201, "VpnGw1"), ElementsAre("warning connection.selector-pairs"));
  EXPECT_THAT(ids(255, "Native"), IsEmpty());
  EXPECT_THAT(ids(256, "VpnGw1"), ElementsAre("error connection.selector-pairs"));
  EXPECT_THAT(ids(256, "Native"), ElementsAre("error connection.selector-pairs"));
}

TEST(Selectors, ThePairsAreTooManyForTheOtherSidesSkuToo) {
  const Model own = model_of(with_pairs(201, "Native"));
  const auto theirs = [](const char* sku) {
    return model_of(
        fmt::format("version: 1\nvirtual_networks:\n"
                    "  net: {{ address_space: [172.16.0.0/12], subnets: {{ GatewaySubnet: "
                    "172.31.255.0/27 }} }}\n"
                    "virtual_network_gateways:\n"
                    "  cloud: {{ virtual_network: net, sku: {}, "
                    "ip_configurations: [ {{ public_ip_address: 203.0.113.9 }} ] }}\n"
                    "local_network_gateways:\n"
                    "  us: {{ gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16] }}\n"
                    "connections:\n"
                    "  to-us: {{ connection_type: ipsec, virtual_network_gateway1: cloud, "
                    "local_network_gateway2: us, use_policy_based_traffic_selectors: true, "
                    "shared_key: {{ file: k }} }}\n",
                    sku));
  };
  const auto selectors = [&](const Model& peer) {
    std::vector<std::string> texts;
    for (const Finding& finding :
         validate_pair(own, peer, [](const End&, const End&, KeyKind) { return Verdict::Right; })) {
      if (finding.id == "peer.selectors") texts.push_back(finding.to_string());
    }
    return texts;
  };
  EXPECT_THAT(selectors(theirs("Native")), IsEmpty());
  EXPECT_THAT(selectors(theirs("VpnGw1")),
              ElementsAre(HasSubstr("warning: connections.a-to-branch: 201 pairs of prefixes, and "
                                    "sku VpnGw1 of cloud carries 200")));
}

TEST(Selectors, ThePartsOfOneSelectorPolicyFitOneTrafficSelectorPayload) {
  const auto with_ranges = [](int count) {
    std::string ranges;
    for (int index = 0; index < count; ++index)
      ranges +=
          fmt::format("{}10.9.{}.{}/32", index == 0 ? "" : ", ", index / 128, index % 128 * 2);
    return findings_of(estate_with(
        {{"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
         {"traffic_selector_policies: []",
          "traffic_selector_policies: [ { local_address_ranges: [10.1.0.0/24], "
          "remote_address_ranges: [" +
              ranges + "] } ]"}}));
  };
  EXPECT_THAT(with_ranges(255), IsEmpty());
  EXPECT_THAT(with_ranges(256), ElementsAre("error connection.selector-pairs"));
}

}  // namespace
}  // namespace twinspan::policy
