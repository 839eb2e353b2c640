// The files under examples/ are what people copy: each has no finding, and compiles to the plan it
// promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "policy/checklist.h"
#include "policy/compile.h"
#include "policy/pairing.h"
#include "policy/transit.h"
#include "policy/way_checklist.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string printed_plan(std::string_view path, std::string_view gateway,
                         const HostFacts& facts = {}) {
  const std::string text = read_source_file(path);
  EXPECT_THAT(findings_of(text), IsEmpty()) << path;
  const auto plan = compile(model_of(text), gateway, 0, "/etc/twinspan", facts);
  return plan ? plan->to_string() : plan.error().front().to_string();
}

TEST(Examples, VnetToVnetJoinsTwoNetworksBothWays) {
  EXPECT_EQ(printed_plan("examples/vnet-to-vnet.yaml", "gw-a"),
            R"(gateway gw-a instance 0 route-based
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
)");
  EXPECT_EQ(printed_plan("examples/vnet-to-vnet.yaml", "gw-b"),
            R"(gateway gw-b instance 0 route-based
  network     vnet-b 10.2.0.0/16 on lan0
  bind        192.0.2.2
tunnel b-to-a device tspxqz-b-to-a route-based
  local       192.0.2.2 as fqdn:gw-b.example.net
  remote      192.0.2.1 as fqdn:gw-a.example.net
  psk         /etc/twinspan/a-b.psk
  ike         GCMAES256 prf SHA384 group ECP384
  esp         GCMAES256 pfs ECP384 esn
  lifetimes   ike 28800 s, sa 27000 s, 102400000 KB
  dpd         45 s
  mode        default, udp
  child SAs   one per worker
  selectors   0.0.0.0/0, ::/0 === 0.0.0.0/0, ::/0 (any-to-any)
  routes      10.1.0.0/16
)");
}

TEST(Examples, SiteToSiteUsesItsOwnPolicy) {
  const std::string plan = printed_plan("examples/site-to-site.yaml", "gw-a");
  EXPECT_THAT(plan, HasSubstr("  ike         AES256-SHA256 prf SHA256 group DHGroup14\n"
                              "  esp         GCMAES256 pfs DHGroup14 esn\n"));
  EXPECT_THAT(plan, HasSubstr("  routes      10.9.0.0/16\n"));
}

TEST(Examples, PolicyBasedPairsPrefixes) {
  EXPECT_THAT(printed_plan("examples/policy-based.yaml", "gw-a"),
              HasSubstr("  selectors   10.1.0.0/24 === 10.9.0.0/24\n"
                        "  selectors   10.1.0.0/24 === 10.9.1.0/24\n"
                        "  selectors   10.1.1.0/24 === 10.9.0.0/24\n"
                        "  selectors   10.1.1.0/24 === 10.9.1.0/24\n"));
}

TEST(Examples, PolicyBasedDevicesGetPairsFromARouteBasedGateway) {
  const std::string plan = printed_plan("examples/policy-based-devices.yaml", "gw-a");
  EXPECT_THAT(plan, HasSubstr("  selectors   10.1.0.0/16 === 10.9.0.0/24\n"
                              "  selectors   10.1.0.0/16 === 10.9.1.0/24\n"));
  EXPECT_THAT(plan, HasSubstr("  selectors   10.1.0.0/24 === 10.10.0.0/24\n"));
}

TEST(Examples, MultiSiteHasConnectionsOfBothKinds) {
  const std::string plan = printed_plan("examples/multi-site.yaml", "gw-a");
  for (const char* const tunnel : {"tunnel a-to-b ", "tunnel a-to-branch ", "tunnel a-to-depot "})
    EXPECT_THAT(plan, HasSubstr(tunnel));
  EXPECT_THAT(printed_plan("examples/multi-site.yaml", "gw-b"), HasSubstr("tunnel b-to-a "));
}

TEST(Examples, AClassicNetworkIsJoinedByStaticPrefixes) {
  const char* const path = "examples/classic-to-resource-manager.yaml";
  EXPECT_THAT(printed_plan(path, "gw-old"), HasSubstr("  routes      10.2.0.0/16\n"));
  EXPECT_THAT(printed_plan(path, "gw-new"), HasSubstr("  routes      10.1.0.0/16\n"));
}

Verdict same_key(const End&, const End&, KeyKind) {
  return Verdict::Right;
}

TEST(Examples, TheHalvesOfTwoAdministratorsFitEachOther) {
  const char* const west = "examples/two-administrators-west.yaml";
  const char* const east = "examples/two-administrators-east.yaml";
  EXPECT_THAT(printed_plan(west, "gw-west"), HasSubstr("  routes      10.2.0.0/16\n"));
  EXPECT_THAT(printed_plan(east, "gw-east"), HasSubstr("  routes      10.1.0.0/16\n"));
  const Model own = model_of(read_source_file(west));
  const Model peer = model_of(read_source_file(east));
  EXPECT_THAT(validate_pair(own, peer, same_key), IsEmpty());
  EXPECT_THAT(validate_pair(peer, own, same_key), IsEmpty());
  const auto list = checklist({own, &peer, "west-to-east", same_key});
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ(list->size(), 6u);
  for (const CheckItem& item : *list) EXPECT_EQ(item.result, CheckResult::Pass) << item.number;
}

// Its address and its prefix are not those that the estate has of it, which is what one compares
// two files for: it must not be taken for the other end of a connection that has one already.
TEST(Examples, AMistakenSiteBelongsToNoConnectionBetweenOurOwnGateways) {
  const Model own = model_of(read_source_file("examples/multi-site.yaml"));
  const Model peer = model_of(R"(version: 1
virtual_networks:
  branch: { address_space: [10.99.0.0/16], interfaces: [lan0] }
virtual_network_gateways:
  gw-br: { virtual_network: branch, ip_configurations: [{ public_ip_address: 203.0.113.10 }] }
local_network_gateways:
  head: { gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16] }
connections:
  br-to-a:
    connection_type: ipsec
    virtual_network_gateway1: gw-br
    local_network_gateway2: head
    shared_key: { file: branch.psk }
)");
  // Neither of the two connections to sites has more in common with it; the one to vnet-b, whose
  // two ends are here, is no candidate.
  const PairUp found = pair_up(own, peer, same_key);
  EXPECT_THAT(found.pairs, IsEmpty());
  std::vector<std::string> tied;
  for (const Pairing& tie : found.ties) tied.push_back(tie.own->name);
  EXPECT_THAT(tied, testing::ElementsAre("a-to-branch", "a-to-depot"));
  std::vector<std::string> told;
  for (const Finding& finding : validate_pair(own, peer, same_key)) {
    EXPECT_EQ(finding.severity, Severity::Warning) << finding.to_string();
    told.push_back(finding.message);
  }
  EXPECT_THAT(told,
              testing::ElementsAre("it cannot be told whether br-to-a in e.yaml belongs to it "
                                   "or to a-to-depot",
                                   "it cannot be told whether br-to-a in e.yaml belongs to it "
                                   "or to a-to-branch"));
  // Every connection has a key of its own, so one that is equal tells.
  const CompareKeys key_of_branch = [](const End& ours, const End&, KeyKind) {
    return ours.connection.name == "a-to-branch" ? Verdict::Right : Verdict::Wrong;
  };
  const PairUp told_by_key = pair_up(own, peer, key_of_branch);
  ASSERT_EQ(told_by_key.pairs.size(), 1u);
  EXPECT_EQ(told_by_key.pairs[0].own->name, "a-to-branch");
  EXPECT_THAT(told_by_key.ties, IsEmpty());
  // An estate beside itself: every connection has its end in the other one.
  EXPECT_EQ(pair_up(model_of(read_source_file("examples/vnet-to-vnet.yaml")),
                    model_of(read_source_file("examples/vnet-to-vnet.yaml")), same_key)
                .pairs.size(),
            2u);
}

const HostFacts kLans{{"lan0", "lan1", "lan2"}};

std::string first_refused(const Model& model, std::string_view from, std::string_view to) {
  const auto way = find_way(model, from, to);
  if (!way) return "not joined";
  const TransitRefusal* const refusal = way->first_refusal();
  return refusal == nullptr ? "" : refusal->reason;
}

// "unknown pass": the results of the steps.
std::string results(const Model& model, std::string_view from, std::string_view to) {
  const auto list = way_checklist({model, nullptr, from, to});
  if (!list) return list.error();
  std::string text;
  for (const CheckItem& item : *list)
    text += (text.empty() ? "" : " ") + std::string(name_of(item.result));
  return text;
}

// The devices at the other ends need routes that they do not have by themselves.
TEST(Examples, WhatSitesKnowOfEachOtherAndOfSpokesIsNotInTheFile) {
  const Model sites = model_of(read_source_file("examples/multi-site.yaml"));
  EXPECT_EQ(results(sites, "branch", "depot"), "unknown unknown");
  EXPECT_EQ(results(sites, "vnet-a", "vnet-b"), "pass");
  EXPECT_THAT(results(sites, "branch", "vnet-b"), HasSubstr("fail"));
  const Model spokes = model_of(read_source_file("examples/hub-and-spoke.yaml"));
  EXPECT_EQ(results(spokes, "spoke-1", "headquarters"), "pass unknown");
  const Model devices = model_of(read_source_file("examples/policy-based-devices.yaml"));
  EXPECT_THAT(results(devices, "firewall-1", "firewall-2"), HasSubstr("fail"));
  EXPECT_EQ(results(devices, "vnet-a", "firewall-2"), "unknown");  // The hosts' prefix alone.
}

// Two administrators' files tell all of it together.
TEST(Examples, TheWayBetweenTwoAdministratorsIsKnownFromBothFiles) {
  const Model west = model_of(read_source_file("examples/two-administrators-west.yaml"));
  const Model east = model_of(read_source_file("examples/two-administrators-east.yaml"));
  const std::string from = west.virtual_networks.begin()->first;
  const std::string to = west.local_network_gateways.begin()->first;
  EXPECT_EQ(results(west, from, to), "unknown");
  const auto list = way_checklist({west, &east, from, to});
  ASSERT_TRUE(list.has_value());
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ(list->front().result, CheckResult::Pass) << list->front().message;
}

TEST(Examples, APeeredNetworkUsesTheGatewayOfTheOther) {
  EXPECT_THAT(printed_plan("examples/two-networks-peered.yaml", "gw-a", kLans),
              HasSubstr("  attached    vnet-a 10.1.0.0/16 on lan0, has the gateway\n"
                        "  attached    vnet-c 10.3.0.0/16 on lan1, uses the gateway\n"
                        "  open        vnet-a to vnet-c\n"
                        "  open        vnet-c to vnet-a\n"));
  const Model model = model_of(read_source_file("examples/two-networks-peered.yaml"));
  EXPECT_EQ(first_refused(model, "vnet-c", "vnet-a"), "");
  EXPECT_EQ(first_refused(model, "vnet-c", "branch"), "");
  EXPECT_EQ(first_refused(model, "branch", "vnet-c"), "");
}

TEST(Examples, SpokesUseTheHubsGatewayAndDoNotReachEachOther) {
  EXPECT_THAT(printed_plan("examples/hub-and-spoke.yaml", "gw-hub", kLans),
              HasSubstr("  open        hub to spoke-1\n"
                        "  open        hub to spoke-2\n"
                        "  open        spoke-1 to hub\n"
                        "  open        spoke-2 to hub\n"
                        "tunnel"));
  const Model model = model_of(read_source_file("examples/hub-and-spoke.yaml"));
  EXPECT_EQ(first_refused(model, "spoke-1", "headquarters"), "");
  EXPECT_EQ(first_refused(model, "spoke-2", "headquarters"), "");
  EXPECT_THAT(first_refused(model, "spoke-1", "spoke-2"), HasSubstr("not transitive"));
  const auto list = checklist({model, nullptr, "hub-to-headquarters", same_key});
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ(list->size(), 10u);  // Six, and two flags of each spoke.
  for (const CheckItem& item : *list) EXPECT_NE(item.result, CheckResult::Fail) << item.number;
}

TEST(Examples, AllAreNamedInTheReadmeAndTestedHere) {
  const std::string readme = read_source_file("examples/README.md");
  const std::string tests = read_source_file("tests/unit/policy/examples_test.cc");
  size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(TWINSPAN_SOURCE_DIR) + "/examples")) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string name = entry.path().filename().string();
    EXPECT_THAT(readme, HasSubstr("`" + name + "`"));
    EXPECT_THAT(tests, HasSubstr("examples/" + name));
    ++count;
  }
  EXPECT_EQ(count, 10u);
}

}  // namespace
}  // namespace twinspan::policy
