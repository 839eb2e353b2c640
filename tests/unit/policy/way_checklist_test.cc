// The ways between two networks, hop by hop.
#include "policy/way_checklist.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/pairing.h"
#include "policy/validate.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"
#include "tests/unit/policy/transit_estates.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> way(const std::string& text, std::string_view from, std::string_view to) {
  const auto list = way_checklist({model_of(text), nullptr, from, to});
  return list ? lines(*list) : std::vector{list.error()};
}

TEST(WayChecklist, EverythingThatClosesAWayIsNamed) {
  EXPECT_THAT(
      way(chain("", ""), "n1", "n3"),
      ElementsAre(
          "1 fail connections.c12 enable_bgp", "2 fail virtual_network_gateways.g1 enable_bgp",
          "3 fail connections.c21 enable_bgp", "4 fail virtual_network_gateways.g2 enable_bgp",
          "5 fail connections.c32 enable_bgp", "6 fail virtual_network_gateways.g3 enable_bgp",
          "7 fail connections.c23 enable_bgp"));
  EXPECT_THAT(
      way(chain("enable_bgp: true, ", "enable_bgp: true, "), "n1", "n3"),
      ElementsAre("1 pass connections.c12 enable_bgp", "2 pass connections.c23 enable_bgp"));
  const std::string island = estate_with(
      {{"virtual_networks:\n", "virtual_networks:\n  alone: { address_space: [10.20.0.0/16] }\n"}});
  EXPECT_THAT(way(island, "alone", "vnet-a"),
              ElementsAre("1 fail virtual_networks.alone address_space"));
  EXPECT_THAT(way(island, "alnoe", "vnet-a"),
              ElementsAre(HasSubstr("there is no virtual network or local network gateway 'alnoe'; "
                                    "known here: alone, ")));
  EXPECT_THAT(way(island, "alone", "alone"), ElementsAre("'alone' is both ends of the way"));
}

TEST(WayChecklist, BgpOfEachGatewayAndOfEachDirectionCounts) {
  const std::string open = chain("enable_bgp: true, ", "enable_bgp: true, ");
  for (const std::string number : {"1", "2", "3"}) {
    const std::string network = "virtual_network: n" + number;
    EXPECT_THAT(
        way(replaced(open, network + ", enable_bgp: true", network), "n1", "n3"),
        testing::Contains(HasSubstr(" fail virtual_network_gateways.g" + number + " enable_bgp")))
        << number;
  }
  for (const std::string pair : {"12", "21", "23", "32"}) {
    const std::string far = fmt::format("virtual_network_gateway2: g{}, ", pair[1]);
    const size_t begin = open.find("  c" + pair + ":");
    std::string text = open.substr(begin);
    text = open.substr(0, begin) + replaced(text, far + "enable_bgp: true, ", far);
    const auto steps = way(text, "n1", "n3");
    EXPECT_THAT(steps, testing::Contains(HasSubstr(" fail connections.c" + pair + " enable_bgp")))
        << pair;
    EXPECT_EQ(std::ranges::count_if(
                  steps, [](const std::string& step) { return step.find(" fail ") != step.npos; }),
              1)
        << pair;
  }
}

TEST(WayChecklist, AddressesOfOneEndInAnotherNetworkOnTheWayFail) {
  const std::string open = chain("enable_bgp: true, ", "enable_bgp: true, ", 4);
  const std::string inside =
      replaced(replaced(open, "[10.4.0.0/16]", "[10.1.64.0/20]"), "GatewaySubnet: 10.4.255.0/27",
               "GatewaySubnet: 10.1.64.0/27");
  EXPECT_THAT(way(inside, "n1", "n4"),
              ElementsAre("1 pass connections.c12 enable_bgp", "2 pass connections.c23 enable_bgp",
                          "3 fail virtual_networks.n4 address_space"));
  EXPECT_THAT(way(inside, "n1", "n3"), ElementsAre("1 pass connections.c12 enable_bgp",
                                                   "2 pass connections.c23 enable_bgp"));
}

TEST(WayChecklist, ASpeakerTakesNoRouteThatHasPassedItsOwnNumber) {
  const std::string open = chain("enable_bgp: true, ", "enable_bgp: true, ", 4);
  EXPECT_THAT(way(replaced(open, "65003", "65001"), "n1", "n3"),
              ElementsAre("1 fail virtual_network_gateways.g1 bgp_settings.asn",
                          "2 fail virtual_network_gateways.g3 bgp_settings.asn"));
  // On the way, and behind it: n4's routes pass g3.
  EXPECT_THAT(way(replaced(open, "65003", "65001"), "n1", "n4"),
              ElementsAre("1 fail virtual_network_gateways.g1 bgp_settings.asn",
                          "2 fail virtual_network_gateways.g3 bgp_settings.asn",
                          "3 pass connections.c34 enable_bgp"));
  EXPECT_THAT(way(replaced(open, "65004", "65002"), "n1", "n4"),
              ElementsAre("1 pass connections.c12 enable_bgp",
                          "2 fail virtual_network_gateways.g2 bgp_settings.asn",
                          "3 fail virtual_network_gateways.g4 bgp_settings.asn"));
}

TEST(WayChecklist, WhatTheDeviceOfASiteKnowsIsUnknown) {
  EXPECT_THAT(way(kGoodEstate, "vnet-a", "branch"),
              ElementsAre("1 unknown connections.a-to-branch local_network_gateway2"));
  EXPECT_THAT(way(hub_and_spoke("true", "false"), "spoke", "branch"),
              ElementsAre("1 fail peerings.leaf use_remote_gateways",
                          "2 unknown connections.a-to-branch local_network_gateway2"));
  const Model hub = model_of(hub_and_spoke("true", "true"));
  const auto spoke = way_checklist({hub, nullptr, "spoke", "branch"});
  ASSERT_EQ(spoke->size(), 2u);
  EXPECT_THAT(spoke->at(1).message,
              HasSubstr("the device of branch has to have spoke (10.20.0.0/16) among"));
}

TEST(WayChecklist, TwoSitesOfOneGatewayDependOnBothDevices) {
  EXPECT_THAT(way(kTwoSites, "branch", "depot"),
              ElementsAre("1 unknown connections.to-branch local_network_gateway2",
                          "2 unknown connections.to-depot local_network_gateway2"));
  const Model model = model_of(kTwoSites);
  const auto list = way_checklist({model, nullptr, "branch", "depot"});
  EXPECT_THAT(list->at(0).message, HasSubstr("device of branch has to have depot (10.10.0.0/16)"));
  EXPECT_THAT(list->at(1).message, HasSubstr("device of depot has to have branch (10.9.0.0/16)"));
}

TEST(WayChecklist, TwoSitesFailWhereTheSelectorsOfOneHoldItsOwnNetworkAlone) {
  const std::string pairs =
      "local_network_gateway2: depot,\n              "
      "use_policy_based_traffic_selectors: true, ";
  const std::string text =
      replaced(kTwoSites, "local_network_gateway2: depot,\n              ", pairs);
  EXPECT_THAT(way(text, "branch", "depot"),
              ElementsAre("1 unknown connections.to-branch local_network_gateway2",
                          "2 fail connections.to-depot use_policy_based_traffic_selectors"));
  // What somebody writes by hand may hold the other site.
  const auto with_policies = [&](const std::string& local) {
    return replaced(text, pairs,
                    pairs + "traffic_selector_policies: [ { local_address_ranges: [" + local +
                        "], remote_address_ranges: [10.10.0.0/16] } ], ");
  };
  EXPECT_THAT(way(with_policies("10.1.0.0/16, 10.9.0.0/16"), "branch", "depot"),
              ElementsAre("1 unknown connections.to-branch local_network_gateway2",
                          "2 unknown connections.to-depot local_network_gateway2"));
  EXPECT_THAT(way(with_policies("10.1.0.0/16"), "branch", "depot"),
              testing::Contains("2 fail connections.to-depot traffic_selector_policies"));
  EXPECT_THAT(way(with_policies("10.1.0.0/16"), "hub", "depot"),
              ElementsAre("1 unknown connections.to-depot local_network_gateway2"));
  const Model part = model_of(with_policies("10.1.7.0/24"));
  EXPECT_THAT(way_checklist({part, nullptr, "hub", "depot"})->at(0).message,
              HasSubstr("hold a part of hub and depot alone"));
}

TEST(WayChecklist, WithBgpASiteIsToldWhatItHasToKnow) {
  std::string text =
      replaced(kTwoSites, "virtual_network: hub,",
               "virtual_network: hub, enable_bgp: true, bgp_settings: { asn: 65001 },");
  text = replaced(text, "local_network_gateway2: depot,",
                  "local_network_gateway2: depot, enable_bgp: true,");
  EXPECT_THAT(way(text, "hub", "depot"),
              ElementsAre("1 unknown connections.to-depot local_network_gateway2"));
  text = replaced(text, "address_prefixes: [10.10.0.0/16]",
                  "bgp_settings: { asn: 65009, bgp_peering_address: 10.10.0.1 }");
  EXPECT_THAT(way(text, "hub", "depot"), ElementsAre("1 pass connections.to-depot enable_bgp"));
  EXPECT_THAT(way(text, "branch", "depot"),
              ElementsAre("1 unknown connections.to-branch local_network_gateway2",
                          "2 pass connections.to-depot enable_bgp"));
}

TEST(WayChecklist, TheLongestPrefixMayLeadElsewhere) {
  // What is for the far network goes over the near one, but for the half that the branch lists.
  std::string text = read_source_file("examples/classic-to-resource-manager.yaml");
  text = replaced(text, "  vnet-new:\n", "  far: { address_space: [10.9.0.0/16] }\n  vnet-new:\n");
  text =
      replaced(text, "address_prefixes: [10.2.0.0/16] }",
               "address_prefixes: [10.2.0.0/16, 10.8.0.0/13] }\n"
               "  branch: { gateway_ip_address: 203.0.113.9, address_prefixes: [10.9.128.0/17] }");
  text +=
      "  old-to-branch: { connection_type: ipsec, virtual_network_gateway1: gw-old,\n"
      "    local_network_gateway2: branch, shared_key: { file: k } }\n"
      "peerings:\n"
      "  there: { virtual_network: vnet-new, remote_virtual_network: far, "
      "allow_gateway_transit: true }\n"
      "  back: { virtual_network: far, remote_virtual_network: vnet-new, "
      "use_remote_gateways: true }\n";
  EXPECT_THAT(way(text, "vnet-old", "far"),
              ElementsAre("1 fail connections.old-to-branch local_network_gateway2",
                          "2 pass peerings.there allow_virtual_network_access"));
  EXPECT_THAT(way(replaced(text, "10.9.128.0/17", "10.7.0.0/16"), "vnet-old", "far"),
              ElementsAre("1 pass connections.old-to-new local_network_gateway2",
                          "2 pass peerings.there allow_virtual_network_access"));
}

TEST(WayChecklist, ANetworkIsKnownByTheLocalNetworkGatewayThatStandsForIt) {
  const std::string text = read_source_file("examples/classic-to-resource-manager.yaml");
  const auto expected = ElementsAre("1 pass connections.old-to-new local_network_gateway2");
  EXPECT_THAT(way(text, "vnet-old", "new-seen-from-old"), expected);
  EXPECT_THAT(way(text, "old-seen-from-new", "vnet-new"), expected);
  EXPECT_THAT(way(text, "vnet-new", "new-seen-from-old"),
              ElementsAre("'new-seen-from-old' is vnet-new: both ends of the way"));
  // Static prefixes alone: what lacks is on the local network gateway.
  EXPECT_THAT(
      way(replaced(text, "address_prefixes: [10.2.0.0/16]", "address_prefixes: [10.2.0.0/17]"),
          "vnet-old", "vnet-new"),
      ElementsAre("1 fail local_network_gateways.new-seen-from-old address_prefixes"));
}

// -- with the other administrator's file

std::vector<std::string> way_of_two(const std::string& ours, const std::string& theirs,
                                    std::string_view from, std::string_view to) {
  const Model own = model_of(ours);
  const auto peer = parse_config(theirs, "east.yaml");
  EXPECT_TRUE(peer.has_value());
  const auto list = way_checklist({own, &*peer, from, to});
  return list ? lines(*list) : std::vector{list.error()};
}

TEST(WayChecklist, TheOtherFileTellsWhatItsDeviceKnows) {
  for (const std::string_view to : {"depot", "store", "east.yaml:store"}) {
    EXPECT_THAT(way_of_two(kTwoSites, kDepot, "hub", to),
                ElementsAre("1 pass connections.to-depot local_network_gateway2"));
  }
  EXPECT_THAT(way_of_two(kTwoSites, kDepot, "branch", "depot"),
              ElementsAre("1 unknown connections.to-branch local_network_gateway2",
                          "2 fail east.yaml:connections.to-hub enable_bgp",
                          "3 fail east.yaml:virtual_network_gateways.gate enable_bgp",
                          "4 fail connections.to-depot enable_bgp",
                          "5 fail virtual_network_gateways.gw enable_bgp"));
  EXPECT_THAT(way_of_two(kTwoSites, replaced(kDepot, "[10.1.0.0/16]", "[10.1.0.0/16, 10.9.0.0/16]"),
                         "branch", "depot"),
              ElementsAre("1 unknown connections.to-branch local_network_gateway2",
                          "2 pass connections.to-depot local_network_gateway2"));
}

TEST(WayChecklist, BothEndsInOurOwnFileNeedNoOtherOne) {
  const std::string text = read_source_file("examples/vnet-to-vnet.yaml");
  EXPECT_THAT(way_of_two(text, text, "vnet-a", "vnet-b"),
              ElementsAre("1 pass connections.a-to-b virtual_network_gateway2"));
}

TEST(WayChecklist, AWayGoesOnInTheOtherFile) {
  EXPECT_THAT(way_of_two(kTwoSites, kDepot, "hub", "annex"),
              testing::Contains("1 fail local_network_gateways.depot address_prefixes"));
  const std::string ours = replaced(kTwoSites, "[10.10.0.0/16]", "[10.10.0.0/16, 10.20.0.0/16]");
  EXPECT_THAT(way_of_two(ours, kDepot, "hub", "annex"),
              ElementsAre("1 pass connections.to-depot local_network_gateway2",
                          "2 pass east.yaml:peerings.there allow_virtual_network_access"));
  EXPECT_THAT(way_of_two(ours, replaced(kDepot, ", use_remote_gateways: true", ""), "annex", "hub"),
              ElementsAre("1 fail east.yaml:peerings.back use_remote_gateways",
                          "2 pass east.yaml:connections.to-hub local_network_gateway2"));
  EXPECT_THAT(way_of_two(ours, kDepot, "hub", "nowhere"),
              ElementsAre(HasSubstr("'nowhere'; known here: hub, branch, depot, annex, store")));
}

// -- errors about what is on the way

TEST(WayChecklist, AnErrorOnTheWayFailsWithItsField) {
  const auto judged = [](const std::string& text, std::string_view from, std::string_view to) {
    const Model model = model_of(text);
    const auto list =
        way_checklist({.model = model, .from = from, .to = to, .findings = validate(model)});
    return list ? lines(*list) : std::vector{list.error()};
  };
  const std::string good = read_source_file("examples/classic-to-resource-manager.yaml");
  EXPECT_THAT(judged(good, "vnet-old", "vnet-new"),
              ElementsAre("1 pass connections.old-to-new local_network_gateway2"));
  const std::string strange =
      replaced(good, "local_network_gateway2: old-seen-from-new",
               "local_network_gateway2: old-seen-from-new\n    remote_id: nobody.example");
  EXPECT_THAT(judged(strange, "vnet-old", "vnet-new"),
              testing::Contains(HasSubstr("fail connections.new-to-old remote_id")));
  // Elsewhere it does not concern the way.
  const std::string beside = estate_with({{"virtual_networks:\n",
                                           "virtual_networks:\n  a1: { address_space: "
                                           "[10.20.0.0/16], subnets: { one: 10.21.0.0/24 } }\n"}});
  EXPECT_THAT(judged(beside, "vnet-a", "vnet-b"),
              ElementsAre("1 pass connections.a-to-b virtual_network_gateway2"));
  EXPECT_THAT(judged(beside, "a1", "vnet-b"),
              ElementsAre("1 fail virtual_networks.a1 address_space"));
}

std::vector<std::string> judged_way(const std::string& ours, const std::string& theirs,
                                    std::string_view from, std::string_view to) {
  const Model own = model_of(ours);
  const auto peer = parse_config(theirs, "east.yaml");
  const auto equal_keys = [](const End&, const End&, KeyKind) { return Verdict::Right; };
  const auto list = way_checklist({.model = own,
                                   .peer = &*peer,
                                   .from = from,
                                   .to = to,
                                   .findings = validate_pair(own, *peer, equal_keys)});
  return lines(*list);
}

// What lacks of the annex does not concern the store.
TEST(WayChecklist, WhatTheFilesListOfOtherNetworksClosesNoWay) {
  EXPECT_THAT(judged_way(kTwoSites, kDepot, "hub", "store"),
              ElementsAre("1 pass connections.to-depot local_network_gateway2"));
  EXPECT_THAT(judged_way(kTwoSites, kDepot, "hub", "annex"),
              testing::Contains("1 fail local_network_gateways.depot address_prefixes"));
}

TEST(WayChecklist, WhatTheTwoFilesDisagreeAboutFails) {
  const auto judged = [](const std::string& theirs, std::string_view from = "hub",
                         std::string_view to = "store") {
    return judged_way(replaced(kTwoSites, "[10.10.0.0/16]", "[10.10.0.0/16, 10.20.0.0/16]"), theirs,
                      from, to);
  };
  EXPECT_THAT(judged(kDepot), ElementsAre("1 pass connections.to-depot local_network_gateway2"));
  // At the hop that has what is to be mended, not at the first one that has a part in it.
  EXPECT_THAT(judged(replaced(kDepot, "192.0.2.1", "192.0.2.7"), "hub", "annex"),
              ElementsAre("1 fail east.yaml:local_network_gateways.hub gateway_ip_address",
                          "2 pass east.yaml:peerings.there allow_virtual_network_access"));
  EXPECT_THAT(judged(replaced(kDepot, "192.0.2.1", "192.0.2.7"), "annex", "hub"),
              ElementsAre("1 pass east.yaml:peerings.back allow_virtual_network_access",
                          "2 fail east.yaml:local_network_gateways.hub gateway_ip_address"));
  // Two halves are the whole.
  EXPECT_THAT(judged(replaced(kDepot, "[10.1.0.0/16]", "[10.1.0.0/17, 10.1.128.0/17]")),
              ElementsAre("1 pass connections.to-depot local_network_gateway2"));
  EXPECT_THAT(judged(replaced(kDepot, "[10.1.0.0/16]", "[10.1.0.0/17, 10.1.128.0/18]")),
              testing::Contains("1 fail east.yaml:local_network_gateways.hub address_prefixes"));
  // The other file's object, where the fault is in it.
  EXPECT_THAT(judged(replaced(kDepot, "192.0.2.1", "192.0.2.7")),
              ElementsAre("1 fail east.yaml:local_network_gateways.hub gateway_ip_address"));
  EXPECT_THAT(judged(replaced(kDepot, "local_network_gateway2: hub,",
                              "local_network_gateway2: hub, local_id: depot.example,")),
              ElementsAre("1 fail connections.to-depot "));
}

}  // namespace
}  // namespace twinspan::policy
