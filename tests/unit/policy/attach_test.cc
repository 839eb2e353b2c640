// Which networks a host has, and which ways between them are open.
#include "policy/attach.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

//   spoke1 (lan1) --peering-- hub (lan0) == gw == site
//   spoke2 (lan2) --peering--/
//   island (lan3)              far (lan0) == gw-far, peered with hub
const char* const kWorld = R"(version: 1
virtual_networks:
  hub: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 },
         interfaces: [lan0] }
  spoke1: { address_space: [10.11.0.0/16], interfaces: [lan1] }
  spoke2: { address_space: [10.12.0.0/16], interfaces: [lan2] }
  island: { address_space: [10.3.0.0/16], interfaces: [lan3] }
  far: { address_space: [10.4.0.0/16], subnets: { GatewaySubnet: 10.4.255.0/27 },
         interfaces: [lan0] }
virtual_network_gateways:
  gw: { virtual_network: hub, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
  gw-far: { virtual_network: far, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
local_network_gateways:
  site: { gateway_ip_address: 203.0.113.9, address_prefixes: [10.9.0.0/16] }
connections:
  to-site: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: site,
             shared_key: { file: k } }
peerings:
  hub-1: { virtual_network: hub, remote_virtual_network: spoke1, allow_gateway_transit: true }
  1-hub: { virtual_network: spoke1, remote_virtual_network: hub, use_remote_gateways: true }
  hub-2: { virtual_network: hub, remote_virtual_network: spoke2 }
  2-hub: { virtual_network: spoke2, remote_virtual_network: hub, allow_forwarded_traffic: true }
  hub-f: { virtual_network: hub, remote_virtual_network: far }
  f-hub: { virtual_network: far, remote_virtual_network: hub }
)";

const HostFacts kAll{{"lan0", "lan1", "lan2", "lan3", "wan0"}};

std::string with(std::string_view from, std::string_view to) {
  return replaced(kWorld, from, to);
}

HostNetworks networks_of(const std::string& text, const HostFacts& facts = kAll,
                         std::string_view gateway = "gw") {
  const Model model = model_of(text);
  return attach_networks(model, *find(model.gateways, gateway), facts);
}

std::vector<std::string> attached(const HostNetworks& networks) {
  std::vector<std::string> names;
  for (const AttachedNetwork& network : networks.attached) {
    const char* const use = network.gateway_use == GatewayUse::Own         ? " own"
                            : network.gateway_use == GatewayUse::Transit   ? " transit"
                            : network.gateway_use == GatewayUse::Elsewhere ? " elsewhere"
                                                                           : "";
    names.push_back(network.name + use);
  }
  return names;
}

std::vector<std::string> ways(const HostNetworks& networks) {
  std::vector<std::string> texts;
  for (const PeeringWay& way : networks.ways)
    texts.push_back(way.from + ">" + way.to + (way.admits_forwarded ? "*" : ""));
  return texts;
}

TEST(Attach, OwnNetworkAndThoseWithoutAGatewayWhoseInterfacesExist) {
  EXPECT_THAT(attached(networks_of(kWorld)),
              ElementsAre("hub own", "island", "spoke1 transit", "spoke2"));
  EXPECT_THAT(attached(networks_of(kWorld, {{"lan0", "lan2"}})), ElementsAre("hub own", "spoke2"));
  EXPECT_THAT(attached(networks_of(kWorld, {})), ElementsAre("hub own"));
  EXPECT_THAT(attached(networks_of(with("interfaces: [lan3]", "interfaces: [lan3, lan4]"))),
              ElementsAre("hub own", "spoke1 transit", "spoke2"));
}

TEST(Attach, ANetworkWithoutInterfacesIsNotAttachedByItsAbsence) {
  EXPECT_THAT(attached(networks_of(with(", interfaces: [lan3]", ""))),
              ElementsAre("hub own", "spoke1 transit", "spoke2"));
}

TEST(Attach, AnotherGatewaysDaemonSeesItsOwnNetworkFirst) {
  EXPECT_THAT(attached(networks_of(kWorld, kAll, "gw-far")),
              ElementsAre("far own", "island", "spoke1 elsewhere", "spoke2"));
}

TEST(Attach, WhatATunnelLeadsToIsNotAttached) {
  const std::string joined =
      with("peerings:",
           "  far-hub: { connection_type: vnet-to-vnet, virtual_network_gateway1: gw-far, "
           "virtual_network_gateway2: gw, shared_key: { file: k } }\npeerings:");
  EXPECT_THAT(attached(networks_of(joined, kAll, "gw-far")),
              ElementsAre("far own", "island", "spoke2"));
}

TEST(Attach, AWayIsOpenWhenBothHalvesAllowAccess) {
  EXPECT_THAT(ways(networks_of(kWorld)), ElementsAre("hub>spoke1", "hub>spoke2*", "hub>far",
                                                     "far>hub", "spoke1>hub", "spoke2>hub"));
  for (const char* const half :
       {"remote_virtual_network: spoke1,", "remote_virtual_network: hub, use"}) {
    const std::string closed = std::string(half).substr(0, std::string(half).find(',')) +
                               ", allow_virtual_network_access: false," +
                               std::string(half).substr(std::string(half).find(',') + 1);
    EXPECT_THAT(ways(networks_of(with(half, closed))), testing::Not(Contains("hub>spoke1")))
        << half;
    EXPECT_THAT(ways(networks_of(with(half, closed))), testing::Not(Contains("spoke1>hub")))
        << half;
  }
}

TEST(Attach, OneHalfAloneOpensNothing) {
  const std::string alone = with(
      "  1-hub: { virtual_network: spoke1, remote_virtual_network: hub, use_remote_gateways: "
      "true }\n",
      "");
  EXPECT_THAT(ways(networks_of(alone)),
              ElementsAre("hub>spoke2*", "hub>far", "far>hub", "spoke2>hub"));
  EXPECT_THAT(attached(networks_of(alone)), Contains("spoke1"));
}

TEST(Attach, TheHalfTowardsAClassicNetworkStandsForBoth) {
  const std::string classic = replaced(
      with("  spoke2: {", "  spoke2: { deployment_model: classic,"),
      "  2-hub: { virtual_network: spoke2, remote_virtual_network: hub, allow_forwarded_traffic: "
      "true }\n",
      "");
  EXPECT_THAT(ways(networks_of(classic)), Contains("hub>spoke2"));
  EXPECT_THAT(ways(networks_of(classic)), Contains("spoke2>hub"));
}

TEST(Attach, PeersOfPeersStayClosed) {
  const HostNetworks networks = networks_of(kWorld);
  EXPECT_EQ(networks.way("spoke1", "spoke2"), nullptr);
  EXPECT_EQ(networks.way("spoke1", "far"), nullptr);
  EXPECT_EQ(networks.way("hub", "island"), nullptr);
}

TEST(Attach, ANeighbourIsAPeeredNetworkWithAnotherGateway) {
  const HostNetworks networks = networks_of(kWorld);
  ASSERT_EQ(networks.neighbours.size(), 1u);
  EXPECT_EQ(networks.neighbours[0].name, "far");
  EXPECT_EQ(networks.neighbours[0].prefixes[0].to_string(), "10.4.0.0/16");
}

std::vector<std::string> errors_with(const std::string& text, const HostFacts& facts = kAll) {
  const auto plan = compile(model_of(text), "gw", 0, "", facts);
  std::vector<std::string> errors;
  if (plan) return errors;
  for (const ConfigError& error : plan.error()) errors.push_back(error.path + ": " + error.message);
  return errors;
}

TEST(Attach, AttachedNetworksMayNotOverlap) {
  EXPECT_THAT(errors_with(kWorld), IsEmpty());
  const std::string overlapping = with("[10.3.0.0/16]", "[10.12.128.0/17]");
  EXPECT_THAT(errors_with(overlapping),
              ElementsAre(HasSubstr("virtual_networks.spoke2.address_space: 10.12.0.0/16 overlaps "
                                    "10.12.128.0/17 of island, and both are attached to this host: "
                                    "island (lan3) and spoke2 (lan2)")));
  EXPECT_THAT(errors_with(overlapping, {{"lan0", "lan2"}}), IsEmpty());
}

TEST(Attach, ATunnelMayNotLeadIntoAnAttachedNetwork) {
  EXPECT_THAT(
      errors_with(with("[10.9.0.0/16]", "[10.3.4.0/24]")),
      ElementsAre(HasSubstr("connections.to-site: remote prefix 10.3.4.0/24 lies in 10.3.0.0/16 "
                            "of island (lan3), which is attached to this host")));
  EXPECT_THAT(errors_with(with("[10.9.0.0/16]", "[10.3.4.0/24]"), {{"lan0"}}), IsEmpty());
  // A wider prefix leaves the attached network out.
  EXPECT_THAT(errors_with(with("[10.9.0.0/16]", "[10.2.0.0/15]")), IsEmpty());
}

std::vector<std::string> warnings_with(const HostFacts& facts, const std::string& text = kWorld) {
  const Model model = model_of(text);
  return attachment_warnings(model, model.gateways.at("gw"), facts);
}

TEST(Attach, ASpokeThatIsMissingIsSaid) {
  EXPECT_THAT(warnings_with(kAll), IsEmpty());
  EXPECT_THAT(
      warnings_with({{"lan0", "lan2", "lan3"}}),
      ElementsAre(HasSubstr("virtual_networks.spoke1: not attached to this host, so it is "
                            "neither isolated nor joined here: there is no interface lan1")));
}

TEST(Attach, SpokesJoinSelectorsAndRemotePrefixes) {
  const std::string selectors = with("shared_key: { file: k } }\npeerings",
                                     "shared_key: { file: k }, "
                                     "use_policy_based_traffic_selectors: true }\npeerings");
  const auto plan = compile(model_of(selectors), "gw", 0, "", kAll);
  ASSERT_TRUE(plan.has_value());
  std::vector<std::string> pairs;
  for (const ChildPlan& child : plan->tunnels[0].children)
    pairs.push_back(to_string(child.local) + " === " + to_string(child.remote));
  EXPECT_THAT(pairs, ElementsAre("10.1.0.0/16 === 10.9.0.0/16", "10.11.0.0/16 === 10.9.0.0/16"));

  const std::string joined =
      with("peerings:",
           "  far-hub: { connection_type: vnet-to-vnet, virtual_network_gateway1: gw-far, "
           "virtual_network_gateway2: gw, shared_key: { file: k } }\npeerings:");
  const auto far = compile(model_of(joined), "gw-far", 0, "");
  ASSERT_TRUE(far.has_value());
  std::vector<std::string> routes;
  for (const IpPrefix& prefix : far->tunnels[0].remote_prefixes)
    routes.push_back(prefix.to_string());
  EXPECT_THAT(routes, ElementsAre("10.1.0.0/16", "10.11.0.0/16"));
}

TEST(Attach, ThePlanPrintsTheNetworksOfAHostWithSeveral) {
  const auto plan = compile(model_of(kWorld), "gw", 0, "", kAll);
  ASSERT_TRUE(plan.has_value());
  EXPECT_THAT(plan->to_string(),
              HasSubstr("  attached    hub 10.1.0.0/16 on lan0, has the gateway\n"
                        "  attached    island 10.3.0.0/16 on lan3, uses no gateway\n"
                        "  attached    spoke1 10.11.0.0/16 on lan1, uses the gateway\n"
                        "  attached    spoke2 10.12.0.0/16 on lan2, uses no gateway\n"
                        "  neighbour   far 10.4.0.0/16\n"
                        "  open        hub to spoke1\n"
                        "  open        hub to spoke2, forwarded traffic too\n"));
}

TEST(Attach, AThousandSpokesAreQuicklySorted) {
  std::string networks, peerings;
  HostFacts facts{{"lan0"}};
  for (int i = 0; i < 1000; ++i) {
    const std::string name = fmt::format("s{}", i);
    networks += fmt::format("  {}: {{ address_space: [10.{}.{}.0/24], interfaces: [v{}] }}\n", name,
                            100 + i / 250, i % 250, i);
    peerings += fmt::format(
        "  h-{0}: {{ virtual_network: hub, remote_virtual_network: {0}, allow_gateway_transit: "
        "true "
        "}}\n  {0}-h: {{ virtual_network: {0}, remote_virtual_network: hub, use_remote_gateways: "
        "true }}\n",
        name);
    facts.interfaces.insert(fmt::format("v{}", i));
  }
  const std::string text = replaced(with("  spoke1: {", networks + "  spoke1: {"), "peerings:\n",
                                    "peerings:\n" + peerings);
  const HostNetworks found = networks_of(text, facts);
  EXPECT_EQ(found.attached.size(), 1001u);
  EXPECT_EQ(found.ways.size(), 2002u);
}

}  // namespace
}  // namespace twinspan::policy
