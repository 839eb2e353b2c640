// The lists that operators walk, each step passing, failing and unknown.
#include "policy/checklist.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/schema.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Verdict same_file_only(const End& a, const End& b, KeyKind) {
  return *a.connection.shared_key_file == *b.connection.shared_key_file ? Verdict::Right
                                                                        : Verdict::Unknown;
}

// The field stands in the schema of the object's kind: what is named can be looked up.
bool is_in_schema(const CheckItem& item) {
  const std::string path = item.object.substr(item.object.find(':') + 1);
  const FieldSchema* field = kEstateSchema.find(path.substr(0, path.find('.')));
  for (size_t at = 0; at < item.field.size() && field != nullptr;) {
    const size_t end = std::min(item.field.find('.', at), item.field.size());
    field =
        field->object == nullptr ? nullptr : field->object->find(item.field.substr(at, end - at));
    at = end + 1;
  }
  return field != nullptr;
}

Checklist walked(const Model& model, std::string_view name, const Model* peer = nullptr,
                 CompareKeys compare = same_file_only) {
  const auto list = checklist({model, peer, name, std::move(compare)});
  EXPECT_TRUE(list.has_value());
  return list ? *list : Checklist{};
}

// "1 pass virtual_networks.vnet-a address_space"
std::vector<std::string> lines(const Checklist& list) {
  std::vector<std::string> texts;
  for (const CheckItem& item : list) {
    EXPECT_FALSE(item.message.empty()) << item.number;
    EXPECT_TRUE(is_in_schema(item)) << item.object << " " << item.field;
    texts.push_back(
        fmt::format("{} {} {} {}", item.number, name_of(item.result), item.object, item.field));
  }
  return texts;
}

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

TEST(ChecklistTest, AKeyThatCannotBeReadIsUnknown) {
  const Model own = model_of(our_half());
  const auto peer = parse_config(their_half(), "theirs.yaml");
  EXPECT_EQ(walked(own, "to-them", &*peer).at(3).result, CheckResult::Unknown);
}

// -- transit

std::string hub_and_spoke(const std::string& hub_flag, const std::string& spoke_flag) {
  return estate_with(
      {{"virtual_networks:\n", "virtual_networks:\n  spoke: { address_space: [10.20.0.0/16] }\n"},
       {"peerings: {}",
        "peerings:\n  hub: { virtual_network: vnet-a, remote_virtual_network: spoke, "
        "allow_gateway_transit: " +
            hub_flag +
            " }\n  leaf: { virtual_network: spoke, remote_virtual_network: vnet-a, "
            "use_remote_gateways: " +
            spoke_flag + " }\n"}});
}

TEST(ChecklistTest, TransitOverAPeeringIsPartOfTheList) {
  const auto flags = [](const std::string& text) {
    const auto all = lines(walked(model_of(text), "a-to-branch"));
    return std::vector<std::string>(all.begin() + 6, all.end());
  };
  EXPECT_THAT(flags(hub_and_spoke("true", "true")),
              ElementsAre("7 pass peerings.hub allow_gateway_transit",
                          "8 pass peerings.leaf use_remote_gateways",
                          "9 unknown connections.b-to-a enable_bgp"));
  EXPECT_THAT(flags(hub_and_spoke("true", "false")),
              ElementsAre("7 pass peerings.hub allow_gateway_transit",
                          "8 fail peerings.leaf use_remote_gateways",
                          "9 unknown connections.b-to-a enable_bgp"));
  const std::string closed =
      replaced(hub_and_spoke("true", "true"), "leaf: { virtual_network: spoke,",
               "leaf: { virtual_network: spoke, allow_virtual_network_access: false,");
  EXPECT_THAT(
      flags(closed),
      testing::Contains(testing::EndsWith(" fail peerings.leaf allow_virtual_network_access")));
  EXPECT_THAT(flags(hub_and_spoke("false", "true")),
              ElementsAre("7 fail peerings.hub allow_gateway_transit",
                          "8 pass peerings.leaf use_remote_gateways",
                          "9 unknown connections.b-to-a enable_bgp"));
  // Nobody has asked for it: it is told, and no fault.
  EXPECT_THAT(flags(hub_and_spoke("false", "false")),
              testing::UnorderedElementsAre(
                  testing::EndsWith(" unknown peerings.hub allow_gateway_transit"),
                  testing::EndsWith(" unknown peerings.leaf use_remote_gateways"),
                  testing::EndsWith(" unknown connections.b-to-a enable_bgp")));
}

TEST(ChecklistTest, APeeringHasAListOfItsOwn) {
  for (const char* const name : {"hub", "leaf"}) {
    const std::string other = name == std::string_view("hub") ? "leaf" : "hub";
    EXPECT_THAT(lines(walked(model_of(hub_and_spoke("true", "false")), name)),
                ElementsAre(fmt::format("1 pass peerings.{} allow_virtual_network_access", name),
                            "2 pass peerings." + other + " allow_virtual_network_access",
                            "3 pass peerings.hub allow_gateway_transit",
                            "4 fail peerings.leaf use_remote_gateways"));
  }
  const std::string closed =
      replaced(hub_and_spoke("true", "true"), "leaf: { virtual_network: spoke,",
               "leaf: { virtual_network: spoke, allow_virtual_network_access: false,");
  EXPECT_THAT(lines(walked(model_of(closed), "hub")),
              testing::Contains("2 fail peerings.leaf allow_virtual_network_access"));
}

TEST(ChecklistTest, APeeringWithoutItsOtherHalfFailsUnlessTheNetworkIsClassic) {
  std::string text = hub_and_spoke("false", "false");
  text.erase(text.find("  leaf:"));
  EXPECT_THAT(lines(walked(model_of(text), "hub")),
              ElementsAre("1 pass peerings.hub allow_virtual_network_access",
                          "2 fail peerings.hub remote_virtual_network"));
  const std::string classic =
      replaced(text, "spoke: { address_space", "spoke: { deployment_model: classic, address_space");
  EXPECT_THAT(lines(walked(model_of(classic), "hub")),
              ElementsAre("1 pass peerings.hub allow_virtual_network_access"));
}

TEST(ChecklistTest, WithBgpEveryConnectionInBetweenNeedsIt) {
  const auto list = lines(
      walked(model_of(estate_with({{"ipsec_policy: strong", "enable_bgp: true"}})), "a-to-b"));
  EXPECT_THAT(std::vector<std::string>(list.begin() + 6, list.end()),
              ElementsAre("7 fail virtual_network_gateways.gw-a enable_bgp",
                          "8 fail connections.b-to-a enable_bgp",
                          "9 fail virtual_network_gateways.gw-b enable_bgp",
                          "10 unknown connections.a-to-branch enable_bgp"));
}

//   a ==== b ==== c, all of one estate
std::string chain(const std::string& gateways, const std::string& connections) {
  std::string text = "version: 1\nvirtual_networks:\n";
  for (const char* const number : {"1", "2", "3"}) {
    text += fmt::format(
        "  n{0}: {{ address_space: [10.{0}.0.0/16], subnets: {{ GatewaySubnet: 10.{0}.255.0/27 }} "
        "}}\n",
        number);
  }
  text += "virtual_network_gateways:\n";
  for (const char* const number : {"1", "2", "3"}) {
    text += fmt::format(
        "  g{0}: {{ virtual_network: n{0}, {1}bgp_settings: {{ asn: 6500{0} }}, ip_configurations: "
        "[ {{ public_ip_address: 192.0.2.{0} }} ] }}\n",
        number, gateways);
  }
  text += "connections:\n";
  for (const auto& [from, to] : {std::pair("1", "2"), {"2", "1"}, {"2", "3"}, {"3", "2"}}) {
    text += fmt::format(
        "  c{0}{1}: {{ connection_type: vnet-to-vnet, virtual_network_gateway1: g{0}, "
        "virtual_network_gateway2: g{1}, {2}shared_key: {{ file: k }} }}\n",
        from, to, connections);
  }
  return text;
}

std::vector<std::string> transit_steps(const std::string& text, std::string_view name) {
  const auto all = lines(walked(model_of(text), name));
  EXPECT_GE(all.size(), 6u);
  return {all.begin() + 6, all.end()};
}

TEST(ChecklistTest, AChainWithoutBgpIsToldOfTheNetworksThatItDoesNotJoin) {
  // BGP is on at the gateways, as the cloud has it, or off there too.
  for (const std::string gateways : {"", "enable_bgp: true, "}) {
    const auto list = walked(model_of(chain(gateways, "")), "c12");
    ASSERT_EQ(list.size(), 7u);
    EXPECT_EQ(list[6].result, CheckResult::Unknown);
    EXPECT_THAT(list[6].message,
                HasSubstr("n1 and n3 do not reach each other over it: without BGP"));
    EXPECT_THAT(list[6].message, HasSubstr("connections.c32"));
  }
  EXPECT_THAT(transit_steps(chain("", ""), "c12"),
              ElementsAre("7 unknown connections.c12 enable_bgp"));
  EXPECT_THAT(transit_steps(chain("", ""), "c23"),
              ElementsAre("7 unknown connections.c32 enable_bgp"));
}

TEST(ChecklistTest, AChainWithBgpEverywherePasses) {
  for (const std::string& step :
       transit_steps(chain("enable_bgp: true, ", "enable_bgp: true, "), "c12"))
    EXPECT_THAT(step, HasSubstr(" pass "));
}

TEST(ChecklistTest, AGatewayThatSpeaksNoBgpFailsTheListOfItsConnections) {
  const std::string text = chain("enable_bgp: true, ", "enable_bgp: true, ");
  const auto steps = transit_steps(
      replaced(text, "virtual_network: n2, enable_bgp: true", "virtual_network: n2"), "c12");
  EXPECT_THAT(steps,
              testing::Contains(testing::EndsWith(" fail virtual_network_gateways.g2 enable_bgp")));
  // The other end's gateway, of which no connection here is.
  const auto far = transit_steps(
      replaced(text, "virtual_network: n3, enable_bgp: true", "virtual_network: n3"), "c12");
  EXPECT_THAT(far,
              testing::Contains(testing::EndsWith(" fail virtual_network_gateways.g3 enable_bgp")));
}

// A hub with a gateway, `count` networks around it that connections join to it, and as many peered.
std::string star(int count, const std::string& connections) {
  std::string networks =
      "  v0: { address_space: [10.200.0.0/16], subnets: { GatewaySubnet: "
      "10.200.255.0/27 } }\n";
  std::string gateways, objects, peerings;
  const auto gateway = [&](int n) {
    return fmt::format(
        "  g{0}: {{ virtual_network: v{0}, enable_bgp: true, ip_configurations: [ {{ "
        "public_ip_address: 100.64.{1}.{2} }} ] }}\n",
        n, n / 250, n % 250 + 1);
  };
  gateways += gateway(0);
  for (int n = 1; n <= count; ++n) {
    networks += fmt::format(
        "  v{0}: {{ address_space: [10.{1}.{2}.0/24], subnets: {{ GatewaySubnet: 10.{1}.{2}.224/27 "
        "}} }}\n  s{0}: {{ address_space: [172.{3}.{2}.0/24] }}\n",
        n, n / 250, n % 250, 16 + n / 250);
    gateways += gateway(n);
    for (const auto& [name, from, to] : {std::tuple("c", 0, n), {"d", n, 0}}) {
      objects += fmt::format(
          "  {0}{1}: {{ connection_type: vnet-to-vnet, virtual_network_gateway1: g{2}, "
          "virtual_network_gateway2: g{3}, {4}shared_key: {{ file: k }} }}\n",
          name, n, from, to, connections);
    }
    peerings += fmt::format(
        "  h{0}: {{ virtual_network: v0, remote_virtual_network: s{0}, allow_gateway_transit: true "
        "}}\n  r{0}: {{ virtual_network: s{0}, remote_virtual_network: v0, use_remote_gateways: "
        "true }}\n",
        n);
  }
  return "version: 1\nvirtual_networks:\n" + networks + "virtual_network_gateways:\n" + gateways +
         "connections:\n" + objects + "peerings:\n" + peerings;
}

TEST(ChecklistTest, TheListOfAHubIsNotAsLongAsTheEstate) {
  const auto closed = walked(model_of(star(100, "")), "c1");
  EXPECT_THAT(lines(closed),
              ElementsAre(testing::_, testing::_, testing::_, testing::_, testing::_, testing::_,
                          "7 pass peerings.h1 allow_gateway_transit",
                          "8 pass peerings.r1 use_remote_gateways",
                          testing::MatchesRegex("9 unknown connections.[cd]1 enable_bgp")));
  EXPECT_THAT(closed[6].message,
              HasSubstr("so too peerings.h10, peerings.h100, peerings.h11, 96 more"));
  EXPECT_THAT(closed[8].message, HasSubstr("v1 and v10, v100, v11, 96 more do not reach"));
  const auto open = walked(model_of(star(100, "enable_bgp: true, ")), "c1");
  EXPECT_EQ(open.size(), 9u);
  EXPECT_EQ(lines(open).back(), "9 pass connections.c1 enable_bgp");
  EXPECT_THAT(open.back().message,
              HasSubstr("so too connections.d1, connections.c10, connections.c100, 196 more"));
}

TEST(ChecklistTest, AWayGoesHopByHopAndFailsWhereItIsClosed) {
  const auto way = [](const std::string& text, std::string_view from, std::string_view to) {
    const auto list = way_checklist(model_of(text), from, to);
    return list ? lines(*list) : std::vector{list.error()};
  };
  EXPECT_THAT(way(chain("", ""), "n1", "n3"), ElementsAre("1 fail connections.c12 enable_bgp",
                                                          "2 fail connections.c32 enable_bgp"));
  EXPECT_THAT(
      way(chain("enable_bgp: true, ", "enable_bgp: true, "), "n1", "n3"),
      ElementsAre("1 pass connections.c12 enable_bgp", "2 pass connections.c23 enable_bgp"));
  EXPECT_THAT(way(kGoodEstate, "vnet-a", "branch"),
              ElementsAre("1 pass connections.a-to-branch local_network_gateway2"));
  EXPECT_THAT(way(hub_and_spoke("true", "false"), "spoke", "branch"),
              ElementsAre("1 fail peerings.leaf use_remote_gateways",
                          "2 pass connections.a-to-branch local_network_gateway2"));
  const std::string island = estate_with(
      {{"virtual_networks:\n", "virtual_networks:\n  alone: { address_space: [10.20.0.0/16] }\n"}});
  EXPECT_THAT(way(island, "alone", "vnet-a"),
              ElementsAre("1 fail virtual_networks.alone address_space"));
  EXPECT_THAT(way(island, "alnoe", "vnet-a"),
              ElementsAre(HasSubstr("there is no virtual network or local network gateway 'alnoe'; "
                                    "known here: alone, ")));
  EXPECT_THAT(way(island, "alone", "alone"), ElementsAre("'alone' is both ends of the way"));
}

TEST(ChecklistTest, ManySitesBehindOneHubAreOneStep) {
  std::string sites, connections;
  for (int index = 0; index < 200; ++index) {
    sites += fmt::format(
        "  s{0}: {{ gateway_ip_address: 198.51.100.{0}, address_prefixes: [172.16.{0}.0/24] }}\n",
        index);
    connections += fmt::format(
        "  to-s{0}: {{ connection_type: ipsec, virtual_network_gateway1: gw-a, "
        "local_network_gateway2: s{0}, shared_key: {{ file: k }} }}\n",
        index);
  }
  const Model model =
      model_of(estate_with({{"local_network_gateways:\n", "local_network_gateways:\n" + sites},
                            {"connections:\n", "connections:\n" + connections}}));
  const auto list = walked(model, "a-to-b");
  ASSERT_EQ(list.size(), 7u);
  EXPECT_THAT(list.back().message, HasSubstr("vnet-b and branch, s0, s1, 198 more do not reach"));
}

TEST(ChecklistTest, AnUnknownNameIsSaidWithTheNearest) {
  const Model model = model_of(kGoodEstate);
  const auto list = checklist({model, nullptr, "a-to-c", same_file_only});
  ASSERT_FALSE(list.has_value());
  EXPECT_THAT(list.error(), HasSubstr("there is no connection or peering 'a-to-c'; did you mean "));
}

}  // namespace
}  // namespace twinspan::policy
