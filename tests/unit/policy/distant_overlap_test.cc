// Places of two estates that are joined over others, and have addresses in common.
#include "policy/distant_overlap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/pairing.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"
#include "tests/unit/policy/estate_changes.h"
#include "tests/unit/policy/transit_estates.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

//   branch ---- hub ==== store ---- shop
std::string with_shop(const std::string& address, const std::string& prefix) {
  return replaced(kDepot, "connections:\n",
                  "  shop: { gateway_ip_address: " + address + ", address_prefixes: [" + prefix +
                      "] }\nconnections:\n  to-shop: { connection_type: ipsec, "
                      "virtual_network_gateway1: gate, local_network_gateway2: shop, "
                      "shared_key: { file: k } }\n");
}

std::vector<std::string> overlaps(const std::string& theirs) {
  const Model own = model_of(kTwoSites);
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
  EXPECT_THAT(overlaps(with_shop("198.51.100.3", "10.8.0.0/24")), IsEmpty());
  EXPECT_THAT(
      overlaps(with_shop("198.51.100.3", "10.9.8.0/24")),
      ElementsAre(testing::MatchesRegex(
          ".*:7:3: warning: local_network_gateways.branch: 10.9.0.0/16 of branch overlaps "
          "10.9.8.0/24 of east.yaml:shop, which is joined over others; .*peer.distant-overlap.*")));
}

TEST(DistantOverlap, WhatIsOneThingInBothFilesIsNone) {
  EXPECT_THAT(overlaps(with_shop("203.0.113.9", "10.9.0.0/16")), IsEmpty());
  EXPECT_THAT(overlaps(with_shop("198.51.100.3", "10.9.0.0/16")), testing::SizeIs(1));
}

TEST(DistantOverlap, FailsTheListsOfTheConnectionsInBetween) {
  const Model own = model_of(kTwoSites);
  const auto first_step = [&](const std::string& theirs, std::string_view name) {
    const auto peer = parse_config(theirs, "east.yaml");
    return lines(walked(own, name, &*peer)).front();
  };
  for (const char* const name : {"to-branch", "to-depot"}) {
    EXPECT_EQ(first_step(with_shop("198.51.100.3", "10.8.0.0/24"), name),
              "1 pass virtual_networks.hub address_space");
    EXPECT_EQ(first_step(with_shop("198.51.100.3", "10.9.8.0/24"), name),
              "1 fail virtual_networks.hub address_space");
  }
}

TEST(DistantOverlap, WhatCannotBeToldApartIsNone) {
  const std::string named = replaced(with_shop("198.51.100.3", "10.9.0.0/16"),
                                     "gateway_ip_address: 198.51.100.3", "fqdn: shop.example.net");
  EXPECT_THAT(overlaps(named), IsEmpty());
}

// A site's speaker has an address of its site.
TEST(DistantOverlap, TheAddressOfASpeakerIsNone) {
  const std::string speaker =
      replaced(with_shop("198.51.100.3", "10.9.0.1/32"), "address_prefixes: [10.9.0.1/32]",
               "address_prefixes: [10.9.0.1/32], bgp_settings: { asn: 65009, bgp_peering_address: "
               "10.9.0.1 }");
  EXPECT_THAT(overlaps(speaker), IsEmpty());
  EXPECT_THAT(overlaps(with_shop("198.51.100.3", "10.9.0.1/32")), testing::SizeIs(1));
}

// Each of two joined gateways has a local network gateway of its own for one branch.
TEST(DistantOverlap, OneSiteDescribedTwiceInOneFileIsNone) {
  const auto twice = [](const std::string& address) {
    return changed(
        more_sites("  again: { gateway_ip_address: " + address +
                   ", address_prefixes: [10.9.0.0/16] }\n") +
        more_connections("  b-branch: { connection_type: ipsec, "
                         "virtual_network_gateway1: gw-b, local_network_gateway2: again, "
                         "shared_key: { file: z.psk } }\n"));
  };
  EXPECT_THAT(findings_of(twice("203.0.113.9")), IsEmpty());
  EXPECT_THAT(findings_of(twice("203.0.113.10")),
              testing::Contains("warning network.distant-overlap"));
  EXPECT_EQ(lines(walked(model_of(twice("203.0.113.9")), "a-to-branch")).front(),
            "1 pass virtual_networks.vnet-a address_space");
}

TEST(DistantOverlap, TwoDevicesOfOneSiteAreTwoWaysToIt) {
  const auto first_step = [](const std::string& asn) {
    const TextChanges with_bgp = {kBgp[0], kBgp[1]};
    const TextChanges same_prefix = {
        {"gateway_ip_address: 203.0.113.10,",
         "gateway_ip_address: 203.0.113.10, address_prefixes: [10.9.0.0/16],"}};
    return lines(walked(model_of(changed(with_bgp + bgp_branch(asn) + same_prefix)), "a-to-branch"))
        .front();
  };
  EXPECT_EQ(first_step("65090"), "1 pass virtual_networks.vnet-a address_space");
  EXPECT_EQ(first_step("65091"), "1 fail virtual_networks.vnet-a address_space");
}

// Each pair once, and networks that are joined directly by the rule for those.
TEST(DistantOverlap, WhatAnotherRuleSaysIsNotSaidAgain) {
  const std::string direct = replaced(replaced(kDepot, "[10.10.0.0/16]", "[10.1.64.0/20]"),
                                      "10.10.255.0/27", "10.1.64.0/27");
  EXPECT_THAT(overlaps(direct), ElementsAre(testing::HasSubstr("[peer.overlap]")));
}

}  // namespace
}  // namespace twinspan::policy
