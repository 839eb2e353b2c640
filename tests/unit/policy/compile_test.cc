#include "policy/compile.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

Plan plan_of(std::string_view text, std::string_view gateway = "gw-a") {
  auto plan = compile(model_of(text), gateway, 0, "/etc/twinspan");
  if (plan) return *std::move(plan);
  for (const ConfigError& error : plan.error()) ADD_FAILURE() << error.to_string();
  return {};
}

std::string error_of(const Model& model, std::string_view gateway, unsigned instance) {
  const auto plan = compile(model, gateway, instance, "");
  EXPECT_FALSE(plan.has_value());
  return plan ? "" : plan.error().front().to_string();
}

const TunnelPlan& tunnel(const Plan& plan, std::string_view connection) {
  for (const TunnelPlan& candidate : plan.tunnels) {
    if (candidate.connection == connection) return candidate;
  }
  ADD_FAILURE() << "no tunnel " << connection;
  static const TunnelPlan none;
  return none;
}

std::vector<std::string> pairs_of(const TunnelPlan& tunnel) {
  std::vector<std::string> pairs;
  for (const ChildPlan& child : tunnel.children) {
    pairs.push_back(
        fmt::format("{}: {} === {}", child.name, to_string(child.local), to_string(child.remote)));
  }
  return pairs;
}

TEST(Compile, NamesTheFilesOfCertificatesAndRawKeys) {
  const Model certified = model_of(
      estate_with({{"shared_key: { file: a-branch.psk }",
                    "authentication_type: certificate\n    certificate_authentication: { "
                    "outbound_auth_certificate: a.pem, outbound_auth_private_key: /keys/a.key, "
                    "inbound_auth_certificate_chain: [root.pem, issuing.pem], "
                    "inbound_auth_certificate_subject_name: branch, certificate_revocation_lists: "
                    "[r.crl] }"}}));
  const auto plan = compile(certified, "gw-a", 0, "/etc/twinspan");
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(tunnel(*plan, "a-to-branch").psk_file, "");
  EXPECT_EQ(tunnel(*plan, "a-to-branch").certificate,
            (CertificatePlan{"/etc/twinspan/a.pem",
                             "/keys/a.key",
                             {"/etc/twinspan/root.pem", "/etc/twinspan/issuing.pem"},
                             "branch",
                             {"/etc/twinspan/r.crl"}}));
  EXPECT_THAT(plan->to_string(), HasSubstr("/etc/twinspan/a.pem with /keys/a.key"));
  const Model raw = model_of(estate_with(
      {{"shared_key: { file: a-branch.psk }",
        "authentication_type: raw-public-key\n    raw_public_key_authentication: { private_key: "
        "a.key, peer_public_key: b.pub }"}}));
  EXPECT_EQ(tunnel(*compile(raw, "gw-a", 0, ""), "a-to-branch").raw_key,
            (RawKeyPlan{"a.key", "b.pub"}));
}

TEST(Compile, AReplacedKeyIsAcceptedForAnHourOrAsLongAsTheFileSays) {
  EXPECT_EQ(
      tunnel(*compile(model_of(kGoodEstate), "gw-a", 0, ""), "a-to-branch").previous_key_seconds,
      3600u);
  const Model model = model_of(estate_with(
      {{"{ file: a-branch.psk }", "{ file: a-branch.psk, previous_key_seconds: 60 }"}}));
  EXPECT_EQ(tunnel(*compile(model, "gw-a", 0, ""), "a-to-branch").previous_key_seconds, 60u);
}

TEST(Compile, TheGoodEstatesPlanIsAsPrinted) {
  EXPECT_EQ(plan_of(kGoodEstate).to_string(), R"(gateway gw-a instance 0 route-based
  network     vnet-a 10.1.0.0/16 on lan0
  bind        192.0.2.1
tunnel a-to-b device tsnbbs-a-to-b route-based
  local       192.0.2.1 as fqdn:gw-a.example.net
  remote      192.0.2.2 as fqdn:gw-b.example.net
  psk         /etc/twinspan/a-b.psk
  ike         GCMAES256 prf SHA384 group ECP384
  esp         GCMAES256 pfs ECP384 esn
  lifetimes   ike 28800 s, sa 27000 s, 102400000 KB
  dpd         45 s
  mode        default, udp
  child SAs   one per worker
  selectors   0.0.0.0/0, ::/0 === 0.0.0.0/0, ::/0 (any-to-any)
  routes      10.2.0.0/16
tunnel a-to-branch device tsx5n9q-a-to-br route-based
  local       192.0.2.1 as ipv4:192.0.2.1
  remote      203.0.113.9 as ipv4:203.0.113.9
  psk         /etc/twinspan/a-branch.psk
  ike         AES256-SHA256 prf SHA512 group DHGroup14
  esp         GCMAES128 pfs None no-esn
  lifetimes   ike 3600 s, sa 1800 s, no size limit
  dpd         30 s
  mode        initiator-only, esp
  child SAs   one per worker
  selectors   0.0.0.0/0, ::/0 === 0.0.0.0/0, ::/0 (any-to-any)
  routes      10.9.0.0/16
)");
}

TEST(Compile, TheFragmentSizeIsInThePlanAndPrintedWhenItIsNotTheUsualOne) {
  const auto with_size = [](std::string_view size) {
    return plan_of(
        estate_with({{"dpd_timeout_seconds: 30",
                      "dpd_timeout_seconds: 30\n    ike_fragment_size: " + std::string(size)}}));
  };
  EXPECT_EQ(tunnel(plan_of(kGoodEstate), "a-to-branch").ike_fragment_size, 1280u);
  EXPECT_EQ(tunnel(with_size("600"), "a-to-branch").ike_fragment_size, 600u);
  EXPECT_THAT(with_size("600").to_string(), HasSubstr("  fragments   600 bytes\n"));
  EXPECT_THAT(with_size("0").to_string(), HasSubstr("  fragments   never\n"));
}

TEST(Compile, PerResourceSasAreForOneChildSaAndFewConnections) {
  const auto with = [](std::string_view lines) {
    return estate_with(
        {{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 30\n    " + std::string(lines)}});
  };
  const auto is_on = [](const std::string& text) {
    return tunnel(plan_of(text), "a-to-branch").per_resource_sas;
  };
  EXPECT_TRUE(is_on(kGoodEstate)) << "auto";
  EXPECT_TRUE(is_on(with("per_resource_sas: auto")));
  EXPECT_TRUE(is_on(with("per_resource_sas: on")));
  EXPECT_FALSE(is_on(with("per_resource_sas: off")));
  EXPECT_THAT(plan_of(kGoodEstate).to_string(), HasSubstr("  child SAs   one per worker\n"));
  // Pairs of prefixes, and one pair alone: an SPD.
  const std::pair<std::string_view, std::string_view> policies = {
      "use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"};
  EXPECT_FALSE(is_on(estate_with({policies})));
  EXPECT_TRUE(is_on(replaced(with("per_resource_sas: on"), policies.first, policies.second)));
}

TEST(Compile, AGatewayWithManyConnectionsKeepsItsWorkersBusyWithoutThem) {
  std::string more;
  for (unsigned n = 1; n <= 14; ++n) {
    more += fmt::format(
        "  extra{}: {{ connection_type: ipsec, virtual_network_gateway1: gw-a, "
        "local_network_gateway2: branch, shared_key: {{ file: x.psk }} }}\n",
        n);
  }
  const std::string at_most = replaced(kGoodEstate, "  a-to-branch:\n", more + "  a-to-branch:\n");
  const Plan few = plan_of(at_most);
  ASSERT_THAT(few.tunnels, SizeIs(16));
  EXPECT_TRUE(tunnel(few, "a-to-branch").per_resource_sas);
  const std::string one_more =
      "  extra15: { connection_type: ipsec, virtual_network_gateway1: gw-a, "
      "local_network_gateway2: branch, shared_key: { file: x.psk } }\n";
  const std::string above = replaced(at_most, "  a-to-branch:\n", one_more + "  a-to-branch:\n");
  EXPECT_FALSE(tunnel(plan_of(above), "a-to-branch").per_resource_sas);
  const std::string asked = replaced(above, "dpd_timeout_seconds: 30",
                                     "dpd_timeout_seconds: 30\n    per_resource_sas: on");
  EXPECT_TRUE(tunnel(plan_of(asked), "a-to-branch").per_resource_sas);
}

TEST(Compile, AggfragIsInThePlanAndPrintedWhenItIsOn) {
  const Plan plan = plan_of(
      estate_with({{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 30\n    aggfrag: true"}}));
  EXPECT_FALSE(tunnel(plan_of(kGoodEstate), "a-to-branch").aggfrag);
  EXPECT_TRUE(tunnel(plan, "a-to-branch").aggfrag);
  EXPECT_THAT(plan.to_string(), HasSubstr("  aggfrag     where the peer has it\n"));
}

TEST(Compile, CopyingTheDscpIsInThePlanAndPrintedWhenItIsOn) {
  const Plan plan = plan_of(
      estate_with({{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 30\n    copy_dscp: true"}}));
  EXPECT_FALSE(tunnel(plan_of(kGoodEstate), "a-to-branch").copy_dscp);
  EXPECT_TRUE(tunnel(plan, "a-to-branch").copy_dscp);
  EXPECT_THAT(plan.to_string(), HasSubstr("  dscp        copied to outer packets\n"));
}

TEST(Compile, EachDirectionBelongsToItsFirstGateway) {
  const Plan plan = plan_of(kGoodEstate, "gw-b");
  ASSERT_THAT(plan.tunnels, SizeIs(1));
  EXPECT_EQ(plan.tunnels[0].connection, "b-to-a");
  EXPECT_EQ(plan.tunnels[0].remote_address.to_string(), "192.0.2.1");
  EXPECT_EQ(plan.tunnels[0].remote_prefixes, std::vector{*IpPrefix::parse("10.1.0.0/16")});
}

TEST(Compile, RemotePrefixesOfAVnetToVnetConnectionFollowTheRemoteNetwork) {
  const Plan plan = plan_of(estate_with(
      {{"address_space: [10.2.0.0/16]", "address_space: [10.2.0.0/16, 2001:db8:2::/48]"}}));
  EXPECT_EQ(tunnel(plan, "a-to-b").remote_prefixes,
            (std::vector{*IpPrefix::parse("10.2.0.0/16"), *IpPrefix::parse("2001:db8:2::/48")}));
}

std::vector<std::string> remote_prefixes(const Changes& changes, std::string_view connection) {
  const Model model = model_of(estate_with(changes));
  const Plan plan = compile(model, "gw-a", 0, "").value_or(Plan{});
  std::vector<std::string> texts;
  for (const IpPrefix& prefix : tunnel(plan, connection).remote_prefixes)
    texts.push_back(prefix.to_string());
  return texts;
}

TEST(Compile, TheDefaultSiteGetsADefaultRouteOfEachFamilyThatTheNetworkHas) {
  const std::pair<std::string_view, std::string_view> site = {
      "sku: Native", "sku: Native\n    default_local_network_gateway: branch"};
  EXPECT_THAT(remote_prefixes({}, "a-to-branch"), testing::ElementsAre("10.9.0.0/16"));
  EXPECT_THAT(remote_prefixes({site}, "a-to-branch"),
              testing::ElementsAre("10.9.0.0/16", "0.0.0.0/0"));
  EXPECT_THAT(remote_prefixes({site}, "a-to-b"), testing::ElementsAre("10.2.0.0/16"));
  EXPECT_THAT(remote_prefixes({site,
                               {"[10.1.0.0/16]", "[10.1.0.0/16, '2001:db8:1::/48']"},
                               {"[10.9.0.0/16]", "[0.0.0.0/0]"}},
                              "a-to-branch"),
              testing::ElementsAre("0.0.0.0/0", "::/0"));
  // Whoever names it means it: no warning.
  EXPECT_THAT(findings_with({site}), testing::IsEmpty());
}

TEST(Compile, APolicyBasedGatewayPairsItsPrefixesWithTheRemotes) {
  const Plan plan = plan_of(estate_with(
      {{"vpn_type: route-based", "vpn_type: policy-based"},
       {"address_space: [10.1.0.0/16]", "address_space: [10.1.0.0/16, 2001:db8:1::/48]"},
       {"address_prefixes: [10.9.0.0/16]", "address_prefixes: [10.9.0.0/16, 10.8.0.0/16]"}}));
  const TunnelPlan& branch = tunnel(plan, "a-to-branch");
  EXPECT_FALSE(branch.any_to_any);
  EXPECT_EQ(branch.vpn_type, VpnType::PolicyBased);
  // The remote side has no IPv6, so neither have the selectors.
  EXPECT_THAT(pairs_of(branch), ElementsAre("a-to-branch/1: 10.1.0.0/16 === 10.9.0.0/16",
                                            "a-to-branch/2: 10.1.0.0/16 === 10.8.0.0/16"));
}

TEST(Compile, ARouteBasedGatewayPairsPrefixesWhenAskedTo) {
  const Plan plan = plan_of(estate_with(
      {{"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"}}));
  const TunnelPlan& branch = tunnel(plan, "a-to-branch");
  EXPECT_FALSE(branch.any_to_any);
  EXPECT_EQ(branch.vpn_type, VpnType::RouteBased);
  EXPECT_THAT(pairs_of(branch), ElementsAre("a-to-branch: 10.1.0.0/16 === 10.9.0.0/16"));
  EXPECT_TRUE(tunnel(plan, "a-to-b").any_to_any);
}

TEST(Compile, EachPairOfPrefixesOfOneFamilyIsAChildOfItsOwn) {
  const Plan plan = plan_of(estate_with(
      {{"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
       {"address_space: [10.1.0.0/16]",
        "address_space: [10.1.0.0/16, 10.3.0.0/16, 2001:db8:1::/48]"},
       {"address_prefixes: [10.9.0.0/16]",
        "address_prefixes: [10.9.0.0/16, 2001:db8:9::/48, 10.8.0.0/16]"}}));
  EXPECT_THAT(pairs_of(tunnel(plan, "a-to-branch")),
              ElementsAre("a-to-branch/1: 10.1.0.0/16 === 10.9.0.0/16",
                          "a-to-branch/2: 10.1.0.0/16 === 10.8.0.0/16",
                          "a-to-branch/3: 10.3.0.0/16 === 10.9.0.0/16",
                          "a-to-branch/4: 10.3.0.0/16 === 10.8.0.0/16",
                          "a-to-branch/5: 2001:db8:1::/48 === 2001:db8:9::/48"));
}

TEST(Compile, MoreSelectorsThanIkeCanCarryAreRefused) {
  const auto plan_with = [](int count) {
    std::string prefixes;
    for (int i = 0; i < count; ++i)
      prefixes += fmt::format("{}10.9.{}.0/24", i == 0 ? "" : ", ", i);
    const std::string wanted = "address_prefixes: [" + prefixes + "]";
    const auto model = parse_config(estate_with({{"use_policy_based_traffic_selectors: false",
                                                  "use_policy_based_traffic_selectors: true"},
                                                 {"address_prefixes: [10.9.0.0/16]", wanted}}),
                                    "estate.yaml");
    return compile(*model, "gw-a", 0, "");
  };
  EXPECT_TRUE(plan_with(255).has_value());
  const auto refused = plan_with(256);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().front().to_string().find("more than 255"), std::string::npos);
}

TEST(Compile, ASelectorPolicyReplacesThePrefixesAndNotTheRoutes) {
  const std::pair<std::string_view, std::string_view> ranges = {
      "traffic_selector_policies: []",
      "traffic_selector_policies: [ { local_address_ranges: [10.1.0.1-10.1.0.9], "
      "remote_address_ranges: [10.9.0.0/24] } ]"};
  const Plan plan = plan_of(estate_with(
      {{"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
       ranges}));
  const TunnelPlan& branch = tunnel(plan, "a-to-branch");
  EXPECT_THAT(pairs_of(branch), ElementsAre("a-to-branch: 10.1.0.1-10.1.0.9 === 10.9.0.0/24"));
  EXPECT_EQ(branch.remote_prefixes, std::vector{*IpPrefix::parse("10.9.0.0/16")});
  EXPECT_TRUE(tunnel(plan_of(estate_with({ranges})), "a-to-branch").any_to_any);
}

TEST(Compile, EachSelectorPolicyIsAChildWithAllOfItsRanges) {
  const Plan plan = plan_of(estate_with(
      {{"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
       {"traffic_selector_policies: []",
        "traffic_selector_policies: [ { local_address_ranges: [10.1.0.0/24, 10.1.1.0/24], "
        "remote_address_ranges: [10.9.0.0/24, 10.9.1.0/24] }, { local_address_ranges: "
        "[10.1.2.0/24], remote_address_ranges: [10.9.2.0/24] } ]"}}));
  EXPECT_THAT(pairs_of(tunnel(plan, "a-to-branch")),
              ElementsAre("a-to-branch/1: 10.1.0.0/24, 10.1.1.0/24 === 10.9.0.0/24, 10.9.1.0/24",
                          "a-to-branch/2: 10.1.2.0/24 === 10.9.2.0/24"));
}

TEST(Compile, BehindNatThePrivateAddressIsBoundAndThePublicOneIsTheIdentity) {
  const Plan plan =
      plan_of(estate_with({{"public_ip_address: 192.0.2.1 }",
                            "public_ip_address: 192.0.2.1, private_ip_address: 10.0.0.4 }"}}));
  const TunnelPlan& branch = tunnel(plan, "a-to-branch");
  EXPECT_EQ(branch.local_address.to_string(), "10.0.0.4");
  EXPECT_EQ(branch.local_identity, (Identity{IdentityType::Ipv4, "192.0.2.1"}));
  EXPECT_THAT(plan.local_addresses, ElementsAre(*IpAddress::parse("10.0.0.4")));
}

TEST(Compile, KeyFilesAreFoundBesideTheEstateUnlessAbsolute) {
  const Model model =
      model_of(estate_with({{"file: a-branch.psk", "file: /secrets/a-branch.psk"}}));
  const auto in_directory = compile(model, "gw-a", 0, "/etc/twinspan/");
  const auto here = compile(model, "gw-a", 0, "");
  ASSERT_TRUE(in_directory && here);
  EXPECT_EQ(tunnel(*in_directory, "a-to-b").psk_file, "/etc/twinspan/a-b.psk");
  EXPECT_EQ(tunnel(*here, "a-to-b").psk_file, "a-b.psk");
  EXPECT_EQ(tunnel(*here, "a-to-branch").psk_file, "/secrets/a-branch.psk");
}

TEST(Compile, AnUnknownGatewayAndInstanceAreNamed) {
  const Model model = model_of(kGoodEstate);
  EXPECT_EQ(error_of(model, "gw-x", 0),
            "e.yaml: the file has no virtual network gateway 'gw-x'; did you mean 'gw-a'?");
  EXPECT_EQ(error_of(model, "gw-a", 1),
            "e.yaml:11:3: virtual_network_gateways.gw-a.ip_configurations: there is no instance 1; "
            "it has 0 (default, 192.0.2.1)");
}

TEST(Compile, APostQuantumKeyIsNamedInThePlanWithItsFile) {
  const auto plan_with = [](std::string_view more) {
    const std::string ppk =
        fmt::format("    encapsulation: esp\n    ppk: {{ id: branch-1, file: x.ppk{} }}\n", more);
    return compile(model_of(estate_with({{"    encapsulation: esp\n", ppk}})), "gw-a", 0, "/etc/ts")
        .value();
  };
  const Plan plan = plan_with("");
  EXPECT_EQ(plan.tunnels[0].ppk, std::nullopt);
  EXPECT_EQ(plan.tunnels[1].ppk, (PpkPlan{"branch-1", "/etc/ts/x.ppk", true}));
  EXPECT_THAT(plan.to_string(), testing::HasSubstr("branch-1 from /etc/ts/x.ppk, required"));
  EXPECT_FALSE(plan_with(", required: false").tunnels[1].ppk->is_required);
  EXPECT_THAT(plan_with(", required: false").to_string(), testing::HasSubstr("x.ppk, optional"));
}

TEST(Compile, APeerWithANameKeepsItAndIsCalledByIt) {
  const Plan plan =
      plan_of(estate_with({{"gateway_ip_address: 203.0.113.9", "fqdn: x.example.net"}}));
  const TunnelPlan& branch = tunnel(plan, "a-to-branch");
  EXPECT_EQ(branch.remote_name, "x.example.net");
  EXPECT_TRUE(branch.remote_address.is_unspecified());
  EXPECT_EQ(branch.remote_text(), "x.example.net");
  EXPECT_EQ(branch.remote_identity, (Identity{IdentityType::Fqdn, "x.example.net"}));
  EXPECT_THAT(plan.to_string(), HasSubstr("x.example.net as fqdn:x.example.net"));
  EXPECT_EQ(tunnel(plan, "a-to-b").remote_text(), "192.0.2.2");
}

TEST(Compile, AdditionalKeyExchangesStandInEveryProposalThatHasAGroup) {
  const auto tunnels_with = [](std::string_view more) {
    const std::string text =
        fmt::format("additional_key_exchanges: {{ methods: [CURVE25519, ECP521]{} }}", more);
    return compile(model_of(estate_with({{"    ipsec_policy: strong\n",
                                          fmt::format("    ipsec_policy: strong\n    {}\n", text)},
                                         {"    encapsulation: esp\n",
                                          fmt::format("    encapsulation: esp\n    {}\n", text)}})),
                   "gw-a", 0, "/etc/ts")
        .value();
  };
  const std::vector<DhGroupId> methods = {DhGroupId::Curve25519, DhGroupId::Ecp521};
  const Plan strict = tunnels_with("");
  for (const TunnelPlan& tunnel : strict.tunnels) {
    for (const IkeProposal& proposal : tunnel.ike_proposals)
      EXPECT_EQ(proposal.additional, methods);
    for (const EspProposal& proposal : tunnel.esp_proposals) {
      const bool has_group = proposal.pfs_group != DhGroupId::None;
      EXPECT_EQ(proposal.additional, has_group ? methods : std::vector<DhGroupId>{});
    }
  }
  EXPECT_THAT(strict.to_string(), testing::HasSubstr("group ECP384 + CURVE25519 + ECP521"));
  EXPECT_THAT(strict.to_string(), testing::HasSubstr("pfs ECP384 + CURVE25519 + ECP521 esn"));
  EXPECT_THAT(strict.to_string(), testing::HasSubstr("pfs None no-esn"));
  const Plan open = tunnels_with(", required: false");
  ASSERT_EQ(open.tunnels[0].ike_proposals.size(), 2 * strict.tunnels[0].ike_proposals.size());
  EXPECT_EQ(open.tunnels[0].ike_proposals.front().additional, methods);
  EXPECT_TRUE(open.tunnels[0].ike_proposals.back().additional.empty());
  EXPECT_EQ(open.tunnels[1].esp_proposals.size(), 1u);  // Without PFS there is nothing to add.
}

TEST(Compile, AModelThatCannotWorkIsReportedAndNotHalfCompiled) {
  const auto fails = [](std::string_view from, std::string_view to) {
    return error_of(model_of(estate_with({{from, to}})), "gw-a", 0);
  };
  EXPECT_THAT(fails("virtual_network: vnet-a", "virtual_network: vnet-x"),
              HasSubstr("there is no virtual network 'vnet-x'; did you mean"));
  EXPECT_THAT(fails("local_network_gateway2: branch", "local_network_gateway2: x"),
              HasSubstr("connections.a-to-branch: the remote end has no address"));
  EXPECT_THAT(fails("virtual_network: vnet-b", "virtual_network: vnet-x"),
              HasSubstr("connections.a-to-b: the remote end"));
  EXPECT_THAT(fails("ipsec_policy: strong", "ipsec_policy: x"),
              HasSubstr("no usable IPsec policy"));
  EXPECT_THAT(fails("local_id: gw-a.example.net", "local_id: '@'"), HasSubstr("is no identity"));
  EXPECT_THAT(fails("    shared_key: { file: a-branch.psk }\n", ""), HasSubstr("there is no key"));
}

TEST(Compile, OneThousandConnectionsHaveOneThousandDevices) {
  std::string networks = "local_network_gateways:\n";
  std::string connections = "connections:\n";
  for (int index = 0; index < 1000; ++index) {
    networks += fmt::format(
        "  b{}: {{ gateway_ip_address: 198.51.{}.{}, address_prefixes: [10.{}.{}.0/24] }}\n", index,
        index / 250, index % 250, 100 + index / 250, index % 250);
    connections += fmt::format(
        "  branch-office-{}: {{ connection_type: ipsec, virtual_network_gateway1: gw-a, "
        "local_network_gateway2: b{}, shared_key: {{ file: k }} }}\n",
        index, index);
  }
  const Plan plan = plan_of(
      estate_with({{"local_network_gateways:\n", networks}, {"connections:\n", connections}}));
  EXPECT_THAT(plan.tunnels, SizeIs(1002));
  std::set<std::string> devices;
  for (const TunnelPlan& each : plan.tunnels) devices.insert(each.device);
  EXPECT_THAT(devices, SizeIs(1002));
}

TEST(Compile, EqualEstatesMakeEqualPlans) {
  EXPECT_EQ(plan_of(kGoodEstate), plan_of(kGoodEstate));
}

}  // namespace
}  // namespace twinspan::policy
