#include "policy/bgp.h"

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

std::vector<std::string> addresses_of(
    const std::vector<std::pair<std::string_view, std::string_view>>& changes) {
  const Model model = model_of(estate_with(changes));
  std::vector<std::string> texts;
  for (const IpAddress& address : bgp_peering_addresses(model, model.gateways.at("gw-a")))
    texts.push_back(address.to_string());
  return texts;
}

constexpr std::pair<std::string_view, std::string_view> kNotGiven = {
    ", bgp_peering_addresses: [10.1.255.30]", ""};
constexpr std::pair<std::string_view, std::string_view> kActiveActive = {"active_active: false",
                                                                         "active_active: true"};

TEST(Bgp, AddressesThatAreGivenCount) {
  EXPECT_THAT(addresses_of({{"[10.1.255.30]", "[10.1.255.9]"}}), ElementsAre("10.1.255.9"));
}

TEST(Bgp, AnActiveStandbyGatewayTakesTheLastUsableAddress) {
  EXPECT_THAT(addresses_of({kNotGiven}), ElementsAre("10.1.255.30"));
  EXPECT_THAT(addresses_of({kNotGiven, {"10.1.255.0/27", "10.1.0.0/24"}}),
              ElementsAre("10.1.0.254"));
  EXPECT_THAT(addresses_of({kNotGiven, {"10.1.255.0/27", "10.1.255.0/31"}}), IsEmpty());
}

TEST(Bgp, AnActiveActivePairTakesTheFirstTwoAssignableAddresses) {
  EXPECT_THAT(addresses_of({kNotGiven, kActiveActive}), ElementsAre("10.1.255.4", "10.1.255.5"));
  EXPECT_THAT(addresses_of({kNotGiven, kActiveActive, {"10.1.255.0/27", "10.1.255.0/29"}}),
              ElementsAre("10.1.255.4", "10.1.255.5"));
  EXPECT_THAT(addresses_of({kNotGiven, kActiveActive, {"10.1.255.0/27", "10.1.255.0/30"}}),
              IsEmpty());
}

TEST(Bgp, WithoutAGatewaySubnetThereIsNone) {
  EXPECT_THAT(addresses_of({kNotGiven, {", GatewaySubnet: 10.1.255.0/27", ""}}), IsEmpty());
}

TEST(Bgp, ReservedAndCloudNumbers) {
  for (const uint32_t asn : {23456u, 64496u, 64511u, 65535u, 65551u, UINT32_MAX, 0u})
    EXPECT_TRUE(is_reserved_asn(asn)) << asn;
  for (const uint32_t asn : {1u, 64495u, 64512u, 65534u, 65552u, 4200000000u})
    EXPECT_FALSE(is_reserved_asn(asn)) << asn;
  EXPECT_TRUE(is_cloud_asn(12076));
  EXPECT_FALSE(is_cloud_asn(65516));
}

TEST(Bgp, GatewaysHaveLinkLocalAddressesFromTheirOwnPart) {
  const auto address = [](std::string_view text) { return *IpAddress::parse(text); };
  EXPECT_TRUE(is_gateway_apipa(address("169.254.21.0")));
  EXPECT_TRUE(is_gateway_apipa(address("169.254.22.255")));
  EXPECT_FALSE(is_gateway_apipa(address("169.254.20.255")));
  EXPECT_FALSE(is_gateway_apipa(address("169.254.23.0")));
  EXPECT_TRUE(is_apipa(address("169.254.0.1")));
  EXPECT_FALSE(is_apipa(address("fe80::1")));
}

const std::vector<std::pair<std::string_view, std::string_view>> kSpeaking = {
    {"    enable_bgp: false\n    bgp", "    enable_bgp: true\n    bgp"},
    {"    enable_bgp: false\n    connection_mode", "    enable_bgp: true\n    connection_mode"},
    {"    address_prefixes: [10.9.0.0/16]\n", ""}};

std::vector<std::string> lines_with(
    std::vector<std::pair<std::string_view, std::string_view>> more) {
  more.insert(more.begin(), kSpeaking.begin(), kSpeaking.end());
  std::vector<std::string> lines;
  for (const Finding& finding : validate(model_of(estate_with(more)))) {
    if (finding.id.starts_with("bgp.")) lines.push_back(finding.to_string());
  }
  return lines;
}

TEST(Bgp, ASpeakingEstateHasNoFindingOfItsRules) {
  EXPECT_THAT(lines_with({}), IsEmpty());
}

TEST(Bgp, NumbersOfTheCloudAreItsOwnOnlyThere) {
  EXPECT_THAT(lines_with({{"asn: 65090", "asn: 65515"}}), IsEmpty());
  EXPECT_THAT(lines_with({{"asn: 65090", "asn: 65515"}, {"sku: Native", "sku: VpnGw1"}}),
              ElementsAre(HasSubstr("the cloud keeps ASN 65515 for itself")));
  EXPECT_THAT(lines_with({{"asn: 65010", "asn: 65515"}, {"sku: Native", "sku: VpnGw1"}}),
              IsEmpty());
  EXPECT_THAT(lines_with({{"asn: 65090", "asn: 64500"}}),
              ElementsAre(HasSubstr("ASN 64500 is reserved")));
}

TEST(Bgp, AddressesAreCountedPlacedAndUnique) {
  EXPECT_THAT(lines_with({{"[10.1.255.30]", "[10.1.255.29, 10.1.255.30]"}}),
              ElementsAre(HasSubstr("it has 2 bgp_peering_addresses")));
  EXPECT_THAT(lines_with({{"[10.1.255.30]", "[10.1.0.30]"}}),
              ElementsAre(HasSubstr("lies in neither GatewaySubnet nor 169.254.21.0")));
  EXPECT_THAT(lines_with({{"bgp_peering_address: 10.9.255.1", "bgp_peering_address: 203.0.113.9"}}),
              ElementsAre(HasSubstr("bgp_peering_address is the peer's public address")));
  EXPECT_THAT(
      lines_with({{"bgp_peering_address: 10.9.255.1", "bgp_peering_address: 169.254.21.9"}}),
      ElementsAre(HasSubstr("is link-local, ours is not")));
  EXPECT_THAT(lines_with({{"bgp_peering_address: 10.9.255.1", "bgp_peering_address: 169.254.21.9"},
                          {"[10.1.255.30]", "[169.254.21.9]"}}),
              Contains(HasSubstr("is that of virtual_network_gateways.gw-a as well")));
}

TEST(Bgp, APeersAddressIsOneThatItCanHave) {
  const auto peer = [](const std::string& address) {
    const std::string text = "bgp_peering_address: " + address;
    return lines_with({{"bgp_peering_address: 10.9.255.1", text}});
  };
  for (const char* const address : {"255.255.255.255", "0.0.0.1", "127.0.0.1", "224.0.0.1"})
    EXPECT_THAT(peer(address), ElementsAre(HasSubstr("can be nobody's"))) << address;
  EXPECT_THAT(peer("240.0.0.1"), ElementsAre(HasSubstr("of 240.0.0.0/4, which is reserved")));
  EXPECT_THAT(peer("192.0.2.1"), Contains(HasSubstr("is our own gateway's, outside the tunnel")));
}

constexpr std::pair<std::string_view, std::string_view> kCustom = {
    "public_ip_address: 192.0.2.1 }",
    "public_ip_address: 192.0.2.1, custom_bgp_ip_addresses: [169.254.21.5, 169.254.22.9] }"};
constexpr std::pair<std::string_view, std::string_view> kLinkLocalPeer = {
    "bgp_peering_address: 10.9.255.1", "bgp_peering_address: 169.254.21.6"};

TEST(Bgp, LinkLocalAddressesSpeakWithLinkLocalPeersAlone) {
  const auto speaking = [](const Changes& changes, const char* peer) {
    const Model model = model_of(estate_with(changes));
    std::vector<std::string> texts;
    for (const IpAddress& own :
         speaking_addresses(model, model.connections.at("a-to-branch"), *IpAddress::parse(peer)))
      texts.push_back(own.to_string());
    return texts;
  };
  EXPECT_THAT(speaking({kCustom}, "10.9.255.1"), ElementsAre("10.1.255.30"));
  EXPECT_THAT(speaking({kCustom}, "169.254.21.6"), ElementsAre("169.254.21.5", "169.254.22.9"));
  EXPECT_THAT(
      speaking({kCustom, {"encapsulation: esp", "gateway_custom_bgp_ip_addresses: [169.254.22.9]"}},
               "169.254.21.6"),
      ElementsAre("169.254.22.9"));
  EXPECT_THAT(speaking({}, "169.254.21.6"), IsEmpty());
  EXPECT_THAT(speaking({kCustom}, "2001:db8::1"), IsEmpty());
}

TEST(Bgp, AGatewayMayHaveOrdinaryAndLinkLocalPeers) {
  EXPECT_THAT(lines_with({kCustom}), IsEmpty());
  EXPECT_THAT(lines_with({kCustom, kLinkLocalPeer}), IsEmpty());
  EXPECT_THAT(lines_with({kLinkLocalPeer}), ElementsAre(HasSubstr("is link-local, ours is not")));
  EXPECT_THAT(lines_with({{"[10.1.255.30]", "[169.254.21.5]"}}),
              ElementsAre(HasSubstr("is not link-local, ours is")));
  EXPECT_THAT(lines_with({{"[10.1.255.30]", "[169.254.21.5]"}, kLinkLocalPeer}), IsEmpty());
}

TEST(Bgp, CustomAddressesAreOfTheirRangeAndUnique) {
  const auto with = [](std::string_view list) {
    return lines_with({{"public_ip_address: 192.0.2.1 }", list}});
  };
  EXPECT_THAT(with("public_ip_address: 192.0.2.1, custom_bgp_ip_addresses: [169.254.20.5] }"),
              ElementsAre(HasSubstr("custom BGP address 169.254.20.5 does not lie in")));
  EXPECT_THAT(with("public_ip_address: 192.0.2.1, custom_bgp_ip_addresses: [10.1.255.9] }"),
              ElementsAre(HasSubstr("other ones go to bgp_settings.bgp_peering_addresses")));
  EXPECT_THAT(lines_with({kCustom, {kLinkLocalPeer.first, "bgp_peering_address: 169.254.22.9"}}),
              ElementsAre(HasSubstr("is that of virtual_network_gateways.gw-a as well")));
}

// A second branch at `gateway`, beside the one at gw-a.
Changes second_branch(const std::string& gateway, const std::string& outer,
                      const std::string& speaker) {
  static std::string site, connection, speaking;
  site =
      "    gateway_ip_address: " + outer + "\n    bgp_settings: { " + speaker + " }\n  branch:\n";
  site = "  second:\n" + site;
  connection = "  to-second: { connection_type: ipsec, virtual_network_gateway1: " + gateway +
               ", local_network_gateway2: second,\n               shared_key: { file: s.psk }, "
               "enable_bgp: true }\npeerings: {}\n";
  return {{"  branch:\n", site}, {"peerings: {}\n", connection}};
}

// gw-b speaks too, with custom addresses.
Changes second_speaker(std::string_view custom) {
  static std::string text;
  text = fmt::format(
      "[ {{ public_ip_address: 192.0.2.2{} }} ], enable_bgp: true, bgp_settings: {{ asn: 65020 }}",
      custom);
  return {{"[ { public_ip_address: 192.0.2.2 } ]", text}};
}

Changes operator+(Changes a, const Changes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<std::string> address_lines_with(const Changes& changes) {
  std::vector<std::string> lines = lines_with(changes);
  std::erase_if(lines, [](const std::string& line) { return !line.ends_with("[bgp.address]"); });
  return lines;
}

TEST(Bgp, OneDeviceMayBeDescribedForEachGatewayAndLine) {
  const auto clash = ElementsAre(HasSubstr("is that of local_network_gateways.branch as well"));
  const auto lines = [](const std::string& gateway, const std::string& outer,
                        const std::string& asn) {
    const std::string speaker = "asn: " + asn + ", bgp_peering_address: 10.9.255.1";
    return address_lines_with(second_speaker("") + second_branch(gateway, outer, speaker));
  };
  EXPECT_THAT(lines("gw-b", "203.0.113.9", "65090"), IsEmpty());
  EXPECT_THAT(lines("gw-b", "203.0.113.9", "65091"), IsEmpty());
  EXPECT_THAT(lines("gw-b", "203.0.113.10", "65090"), IsEmpty());
  EXPECT_THAT(lines("gw-b", "203.0.113.10", "65091"), clash);
  EXPECT_THAT(lines("gw-a", "203.0.113.10", "65090"), IsEmpty());
  EXPECT_THAT(lines("gw-a", "203.0.113.10", "65091"), clash);
}

TEST(Bgp, LinkLocalAddressesAreUniqueAtEachGateway) {
  const std::string custom = ", custom_bgp_ip_addresses: [169.254.21.5]";
  const auto lines = [&](const std::string& gateway, const std::string& address) {
    const std::string speaker = "asn: 65091, bgp_peering_address: " + address;
    return address_lines_with(
        second_speaker(custom) + second_branch(gateway, "203.0.113.10", speaker) +
        Changes{{kCustom.first,
                 "public_ip_address: 192.0.2.1, custom_bgp_ip_addresses: [169.254.21.5] }"},
                kLinkLocalPeer});
  };
  EXPECT_THAT(lines("gw-b", "169.254.21.6"), IsEmpty());
  EXPECT_THAT(lines("gw-b", "169.254.21.5"),
              ElementsAre(HasSubstr("is that of virtual_network_gateways.gw-b as well")));
  EXPECT_THAT(lines("gw-a", "169.254.21.6"),
              ElementsAre(HasSubstr("is that of local_network_gateways.branch as well")));
}

TEST(Bgp, AConnectionPicksAddressesThatAreThereAndOfUse) {
  const auto picking = [](std::string_view field, const Changes& more) {
    Changes changes = {kCustom, {"encapsulation: esp", field}};
    changes.insert(changes.end(), more.begin(), more.end());
    return lines_with(changes);
  };
  constexpr std::string_view kOne = "gateway_custom_bgp_ip_addresses: [169.254.21.5]";
  EXPECT_THAT(picking(kOne, {kLinkLocalPeer}), IsEmpty());
  EXPECT_THAT(picking(kOne, {}), ElementsAre(HasSubstr("has no effect: link-local addresses")));
  EXPECT_THAT(picking("gateway_custom_bgp_ip_addresses: [169.254.21.7]", {kLinkLocalPeer}),
              ElementsAre(HasSubstr("169.254.21.7 is none of the gateway's")));
  EXPECT_THAT(
      picking("gateway_custom_bgp_ip_addresses: [169.254.21.5, 169.254.22.9]", {kLinkLocalPeer}),
      ElementsAre(HasSubstr("is the second address of ip_configuration 'default'")));
}

TEST(Bgp, AddressesOfGatewaySubnetThatNoHostHas) {
  for (const char* const address : {"[10.1.255.0]", "[10.1.255.31]"}) {
    EXPECT_THAT(lines_with({{"[10.1.255.30]", address}}),
                ElementsAre(HasSubstr("the first or the last one of GatewaySubnet")));
  }
  for (const char* const address : {"[10.1.255.1]", "[10.1.255.3]"}) {
    EXPECT_THAT(lines_with({{"[10.1.255.30]", address}}), ElementsAre(HasSubstr("warning: ")));
    EXPECT_THAT(lines_with({{"[10.1.255.30]", address}, {"sku: Native", "sku: VpnGw1"}}),
                ElementsAre(HasSubstr("error: ")));
  }
  EXPECT_THAT(lines_with({{"[10.1.255.30]", "[10.1.255.4]"}}), IsEmpty());
}

TEST(Bgp, AddressesThatNoPeerHas) {
  const auto with = [](std::string_view address) {
    return lines_with({{"bgp_peering_address: 10.9.255.1", address}});
  };
  for (const char* const address :
       {"bgp_peering_address: 224.0.0.1", "bgp_peering_address: 127.0.0.1",
        "bgp_peering_address: 0.0.0.0", "bgp_peering_address: 'ff02::1'"})
    EXPECT_THAT(with(address), ElementsAre(HasSubstr("can be nobody's"))) << address;
  EXPECT_THAT(with("bgp_peering_address: '2001:db8::1'"),
              ElementsAre(HasSubstr("is of another family than ours, 10.1.255.30")));
}

TEST(Bgp, ALinkLocalPeerInAnotherSmallNetworkIsANote) {
  EXPECT_THAT(lines_with({kCustom, {kLinkLocalPeer.first, "bgp_peering_address: 169.254.1.2"}}),
              ElementsAre(HasSubstr("info: ")));
}

// One of two administrators; both gateways have a link-local address beside the usual one.
std::string speaking_half(int own, int other, const std::string& peers_address) {
  return fmt::format(
      "version: 1\nvirtual_networks:\n"
      "  net: {{ address_space: [10.{0}.0.0/16], subnets: {{ GatewaySubnet: 10.{0}.255.0/27 }} }}\n"
      "virtual_network_gateways:\n"
      "  gw: {{ virtual_network: net, enable_bgp: true, bgp_settings: {{ asn: 6501{0} }},\n"
      "        ip_configurations: [ {{ public_ip_address: 192.0.2.{0},\n"
      "                                custom_bgp_ip_addresses: [169.254.21.{0}] }} ] }}\n"
      "local_network_gateways:\n"
      "  far: {{ gateway_ip_address: 192.0.2.{1},\n"
      "         bgp_settings: {{ asn: 6501{1}, bgp_peering_address: {2} }} }}\n"
      "connections:\n"
      "  to-far: {{ connection_type: ipsec, virtual_network_gateway1: gw, enable_bgp: true,\n"
      "            local_network_gateway2: far, shared_key: {{ file: a.psk }} }}\n",
      own, other, peers_address);
}

TEST(Bgp, TheOtherSideMayBeNamedByEachOfItsAddresses) {
  const auto compared = [](const std::string& address) {
    const Model ours = model_of(speaking_half(1, 2, address));
    const Model theirs = model_of(speaking_half(2, 1, "169.254.21.1"));
    std::vector<std::string> lines;
    for (const Finding& finding : validate_pair(
             ours, theirs, [](const End&, const End&, KeyKind) { return Verdict::Right; }))
      lines.push_back(finding.to_string());
    return lines;
  };
  EXPECT_THAT(compared("169.254.21.2"), IsEmpty());
  EXPECT_THAT(compared("10.2.255.30"), IsEmpty());
  EXPECT_THAT(compared("169.254.21.3"),
              ElementsAre(HasSubstr("the BGP address 169.254.21.3 is not the other side's")));
}

TEST(Bgp, BothDirectionsOfAVnetToVnetConnectionSpeakIt) {
  EXPECT_THAT(lines_with({{"ipsec_policy: strong", "enable_bgp: true"}}),
              Contains(HasSubstr("enable_bgp is true here and false on b-to-a")));
  EXPECT_THAT(lines_with({{"ipsec_policy: strong", "enable_bgp: true"}}),
              Contains(HasSubstr("gw-b has enable_bgp: false")));
}

}  // namespace
}  // namespace twinspan::policy
