// The walk of `twinspan explain`: every stage at which a packet can be lost, in both directions.
#include "policy/explain.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "policy/compile.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

//   spoke1 (lan1) --peering-- hub (lan0) ==to-site== site
//   spoke2 (lan2)             gw 192.0.2.1           203.0.113.9
const char* const kExplainWorld = R"(version: 1
virtual_networks:
  hub: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 },
         interfaces: [lan0] }
  spoke1: { address_space: [10.11.0.0/16], interfaces: [lan1] }
  spoke2: { address_space: [10.12.0.0/16], interfaces: [lan2] }
virtual_network_gateways:
  gw: { virtual_network: hub, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
local_network_gateways:
  site: { gateway_ip_address: 203.0.113.9, address_prefixes: [10.9.0.0/16] }
connections:
  to-site: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: site,
             shared_key: { file: k } }
peerings:
  hub-1: { virtual_network: hub, remote_virtual_network: spoke1, allow_gateway_transit: true }
  1-hub: { virtual_network: spoke1, remote_virtual_network: hub, use_remote_gateways: true }
)";

// Everything works, unless a member says otherwise.
class WrittenTables : public LiveTables {
 public:
  std::set<std::string> host_addresses = {"10.1.0.1", "192.0.2.1"};
  std::map<std::string, FoundRoute> routes;  // By destination; else where it is.
  mutable std::map<std::string, std::string>
      inputs;  // Where route() was asked from, by destination.
  FoundRoute outer{.kind = FoundRoute::Kind::Device, .device = "wan0"};
  DeviceState tunnel_device{.exists = true, .is_up = true, .has_carrier = true, .mtu = 1400};
  TunnelAnswer tunnel_answer{
      .is_connected = true, .remote = "203.0.113.9:4500", .selectors = "0.0.0.0/0 === 0.0.0.0/0"};
  SaAnswer sa{.kind = SaAnswer::Kind::Carries,
              .sa = "Child SA net, SPI 0x00001234",
              .selectors = "0.0.0.0/0 === 0.0.0.0/0"};
  std::optional<std::vector<std::string>> faults = std::vector<std::string>{};

  std::string tunnel_name;

  bool is_host_address(const IpAddress& address) const override {
    return host_addresses.contains(address.to_string());
  }

  FoundRoute route(const Flow& flow, const std::string& input) const override {
    const std::string destination = flow.destination.to_string();
    inputs[destination] = input;
    if (const auto found = routes.find(destination); found != routes.end()) return found->second;
    static const std::map<std::string, std::string> kDevices = {
        {"10.1.", "lan0"}, {"10.11.", "lan1"}, {"10.12.", "lan2"}};
    for (const auto& [start, device] : kDevices) {
      if (destination.starts_with(start))
        return {.kind = FoundRoute::Kind::Device, .device = device};
    }
    if (destination.starts_with("10.9."))
      return {.kind = FoundRoute::Kind::Device, .device = tunnel_name};
    return {.kind = FoundRoute::Kind::Unreachable, .text = "Network is unreachable"};
  }
  FoundRoute outer_route(const std::string&) const override { return outer; }
  DeviceState device(const std::string&) const override { return tunnel_device; }
  TunnelAnswer tunnel(const std::string&) const override { return tunnel_answer; }
  SaAnswer outbound(const std::string&, const Flow&) const override { return sa; }
  SaAnswer inbound(const std::string&, const Flow&) const override { return sa; }
  std::optional<std::vector<std::string>> firewall_faults() const override { return faults; }
};

IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

struct World {
  explicit World(const std::string& text = kExplainWorld)
      : model(model_of(text)), plan(*compile(model, "gw", 0, "", {{"lan0", "lan1", "lan2"}})) {
    tables.tunnel_name = plan.tunnels.front().device;
  }

  Explanation ask(std::string_view source, std::string_view destination,
                  std::string_view from = "") const {
    return ask({.source = address(source), .destination = address(destination)}, from);
  }
  Explanation ask(const Flow& flow, std::string_view from = "") const {
    return explain(plan, model, tables, {.flow = flow, .from = std::string(from)});
  }

  Model model;
  Plan plan;
  WrittenTables tables;
};

World with(std::string_view from, std::string_view to) {
  return World(replaced(kExplainWorld, from, to));
}

// "network pass, route pass, sa drop"
std::vector<std::string> stages(const Explanation& explanation) {
  std::vector<std::string> list;
  for (const ExplainStep& step : explanation.steps) {
    EXPECT_FALSE(step.why.empty()) << step.stage;
    EXPECT_FALSE(step.object.empty()) << step.stage;
    EXPECT_EQ(step.fix.empty(), step.outcome == StepOutcome::Pass) << step.stage;
    list.push_back(fmt::format("{} {}", step.stage, name_of(step.outcome)));
  }
  return list;
}

// What decided, as "STAGE OBJECT: WHY".
std::string decided(const Explanation& explanation) {
  EXPECT_NE(explanation.verdict, Reach::Delivered);
  EXPECT_EQ(explanation.fix, explanation.steps.back().fix);
  static_cast<void>(stages(explanation));
  const ExplainStep& last = explanation.steps.back();
  return fmt::format("{} {}: {}", last.stage, last.object, last.why);
}

TEST(Explain, APacketIntoATunnelPassesEveryStage) {
  const World world;
  const Explanation found = world.ask("10.1.0.2", "10.9.0.5");
  EXPECT_EQ(found.verdict, Reach::Delivered);
  EXPECT_THAT(found.fix, IsEmpty());
  EXPECT_THAT(stages(found), ElementsAre("network pass", "route pass", "connection pass",
                                         "selector pass", "sa pass", "device pass", "mtu pass",
                                         "kernel-route pass", "outer-route pass"));
  EXPECT_EQ(found.steps[0].object, "virtual_networks.hub");
  EXPECT_EQ(found.steps[2].object, "connections.to-site");
  EXPECT_EQ(world.tables.inputs.at("10.9.0.5"), "lan0") << "as a forwarded packet, not the host's";
}

TEST(Explain, ARouteSaysWhatItWonOver) {
  const World world = with("address_prefixes: [10.9.0.0/16]", "address_prefixes: [10.0.0.0/8]");
  const Explanation found = world.ask("10.1.0.2", "10.1.0.77");
  EXPECT_THAT(found.steps[1].why, AllOf(HasSubstr("10.1.0.0/16 (VnetLocal, lan0) wins over"),
                                        HasSubstr("10.0.0.0/8 (VirtualNetworkGateway, to-site)")));
}

TEST(Explain, NothingLeadsToAnAddressThatNobodyHas) {
  World world;
  const Explanation refused = world.ask("10.1.0.2", "10.77.0.5");
  EXPECT_EQ(refused.verdict, Reach::Dropped);
  EXPECT_THAT(decided(refused), HasSubstr("no network, peering or connection"));
  EXPECT_THAT(refused.fix, HasSubstr("address_prefixes of the local_network_gateways"));
  // The host may know a way, in clear: that is no verdict of ours.
  world.tables.routes["10.77.0.5"] = {.kind = FoundRoute::Kind::Device, .device = "wan0"};
  const Explanation clear = world.ask("10.1.0.2", "10.77.0.5");
  EXPECT_EQ(clear.verdict, Reach::Unknown);
  EXPECT_THAT(decided(clear), HasSubstr("by wan0, outside of all connections"));
}

TEST(Explain, ASourceOfNoNetworkIsAskedFor) {
  const World world;
  const Explanation found = world.ask("10.77.0.5", "10.9.0.5");
  EXPECT_EQ(found.verdict, Reach::Unknown);
  EXPECT_THAT(found.fix, HasSubstr("--from"));
}

TEST(Explain, AddressesOfTwoFamiliesMeetNowhere) {
  EXPECT_EQ(World().ask("10.1.0.2", "2001:db8::1").verdict, Reach::Dropped);
}

TEST(Explain, ASpokeUsesTheGatewayByItsPeering) {
  const Explanation found = World().ask("10.11.0.2", "10.9.0.5");
  EXPECT_EQ(found.verdict, Reach::Delivered);
  EXPECT_EQ(stages(found)[2], "peering pass");
}

TEST(Explain, APeeringWithoutItsFlagIsNamed) {
  const World closed = with("allow_gateway_transit: true", "allow_gateway_transit: false");
  const Explanation found = closed.ask("10.11.0.2", "10.9.0.5");
  EXPECT_EQ(found.verdict, Reach::Dropped);
  EXPECT_THAT(decided(found), HasSubstr("peering peerings.hub-1: allow_gateway_transit"));
  EXPECT_EQ(found.fix, "set peerings.hub-1.allow_gateway_transit: true");
}

TEST(Explain, NetworksWithoutPeeringAreApart) {
  const Explanation found = World().ask("10.1.0.2", "10.12.0.2");
  EXPECT_EQ(found.verdict, Reach::Dropped);
  EXPECT_THAT(decided(found), HasSubstr("nothing joins hub and spoke2"));
}

TEST(Explain, APeeringIsNotTransitive) {
  const World world(std::string(kExplainWorld) +
                    "  hub-2: { virtual_network: hub, remote_virtual_network: spoke2 }\n"
                    "  2-hub: { virtual_network: spoke2, remote_virtual_network: hub }\n");
  EXPECT_EQ(world.ask("10.1.0.2", "10.12.0.2").verdict, Reach::Delivered);
  EXPECT_THAT(decided(world.ask("10.11.0.2", "10.12.0.2")),
              HasSubstr("a peering is not transitive"));
  EXPECT_THAT(world.ask("10.11.0.2", "10.12.0.2").fix, HasSubstr("peer spoke1 and spoke2"));
}

TEST(Explain, ForwardedTrafficNeedsItsFlagOnTheHalfThatItEnters) {
  const Explanation found = World().ask("172.16.0.1", "10.1.0.2", "spoke1");
  EXPECT_EQ(found.verdict, Reach::Dropped);
  EXPECT_EQ(found.fix, "set peerings.hub-1.allow_forwarded_traffic: true");
  const World open = with("allow_gateway_transit: true",
                          "allow_gateway_transit: true, allow_forwarded_traffic: true");
  EXPECT_EQ(open.ask("172.16.0.1", "10.1.0.2", "spoke1").verdict, Reach::Delivered);
  // Into the hub's tunnels too.
  EXPECT_EQ(World().ask("172.16.0.1", "10.9.0.5", "spoke1").verdict, Reach::Dropped);
  EXPECT_EQ(open.ask("172.16.0.1", "10.9.0.5", "spoke1").verdict, Reach::Delivered);
}

TEST(Explain, AConnectionThatIsDownSaysWhy) {
  World world;
  world.tables.tunnel_answer = {.reason = "the pre-shared keys differ", .remedy = "compare them"};
  const Explanation found = world.ask("10.1.0.2", "10.9.0.5");
  EXPECT_THAT(decided(found), AllOf(HasSubstr("connection connections.to-site"),
                                    HasSubstr("the pre-shared keys differ")));
  EXPECT_EQ(found.fix, "compare them");
}

TEST(Explain, SelectorsAndSasAreThoseOfTheLiveTable) {
  World world;
  world.tables.sa = {.kind = SaAnswer::Kind::NoSelector};
  const Explanation outside = world.ask("10.1.0.2", "10.9.0.5");
  EXPECT_EQ(stages(outside).back(), "selector drop");
  EXPECT_THAT(outside.fix, AllOf(HasSubstr("10.1.0.2 has to be in the address_space"),
                                 HasSubstr("10.9.0.5 in the prefixes of the other end")));
  world.tables.sa = {.kind = SaAnswer::Kind::NoSa};
  world.tables.tunnel_answer.trouble = "child net: the peer refused";
  world.tables.tunnel_answer.trouble_remedy = "ask it";
  const Explanation gone = world.ask("10.1.0.2", "10.9.0.5");
  EXPECT_THAT(decided(gone), HasSubstr("the peer refused"));
  EXPECT_EQ(gone.fix, "ask it");
}

TEST(Explain, APacketThatIsTooBigIsDroppedOnlyIfItMayNotBeCut) {
  World world;
  Flow flow{.source = address("10.1.0.2"), .destination = address("10.9.0.5"), .length = 1401};
  EXPECT_EQ(world.ask(flow).verdict, Reach::Delivered);
  flow.may_fragment = false;
  EXPECT_THAT(decided(world.ask(flow)), HasSubstr("1401 bytes do not fit and may not be cut (DF)"));
  flow.length = 1400;
  EXPECT_EQ(world.ask(flow).verdict, Reach::Delivered);
  world.tables.sa.inner_max = 1300;
  EXPECT_THAT(world.ask(flow).fix, HasSubstr("1300 at most"));
}

TEST(Explain, WhatSomebodyDidToTheHostIsSeen) {
  World world;
  world.tables.routes["10.9.0.5"] = {.kind = FoundRoute::Kind::Unreachable,
                                     .text = "No route to host"};
  const Explanation no_route = world.ask("10.1.0.2", "10.9.0.5");
  EXPECT_EQ(stages(no_route).back(), "kernel-route drop");
  EXPECT_THAT(no_route.fix, HasSubstr("restart twinspand"));
  world.tables.routes["10.9.0.5"] = {.kind = FoundRoute::Kind::Device, .device = "wan0"};
  EXPECT_THAT(decided(world.ask("10.1.0.2", "10.9.0.5")), HasSubstr("to wan0 instead of"));
  world.tables.routes["10.9.0.5"] = {.kind = FoundRoute::Kind::Refused, .text = "Invalid"};
  EXPECT_THAT(world.ask("10.1.0.2", "10.9.0.5").fix, HasSubstr("rp_filter"));
  world.tables.routes.clear();
  for (const DeviceState& device :
       {DeviceState{}, DeviceState{.exists = true}, DeviceState{.exists = true, .is_up = true}}) {
    world.tables.tunnel_device = device;
    EXPECT_EQ(stages(world.ask("10.1.0.2", "10.9.0.5")).back(), "device drop");
  }
}

TEST(Explain, AReversePathFilterThatHoldsForTunnelsIsNamedWithItsRemedy) {
  World world;
  world.tables.routes["10.1.0.2"] = {.kind = FoundRoute::Kind::Refused, .text = "Invalid"};
  const Explanation martian = world.ask("10.9.0.5", "10.1.0.2");
  EXPECT_EQ(stages(martian).back(), "kernel-route drop");
  EXPECT_THAT(martian.fix, HasSubstr("addresses that are on the wrong side"));
  world.tables.tunnel_device.reverse_path_filter = 1;
  EXPECT_THAT(world.ask("10.9.0.5", "10.1.0.2").fix,
              AllOf(HasSubstr("net.ipv4.conf.all.rp_filter=0"),
                    HasSubstr("net.ipv4.conf." + world.tables.tunnel_name + ".rp_filter=0")));
}

TEST(Explain, WithoutAWayToThePeerNothingLeaves) {
  World world;
  world.tables.outer = {.kind = FoundRoute::Kind::Unreachable, .text = "Network is unreachable"};
  EXPECT_THAT(decided(world.ask("10.1.0.2", "10.9.0.5")),
              HasSubstr("outer-route route to 203.0.113.9: the host has no way to the peer"));
}

TEST(Explain, TheGatewaysHostSendsByTheTunnelToo) {
  const World world;
  EXPECT_EQ(world.ask("192.0.2.1", "10.9.0.5").verdict, Reach::Delivered);
  EXPECT_EQ(world.tables.inputs.at("10.9.0.5"), "") << "its own packets come in by nothing";
  EXPECT_EQ(world.ask("192.0.2.1", "10.11.0.2").verdict, Reach::Delivered);
  EXPECT_EQ(world.ask("10.1.0.1", "10.12.0.2").verdict, Reach::Delivered)
      << "peerings are about what is forwarded";
}

// -- inward

TEST(Explain, APacketOutOfATunnelReachesTheGatewaysNetworkAndThoseThatUseIt) {
  const World world;
  const Explanation found = world.ask("10.9.0.5", "10.1.0.2");
  EXPECT_EQ(found.verdict, Reach::Delivered);
  EXPECT_THAT(stages(found),
              ElementsAre("network pass", "connection pass", "sa pass", "selector pass",
                          "device pass", "route pass", "kernel-route pass"));
  EXPECT_EQ(found.steps[0].object, "local_network_gateways.site");
  EXPECT_EQ(world.tables.inputs.at("10.1.0.2"), world.plan.tunnels[0].device);
  EXPECT_EQ(world.ask("10.9.0.5", "10.11.0.2").verdict, Reach::Delivered);
  EXPECT_EQ(world.ask("10.77.0.5", "10.1.0.2", "site").verdict, Reach::Delivered)
      << "what the site forwards";
}

TEST(Explain, APacketOutOfATunnelReachesNoNetworkThatDoesNotUseTheGateway) {
  const Explanation found = World().ask("10.9.0.5", "10.12.0.2");
  EXPECT_EQ(found.verdict, Reach::Dropped);
  EXPECT_THAT(decided(found), HasSubstr("nothing joins spoke2 and site"));
}

TEST(Explain, SelectorsAndSourcesAreCheckedOnTheWayIn) {
  World world;
  world.tables.sa = {.kind = SaAnswer::Kind::NoSelector};
  const Explanation outside = world.ask("10.9.0.5", "10.1.0.2");
  EXPECT_THAT(decided(outside), HasSubstr("RFC 4301 5.2"));
  EXPECT_THAT(outside.fix, HasSubstr("10.1.0.2 has to be in the address_space of our network"));
  world.tables.sa = {.kind = SaAnswer::Kind::SourceRefused};
  EXPECT_EQ(stages(world.ask("10.9.0.5", "10.1.0.2")).back(), "source drop");
}

TEST(Explain, OfADropItIsKnownByWhichConnectionItCame) {
  const World world;
  const Explanation found =
      explain(world.plan, world.model, world.tables,
              {.flow = {.source = address("10.1.0.9"), .destination = address("10.1.0.2")},
               .arrived_by = "to-site"});
  EXPECT_EQ(found.steps[0].object, "local_network_gateways.site") << "though the source is ours";
}

TEST(Explain, OnlyPlacesThatPacketsComeFromAreAskedFrom) {
  const World world;
  for (const char* const place : {"hub", "spoke1", "spoke2", "site"})
    EXPECT_TRUE(is_place(world.plan, world.model, place)) << place;
  EXPECT_FALSE(is_place(world.plan, world.model, "nowhere"));
}

TEST(Explain, RulesThatSomebodyHasChangedLeaveTheVerdictOpen) {
  World world;
  world.tables.faults = {{"rule 7 of chain x is missing"}};
  // What should pass, and what a peering keeps out.
  for (const auto& [source, destination] :
       {std::pair("10.11.0.5", "10.1.0.5"), {"10.11.0.5", "10.12.0.5"}}) {
    const Explanation answer = world.ask(source, destination);
    EXPECT_EQ(answer.verdict, Reach::Unknown) << destination;
    EXPECT_EQ(answer.steps.back().stage, "firewall");
    EXPECT_THAT(answer.steps.back().why, HasSubstr("rule 7 of chain x is missing"));
    EXPECT_THAT(answer.fix, HasSubstr("restarted"));
  }
  // The host's own packets are not judged by them, and an earlier drop stays one.
  EXPECT_EQ(world.ask("10.1.0.1", "10.11.0.5").verdict, Reach::Delivered);
  world.tables.tunnel_answer.is_connected = false;
  EXPECT_EQ(world.ask("10.1.0.5", "10.9.0.5").steps.back().stage, "connection");
  world.tables.faults = std::nullopt;
  EXPECT_EQ(world.ask("10.11.0.5", "10.1.0.5").verdict, Reach::Delivered);
}

}  // namespace
}  // namespace twinspan::policy
