// The lists that operators walk, each step passing, failing and unknown.
#include "policy/checklist.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ChecklistTest, TwoResourceManagerNetworksOfOneEstate) {
  EXPECT_THAT(
      lines(walked(model_of(kGoodEstate), "a-to-b")),
      ElementsAre("1 pass virtual_networks.vnet-a address_space",
                  "2 pass virtual_networks.vnet-a address_space",
                  "3 pass virtual_networks.vnet-b address_space",
                  "4 pass connections.a-to-b shared_key",
                  "5 pass virtual_network_gateways.gw-a ip_configurations.public_ip_address",
                  "6 pass virtual_network_gateways.gw-b ip_configurations.public_ip_address",
                  "7 unknown connections.b-to-a enable_bgp"));  // Towards the branch.
}

TEST(ChecklistTest, WithASiteItsOwnSideIsUnknown) {
  EXPECT_THAT(lines(walked(model_of(kGoodEstate), "a-to-branch")),
              ElementsAre("1 pass virtual_networks.vnet-a address_space",
                          "2 unknown connections.a-to-branch local_network_gateway2",
                          "3 unknown local_network_gateways.branch address_prefixes",
                          "4 unknown connections.a-to-branch shared_key",
                          "5 unknown connections.a-to-branch local_network_gateway2",
                          "6 unknown local_network_gateways.branch gateway_ip_address",
                          "7 unknown connections.b-to-a enable_bgp"));
}

TEST(ChecklistTest, AnOverlapFailsTheFirstStep) {
  const auto list = walked(model_of(estate_with({{"address_space: [10.2.0.0/16]",
                                                  "address_space: [10.2.0.0/16, 10.1.4.0/24]"}})),
                           "a-to-b");
  EXPECT_EQ(list.at(0).result, CheckResult::Fail);
  EXPECT_THAT(list.at(0).message, HasSubstr("overlaps 10.1.0.0/16 of vnet-a"));
}

// One gateway, a spoke that uses it, a network that has nothing to do with them, and a site.
std::string hub_with(const std::string& spoke, const std::string& island, const std::string& site) {
  return "version: 1\nvirtual_networks:\n"
         "  hub: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 }, "
         "interfaces: [lan0] }\n"
         "  spoke: { address_space: [" +
         spoke + "], interfaces: [lan1] }\n  island: { address_space: [" + island +
         "], interfaces: [lan2] }\n"
         "virtual_network_gateways:\n"
         "  gw: { virtual_network: hub, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }\n"
         "local_network_gateways:\n"
         "  site: { gateway_ip_address: 192.0.2.2, address_prefixes: [" +
         site +
         "] }\nconnections:\n"
         "  to-site: { connection_type: ipsec, virtual_network_gateway1: gw, "
         "local_network_gateway2: site,\n             shared_key: { file: a.psk } }\n"
         "peerings:\n"
         "  there: { virtual_network: hub, remote_virtual_network: spoke, allow_gateway_transit: "
         "true }\n"
         "  back: { virtual_network: spoke, remote_virtual_network: hub, use_remote_gateways: true "
         "}\n";
}

// What validate finds of it, and how the first step ends.
std::pair<std::vector<std::string>, CheckResult> overlaps_of(const std::string& text) {
  return {findings_of(text), walked(model_of(text), "to-site").at(0).result};
}

TEST(ChecklistTest, WhatTwinspandRefusesAtTheStartFailsTheFirstStep) {
  using testing::IsEmpty;
  using testing::Pair;
  EXPECT_THAT(overlaps_of(hub_with("10.11.0.0/16", "10.3.0.0/16", "10.9.0.0/16")),
              Pair(IsEmpty(), CheckResult::Pass));
  const auto is_refused = [](const char* rule) {
    return Pair(ElementsAre(std::string("error ") + rule), CheckResult::Fail);
  };
  // The tunnel leads to what the spoke has, which uses it.
  EXPECT_THAT(overlaps_of(hub_with("10.11.0.0/16", "10.3.0.0/16", "10.11.0.0/16")),
              is_refused("connection.overlap"));
  EXPECT_THAT(overlaps_of(hub_with("10.11.0.0/16", "10.3.0.0/16", "10.10.0.0/15")),
              is_refused("connection.overlap"));
  // Nothing joins these, but they are on one host.
  EXPECT_THAT(overlaps_of(hub_with("10.11.0.0/16", "10.1.128.0/17", "10.9.0.0/16")),
              is_refused("network.attached-overlap"));
  EXPECT_THAT(overlaps_of(hub_with("10.11.0.0/16", "10.3.0.0/16", "10.3.4.0/24")),
              is_refused("network.attached-overlap"));
  // A wider prefix leaves the attached network out.
  EXPECT_THAT(overlaps_of(hub_with("10.11.0.0/16", "10.3.0.0/16", "10.2.0.0/15")),
              Pair(IsEmpty(), CheckResult::Pass));
}

TEST(ChecklistTest, AMissingDirectionFailsTheStepsOnItsObject) {
  std::string text = kGoodEstate;
  const size_t begin = text.find("  b-to-a:");
  text.erase(begin, text.find("  a-to-branch:") - begin);
  const auto list = walked(model_of(text), "a-to-b");
  EXPECT_THAT(lines(list), ElementsAre("1 pass virtual_networks.vnet-a address_space",
                                       "2 fail connections.a-to-b virtual_network_gateway2",
                                       "3 pass virtual_networks.vnet-b address_space",
                                       "4 fail connections.a-to-b shared_key",
                                       "5 fail connections.a-to-b virtual_network_gateway2",
                                       "6 pass virtual_network_gateways.gw-b "
                                       "ip_configurations.public_ip_address"));
  EXPECT_THAT(list[1].message, HasSubstr("it has to list 10.1.0.0/16"));
  EXPECT_THAT(list[2].message, HasSubstr("it follows vnet-b by itself"));
  EXPECT_THAT(list[4].message,
              HasSubstr("it has to lead to 192.0.2.1, the public address of gw-a"));
  EXPECT_THAT(list[5].message, HasSubstr("it follows gw-b by itself"));
}

const char* const kClassic = R"(version: 1
virtual_networks:
  old: { deployment_model: classic, address_space: [10.1.0.0/16],
         subnets: { GatewaySubnet: 10.1.255.0/27 } }
  new: { address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 } }
virtual_network_gateways:
  gw-old: { virtual_network: old, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
  gw-new: { virtual_network: new, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
local_network_gateways:
  new-seen-from-old: { gateway_ip_address: 192.0.2.2, address_prefixes: [10.2.0.0/16] }
  old-seen-from-new: { gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16] }
connections:
  old-to-new: { connection_type: ipsec, virtual_network_gateway1: gw-old,
                local_network_gateway2: new-seen-from-old, shared_key: { file: k } }
  new-to-old: { connection_type: ipsec, virtual_network_gateway1: gw-new,
                local_network_gateway2: old-seen-from-new, shared_key: { file: k } }
)";

TEST(ChecklistTest, AClassicAndAResourceManagerNetworkFromEitherSide) {
  for (const char* const name : {"old-to-new", "new-to-old"}) {
    EXPECT_THAT(lines(walked(model_of(kClassic), name)),
                ElementsAre(testing::StartsWith("1 pass "),
                            "2 pass local_network_gateways.new-seen-from-old address_prefixes",
                            "3 pass local_network_gateways.old-seen-from-new address_prefixes",
                            "4 pass local_network_gateways.old-seen-from-new gateway_ip_address",
                            "5 pass local_network_gateways.new-seen-from-old gateway_ip_address",
                            testing::StartsWith("6 pass connections.")))
        << name;
  }
}

TEST(ChecklistTest, AGatewayOfATypeThatIsRefusedFailsAStepOfItsOwn) {
  const Model model = model_of(replaced(kClassic, "gw-old: { virtual_network",
                                        "gw-old: { vpn_type: policy-based, virtual_network"));
  for (const char* const name : {"old-to-new", "new-to-old"}) {
    const auto list = walked(model, name);
    EXPECT_EQ(list.size(), 7u) << name;
    EXPECT_EQ(lines(list).back(), "7 fail virtual_network_gateways.gw-old vpn_type") << name;
    EXPECT_THAT(list.back().message, HasSubstr("both gateways must be route-based")) << name;
  }
}

TEST(ChecklistTest, WhatIsSaidOfTheConnectionComesBeforeWhatIsSaidOfItsGateway) {
  const Model model = model_of(estate_with({{"vpn_type: route-based", "vpn_type: policy-based"}}));
  const auto list = walked(model, "a-to-b");
  EXPECT_EQ(lines(list).at(6), "7 fail virtual_network_gateways.gw-a vpn_type");
  EXPECT_THAT(list.at(6).message, HasSubstr("vnet-to-vnet needs route-based gateways, gw-a is"));
}

TEST(ChecklistTest, WhatTheSkuLacksHasAFieldThoughNoneIsWritten) {
  const Model model = model_of(
      replaced(kClassic, "gw-old: { virtual_network", "gw-old: { sku: Basic, virtual_network"));
  EXPECT_EQ(lines(walked(model, "old-to-new")).at(6), "7 fail connections.old-to-new ipsec_policy");
}

TEST(ChecklistTest, WrongRangesOfTheClassicSideFailTheirStepAlone) {
  const Model model = model_of(
      replaced(kClassic, "address_prefixes: [10.2.0.0/16]", "address_prefixes: [10.2.0.0/17]"));
  for (const CheckItem& item : walked(model, "new-to-old")) {
    EXPECT_EQ(item.result, item.number == 2 ? CheckResult::Fail : CheckResult::Pass) << item.number;
  }
}

TEST(ChecklistTest, AWrongAddressWithinOneEstateFailsItsStepAlone) {
  for (const auto& [right, step] :
       {std::pair("192.0.2.1, address_prefixes", 4u), {"192.0.2.2, address_prefixes", 5u}}) {
    const Model model = model_of(replaced(kClassic, right, "192.0.2.9, address_prefixes"));
    for (const char* const name : {"old-to-new", "new-to-old"}) {
      for (const CheckItem& item : walked(model, name)) {
        EXPECT_EQ(item.result, item.number == step ? CheckResult::Fail : CheckResult::Pass)
            << name << " " << item.number << " " << item.message;
      }
    }
  }
}

TEST(ChecklistTest, AHostNameInPlaceOfTheAddressLeavesItsStepOpenAlone) {
  const Model model =
      model_of(replaced(kClassic, "gateway_ip_address: 192.0.2.1", "fqdn: gw.example"));
  for (const CheckItem& item : walked(model, "new-to-old")) {
    EXPECT_EQ(item.result, item.number == 4 ? CheckResult::Unknown : CheckResult::Pass)
        << item.number << " " << item.message;
  }
}

TEST(Counterpart, TwoSitesBehindAForeignHubAreNoPair) {
  // Both lead to somebody else's gateway, which passes their traffic on.
  std::string text =
      replaced(kClassic, "gateway_ip_address: 192.0.2.1", "gateway_ip_address: 192.0.2.9");
  text = replaced(text, "gateway_ip_address: 192.0.2.2", "gateway_ip_address: 192.0.2.9");
  EXPECT_THAT(findings_of(text), testing::Not(testing::Contains(HasSubstr("counterpart"))));
}

TEST(Counterpart, MistakesWithinOneEstateAreErrorsThatNameBothObjects) {
  const auto first_of = [](std::string_view rule, const std::string& text) {
    for (const Finding& finding : validate(model_of(text))) {
      if (finding.id == rule) return finding;
    }
    ADD_FAILURE() << "nothing found by " << rule;
    return Finding{};
  };
  const Finding address =
      first_of("connection.counterpart-address",
               replaced(kClassic, "192.0.2.1, address_prefixes", "192.0.2.9, address_prefixes"));
  EXPECT_EQ(address.severity, Severity::Error);
  EXPECT_THAT(address.objects, ElementsAre("local_network_gateways.old-seen-from-new",
                                           "virtual_network_gateways.gw-old"));
  const Finding prefixes = first_of(
      "connection.counterpart-prefixes",
      replaced(kClassic, "address_prefixes: [10.1.0.0/16]", "address_prefixes: [10.7.0.0/16]"));
  EXPECT_EQ(prefixes.severity, Severity::Error);
  EXPECT_THAT(prefixes.objects, ElementsAre("local_network_gateways.old-seen-from-new",
                                            "virtual_networks.old", "connections.new-to-old"));
}

// -- two files

std::string our_half() {
  return R"(version: 1
virtual_networks:
  ours: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
virtual_network_gateways:
  gw: { virtual_network: ours, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
local_network_gateways:
  them: { gateway_ip_address: 192.0.2.2, address_prefixes: [10.2.0.0/16] }
connections:
  to-them: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: them,
             shared_key: { file: a.psk } }
)";
}

std::string their_half() {
  return R"(version: 1
virtual_networks:
  theirs: { address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 } }
virtual_network_gateways:
  gate: { virtual_network: theirs, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
local_network_gateways:
  us: { gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16] }
connections:
  to-us: { connection_type: ipsec, virtual_network_gateway1: gate, local_network_gateway2: us,
           shared_key: { file: b.psk } }
)";
}

struct TwoFiles {
  std::string ours = our_half();
  std::string theirs = their_half();
  Verdict keys = Verdict::Right;
};

// The numbers of the steps that fail.
std::vector<unsigned> failing(const TwoFiles& files) {
  const Model own = model_of(files.ours);
  const auto peer = parse_config(files.theirs, "theirs.yaml");
  EXPECT_TRUE(peer.has_value());
  std::vector<unsigned> numbers;
  for (const CheckItem& item : walked(
           own, "to-them", &*peer, [&](const End&, const End&, KeyKind) { return files.keys; })) {
    if (item.result == CheckResult::Fail) numbers.push_back(item.number);
  }
  return numbers;
}

TEST(ChecklistTest, WithTheOtherFileEveryStepIsKnown) {
  const Model own = model_of(our_half());
  const auto peer = parse_config(their_half(), "theirs.yaml");
  EXPECT_THAT(lines(walked(own, "to-them", &*peer,
                           [](const End&, const End&, KeyKind) { return Verdict::Right; })),
              ElementsAre("1 pass virtual_networks.ours address_space",
                          "2 pass theirs.yaml:local_network_gateways.us address_prefixes",
                          "3 pass local_network_gateways.them address_prefixes",
                          "4 pass connections.to-them shared_key",
                          "5 pass theirs.yaml:local_network_gateways.us gateway_ip_address",
                          "6 pass local_network_gateways.them gateway_ip_address"));
}

// A spoke uses our gateway: what it has is behind us as well.
std::string our_half_with_a_spoke() {
  return replaced(our_half(), "virtual_networks:\n",
                  "virtual_networks:\n  spoke: { address_space: [10.11.0.0/16] }\n") +
         "peerings:\n"
         "  there: { virtual_network: ours, remote_virtual_network: spoke, allow_gateway_transit: "
         "true }\n"
         "  back: { virtual_network: spoke, remote_virtual_network: ours, use_remote_gateways: "
         "true "
         "}\n";
}

TEST(ChecklistTest, TheOtherSideListsTheSpokesToo) {
  const std::string ours = our_half_with_a_spoke();
  EXPECT_THAT(failing({.ours = ours}), ElementsAre(2u));
  const std::string theirs = replaced(their_half(), "address_prefixes: [10.1.0.0/16]",
                                      "address_prefixes: [10.1.0.0/16, 10.11.0.0/16]");
  EXPECT_THAT(failing({.ours = ours, .theirs = theirs}), testing::IsEmpty());
}

TEST(ChecklistTest, EachMistakeFailsItsOwnStep) {
  EXPECT_THAT(failing({}), ElementsAre());
  EXPECT_THAT(failing({.theirs = replaced(their_half(), "address_space: [10.2.0.0/16]",
                                          "address_space: [10.2.0.0/16, 10.1.7.0/24]")}),
              testing::Contains(1u));
  EXPECT_THAT(failing({.theirs = replaced(their_half(), "[10.1.0.0/16]", "[10.5.0.0/16]")}),
              ElementsAre(2u));
  EXPECT_THAT(failing({.ours = replaced(our_half(), "[10.2.0.0/16]", "[10.5.0.0/16]")}),
              ElementsAre(3u));
  EXPECT_THAT(failing({.keys = Verdict::Wrong}), ElementsAre(4u));
  EXPECT_THAT(failing({.theirs = replaced(their_half(), "gateway_ip_address: 192.0.2.1",
                                          "gateway_ip_address: 192.0.2.9")}),
              ElementsAre(5u));
  EXPECT_THAT(failing({.ours = replaced(our_half(), "gateway_ip_address: 192.0.2.2",
                                        "gateway_ip_address: 192.0.2.9")}),
              ElementsAre(6u));
}

TEST(ChecklistTest, WhatAnotherConnectionOfTheGatewayLacksIsNotThisOnes) {
  // A second connection of a policy-based gateway is one too many for both; its protocol is its
  // own.
  std::string text = replaced(our_half(), "gw: { virtual_network",
                              "gw: { vpn_type: policy-based, virtual_network");
  text = replaced(
      text, "  to-them: {",
      "  other: { connection_type: ipsec, virtual_network_gateway1: gw, "
      "local_network_gateway2: them, connection_protocol: IKEv1, shared_key: { file: o.psk } }\n"
      "  to-them: {");
  const auto list = walked(model_of(text), "to-them");
  std::vector<std::string> more;
  for (const std::string& line : lines(list)) {
    if (line[0] > '6') more.push_back(line);
  }
  EXPECT_THAT(more, ElementsAre("7 fail virtual_network_gateways.gw vpn_type"));
  EXPECT_THAT(lines(walked(model_of(text), "other")),
              testing::IsSupersetOf({"8 fail virtual_network_gateways.gw vpn_type",
                                     "7 fail connections.other connection_protocol"}));
}

TEST(ChecklistTest, AGatewayOfATypeThatIsRefusedBetweenTwoFilesFailsToo) {
  const Model own = model_of(replaced(our_half(), "ours: {", "ours: { deployment_model: classic,"));
  const auto peer = parse_config(
      replaced(their_half(), "gate: {", "gate: { vpn_type: policy-based,"), "theirs.yaml");
  const auto list = walked(own, "to-them", &*peer,
                           [](const End&, const End&, KeyKind) { return Verdict::Right; });
  EXPECT_EQ(lines(list).back(), "7 fail theirs.yaml:virtual_network_gateways.gate vpn_type");
}

TEST(ChecklistTest, AKeyThatCannotBeReadIsUnknown) {
  const Model own = model_of(our_half());
  const auto peer = parse_config(their_half(), "theirs.yaml");
  EXPECT_EQ(walked(own, "to-them", &*peer).at(3).result, CheckResult::Unknown);
}

TEST(ChecklistTest, AnUnknownNameIsSaidWithTheNearest) {
  const Model model = model_of(kGoodEstate);
  const auto list = checklist({model, nullptr, "a-to-c", same_file_only});
  ASSERT_FALSE(list.has_value());
  EXPECT_THAT(list.error(), HasSubstr("there is no connection or peering 'a-to-c'; did you mean "));
}

TEST(ChecklistTest, ALocalNetworkGatewayThatIsNotThereFails) {
  const Model model =
      model_of(estate_with({{"local_network_gateway2: branch", "local_network_gateway2: brunch"}}));
  const auto steps = lines(walked(model, "a-to-branch"));
  EXPECT_THAT(steps,
              testing::IsSupersetOf({"3 fail connections.a-to-branch local_network_gateway2",
                                     "6 fail connections.a-to-branch local_network_gateway2"}));
}

}  // namespace
}  // namespace twinspan::policy
