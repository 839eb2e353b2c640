// What the objects of one connection say of each other, in one estate and in two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/pairing.h"
#include "policy/validate.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// -- one estate: each gateway known to the other as a local network gateway

const char* const kDescribed = R"(version: 1
virtual_networks:
  one: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
  two: { address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 } }
virtual_network_gateways:
  gw-one: { virtual_network: one, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
  gw-two: { virtual_network: two, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
local_network_gateways:
  one-seen: { gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16] }
  two-seen: { gateway_ip_address: 192.0.2.2, address_prefixes: [10.2.0.0/16] }
connections:
  one-two: { connection_type: ipsec, shared_key: { file: k },
             virtual_network_gateway1: gw-one, local_network_gateway2: two-seen }
  two-one: { connection_type: ipsec, shared_key: { file: k },
             virtual_network_gateway1: gw-two, local_network_gateway2: one-seen }
)";

std::vector<std::string> texts_of(const std::string& estate) {
  std::vector<std::string> texts;
  for (const Finding& finding : validate(model_of(estate))) texts.push_back(finding.to_string());
  return texts;
}

std::string with_prefixes_of_two(const std::string& prefixes) {
  return replaced(kDescribed, "address_prefixes: [10.2.0.0/16]",
                  "address_prefixes: [" + prefixes + "]");
}

TEST(TwoEndsOfOneEstate, APrefixThatIsNowhereIsNoTransit) {
  EXPECT_THAT(texts_of(kDescribed), IsEmpty());
  const std::string more = with_prefixes_of_two("10.2.0.0/16, 10.77.0.0/16");
  EXPECT_THAT(texts_of(more), ElementsAre(AllOf(HasSubstr("error: local_network_gateways.two-seen: "
                                                          "address_prefixes has 10.77.0.0/16"),
                                                HasSubstr("[connection.counterpart-prefixes]"))));
  EXPECT_THAT(lines(walked(model_of(more), "one-two")),
              Contains("3 fail local_network_gateways.two-seen address_prefixes"));
  EXPECT_THAT(texts_of(with_prefixes_of_two("10.2.0.0/15")),
              ElementsAre(HasSubstr("has 10.2.0.0/15, which is wider than 10.2.0.0/16")));
}

TEST(TwoEndsOfOneEstate, WhatAThirdObjectHasBehindTheOtherGatewayIsTransit) {
  const std::string more = with_prefixes_of_two("10.2.0.0/16, 10.77.0.0/16");
  const auto with_site = [&](const std::string& address) {
    return replaced(more, "local_network_gateways:\n",
                    "local_network_gateways:\n  third: { gateway_ip_address: " + address +
                        ", address_prefixes: [10.77.0.0/16] }\n");
  };
  const std::string site = with_site("203.0.113.9");
  const std::string way =
      "  two-third: { connection_type: ipsec, shared_key: { file: t }, "
      "virtual_network_gateway1: gw-two, local_network_gateway2: third }\n";
  EXPECT_THAT(texts_of(site + way), IsEmpty());
  // Nothing leads there from the other gateway, or from another one alone.
  EXPECT_THAT(texts_of(site), Contains(HasSubstr("has 10.77.0.0/16, which the other side does")));
  EXPECT_THAT(texts_of(site + replaced(way, "gw-two", "gw-one")),
              Contains(HasSubstr("has 10.77.0.0/16, which the other side does")));
  // Another name for the same gateway proves nothing.
  EXPECT_THAT(texts_of(with_site("192.0.2.2")), Contains(HasSubstr("has 10.77.0.0/16")));
}

std::string with_words(const std::string& there, const std::string& back) {
  const std::string text =
      replaced(kDescribed, "one-two: { connection_type: ipsec, shared_key: { file: k },",
               "one-two: { connection_type: ipsec, " + there + ",");
  return replaced(text, "two-one: { connection_type: ipsec, shared_key: { file: k },",
                  "two-one: { connection_type: ipsec, " + back + ",");
}

TEST(TwoEndsOfOneEstate, TwoOfKindIpsecAuthenticateInTheSameWayToo) {
  EXPECT_THAT(
      texts_of(with_words(
          "authentication_type: raw-public-key, raw_public_key_authentication: { private_key: "
          "a.key, peer_public_key: b.pub }",
          "shared_key: { file: k }")),
      ElementsAre(AllOf(HasSubstr("error: connections.one-two: authentication_type differs from "
                                  "that of two-one"),
                        HasSubstr("[connection.authentication-reverse]"))));
}

// Equal policies are demanded of the two objects of a vnet-to-vnet connection alone.
TEST(TwoEndsOfOneEstate, PoliciesOfTwoOfKindIpsecNeedSomethingInCommon) {
  const std::string key = "shared_key: { file: k }";
  EXPECT_THAT(texts_of(with_words(key, key + ", ipsec_policy: azure-custom")), IsEmpty());
  EXPECT_THAT(
      texts_of(with_words(
          key, key + ", ipsec_policy: { ike_encryption: AES128, ike_integrity: SHA256, dh_group: "
                     "DHGroup14, ipsec_encryption: AES128, ipsec_integrity: SHA256, pfs_group: "
                     "None, esn: false, ike_life_time_seconds: 3600, sa_life_time_seconds: 1800, "
                     "sa_data_size_kilobytes: 0 }")),
      ElementsAre(HasSubstr("its IPsec policy has nothing in common with that of")));
}

std::string without_way_back(std::string text) {
  return text.erase(text.find("  two-one:"));
}

TEST(TwoEndsOfOneEstate, WithoutTheOtherDirectionItsGatewayIsComparedAllTheSame) {
  const std::string text = without_way_back(with_prefixes_of_two("10.3.0.0/16"));
  EXPECT_THAT(texts_of(text), Contains(HasSubstr("address_prefixes lacks 10.2.0.0/16, which is "
                                                 "behind gw-two")));
  EXPECT_THAT(lines(walked(model_of(text), "one-two")),
              AllOf(Contains("3 fail local_network_gateways.two-seen address_prefixes"),
                    Contains("6 pass local_network_gateways.two-seen gateway_ip_address")));
  EXPECT_THAT(texts_of(without_way_back(kDescribed)),
              ElementsAre(HasSubstr("gw-two has no connection back to gw-one")));
}

// A remedy that leads to another refusal is none.
TEST(TwoEndsOfOneEstate, ThatAClassicNetworkHasNoBgpIsSaidAtOnce) {
  const std::string classic = replaced(kDescribed, "one: { address_space",
                                       "one: { deployment_model: classic, address_space");
  std::string text = replaced(classic, "one-two: {", "one-two: { enable_bgp: true,");
  text = replaced(text, "two-one: {", "two-one: { enable_bgp: true,");
  const auto texts = texts_of(text);
  EXPECT_THAT(texts, testing::Not(Contains(HasSubstr("[bgp.speakers]"))));
  for (const char* const name : {"one-two", "two-one"})
    EXPECT_THAT(texts, Contains(AllOf(HasSubstr(name), HasSubstr("set enable_bgp: false in both"),
                                      HasSubstr("[network.classic]"))));
}

TEST(TwoEndsOfOneEstate, AFurtherInstanceIsReachedWithBgpOrNotAtAll) {
  const std::string text =
      replaced(kDescribed, "gw-one: { virtual_network: one, ip_configurations: [",
               "gw-one: { virtual_network: one, active_active: true, ip_configurations: [ { name: "
               "more, public_ip_address: 192.0.2.11 },");
  EXPECT_THAT(texts_of(text), Contains(AllOf(HasSubstr("[connection.instances]"),
                                             HasSubstr("enable_bgp: true on both gateways"))));
  const std::string classic =
      replaced(text, "one: { address_space", "one: { deployment_model: classic, address_space");
  EXPECT_THAT(texts_of(classic),
              Contains(AllOf(HasSubstr("[connection.instances]"),
                             HasSubstr("and one is a classic network: keep one of the "
                                       "ip_configurations of gw-one and set active_active: "
                                       "false"))));
}

TEST(TwoEndsOfOneEstate, AnEmptyListIsOneErrorAndFailsItsStep) {
  const std::string empty = with_prefixes_of_two("");
  EXPECT_THAT(texts_of(empty), ElementsAre(HasSubstr("[connection.remote-prefixes]")));
  EXPECT_THAT(lines(walked(model_of(empty), "one-two")),
              Contains("3 fail local_network_gateways.two-seen address_prefixes"));
}

TEST(TwoEndsOfOneEstate, ANetworkThatTheOtherGatewayDoesNotCarryIsNotBehindIt) {
  const std::string more =
      replaced(with_prefixes_of_two("10.2.0.0/16, 10.77.0.0/16"), "virtual_networks:\n",
               "virtual_networks:\n  spoke: { address_space: [10.77.0.0/16] }\n");
  const std::string peered = more +
                             "peerings:\n"
                             "  there: { virtual_network: two, remote_virtual_network: spoke, "
                             "allow_gateway_transit: true }\n"
                             "  back: { virtual_network: spoke, remote_virtual_network: two, "
                             "use_remote_gateways: true }\n";
  EXPECT_THAT(texts_of(peered), IsEmpty());
  for (const std::string& apart :
       {more, replaced(peered, "use_remote_gateways: true", "use_remote_gateways: false")}) {
    EXPECT_THAT(texts_of(apart),
                Contains(HasSubstr("has 10.77.0.0/16, which the other side does not")));
    EXPECT_THAT(lines(walked(model_of(apart), "one-two")),
                Contains("3 fail local_network_gateways.two-seen address_prefixes"));
  }
}

TEST(TwoEndsOfOneEstate, TransitMayBeAPrefixThatSeveralMakeUp) {
  const auto with_third = [](const std::string& listed, const std::string& third) {
    return replaced(with_prefixes_of_two(listed), "local_network_gateways:\n",
                    "local_network_gateways:\n  third: { gateway_ip_address: 203.0.113.9, "
                    "address_prefixes: [" +
                        third + "] }\n") +
           "  two-third: { connection_type: ipsec, shared_key: { file: t }, "
           "virtual_network_gateway1: gw-two, local_network_gateway2: third }\n";
  };
  EXPECT_THAT(texts_of(with_third("10.2.0.0/16, 10.3.0.0/16", "10.3.0.0/17, 10.3.128.0/17")),
              IsEmpty());
  EXPECT_THAT(texts_of(with_third("10.2.0.0/15", "10.3.0.0/16")), IsEmpty());
  EXPECT_THAT(texts_of(with_third("10.2.0.0/15", "10.3.0.0/17")),
              ElementsAre(HasSubstr("has 10.2.0.0/15, which is wider than 10.2.0.0/16, "
                                    "10.3.0.0/17 behind gw-two")));
}

TEST(TwoEndsOfOneEstate, AWiderPrefixIsNoErrorWhereAllPacketsPass) {
  const std::string wide = with_prefixes_of_two("10.2.0.0/15");
  EXPECT_THAT(texts_of(wide), ElementsAre(AllOf(HasSubstr("warning: local_network_gateways.two"),
                                                HasSubstr("packets for 10.3.0.0/16 go into"))));
  const auto items = walked(model_of(wide), "one-two");
  EXPECT_THAT(lines(items), Contains("3 fail local_network_gateways.two-seen address_prefixes"));
  EXPECT_THAT(items, Contains(testing::Field(&CheckItem::message,
                                             HasSubstr("10.3.0.0/16 of it is too much"))));
  // Selectors have to be those of the other end.
  const std::string pairs =
      replaced(wide, "one-two: {", "one-two: { use_policy_based_traffic_selectors: true,");
  EXPECT_THAT(texts_of(pairs), Contains(HasSubstr("error: local_network_gateways.two-seen: "
                                                  "address_prefixes has 10.2.0.0/15, which is")));
  const std::string exact =
      replaced(wide, "virtual_network: one,", "virtual_network: one, vpn_type: policy-based,");
  EXPECT_THAT(texts_of(exact), Contains(HasSubstr("error: local_network_gateways.two-seen: "
                                                  "address_prefixes has 10.2.0.0/15")));
}

TEST(TwoEndsOfOneEstate, AFamilyThatNobodyHereHasNeedsNoPrefix) {
  const std::string dual = replaced(kDescribed, "address_space: [10.1.0.0/16]",
                                    "address_space: [10.1.0.0/16, 'fd00:1::/64']");
  EXPECT_THAT(texts_of(dual), IsEmpty());
  EXPECT_THAT(lines(walked(model_of(dual), "one-two")),
              Contains("2 pass local_network_gateways.one-seen address_prefixes"));
  EXPECT_THAT(
      texts_of(replaced(dual, "address_space: [10.2.0.0/16]",
                        "address_space: [10.2.0.0/16, 'fd00:2::/64']")),
      AllOf(Contains(HasSubstr("lacks fd00:1::/64")), Contains(HasSubstr("lacks fd00:2::/64"))));
  // A network that uses the gateway has it.
  const std::string spoke =
      replaced(dual, "virtual_networks:\n",
               "virtual_networks:\n  spoke: { address_space: ['fd00:2::/64'] }\n") +
      "peerings:\n"
      "  there: { virtual_network: two, remote_virtual_network: spoke, "
      "allow_gateway_transit: true }\n"
      "  back: { virtual_network: spoke, remote_virtual_network: two, "
      "use_remote_gateways: true }\n";
  EXPECT_THAT(texts_of(spoke), Contains(HasSubstr("lacks fd00:1::/64")));
}

// -- two estates

std::string half(const std::string& name, const std::string& other, char own, char far) {
  const std::string own_net = std::string("10.") + own, far_net = std::string("10.") + far;
  return "version: 1\nvirtual_networks:\n  " + name + ": { address_space: [" + own_net +
         ".0.0/16], subnets: { GatewaySubnet: " + own_net +
         ".255.0/27 } }\nvirtual_network_gateways:\n  gw-" + name + ": { virtual_network: " + name +
         ", ip_configurations: [ { public_ip_address: 192.0.2." + own +
         " } ] }\nlocal_network_gateways:\n  " + other + "-seen: { gateway_ip_address: 192.0.2." +
         far + ", address_prefixes: [" + far_net + ".0.0/16] }\nconnections:\n  " + name + "-" +
         other + ": { connection_type: ipsec, virtual_network_gateway1: gw-" + name +
         ", local_network_gateway2: " + other + "-seen, shared_key: { file: k } }\n";
}

// Its gateway, its connection and what it knows of the other one speak BGP.
std::string speaking(std::string text, char own, char far) {
  const auto asn = [](char of) { return std::string("6500") + of; };
  text = replaced(text, "ip_configurations",
                  "enable_bgp: true, bgp_settings: { asn: " + asn(own) + " }, ip_configurations");
  text = replaced(text, "connection_type", "enable_bgp: true, connection_type");
  return replaced(
      text, std::string("address_prefixes: [10.") + far + ".0.0/16]",
      "bgp_settings: { asn: " + asn(far) + ", bgp_peering_address: 10." + far + ".255.30 }");
}

const std::string kWest = half("west", "east", '1', '2');
const std::string kEast = half("east", "west", '2', '1');

// A network beside the eastern one that uses its gateway.
std::string with_spoke(const std::string& prefix, const std::string& uses = "true") {
  return replaced(kEast, "virtual_networks:\n",
                  "virtual_networks:\n  spoke: { address_space: [" + prefix + "] }\n") +
         "peerings:\n"
         "  there: { virtual_network: east, remote_virtual_network: spoke, allow_gateway_transit: "
         "true }\n"
         "  back: { virtual_network: spoke, remote_virtual_network: east, use_remote_gateways: " +
         uses + " }\n";
}

Verdict equal_keys(const End&, const End&, KeyKind) {
  return Verdict::Right;
}

struct TwoFiles {
  Model own;
  Model peer;
};

TwoFiles files_of(const std::string& ours, const std::string& theirs) {
  auto peer = parse_config(theirs, "east.yaml");
  EXPECT_TRUE(peer.has_value());
  return {model_of(ours), peer ? *std::move(peer) : Model{}};
}

std::vector<std::string> differences(const std::string& ours, const std::string& theirs) {
  const TwoFiles files = files_of(ours, theirs);
  std::vector<std::string> texts;
  for (const Finding& finding : validate_pair(files.own, files.peer, equal_keys))
    texts.push_back(finding.to_string());
  return texts;
}

std::vector<std::string> steps(const std::string& ours, const std::string& theirs) {
  const TwoFiles files = files_of(ours, theirs);
  return lines(walked(files.own, "west-east", &files.peer, equal_keys));
}

TEST(TwoEndsOfTwoEstates, ANetworkThatUsesAGatewayMayOverlapNothingBehindTheOtherOne) {
  EXPECT_THAT(differences(kWest, kEast), IsEmpty());
  const std::string overlapping = with_spoke("10.1.4.0/24");
  EXPECT_THAT(
      differences(kWest, overlapping),
      Contains(AllOf(HasSubstr("virtual_networks.west: 10.1.0.0/16 of west overlaps 10.1.4.0/24 of "
                               "spoke"),
                     HasSubstr("[peer.overlap]"))));
  EXPECT_THAT(steps(kWest, overlapping), Contains("1 fail virtual_networks.west address_space"));
  // From the other side it is the same.
  EXPECT_THAT(differences(overlapping, kWest),
              Contains(HasSubstr("virtual_networks.spoke: 10.1.4.0/24 of spoke overlaps")));
  // One that does not use the gateway is behind nothing, and may come to.
  EXPECT_THAT(differences(kWest, with_spoke("10.1.4.0/24", "false")),
              ElementsAre(HasSubstr("[peer.distant-overlap]")));
}

TEST(TwoEndsOfTwoEstates, APrefixMayBeTwoHalvesAtTheOtherEnd) {
  const std::string east =
      replaced(kEast, "[10.2.0.0/16], subnets", "[10.2.0.0/17, 10.2.128.0/17], subnets");
  EXPECT_THAT(differences(kWest, east), IsEmpty());
  EXPECT_THAT(differences(kWest, replaced(east, ", 10.2.128.0/17", ", 10.2.192.0/18")),
              Contains(HasSubstr("10.2.0.0/16, which is wider than")));
}

TEST(TwoEndsOfTwoEstates, AWrongBgpSpeakerIsNamedWithItsOwnField) {
  const std::string west = speaking(kWest, '1', '2');
  const TwoFiles files = files_of(west, replaced(speaking(kEast, '2', '1'), "65001", "65009"));
  const Findings findings = validate_pair(files.own, files.peer, equal_keys);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings.front().objects,
              ElementsAre("local_network_gateways.west-seen", HasSubstr("gateways.gw-west"),
                          "connections.east-west"));
  EXPECT_EQ(findings.front().field, "bgp_settings.asn");
}

TEST(TwoEndsOfTwoEstates, ThatAClassicNetworkHasNoBgpIsSaidAtOnce) {
  const std::string classic =
      replaced(kEast, "east: { address_space", "east: { deployment_model: classic, address_space");
  const std::string ours = speaking(kWest, '1', '2');
  EXPECT_THAT(differences(ours, classic),
              ElementsAre(AllOf(HasSubstr("east is a classic network"),
                                HasSubstr("set enable_bgp: false on both"))));
}

TEST(TwoEndsOfTwoEstates, AGatewayWithoutBgpSpeaksNoneOverAConnectionWithIt) {
  const std::string west = speaking(kWest, '1', '2');
  const std::string east = speaking(kEast, '2', '1');
  EXPECT_THAT(differences(west, east), IsEmpty());
  const std::string silent =
      replaced(east, "enable_bgp: true, bgp_settings", "enable_bgp: false, bgp_settings");
  EXPECT_THAT(differences(west, silent),
              ElementsAre(AllOf(HasSubstr("connections.west-east: enable_bgp, but the other side's "
                                          "gateway gw-east has enable_bgp: false"),
                                HasSubstr("[peer.bgp]"))));
}

TEST(TwoEndsOfTwoEstates, PrefixesThatNobodyTellsFailTheirStep) {
  const std::string silent =
      replaced(speaking(kEast, '2', '1'), "enable_bgp: true, bgp", "enable_bgp: false, bgp");
  EXPECT_THAT(steps(speaking(kWest, '1', '2'), silent),
              Contains("2 fail east.yaml:local_network_gateways.west-seen address_prefixes"));
  const std::string west = speaking(kWest, '1', '2');
  EXPECT_THAT(steps(west, speaking(kEast, '2', '1')),
              Contains("3 pass local_network_gateways.east-seen address_prefixes"));
  EXPECT_THAT(steps(west, kEast),
              Contains("3 fail local_network_gateways.east-seen address_prefixes"));
}

TEST(TwoEndsOfTwoEstates, AnEmptyListWithoutBgpLacksEverything) {
  const std::string east = replaced(kEast, "[10.1.0.0/16]", "[]");
  EXPECT_THAT(differences(kWest, east),
              ElementsAre(AllOf(HasSubstr("address_prefixes lacks 10.1.0.0/16, which is behind"),
                                HasSubstr("[peer.prefixes]"))));
  EXPECT_THAT(steps(kWest, east),
              Contains("2 fail east.yaml:local_network_gateways.west-seen address_prefixes"));
}

TEST(TwoEndsOfTwoEstates, ASpokeThatDoesNotUseTheGatewayIsNotBehindIt) {
  const std::string west = replaced(kWest, "[10.2.0.0/16]", "[10.2.0.0/16, 10.77.0.0/16]");
  EXPECT_THAT(differences(west, with_spoke("10.77.0.0/16")), IsEmpty());
  const std::string apart = with_spoke("10.77.0.0/16", "false");
  EXPECT_THAT(differences(west, apart),
              ElementsAre(HasSubstr("has 10.77.0.0/16, which the other side does not")));
  EXPECT_THAT(steps(west, apart),
              Contains("3 fail local_network_gateways.east-seen address_prefixes"));
}

TEST(TwoEndsOfTwoEstates, WhatAFurtherConnectionLearnsByBgpMayBeBehindIt) {
  const std::string west = replaced(kWest, "[10.2.0.0/16]", "[10.2.0.0/16, 10.77.0.0/16]");
  const std::string east =
      replaced(replaced(with_spoke("10.77.0.0/16", "false"), "ip_configurations",
                        "enable_bgp: true, bgp_settings: { asn: 65002 }, ip_configurations"),
               "local_network_gateways:\n",
               "local_network_gateways:\n  third: { gateway_ip_address: 203.0.113.9, bgp_settings: "
               "{ asn: 65009, bgp_peering_address: 10.9.0.1 } }\n");
  EXPECT_THAT(differences(west, replaced(east, "connections:\n",
                                         "connections:\n  east-third: { connection_type: ipsec, "
                                         "enable_bgp: true, virtual_network_gateway1: gw-east, "
                                         "local_network_gateway2: third, shared_key: { file: t } "
                                         "}\n")),
              IsEmpty());
  EXPECT_THAT(differences(west, east), Contains(HasSubstr("has 10.77.0.0/16, which")));
}

// -- pairs of prefixes

std::string ranges(const std::string& local, const std::string& remote) {
  return "{ local_address_ranges: [" + local + "], remote_address_ranges: [" + remote + "] }";
}

std::string with_policies(const std::string& estate, const std::string& connection,
                          const std::string& policies) {
  const std::string place = "  " + connection + ": { ";
  return replaced(estate, place,
                  place + "use_policy_based_traffic_selectors: true, traffic_selector_policies: [" +
                      policies + "], ");
}

TEST(SelectorPairs, EachNeedsItsMirror) {
  const std::string west = with_policies(kWest, "west-east", ranges("10.1.0.0/24", "10.2.0.0/24"));
  const auto east = [](const std::string& policies) {
    return with_policies(kEast, "east-west", policies);
  };
  EXPECT_THAT(differences(west, east(ranges("10.2.0.0/24", "10.1.0.0/24"))), IsEmpty());
  const std::string other = east(ranges("10.2.9.0/24", "10.1.9.0/24"));
  EXPECT_THAT(
      differences(west, other),
      ElementsAre(AllOf(HasSubstr("east-west has no pair 10.1.0.0/24 === 10.2.0.0/24 (east.yaml:"),
                        HasSubstr("[peer.selectors]")),
                  HasSubstr("it has no pair 10.1.9.0/24 === 10.2.9.0/24, as east-west has (")));
  EXPECT_THAT(steps(west, other),
              AllOf(Contains("2 fail east.yaml:connections.east-west traffic_selector_policies"),
                    Contains("3 fail connections.west-east traffic_selector_policies")));
  // All of the one are at the other, which has one more.
  const std::string more =
      east(ranges("10.2.0.0/24", "10.1.0.0/24") + ", " + ranges("10.2.9.0/24", "10.1.9.0/24"));
  EXPECT_THAT(differences(west, more), ElementsAre(HasSubstr("it has no pair 10.1.9.0/24 ===")));
  EXPECT_THAT(steps(west, more),
              AllOf(Contains("2 pass east.yaml:local_network_gateways.west-seen address_prefixes"),
                    Contains("3 fail connections.west-east traffic_selector_policies")));
}

TEST(SelectorPairs, HowTheRangesArePutTogetherIsEachSidesOwn) {
  const std::string west =
      with_policies(kWest, "west-east", ranges("10.1.0.0/24, 10.1.1.0/24", "10.2.0.0/24"));
  const std::string east = with_policies(
      kEast, "east-west",
      ranges("10.2.0.0/24", "10.1.1.0/24") + ", " + ranges("10.2.0.0/24", "10.1.0.0/24"));
  EXPECT_THAT(differences(west, east), IsEmpty());
}

TEST(SelectorPairs, OfAllPrefixesAPartIsNotEnough) {
  const std::string west = replaced(kWest, "connection_type: ipsec",
                                    "connection_type: ipsec, use_policy_based_traffic_selectors: "
                                    "true");
  const std::string east = with_policies(kEast, "east-west", ranges("10.2.0.0/16", "10.1.4.0/24"));
  EXPECT_THAT(differences(west, east),
              Contains(HasSubstr("east-west has no pair 10.1.0.0/16 === 10.2.0.0/16")));
  EXPECT_THAT(steps(west, east),
              Contains("2 fail east.yaml:connections.east-west traffic_selector_policies"));
}

TEST(SelectorPairs, OneMayLieWithinSeveralOfTheOtherEnd) {
  const std::string west = with_policies(
      kWest, "west-east", ranges("10.1.0.0/24, 10.1.1.0/24", "10.2.0.0/24, 10.2.1.0/24"));
  const auto east = [](const std::string& policies) {
    return with_policies(kEast, "east-west", policies);
  };
  EXPECT_THAT(differences(west, east(ranges("10.2.0.0/23", "10.1.0.0/23"))), IsEmpty());
  EXPECT_THAT(differences(west, east(ranges("10.2.0.0/23", "10.1.0.0-10.1.2.0"))),
              ElementsAre(HasSubstr("it has no pair 10.1.0.0-10.1.2.0 === 10.2.0.0/23, as")));
  // A corner of the square is missing.
  const std::string three = with_policies(
      kWest, "west-east",
      ranges("10.1.0.0/24", "10.2.0.0/23") + ", " + ranges("10.1.1.0/24", "10.2.0.0/24"));
  EXPECT_THAT(differences(three, east(ranges("10.2.0.0/23", "10.1.0.0/23"))),
              ElementsAre(HasSubstr("it has no pair 10.1.0.0/23 === 10.2.0.0/23, as")));
}

TEST(SelectorPairs, OfAnEndThatNeverProposesNeedNoMirror) {
  const auto with_mode = [](const std::string& estate, const std::string& mode) {
    return replaced(estate, "connection_type: ipsec",
                    "connection_type: ipsec, connection_mode: " + mode);
  };
  const std::string west = with_mode(
      with_policies(kWest, "west-east", ranges("10.1.0.0/24", "10.2.0.0/16")), "initiator-only");
  const std::string east = with_policies(kEast, "east-west", ranges("10.2.0.0/16", "10.1.0.0/16"));
  EXPECT_THAT(differences(west, with_mode(east, "responder-only")), IsEmpty());
  EXPECT_THAT(steps(west, with_mode(east, "responder-only")),
              AllOf(Contains("2 pass east.yaml:local_network_gateways.west-seen address_prefixes"),
                    Contains("3 pass local_network_gateways.east-seen address_prefixes")));
  EXPECT_THAT(differences(west, east),
              ElementsAre(HasSubstr("it has no pair 10.1.0.0/16 === 10.2.0.0/16, as")));
  const std::string apart = with_policies(kEast, "east-west", ranges("10.2.0.0/16", "10.1.7.0/24"));
  EXPECT_THAT(differences(west, with_mode(apart, "responder-only")),
              ElementsAre(HasSubstr("east-west has no pair 10.1.0.0/24 === 10.2.0.0/16")));
}

TEST(SelectorPairs, OfADefaultSiteLieWithinItsDefaultRoute) {
  const std::string west = replaced(
      replaced(kWest, "connection_type: ipsec",
               "connection_type: ipsec, use_policy_based_traffic_selectors: true"),
      "virtual_network: west,", "virtual_network: west, default_local_network_gateway: east-seen,");
  EXPECT_THAT(
      differences(west, with_policies(kEast, "east-west", ranges("0.0.0.0/0", "10.1.0.0/16"))),
      IsEmpty());
}

TEST(SelectorPairs, OfAPolicyBasedGatewayAreExact) {
  const std::string west =
      replaced(kWest, "[10.1.0.0/16], subnets", "[10.1.0.0/17, 10.1.128.0/17], subnets");
  const std::string east = with_policies(
      replaced(kEast, "prefixes: [10.1.0.0/16]", "prefixes: [10.1.0.0/17, 10.1.128.0/17]"),
      "east-west", ranges("10.2.0.0/16", "10.1.0.0/16"));
  EXPECT_THAT(differences(replaced(west, "connection_type: ipsec",
                                   "connection_type: ipsec, use_policy_based_traffic_selectors: "
                                   "true"),
                          east),
              IsEmpty());
  EXPECT_THAT(differences(replaced(west, "virtual_network: west,",
                                   "virtual_network: west, vpn_type: policy-based,"),
                          east),
              AllOf(Contains(HasSubstr("east-west has no pair 10.1.0.0/17 === 10.2.0.0/16, "
                                       "10.1.128.0/17 === 10.2.0.0/16")),
                    Contains(HasSubstr("it has no pair 10.1.0.0/16 === 10.2.0.0/16"))));
}

TEST(SelectorPairs, OfOneEstateToo) {
  const std::string one =
      with_policies(kDescribed, "one-two", ranges("10.1.0.0/24", "10.2.0.0/24"));
  EXPECT_THAT(texts_of(with_policies(one, "two-one", ranges("10.2.0.0/24", "10.1.0.0/24"))),
              IsEmpty());
  const std::string other = with_policies(one, "two-one", ranges("10.2.9.0/24", "10.1.9.0/24"));
  EXPECT_THAT(texts_of(other),
              Contains(AllOf(HasSubstr("error: connections.one-two: two-one has no pair "
                                       "10.1.0.0/24 === 10.2.0.0/24"),
                             HasSubstr("[connection.reverse]"))));
  EXPECT_THAT(lines(walked(model_of(other), "one-two")),
              AllOf(Contains("2 fail connections.two-one traffic_selector_policies"),
                    Contains("3 fail connections.one-two traffic_selector_policies")));
}

// Each has one connection, to a hub that neither file describes.
TEST(TwoEndsOfTwoEstates, TwoBranchesOfAThirdsHubAreNoPair) {
  const auto findings = differences(replaced(kWest, "192.0.2.2", "203.0.113.1"),
                                    replaced(kEast, "192.0.2.1", "203.0.113.1"));
  EXPECT_THAT(findings, Not(Contains(HasSubstr("error"))));
}

}  // namespace
}  // namespace twinspan::policy
