// Active/active gateways seen from the other administrator's file: each instance has a peer there.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/pairing.h"
#include "policy/validate.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A gateway with one address for each instance, and a connection to each address of the other side.
std::string half(const std::string& name, const std::string& network,
                 const std::vector<std::string>& own, const std::string& far,
                 const std::vector<std::string>& others) {
  std::string instances, sites, connections;
  for (const std::string& address : own)
    instances += fmt::format("{{ name: i{}, public_ip_address: {} }}, ", address.back(), address);
  for (const std::string& address : others) {
    const std::string id = fmt::format("{}-{}", name, address.back());
    sites += fmt::format("  {}: {{ gateway_ip_address: {}, address_prefixes: [{}] }}\n", id,
                         address, far);
    connections += fmt::format(
        "  {0}: {{ connection_type: ipsec, virtual_network_gateway1: gw-{1}, "
        "local_network_gateway2: {0}, shared_key: {{ file: k }} }}\n",
        id, name);
  }
  return fmt::format(
      "version: 1\n"
      "virtual_networks:\n"
      "  net-{0}: {{ address_space: [{1}], subnets: {{ GatewaySubnet: {2} }} }}\n"
      "virtual_network_gateways:\n"
      "  gw-{0}: {{ virtual_network: net-{0}, active_active: {3}, ip_configurations: [ {4} ] }}\n"
      "local_network_gateways:\n{5}connections:\n{6}",
      name, network, network.substr(0, network.find(".0.0")) + ".255.0/27", own.size() > 1,
      instances.substr(0, instances.size() - 2), sites, connections);
}

const std::vector<std::string> kOne = {"192.0.2.1"}, kTwo = {"192.0.2.1", "192.0.2.2"};
const std::vector<std::string> kFar = {"192.0.2.3", "192.0.2.4"};

struct Files {
  Model own;
  Model peer;
};

Files files_of(const std::string& ours, const std::string& theirs) {
  auto peer = parse_config(theirs, "east.yaml");
  EXPECT_TRUE(peer.has_value());
  return {model_of(ours), *std::move(peer)};
}

Files of(const std::vector<std::string>& own, const std::vector<std::string>& known) {
  return files_of(half("a", "10.1.0.0/16", own, "10.2.0.0/16", known),
                  half("b", "10.2.0.0/16", kFar, "10.1.0.0/16", own));
}

std::vector<std::string> differences(const Files& files, const CompareKeys& compare) {
  std::vector<std::string> texts;
  for (const Finding& finding : validate_pair(files.own, files.peer, compare))
    texts.push_back(finding.to_string());
  return texts;
}

Verdict equal_keys(const End&, const End&, KeyKind) {
  return Verdict::Right;
}

TEST(Instances, EachOfTheOtherSidesHasAConnection) {
  EXPECT_THAT(differences(of(kOne, kFar), equal_keys), IsEmpty());
  EXPECT_THAT(differences(of(kTwo, kFar), equal_keys), IsEmpty());
}

TEST(Instances, EachMeetsEachConnectionThatLeadsBack) {
  size_t count = 0;
  differences(of(kTwo, kFar), [&](const End&, const End&, KeyKind) {
    ++count;
    return Verdict::Right;
  });
  EXPECT_EQ(count, 4u);
}

TEST(Instances, AnAddressThatNothingLeadsToIsTold) {
  EXPECT_THAT(differences(of(kOne, {"192.0.2.3"}), equal_keys),
              ElementsAre(HasSubstr("gw-b is active/active, and no connection of gw-a leads to its "
                                    "instance at 192.0.2.4; add a local network gateway")));
  // Another site that leads elsewhere has nothing to do with it.
  Files files = of(kOne, {"192.0.2.3", "192.0.2.9"});
  const auto other_key_at_second = [](const End& a, const End& b, KeyKind) {
    const bool is_second = a.connection.name == "a-9" || b.connection.name == "a-9";
    return is_second ? Verdict::Wrong : Verdict::Right;
  };
  EXPECT_THAT(differences(files, other_key_at_second), Contains(HasSubstr("[peer.instances]")));
}

// With equal keys it is bound to the connection back, and is the one with the mistake.
TEST(Instances, AWrongAddressOfTheSecondIsToldThere) {
  const Files files = of(kOne, {"192.0.2.3", "192.0.2.9"});
  EXPECT_THAT(differences(files, equal_keys),
              ElementsAre(HasSubstr("local_network_gateways.a-9: gateway_ip_address is 192.0.2.9, "
                                    "but the other side's gateway gw-b has 192.0.2.3, 192.0.2.4; "
                                    "write 192.0.2.4, the public address")));
  EXPECT_THAT(lines(walked(files.own, "a-9", &files.peer, equal_keys)),
              Contains("6 fail local_network_gateways.a-9 gateway_ip_address"));
  EXPECT_THAT(lines(walked(files.peer, "b-1", &files.own, equal_keys)),
              Contains("5 fail e.yaml:local_network_gateways.a-9 gateway_ip_address"));
}

TEST(Instances, MoreWrongAddressesThanInstancesAreNotAllMeant) {
  const Files files = of(kOne, {"192.0.2.3", "192.0.2.8", "192.0.2.9"});
  EXPECT_THAT(differences(files, equal_keys),
              testing::Not(Contains(HasSubstr("error: local_network_gateways"))));
}

TEST(Instances, AWrongAddressIsTheOnlyFaultOfItsConnection) {
  const auto texts = differences(of(kOne, {"192.0.2.9"}), equal_keys);
  EXPECT_THAT(texts, Contains(HasSubstr("[peer.address]")));
  EXPECT_THAT(texts, testing::Not(Contains(HasSubstr("[peer.instances]"))));
}

TEST(Instances, WhatIsWrongWithAllIsToldOnce) {
  const Files files = files_of(half("a", "10.1.0.0/16", kOne, "10.2.0.0/16", kFar),
                               replaced(half("b", "10.2.0.0/16", kFar, "10.1.0.0/16", kOne),
                                        "[10.2.0.0/16]", "[10.2.0.0/16, 10.1.4.0/24]"));
  const auto texts = differences(files, equal_keys);
  EXPECT_EQ(std::ranges::count_if(
                texts, [](const std::string& text) { return text.contains("[peer.overlap]"); }),
            1);
}

TEST(Instances, TheKeyOfOneMayBeWrong) {
  const auto wrong_to_second = [](const End& a, const End& b, KeyKind) {
    const bool is_second = a.connection.name == "a-4" || b.connection.name == "a-4";
    return is_second ? Verdict::Wrong : Verdict::Right;
  };
  const Files files = of(kOne, kFar);
  EXPECT_THAT(differences(files, wrong_to_second), ElementsAre(HasSubstr("connections.a-4")));
  EXPECT_THAT(lines(walked(files.own, "a-4", &files.peer, wrong_to_second)),
              Contains("4 fail connections.a-4 shared_key"));
  EXPECT_THAT(lines(walked(files.own, "a-3", &files.peer, wrong_to_second)),
              Contains("4 pass connections.a-3 shared_key"));
  EXPECT_THAT(lines(walked(files.peer, "b-1", &files.own, wrong_to_second)),
              Contains("4 fail connections.b-1 shared_key"));
}

TEST(Instances, AChecklistFailsTheAddressStepForAnyOfThem) {
  const Files all = of(kOne, kFar);
  EXPECT_THAT(lines(walked(all.own, "a-3", &all.peer)),
              Contains("6 pass local_network_gateways.a-3 gateway_ip_address"));
  const Files one = of(kOne, {"192.0.2.3"});
  const Checklist list = walked(one.own, "a-3", &one.peer);
  EXPECT_THAT(lines(list), Contains("6 fail local_network_gateways.a-3 gateway_ip_address"));
  EXPECT_THAT(list.back().message, HasSubstr("its instance at 192.0.2.4"));
}

// -- BGP: an active/active gateway takes .4 and .5 of its GatewaySubnet, one for each instance

// Each connection leads to an instance and names the speaker at `speakers`, in that order.
std::string speaking(std::string half, int own_asn, int far_asn,
                     const std::vector<std::string>& speakers) {
  half = replaced(half, "active_active",
                  fmt::format("enable_bgp: true, bgp_settings: {{ asn: {} }}"
                              ", active_active",
                              own_asn));
  for (const std::string& speaker : speakers) {
    const size_t prefixes = half.find("address_prefixes: [10");
    const size_t end = half.find("]", prefixes);
    half.replace(prefixes, end + 1 - prefixes,
                 fmt::format("address_prefixes: [], bgp_settings: {{ asn: {}, bgp_peering_address: "
                             "{} }}",
                             far_asn, speaker));
    half =
        replaced(half, "shared_key: { file: k } }", "enable_bgp: true, shared_key: { file: k} }");
  }
  return half;
}

Files speakers_of(const std::vector<std::string>& known) {
  return files_of(
      speaking(half("a", "10.1.0.0/16", kOne, "10.2.0.0/16", kFar), 65001, 65002, known),
      speaking(half("b", "10.2.0.0/16", kFar, "10.1.0.0/16", kOne), 65002, 65001, {"10.1.255.30"}));
}

TEST(Instances, TheSpeakerOfEachIsTheOneThatItsAddressLeadsTo) {
  EXPECT_THAT(differences(speakers_of({"10.2.255.4", "10.2.255.5"}), equal_keys), IsEmpty());
  EXPECT_THAT(
      differences(speakers_of({"10.2.255.5", "10.2.255.9"}), equal_keys),
      ElementsAre(HasSubstr("local_network_gateways.a-3: the BGP address 10.2.255.5 is not that of "
                            "instance 0 (192.0.2.3) of gw-b, to which it leads and which has "
                            "10.2.255.4; it is that of instance 1 (192.0.2.4) of gw-b; write "
                            "10.2.255.4"),
                  HasSubstr("the BGP address 10.2.255.9 is not that of instance 1 (192.0.2.4) of "
                            "gw-b, to which it leads and which has 10.2.255.5; write 10.2.255.5")));
}

TEST(Instances, AWrongSpeakerFailsTheStepOfRangesThatBgpTells) {
  const std::string field = " local_network_gateways.a-3 ";
  const Files right = speakers_of({"10.2.255.4", "10.2.255.5"});
  EXPECT_THAT(lines(walked(right.own, "a-3", &right.peer)),
              Contains("3 pass" + field + "address_prefixes"));
  const Files wrong = speakers_of({"10.2.255.5", "10.2.255.4"});
  const Checklist list = walked(wrong.own, "a-3", &wrong.peer);
  EXPECT_THAT(lines(list), Contains("3 fail" + field + "bgp_settings.bgp_peering_address"));
  EXPECT_THAT(list[2].message, HasSubstr("instance 0 (192.0.2.3) of gw-b"));
  EXPECT_THAT(
      lines(walked(wrong.peer, "b-1", &wrong.own)),
      Contains("2 fail e.yaml:local_network_gateways.a-3 bgp_settings.bgp_peering_address"));
}

// Without prefixes the BGP address tells for whom it is meant.
TEST(Instances, AWrongAddressOfTheSecondIsToldWithBgpToo) {
  std::string ours = half("a", "10.1.0.0/16", kOne, "10.2.0.0/16", {"192.0.2.3", "192.0.2.9"});
  ours = speaking(ours, 65001, 65002, {"10.2.255.4", "10.2.255.5"});
  Files files = speakers_of({"10.2.255.4", "10.2.255.5"});
  files.own = model_of(ours);
  EXPECT_THAT(differences(files, [](const End&, const End&, KeyKind) { return Verdict::Unknown; }),
              Contains(HasSubstr("gateway_ip_address is 192.0.2.9")));
}

std::string in_one_file(std::string text, const std::string& other) {
  for (const std::string section : {"virtual_networks:\n", "virtual_network_gateways:\n",
                                    "local_network_gateways:\n", "connections:\n"}) {
    const size_t begin = other.find(section) + section.size();
    const size_t end = std::min(other.find("\nlocal", begin), other.find("\nconn", begin));
    const size_t stop = std::min({end, other.find("\nvirtual_network_g", begin), other.size() - 1});
    text = replaced(text, section, section + other.substr(begin, stop + 1 - begin));
  }
  return text;
}

TEST(Instances, OfOneFileAWrongAddressOfTheSecondIsToldThereToo) {
  const Model model = model_of(
      in_one_file(half("x", "10.1.0.0/16", kOne, "10.2.0.0/16", {"192.0.2.3", "192.0.2.9"}),
                  half("b", "10.2.0.0/16", kFar, "10.1.0.0/16", kOne)));
  std::vector<std::string> texts;
  for (const Finding& finding : validate(model)) texts.push_back(finding.to_string());
  EXPECT_THAT(texts, Contains(HasSubstr("local_network_gateways.x-9: gateway_ip_address is "
                                        "192.0.2.9, but the other side's gateway gw-b has "
                                        "192.0.2.3, 192.0.2.4; write 192.0.2.4")));
  EXPECT_THAT(texts, testing::Not(Contains(HasSubstr("[connection.instances]"))));
  EXPECT_THAT(lines(walked(model, "x-9")),
              Contains("6 fail local_network_gateways.x-9 gateway_ip_address"));
}

// Two static ways to one gateway: the remedy is BGP, not other prefixes.
TEST(Instances, StaticPrefixesOfBothAreWaysToOnePlace) {
  const Model model = model_of(in_one_file(half("x", "10.1.0.0/16", kOne, "10.2.0.0/16", kFar),
                                           half("b", "10.2.0.0/16", kFar, "10.1.0.0/16", kOne)));
  std::vector<std::string> texts;
  for (const Finding& finding : validate(model)) texts.push_back(finding.to_string());
  EXPECT_THAT(texts,
              Contains(HasSubstr("both lead to gw-b, and two ways to one place need BGP: set "
                                 "enable_bgp: true on both connections")));
}

// Both gateways in one file; b-1 leads back to both connections of gw-x, and is the first by name.
TEST(Instances, OfOneFileEachConnectionIsComparedToo) {
  std::string text = in_one_file(half("x", "10.1.0.0/16", kOne, "10.2.0.0/16", kFar),
                                 half("b", "10.2.0.0/16", kFar, "10.1.0.0/16", kOne));
  text = replaced(
      text, "local_network_gateway2: x-4,",
      "local_network_gateway2: x-4, ipsec_policy: { ike_encryption: AES128, ike_integrity: SHA256, "
      "dh_group: DHGroup14, ipsec_encryption: AES128, ipsec_integrity: SHA256, pfs_group: None, "
      "esn: false, ike_life_time_seconds: 3600, sa_life_time_seconds: 1800, "
      "sa_data_size_kilobytes: 0 },");
  const Model model = model_of(text);
  std::vector<std::string> texts;
  for (const Finding& finding : validate(model)) texts.push_back(finding.to_string());
  EXPECT_THAT(texts,
              Contains(HasSubstr(
                  "connections.x-4: its IPsec policy has nothing in common with that of b-1")));
  const auto wrong_to_second = [](const End& a, const End& b, KeyKind) {
    const bool is_second = a.connection.name == "x-4" || b.connection.name == "x-4";
    return is_second ? Verdict::Wrong : Verdict::Right;
  };
  const Findings keys = check_key_pairs(model, wrong_to_second);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_THAT(keys.front().objects, ElementsAre("connections.x-4", "connections.b-1"));
}

}  // namespace
}  // namespace twinspan::policy
