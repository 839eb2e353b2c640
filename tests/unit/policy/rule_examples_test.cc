// Every rule with an estate that passes it and one that fails it. A rule without such a pair fails
// here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "policy/pairing.h"
#include "policy/rules.h"
#include "tests/unit/policy/estate.h"
#include "tests/unit/policy/estate_changes.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::Not;
using Changes = TextChanges;

// What is changed in the good estate, of which each rule finds nothing.
struct Example {
  Changes passes;
  Changes fails;
};

std::vector<std::string> ids_of(const std::string& text) {
  std::vector<std::string> ids;
  for (const Finding& finding : validate(model_of(text))) {
    ids.push_back(finding.id);
    EXPECT_FALSE(finding.objects.empty()) << finding.to_string();
    EXPECT_FALSE(finding.message.empty()) << finding.id;
    EXPECT_FALSE(finding.remedy.empty()) << finding.to_string();
    EXPECT_GT(finding.line, 0u) << finding.to_string();
  }
  return ids;
}

// With BGP over it, `speaker` being what gw-a knows of that of gw-b.
Changes speaking_described(const std::string& speaker) {
  return described("", "") +
         Changes{
             kBgp[0],
             {"gw-b: {", "gw-b: { enable_bgp: true, bgp_settings: { asn: 65020 },"},
             {"192.0.2.2, address", "192.0.2.2, bgp_settings: { " + speaker + " }, address"},
             {"192.0.2.1, address",
              "192.0.2.1, bgp_settings: { asn: 65010, bgp_peering_address: 10.1.255.30 }, "
              "address"},
             {"local_network_gateway2: site-b", "local_network_gateway2: site-b, enable_bgp: true"},
             {"local_network_gateway2: site-a",
              "local_network_gateway2: site-a, enable_bgp: true"}};
}

std::string many_connections(int count) {
  std::string text;
  for (int index = 0; index < count; ++index) {
    text += "  n" + std::to_string(index) +
            ": { connection_type: ipsec, virtual_network_gateway1: gw-a, local_network_gateway2: "
            "s" +
            std::to_string(index) + ", shared_key: { file: n.psk } }\n";
  }
  return text;
}
std::string many_sites(int count) {
  std::string text;
  for (int index = 0; index < count; ++index) {
    const std::string number = std::to_string(index);
    text += "  s" + number + ": { gateway_ip_address: 198.51.100." + number +
            ", address_prefixes: [172.16." + number + ".0/24] }\n";
  }
  return text;
}
Changes many(int count) {
  return Changes{{"sku: Native", "sku: VpnGw1AZ"}} + more_connections(many_connections(count)) +
         more_sites(many_sites(count));
}
std::string many_prefixes(int count) {
  std::string text;
  for (int index = 0; index < count; ++index)
    text += (index == 0 ? "" : ", ") + std::string("172.16.") + std::to_string(index) + ".0/24";
  return text;
}
Changes pairs(int count) {
  return {{"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
          {"address_prefixes: [10.9.0.0/16]", "address_prefixes: [" + many_prefixes(count) + "]"}};
}

const Changes kProposes = {
    {"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
    {"traffic_selector_policies: []",
     "traffic_selector_policies: [ { local_address_ranges: [10.1.0.0/24], remote_address_ranges: "
     "[10.9.0.0/24] } ]"}};

std::map<std::string_view, Example> network_examples() {
  return {
      {"reference.unknown",
       {{}, {{"local_network_gateway2: branch", "local_network_gateway2: brunch"}}}},
      {"network.address-space",
       {{{"[10.1.0.0/16]", "[10.1.0.0/16, 172.16.0.0/12]"}},
        {{"[10.1.0.0/16]", "[10.1.0.0/16, 10.1.128.0/17]"}}}},
      {"network.subnet", {{}, {{"hosts: 10.1.0.0/24", "hosts: 10.5.0.0/24"}}}},
      {"network.gateway-subnet", {{}, {{", GatewaySubnet: 10.1.255.0/27", ""}}}},
      {"network.interface", {{{"[lan0]", "[lan0, lan1]"}}, {{"[lan0]", "[lan0, lan0]"}}}},
      {"network.shared-interface",
       {spoke() + more_networks("  two: { address_space: [10.21.0.0/16], interfaces: [lan2] }\n"),
        spoke() + more_networks("  two: { address_space: [10.21.0.0/16], interfaces: [lan1] }\n")}},
      {"network.attached-overlap",
       {kBranchAlone + kOneGateway + spoke("10.20.0.0/16"),
        kBranchAlone + kOneGateway + spoke("10.1.128.0/17")}},
      {"network.classic",
       {described("10.2.0.0/16", "10.1.0.0/16") + kClassicB,
        Changes{
            {"vnet-b: { region: east,", "vnet-b: { region: east, deployment_model: classic,"}}}},
      {"network.transit", {{}, third_network()}},
      {"network.distant-overlap",
       {spoke("10.20.0.0/16") + peered() + second_branch("203.0.113.10", "10.21.0.0/16"),
        spoke("10.20.0.0/16") + peered() + second_branch("203.0.113.10", "10.20.128.0/24")}},
  };
}

std::map<std::string_view, Example> gateway_examples() {
  return {
      {"gateway.one-per-network",
       {{}, {{"gw-b: { virtual_network: vnet-b", "gw-b: { virtual_network: vnet-a"}}}},
      {"gateway.ip-configurations",
       {{{"active_active: false", "active_active: true"},
         {"[ { name: default, public_ip_address: 192.0.2.1 } ]",
          "[ { public_ip_address: 192.0.2.1 }, { name: two, public_ip_address: 192.0.2.3 } ]"}},
        {{"active_active: false", "active_active: true"}}}},
      {"gateway.address",
       {{}, {{"public_ip_address: 192.0.2.1 }", "public_ip_address: 192.0.2.2 }"}}}},
      {"gateway.policy-based", {kBranchAlone + kPolicyBased, kPolicyBased}},
      {"gateway.kind",
       {{{"sku: Native", "gateway_type: Vpn\n    generation: Generation1\n    sku: VpnGw1"}},
        {{"sku: Native", "gateway_type: ExpressRoute"}}}},
      {"gateway.sku",
       {{{"sku: Native", "sku: VpnGw1AZ"}},
        kBranchAlone + kPolicyBased + Changes{{"sku: Native", "sku: VpnGw1AZ"}}}},
      {"gateway.sku-limit", {many(28), many(29)}},  // And two of the good estate.
      {"local-network-gateway.address",
       {{{"gateway_ip_address: 203.0.113.9", "fqdn: branch.example.net"}},
        {{"    gateway_ip_address: 203.0.113.9\n", ""}}}},
      {"bgp.speakers",
       {kBgp, Changes{{"    enable_bgp: false\n    connection_mode",
                       "    enable_bgp: true\n    connection_mode"}}}},
      {"bgp.asn", {kBgp, kBgp + Changes{{"asn: 65090", "asn: 65010"}}}},
      {"bgp.as-path", {kBgp + bgp_branch("65091"), kBgp + bgp_branch("65090")}},
      {"bgp.address",
       {kBgp,
        kBgp + Changes{{"bgp_peering_address: 10.9.255.1", "bgp_peering_address: 10.1.9.9"}}}},
      {"bgp.counterpart",
       {speaking_described("asn: 65020, bgp_peering_address: 10.2.255.30"),
        speaking_described("asn: 65020, bgp_peering_address: 10.2.255.29")}},
      {"bgp.static-routes", {kBgp, Changes{kBgp[0], kBgp[1]}}},
      {"feature.not-supported", {{}, {{"active_active: false", "active_active: true"}}}},
  };
}

std::map<std::string_view, Example> end_examples() {
  return {
      {"connection.protocol", {{}, {{"connection_protocol: IKEv2", "connection_protocol: IKEv1"}}}},
      {"connection.ends", {{}, {{"    local_network_gateway2: branch\n", ""}}}},
      {"connection.identity",
       {{{"local_id: gw-a.example.net", "local_id: user@example.net"}},
        {{"local_id: gw-a.example.net", "local_id: '@x'"}}}},
      {"connection.duplicate",
       {second_branch("203.0.113.9", "10.10.0.0/16", ", remote_id: other"),
        second_branch("203.0.113.9", "10.10.0.0/16")}},
      {"connection.outer-addresses",
       {{}, {{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: '2001:db8::9'"}}}},
      {"connection.fragment-size",
       {{{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 30\n    ike_fragment_size: 256"}},
        {{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 30\n    ike_fragment_size: 255"}}}},
      {"estate.empty", {{}, {{kGoodEstate, "version: 1\n"}}}},
      {"connection.reverse",
       {{}, {{"remote_id: gw-b.example.net", "remote_id: gw-c.example.net"}}}},
      {"connection.same-region", {{}, {{"region: east", "region: west"}}}},
      {"connection.remote-prefixes",
       {kBgp, Changes{{"    address_prefixes: [10.9.0.0/16]\n", ""}}}},
      {"connection.overlap",
       {{}, {{"address_space: [10.2.0.0/16]", "address_space: [10.2.0.0/16, 10.1.4.0/24]"}}}},
      {"connection.overlap-between",
       {second_branch("203.0.113.10", "10.10.0.0/16"),
        second_branch("203.0.113.10", "10.9.128.0/17")}},
      {"gateway.default-site",
       {{{"sku: Native", "sku: Native\n    default_local_network_gateway: branch"}},
        Changes{{"ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }",
                 "ip_configurations: [ { public_ip_address: 192.0.2.2 } ], "
                 "default_local_network_gateway: branch }"}}}},
      {"connection.routing-weight",
       {{}, {{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 30\n    routing_weight: 10"}}}},
      {"connection.covers-peer",
       {{}, {{"address_prefixes: [10.9.0.0/16]", "address_prefixes: [203.0.113.0/24]"}}}},
      {"connection.counterpart-prefixes",
       {described("10.2.0.0/16", "10.1.0.0/16"), described("10.2.0.0/17", "10.1.0.0/16")}},
      {"connection.counterpart-address",
       {described("10.2.0.0/16", "10.1.0.0/16"),
        described("10.2.0.0/16", "10.1.0.0/16") +
            Changes{{"gateway_ip_address: 192.0.2.1", "gateway_ip_address: 192.0.2.9"}}}},
      {"connection.selectors", {kProposes, Changes{kProposes[1]}}},
      {"connection.families",
       {{{"[10.9.0.0/16]", "[10.9.0.0/16, '2001:db8:9::/48']"}},
        {{"[10.9.0.0/16]", "['2001:db8:9::/48']"}}}},
      {"connection.selector-ranges",
       {kProposes, Changes{kProposes[0],
                           {kProposes[1].first,
                            "traffic_selector_policies: [ { "
                            "local_address_ranges: [10.1.0.0/24], "
                            "remote_address_ranges: "
                            "[10.99.0.0/24] } ]"}}}},
      {"connection.peer-outside",
       {{}, {{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: 10.1.0.9"}}}},
      {"connection.instances",
       {described("10.2.0.0/16", "10.1.0.0/16"),
        described("10.2.0.0/16", "10.1.0.0/16") +
            Changes{{"active_active: false", "active_active: true"},
                    {"[ { name: default, public_ip_address: 192.0.2.1 } ]",
                     "[ { public_ip_address: 192.0.2.1 }, { name: two, public_ip_address: "
                     "192.0.2.3 } ]"}}}},
      {"connection.selector-pairs", {pairs(255), pairs(256)}},
      {"connection.proposers",
       {kProposes, kProposes + Changes{{"connection_mode: initiator-only",
                                        "connection_mode: responder-only"}}}},
  };
}

std::map<std::string_view, Example> key_examples() {
  const std::string there = "shared_key: { file: a-b.psk }\n    local_id";
  const std::string with_ppk =
      "shared_key: { file: a-b.psk }\n    ppk: { id: one, file: a-b.ppk }\n    local_id";
  const std::string back = "gw-a, shared_key: { file: a-b.psk },";
  const std::pair<std::string, std::string> esp = {"    encapsulation: esp\n",
                                                   "    encapsulation: esp\n"};
  const auto exchanges = [&](const std::string& methods) {
    return Changes{
        {esp.first, esp.second + "    additional_key_exchanges: { methods: [" + methods + "] }\n"}};
  };
  return {
      {"connection.authentication", {{}, {{"    shared_key: { file: a-branch.psk }\n", ""}}}},
      {"connection.authentication-reverse",
       {{},
        {{back,
          "gw-a, authentication_type: raw-public-key, raw_public_key_authentication: { "
          "private_key: b.key, peer_public_key: a.pub },"}}}},
      {"connection.key-file",
       {{{"a-branch.psk", "/etc/keys/a-branch.psk"}},
        {{"a-branch.psk", "keys/../../a-branch.psk"}}}},
      {"connection.ppk",
       {{{there, with_ppk}, {back, back + " ppk: { id: one, file: a-b.ppk },"}},
        {{there, with_ppk}, {back, back + " ppk: { id: two, file: a-b.ppk },"}}}},
      {"connection.additional-key-exchanges",
       {exchanges("CURVE25519"), exchanges("CURVE25519, CURVE25519")}},
      {"ipsec-policy.unknown",
       {{{"ipsec_policy: strong", "ipsec_policy: aws"}, {back, back + " ipsec_policy: aws,"}},
        {{"ipsec_policy: strong", "ipsec_policy: strnog"}}}},
      {"ipsec-policy.words", {{}, {{"ipsec_integrity: GCMAES128", "ipsec_integrity: SHA256"}}}},
      {"ipsec-policy.lifetime",
       {{{"sa_life_time_seconds: 1800", "sa_life_time_seconds: 300"}},
        {{"sa_life_time_seconds: 1800", "sa_life_time_seconds: 299"}}}},
      {"ipsec-policy.legacy", {{}, {{"dh_group: DHGroup14", "dh_group: DHGroup2"}}}},
  };
}

std::map<std::string_view, Example> peering_examples() {
  const std::string transit = ", allow_gateway_transit: true";
  const std::string uses = ", use_remote_gateways: true";
  return {
      {"peering.ends", {spoke() + peered(), spoke() + peerings(half("vnet-a", "vnet-a"))}},
      {"peering.halves", {spoke() + peered(), spoke() + peerings(half("vnet-a", "spoke"))}},
      {"peering.access",
       {spoke() + peered(", allow_virtual_network_access: false",
                         ", allow_virtual_network_access: false"),
        spoke() + peered(", allow_virtual_network_access: false")}},
      {"peering.overlap", {spoke() + peered(), spoke("10.1.128.0/17") + peered()}},
      {"peering.gateway-transit", {spoke() + peered(transit, uses), spoke() + peered("", uses)}},
      {"peering.models",
       {spoke("10.20.0.0/16", ", deployment_model: classic") + peerings(half("vnet-a", "spoke")),
        spoke("10.20.0.0/16", ", deployment_model: classic") +
            peerings(half("vnet-a", "spoke", transit))}},
      {"peering.region",
       {spoke() + peered(), more_networks("  spoke: { region: far, address_space: "
                                          "[10.20.0.0/16], interfaces: [lan1] }\n") +
                                peered()}},
  };
}

std::map<std::string_view, Example> all_examples() {
  std::map<std::string_view, Example> all;
  for (auto examples :
       {network_examples(), gateway_examples(), end_examples(), key_examples(), peering_examples()})
    all.merge(examples);
  return all;
}

TEST(RuleExamples, EveryRuleHasAnEstateThatPassesAndOneThatFails) {
  const auto examples = all_examples();
  for (const Rule& rule : all_rules()) {
    SCOPED_TRACE(rule.id);
    const auto found = examples.find(rule.id);
    if (found == examples.end()) {
      ADD_FAILURE() << "the rule has no pair of examples";
      continue;
    }
    EXPECT_THAT(ids_of(changed(found->second.passes)), Not(Contains(rule.id)));
    EXPECT_THAT(ids_of(changed(found->second.fails)), Contains(rule.id));
  }
  EXPECT_EQ(examples.size(), all_rules().size()) << "an example belongs to no rule";
}

// -- two estates

const char* const kOurHalf = R"(version: 1
virtual_networks:
  ours: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
virtual_network_gateways:
  gw: { virtual_network: ours, enable_bgp: false, bgp_settings: { asn: 65010 },
        ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
local_network_gateways:
  them: { gateway_ip_address: 192.0.2.2, address_prefixes: [10.2.0.0/16],
          bgp_settings: { asn: 65020, bgp_peering_address: 10.2.255.30 } }
connections:
  to-them: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: them,
             enable_bgp: false, shared_key: { file: a.psk } }
)";

const char* const kTheirHalf = R"(version: 1
virtual_networks:
  theirs: { address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 } }
virtual_network_gateways:
  gate: { virtual_network: theirs, enable_bgp: false, bgp_settings: { asn: 65020 },
          ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
local_network_gateways:
  us: { gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16],
        bgp_settings: { asn: 65010, bgp_peering_address: 10.1.255.30 } }
connections:
  to-us: { connection_type: ipsec, virtual_network_gateway1: gate, local_network_gateway2: us,
           enable_bgp: false, shared_key: { file: b.psk } }
)";

Model estate_in(const std::string& text, const std::string& file) {
  auto model = parse_config(text, file);
  EXPECT_TRUE(model.has_value()) << (model ? "" : model.error().front().to_string());
  return model ? *std::move(model) : Model{};
}

struct PairCase {
  Changes ours;
  Changes theirs;
  Verdict keys = Verdict::Right;
  Verdict ppks = Verdict::Right;
};

std::vector<std::string> pair_ids(const PairCase& pair) {
  std::string ours = kOurHalf, theirs = kTheirHalf;
  for (const auto& [from, to] : pair.ours) ours = replaced(std::move(ours), from, to);
  for (const auto& [from, to] : pair.theirs) theirs = replaced(std::move(theirs), from, to);
  const Model own = estate_in(ours, "ours.yaml");
  const Model peer = estate_in(theirs, "theirs.yaml");
  std::vector<std::string> ids;
  for (const Finding& finding : validate_pair(own, peer, [&](const End&, const End&, KeyKind kind) {
         return kind == KeyKind::PreShared ? pair.keys : pair.ppks;
       })) {
    ids.push_back(finding.id);
    EXPECT_FALSE(finding.remedy.empty()) << finding.to_string();
    EXPECT_GE(finding.objects.size(), 2u) << finding.to_string();
    EXPECT_GT(finding.line, 0u) << finding.to_string();
  }
  return ids;
}

struct PairExample {
  PairCase passes;
  PairCase fails;
};

Changes of_connection(const std::string& more) {
  return {{"enable_bgp: false, shared_key", more + ", enable_bgp: false, shared_key"}};
}
const Changes kSpeaks = {{"enable_bgp: false, bgp", "enable_bgp: true, bgp"},
                         {"enable_bgp: false, shared_key", "enable_bgp: true, shared_key"}};

std::map<std::string_view, PairExample> pair_examples() {
  const Changes ppk = of_connection("ppk: { id: one, file: x.ppk }");
  const Changes classic = {{"ours: {", "ours: { deployment_model: classic,"}};
  return {
      {"peer.address", {{}, {.ours = {{"192.0.2.2", "192.0.2.9"}}}}},
      {"peer.instances",
       {{},
        {.theirs = {{"ip_configurations: [ { public_ip_address: 192.0.2.2 } ]",
                     "active_active: true, ip_configurations: [ { name: a, public_ip_address: "
                     "192.0.2.2 }, { name: b, public_ip_address: 192.0.2.3 } ]"}}}}},
      {"peer.prefixes", {{}, {.theirs = {{"[10.1.0.0/16]", "[10.1.0.0/17]"}}}}},
      {"peer.overlap", {{}, {.theirs = {{"[10.2.0.0/16]", "[10.2.0.0/16, 10.1.9.0/24]"}}}}},
      {"peer.protocol", {{}, {.theirs = of_connection("connection_protocol: IKEv1")}}},
      {"peer.shared-key", {{}, {.keys = Verdict::Wrong}}},
      {"peer.authentication",
       {{},
        {.ours = {{"shared_key: { file: a.psk }",
                   "authentication_type: raw-public-key, raw_public_key_authentication: { "
                   "private_key: a.key, peer_public_key: b.pub }"}}}}},
      {"peer.identity",
       {{.ours = of_connection("local_id: us.example.net"),
         .theirs = of_connection("remote_id: us.example.net")},
        {.ours = of_connection("local_id: us.example.net")}}},
      {"peer.ipsec-policy",
       {{.ours = of_connection("ipsec_policy: aws"),
         .theirs = of_connection("ipsec_policy: azure-custom")},
        {.ours = of_connection("ipsec_policy: azure-default, legacy: true")}}},
      {"peer.connection-mode",
       {{.ours = of_connection("connection_mode: responder-only")},
        {.ours = of_connection("connection_mode: responder-only"),
         .theirs = of_connection("connection_mode: responder-only")}}},
      {"peer.encapsulation", {{}, {.theirs = of_connection("encapsulation: esp")}}},
      {"peer.selectors",
       {{.ours = of_connection("use_policy_based_traffic_selectors: true"),
         .theirs = of_connection("use_policy_based_traffic_selectors: true")},
        {.theirs = of_connection("use_policy_based_traffic_selectors: true")}}},
      {"peer.classic",
       {{.ours = classic},
        {.ours = classic + Changes{{"gw: {", "gw: { vpn_type: policy-based,"}},
         .theirs = {{"gate: {", "gate: { vpn_type: policy-based,"}}}}},
      {"peer.bgp",
       {{.ours = kSpeaks, .theirs = kSpeaks},
        {.ours = kSpeaks,
         .theirs = kSpeaks + Changes{{"settings: { asn: 65010, bgp",
                                      "settings: { "
                                      "asn: 65011, bgp"}}}}},
      {"peer.additional-key-exchanges",
       {{.ours = of_connection("additional_key_exchanges: { methods: [ECP521] }"),
         .theirs =
             of_connection("additional_key_exchanges: { methods: [ECP521], required: false }")},
        {.ours = of_connection("additional_key_exchanges: { methods: [ECP521] }")}}},
      {"peer.ppk",
       {{.ours = ppk, .theirs = ppk},
        {.ours = ppk, .theirs = ppk, .keys = Verdict::Right, .ppks = Verdict::Wrong}}},
  };
}

TEST(RuleExamples, EveryRuleAboutTwoEstatesHasAPairThatPassesAndOneThatFails) {
  const auto examples = pair_examples();
  for (const PairRule& rule : all_pair_rules()) {
    SCOPED_TRACE(rule.id);
    const auto found = examples.find(rule.id);
    if (found == examples.end()) {
      ADD_FAILURE() << "the rule has no pair of examples";
      continue;
    }
    EXPECT_THAT(pair_ids(found->second.passes), testing::IsEmpty());
    EXPECT_THAT(pair_ids(found->second.fails), Contains(rule.id));
  }
  EXPECT_EQ(examples.size(), all_pair_rules().size()) << "an example belongs to no rule";
}

TEST(RuleExamples, KeysThatCannotBeComparedAreANote) {
  const Changes ppk = of_connection("ppk: { id: one, file: x.ppk }");
  EXPECT_THAT(pair_ids({.keys = Verdict::Unknown}), testing::ElementsAre("peer.shared-key"));
  EXPECT_THAT(pair_ids({.ours = ppk, .theirs = ppk, .ppks = Verdict::Unknown}),
              testing::ElementsAre("peer.ppk"));
}

// Identities follow from addresses: what is mended with an address is no finding of its own.
TEST(RuleExamples, AWrongAddressIsOneFinding) {
  const Changes astray = {{"gateway_ip_address: 192.0.2.1", "gateway_ip_address: 192.0.2.9"}};
  EXPECT_THAT(ids_of(changed(described("10.2.0.0/16", "10.1.0.0/16") + astray)),
              testing::ElementsAre("connection.counterpart-address"));
  const Changes wrong = {{"192.0.2.2", "192.0.2.9"}};
  EXPECT_THAT(pair_ids({.ours = wrong}), testing::ElementsAre("peer.address"));
  EXPECT_THAT(pair_ids({.theirs = wrong}), testing::ElementsAre("peer.address"));
  // Written at both ends, they are wrong wherever the address leads.
  EXPECT_THAT(pair_ids({.ours = wrong + of_connection("remote_id: 192.0.2.9"),
                        .theirs = of_connection("local_id: 192.0.2.2")}),
              testing::ElementsAre("peer.address", "peer.identity"));
  // And a name follows from no address.
  EXPECT_THAT(pair_ids({.ours = wrong, .theirs = of_connection("local_id: gate.example.net")}),
              testing::ElementsAre("peer.address", "peer.identity"));
}

// Of each row: what is on our side, what on theirs, and the findings.
TEST(RuleExamples, KeyExchangesAndPostQuantumKeysOfBothSidesAreEqualWhereOneInsists) {
  struct Row {
    std::string ours, theirs;
    bool is_fault = true;
  };
  const std::string exchanges = "additional_key_exchanges: { methods: ";
  const std::vector<Row> rows = {
      {"", exchanges + "[ECP521] }"},
      {exchanges + "[ECP521] }", exchanges + "[ECP256] }"},
      {exchanges + "[ECP521, CURVE25519] }", exchanges + "[CURVE25519, ECP521] }"},
      {exchanges + "[ECP521], required: false }", exchanges + "[ECP256] }"},
      {exchanges + "[ECP521], required: false }", "", false},
      {exchanges + "[ECP521], required: false }", exchanges + "[ECP256], required: false }", false},
      {"ppk: { id: one, file: x.ppk }", "ppk: { id: two, file: x.ppk }"},
      {"", "ppk: { id: one, file: x.ppk }"},
      {"ppk: { id: one, file: x.ppk, required: false }", "", false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.ours + " and " + row.theirs);
    const auto side = [](const std::string& more) {
      return more.empty() ? Changes{} : of_connection(more);
    };
    const auto ids = pair_ids({.ours = side(row.ours), .theirs = side(row.theirs)});
    EXPECT_EQ(ids.size(), row.is_fault ? 1u : 0u);
  }
}

TEST(RuleExamples, RulesAboutTwoEstatesHaveDistinctIdsAndAreExplained) {
  std::map<std::string_view, int> ids;
  for (const PairRule& rule : all_pair_rules()) {
    EXPECT_EQ(++ids[rule.id], 1) << rule.id;
    EXPECT_FALSE(rule.doc.empty());
  }
}

}  // namespace
}  // namespace twinspan::policy
