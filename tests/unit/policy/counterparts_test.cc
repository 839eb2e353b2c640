// Which connections of one estate belong together: by addresses, and where these are wrong by what
// else tells. Strangers with the same prefixes are never taken for each other.
#include "policy/counterparts.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/pairing.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// One side: gateway gw-X at `own` with network 10.N.0.0/16, and a connection to site-X.
struct Side {
  std::string name;
  int network = 1;
  std::string own;
  std::string site;  // "gateway_ip_address: 192.0.2.2"
  std::string behind;
  std::string more = "shared_key: { file: k }";
};

std::string estate_of(const std::vector<Side>& sides) {
  std::string networks, gateways, sites, connections;
  for (const Side& side : sides) {
    networks += fmt::format(
        "  net-{0}: {{ address_space: [10.{1}.0.0/16], subnets: {{ GatewaySubnet: 10.{1}.255.0/27 "
        "}} }}\n",
        side.name, side.network);
    gateways += fmt::format(
        "  gw-{}: {{ virtual_network: net-{}, ip_configurations: [ {{ public_ip_address: {} }} ] "
        "}}\n",
        side.name, side.name, side.own);
    sites += fmt::format("  site-{}: {{ {}, address_prefixes: [{}] }}\n", side.name, side.site,
                         side.behind);
    connections += fmt::format(
        "  of-{0}: {{ connection_type: ipsec, virtual_network_gateway1: gw-{0}, "
        "local_network_gateway2: site-{0}, {1} }}\n",
        side.name, side.more);
  }
  return fmt::format(
      "version: 1\nvirtual_networks:\n{}virtual_network_gateways:\n{}local_network_gateways:\n{}"
      "connections:\n{}",
      networks, gateways, sites, connections);
}

std::string at(const std::string& address) {
  return "gateway_ip_address: " + address;
}

// Each describes the other, with these addresses.
std::vector<Side> two(const std::string& of_b, const std::string& of_a) {
  return {{"a", 1, "192.0.2.1", at(of_b), "10.2.0.0/16"},
          {"b", 2, "192.0.2.2", at(of_a), "10.1.0.0/16"}};
}

// The counterpart of of-a, or "none".
std::string counterpart_in(const Model& model, const CompareKeys& compare_keys = nullptr) {
  const Counterparts counterparts(model, compare_keys);
  const Connection& own = model.connections.at("of-a");
  const Connection* const back = counterparts.counterpart_of(own);
  if (back == nullptr) return "none";
  EXPECT_EQ(counterparts.counterpart_of(*back), &own) << "it is not mutual";
  return back->name;
}
std::string counterpart_in(const std::vector<Side>& sides,
                           const CompareKeys& compare_keys = nullptr) {
  return counterpart_in(model_of(estate_of(sides)), compare_keys);
}

TEST(Counterparts, AddressesTell) {
  const Model model = model_of(estate_of(two("192.0.2.2", "192.0.2.1")));
  const Counterparts counterparts(model);
  const Connection& there = model.connections.at("of-a");
  EXPECT_EQ(counterpart_in(model), "of-b");
  EXPECT_EQ(counterparts.counterpart_gateway(there), &model.gateways.at("gw-b"));
  EXPECT_EQ(counterparts.gateway_at(*IpAddress::parse("192.0.2.1")), &model.gateways.at("gw-a"));
  EXPECT_EQ(counterparts.gateway_at(*IpAddress::parse("192.0.2.9")), nullptr);
  EXPECT_TRUE(counterparts.is_reported_by(there, model.connections.at("of-b")));
  EXPECT_FALSE(counterparts.is_reported_by(model.connections.at("of-b"), there));
  EXPECT_EQ(counterparts.way_to(model.gateways.at("gw-a"), *IpAddress::parse("192.0.2.2")), &there);
  EXPECT_THAT(counterparts.addresses_left_out(model.gateways.at("gw-a"), model.gateways.at("gw-b")),
              IsEmpty());
}

TEST(Counterparts, NamedGatewaysTell) {
  const Model model = model_of(kGoodEstate);
  const Counterparts counterparts(model);
  const Connection& there = model.connections.at("a-to-b");
  EXPECT_EQ(counterparts.reverse_of(there), &model.connections.at("b-to-a"));
  EXPECT_EQ(counterparts.counterpart_of(there), &model.connections.at("b-to-a"));
  EXPECT_EQ(counterparts.counterpart_of(model.connections.at("a-to-branch")), nullptr);
}

TEST(Counterparts, OneAddressMayBeWrong) {
  EXPECT_EQ(counterpart_in(two("192.0.2.9", "192.0.2.1")), "of-b");
  EXPECT_EQ(counterpart_in(two("192.0.2.2", "192.0.2.9")), "of-b");
}

TEST(Counterparts, BothAddressesMayBeWrongWhereAKeyBindsThem) {
  EXPECT_EQ(counterpart_in(two("192.0.2.8", "192.0.2.9")), "of-b");
  auto sides = two("192.0.2.8", "192.0.2.9");
  sides[1].site = "fqdn: gate.example.net";
  EXPECT_EQ(counterpart_in(sides), "of-b");
}

TEST(Counterparts, OrIdentitiesDo) {
  auto sides = two("192.0.2.8", "192.0.2.9");
  sides[0].more = "shared_key: { file: a }, local_id: a.example.net";
  sides[1].more = "shared_key: { file: b }, remote_id: a.example.net";
  EXPECT_EQ(counterpart_in(sides), "of-b");
  sides[1].more = "shared_key: { file: b }, remote_id: 192.0.2.1";  // What gw-a is without one.
  sides[0].more = "shared_key: { file: a }";
  EXPECT_EQ(counterpart_in(sides), "of-b");
  // Those that differ tell against it, one key or not.
  for (const char* const expected : {"c.example.net", "192.0.2.77"}) {
    sides[0].more = "shared_key: { file: k }";
    sides[1].more = fmt::format("shared_key: {{ file: k }}, remote_id: {}", expected);
    EXPECT_EQ(counterpart_in(sides), "none") << expected;
  }
}

TEST(Counterparts, OrTheBytesOfKeysOfTwoNames) {
  auto sides = two("192.0.2.8", "192.0.2.9");
  sides[1].more = "shared_key: { file: b }";
  EXPECT_EQ(counterpart_in(sides), "none");
  const auto says = [](Verdict verdict) {
    return [verdict](const End&, const End&, KeyKind) { return KeyComparison(verdict); };
  };
  EXPECT_EQ(counterpart_in(sides, says(Verdict::Unknown)), "none");
  EXPECT_EQ(counterpart_in(sides, says(Verdict::Wrong)), "none");
  EXPECT_EQ(counterpart_in(sides, says(Verdict::Right)), "of-b");
  std::vector<std::string> texts;
  for (const Finding& finding : check_key_pairs(model_of(estate_of(sides)), says(Verdict::Right)))
    texts.push_back(finding.to_string());
  EXPECT_THAT(texts, ElementsAre(HasSubstr("local_network_gateways.site-a: gateway_ip_address"),
                                 HasSubstr("local_network_gateways.site-b: gateway_ip_address")));
}

TEST(Counterparts, OrBgpAddressesDo) {
  std::string text = estate_of(two("192.0.2.8", "192.0.2.9"));
  for (const std::string name : {"a", "b"}) {
    const bool is_a = name == "a";
    text = replaced(text, "gw-" + name + ": {",
                    fmt::format("gw-{}: {{ enable_bgp: true, bgp_settings: {{ asn: {} }},", name,
                                is_a ? 65001 : 65002));
    text =
        replaced(text,
                 is_a ? "192.0.2.8, address_prefixes: [10.2.0.0/16]"
                      : "192.0.2.9, address_prefixes: [10.1.0.0/16]",
                 fmt::format("{}, address_prefixes: [], bgp_settings: {{ asn: {}, "
                             "bgp_peering_address: 10.{}.255.30 }}",
                             is_a ? "192.0.2.8" : "192.0.2.9", is_a ? 65002 : 65001, is_a ? 2 : 1));
    text = replaced(text, "site-" + name + ", shared_key: { file: k }",
                    "site-" + name + ", enable_bgp: true, shared_key: { file: " + name + " }");
  }
  EXPECT_EQ(counterpart_in(model_of(text)), "of-b");
  std::vector<std::string> ids;
  for (const Finding& finding : validate(model_of(text))) {
    if (finding.severity == Severity::Error) ids.push_back(finding.id);
  }
  EXPECT_THAT(ids, ElementsAre("connection.counterpart-address", "connection.counterpart-address"));
}

// Two customers, say, whose sites happen to have the other's prefixes.
TEST(Counterparts, StrangersWithTheSamePrefixesAreNotTaken) {
  auto sides = two("198.51.100.1", "203.0.113.1");
  sides[0].more = "shared_key: { file: a }";
  sides[1].more = "shared_key: { file: b }";
  EXPECT_EQ(counterpart_in(sides), "none");
}

// The hub passes their traffic on, and has one key for both.
TEST(Counterparts, TwoSitesOfAForeignHubAreNotTaken) {
  EXPECT_EQ(counterpart_in(two("198.51.100.1", "198.51.100.1")), "none");
  auto sides = two("198.51.100.1", "198.51.100.2");
  sides[0].behind = "10.2.0.0/16, 10.77.0.0/16";
  EXPECT_EQ(counterpart_in(sides), "none");
  sides = two("198.51.100.1", "198.51.100.2");
  sides[1].behind = "10.1.0.0/16, 10.77.0.0/16";
  EXPECT_EQ(counterpart_in(sides), "none");
}

TEST(Counterparts, OneKeyForAllOfThemTellsNothingWithoutPrefixes) {
  auto sides = two("192.0.2.8", "192.0.2.9");
  sides[1].behind = "10.7.0.0/16";
  EXPECT_EQ(counterpart_in(sides), "none");
}

TEST(Counterparts, NoneIsTakenWhereTwoMayBeMeant) {
  auto sides = two("192.0.2.8", "192.0.2.9");
  sides[0].behind = "10.2.0.0/15";  // Of gw-b and gw-c.
  sides.push_back({"c", 3, "192.0.2.3", at("192.0.2.7"), "10.1.0.0/16"});
  EXPECT_EQ(counterpart_in(sides), "none");
}

TEST(Counterparts, AWidePrefixOfManyNetworksTellsNothing) {
  auto sides = two("192.0.2.8", "192.0.2.9");
  sides[0].behind = "10.0.0.0/8";
  for (int index = 3; index < 14; ++index)
    sides.push_back({fmt::format("n{}", index), index, fmt::format("192.0.2.{}", 100 + index),
                     at(fmt::format("203.0.113.{}", index)), "10.99.0.0/16"});
  EXPECT_EQ(counterpart_in(sides), "none");
}

TEST(Counterparts, BothWrongAddressesAreFoundWithTheRightOnes) {
  const Model model = model_of(estate_of(two("192.0.2.8", "192.0.2.9")));
  std::vector<std::string> texts;
  for (const Finding& finding : validate(model)) texts.push_back(finding.to_string());
  EXPECT_THAT(texts,
              ElementsAre(HasSubstr("local_network_gateways.site-a: gateway_ip_address is "
                                    "192.0.2.8, but the other side's gateway gw-b has 192.0.2.2; "
                                    "write 192.0.2.2, the public address"),
                          HasSubstr("local_network_gateways.site-b: gateway_ip_address is "
                                    "192.0.2.9, but the other side's gateway gw-a has 192.0.2.1; "
                                    "write 192.0.2.1, the public address")));
  EXPECT_THAT(lines(walked(model, "of-a")),
              ElementsAre("1 pass virtual_networks.net-a address_space",
                          "2 pass local_network_gateways.site-b address_prefixes",
                          "3 pass local_network_gateways.site-a address_prefixes",
                          "4 pass connections.of-a shared_key",
                          "5 fail local_network_gateways.site-b gateway_ip_address",
                          "6 fail local_network_gateways.site-a gateway_ip_address"));
}

}  // namespace
}  // namespace twinspan::policy
