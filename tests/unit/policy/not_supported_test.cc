// What the model knows and twinspand does not carry out yet, and which gateways that stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(NotSupported, WhatIsNotCarriedOutYetIsSaid) {
  EXPECT_THAT(only_finding({{"    enable_bgp: false\n    bgp", "    enable_bgp: true\n    bgp"}}),
              HasSubstr("warning: virtual_network_gateways.gw-a: enable_bgp: true is not supported "
                        "yet"));
  EXPECT_THAT(findings_with({{"active_active: false", "active_active: true"}}),
              Contains("warning feature.not-supported"));
  EXPECT_THAT(findings_with({{"    enable_bgp: false\n    connection_mode",
                              "    enable_bgp: true\n    connection_mode"}}),
              Contains("warning feature.not-supported"));
  EXPECT_THAT(only_finding({{"connection_protocol: IKEv2", "connection_protocol: IKEv1"}}),
              HasSubstr("error: connections.a-to-branch: IKEv1 is not supported"));
}

// A vnet-to-vnet connection has no place for prefixes.
TEST(NotSupported, WhatToDoWithoutBgpIsForTheKindOfConnection) {
  const auto remedy = [](const std::string& connection, const Changes& changes) {
    const Model model = model_of(estate_with(changes));
    std::string found;
    for (const Finding& finding : validate(model)) {
      const bool is_it = finding.objects.front() == "connections." + connection;
      if (is_it && finding.id == "feature.not-supported") found = finding.remedy;
    }
    return found;
  };
  EXPECT_THAT(remedy("a-to-b", {{"ipsec_policy: strong", "enable_bgp: true"}}),
              HasSubstr("in both directions; the other network's prefixes follow"));
  EXPECT_THAT(remedy("a-to-branch", {{"    enable_bgp: false\n    connection_mode",
                                      "    enable_bgp: true\n    connection_mode"}}),
              HasSubstr("list the prefixes in the local network gateway"));
}

// Which gateways do not start with the changed estate.
std::set<std::string> stopped_with(const Changes& changes) {
  std::set<std::string> stopped;
  const Model model = model_of(estate_with(changes));
  for (const Finding& finding : validate(model)) {
    for (const auto& [name, gateway] : model.gateways) {
      if (stops_gateway(finding, name)) stopped.insert(name);
    }
  }
  return stopped;
}

TEST(NotSupported, WhatIsNotCarriedOutYetStopsTheGatewaysThatNeedIt) {
  using Names = std::set<std::string>;
  EXPECT_EQ(stopped_with({}), Names{});
  EXPECT_EQ(stopped_with({{"    enable_bgp: false\n    bgp", "    enable_bgp: true\n    bgp"}}),
            Names{"gw-a"});
  EXPECT_EQ(stopped_with({{"{ virtual_network: vnet-b, ip",
                           "{ virtual_network: vnet-b, enable_bgp: true, ip"}}),
            Names{"gw-b"});
  EXPECT_EQ(stopped_with(
                {{"peerings: {}",
                  "peerings: { p: { virtual_network: vnet-a, remote_virtual_network: vnet-b } }"}}),
            Names{});
  EXPECT_EQ(stopped_with({{"connection_protocol: IKEv2", "connection_protocol: IKEv1"}}),
            (Names{"gw-a", "gw-b"}));
  EXPECT_EQ(stopped_with({{"region: east", "region: west"}}), Names{});
}

}  // namespace
}  // namespace twinspan::policy
