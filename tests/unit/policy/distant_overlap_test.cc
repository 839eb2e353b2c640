// Places of two estates that are joined over others, and have addresses in common.
#include "policy/distant_overlap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/pairing.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

//   branch ---- hub ==== store ---- shop
const char* const kWest = R"(version: 1
virtual_networks:
  hub: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
virtual_network_gateways:
  gw: { virtual_network: hub, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
local_network_gateways:
  branch: { gateway_ip_address: 203.0.113.9, address_prefixes: [10.9.0.0/16] }
  depot: { gateway_ip_address: 203.0.113.7, address_prefixes: [10.10.0.0/16] }
connections:
  to-branch: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: branch,
               shared_key: { file: k } }
  to-depot: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: depot,
              shared_key: { file: k } }
)";

const char* const kEast = R"(version: 1
virtual_networks:
  store: { address_space: [10.10.0.0/16], subnets: { GatewaySubnet: 10.10.255.0/27 } }
virtual_network_gateways:
  gate: { virtual_network: store, ip_configurations: [ { public_ip_address: 203.0.113.7 } ] }
local_network_gateways:
  hub: { gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16] }
  shop: { gateway_ip_address: 198.51.100.3, address_prefixes: [10.8.0.0/24] }
connections:
  to-hub: { connection_type: ipsec, virtual_network_gateway1: gate, local_network_gateway2: hub,
            shared_key: { file: k } }
  to-shop: { connection_type: ipsec, virtual_network_gateway1: gate, local_network_gateway2: shop,
             shared_key: { file: k } }
)";

std::vector<std::string> overlaps(const std::string& theirs) {
  const Model own = model_of(kWest);
  const auto peer = parse_config(theirs, "east.yaml");
  EXPECT_TRUE(peer.has_value());
  const auto equal_keys = [](const End&, const End&, KeyKind) { return Verdict::Right; };
  std::vector<std::string> texts;
  for (const Finding& finding : validate_pair(own, *peer, equal_keys)) {
    if (is_overlap_rule(finding.id)) texts.push_back(finding.to_string());
  }
  return texts;
}

TEST(DistantOverlap, IsWarnedOf) {
  EXPECT_THAT(overlaps(kEast), IsEmpty());
  EXPECT_THAT(
      overlaps(replaced(kEast, "10.8.0.0/24", "10.9.8.0/24")),
      ElementsAre(testing::MatchesRegex(
          ".*:7:3: warning: local_network_gateways.branch: 10.9.0.0/16 of branch overlaps "
          "10.9.8.0/24 of east.yaml:shop, which is joined over others; .*peer.distant-overlap.*")));
}

TEST(DistantOverlap, WhatIsOneThingInBothFilesIsNone) {
  const std::string same = replaced(kEast, "10.8.0.0/24", "10.9.0.0/16");
  EXPECT_THAT(overlaps(replaced(same, "198.51.100.3", "203.0.113.9")), IsEmpty());
  EXPECT_THAT(overlaps(same), testing::SizeIs(1));
}

TEST(DistantOverlap, FailsTheListsOfTheConnectionsInBetween) {
  const Model own = model_of(kWest);
  const auto first_step = [&](const std::string& theirs, std::string_view name) {
    const auto peer = parse_config(theirs, "east.yaml");
    return lines(walked(own, name, &*peer)).front();
  };
  for (const char* const name : {"to-branch", "to-depot"}) {
    EXPECT_EQ(first_step(kEast, name), "1 pass virtual_networks.hub address_space");
    EXPECT_EQ(first_step(replaced(kEast, "10.8.0.0/24", "10.9.8.0/24"), name),
              "1 fail virtual_networks.hub address_space");
  }
}

// Each pair once, and networks that are joined directly by the rule for those.
TEST(DistantOverlap, WhatAnotherRuleSaysIsNotSaidAgain) {
  const std::string direct = replaced(replaced(kEast, "[10.10.0.0/16]", "[10.1.64.0/20]"),
                                      "10.10.255.0/27", "10.1.64.0/27");
  EXPECT_THAT(overlaps(direct), ElementsAre(testing::HasSubstr("[peer.overlap]")));
}

}  // namespace
}  // namespace twinspan::policy
