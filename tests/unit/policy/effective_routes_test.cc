// The routes of a network's hosts, in the cloud's words.
#include "policy/effective_routes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<IpPrefix> prefixes(std::string_view text) {
  return {*IpPrefix::parse(text)};
}

TunnelPlan tunnel(const std::string& name, std::string_view prefix) {
  TunnelPlan plan;
  plan.connection = name;
  plan.remote_prefixes = prefixes(prefix);
  return plan;
}

Plan hub_and_spokes() {
  Plan plan;
  plan.networks.attached = {
      {"hub", {"lan0"}, prefixes("10.1.0.0/16"), GatewayUse::Own},
      {"spoke1", {"lan1"}, prefixes("10.11.0.0/16"), GatewayUse::Transit},
      {"spoke2", {"lan2", "lan3"}, prefixes("10.12.0.0/16"), GatewayUse::None}};
  plan.networks.neighbours = {{"far", prefixes("10.4.0.0/16")}};
  plan.networks.ways = {{"hub", "spoke1"}, {"spoke1", "hub"}, {"hub", "far"}, {"far", "hub"}};
  plan.tunnels = {tunnel("to-site", "10.9.0.0/16"), tunnel("to-all", "0.0.0.0/0")};
  return plan;
}

std::vector<std::string> routes(const Plan& plan, std::string_view network) {
  std::vector<std::string> texts;
  for (const EffectiveRoute& route : effective_routes(plan, network)) {
    EXPECT_EQ(route.virtual_network, network);
    texts.push_back(fmt::format("{} {} {} {} {}", route.address_prefix.to_string(),
                                name_of(route.source), name_of(route.next_hop_type),
                                name_of(route.state), fmt::join(route.next_hops, ",")));
  }
  return texts;
}

TEST(EffectiveRoutes, TheHubReachesItselfItsPeersAndTheSites) {
  EXPECT_THAT(routes(hub_and_spokes(), "hub"),
              ElementsAre("0.0.0.0/0 VirtualNetworkGateway VirtualNetworkGateway Active to-all",
                          "10.1.0.0/16 Default VnetLocal Active lan0",
                          "10.4.0.0/16 Default VNetPeering Active far",
                          "10.9.0.0/16 VirtualNetworkGateway VirtualNetworkGateway Active to-site",
                          "10.11.0.0/16 Default VNetPeering Active spoke1",
                          "10.12.0.0/16 Default None Active "));
}

TEST(EffectiveRoutes, ASpokeThatUsesTheGatewayHasTheTunnelsRoutes) {
  EXPECT_THAT(
      routes(hub_and_spokes(), "spoke1"),
      ElementsAre("0.0.0.0/0 VirtualNetworkGateway VirtualNetworkGateway Active to-all",
                  "10.1.0.0/16 Default VNetPeering Active hub", "10.4.0.0/16 Default None Active ",
                  "10.9.0.0/16 VirtualNetworkGateway VirtualNetworkGateway Active to-site",
                  "10.11.0.0/16 Default VnetLocal Active lan1",
                  "10.12.0.0/16 Default None Active "));
}

TEST(EffectiveRoutes, AnIsolatedNetworkHasItselfAlone) {
  EXPECT_THAT(routes(hub_and_spokes(), "spoke2"),
              ElementsAre("10.1.0.0/16 Default None Active ", "10.4.0.0/16 Default None Active ",
                          "10.11.0.0/16 Default None Active ",
                          "10.12.0.0/16 Default VnetLocal Active lan2,lan3"));
}

TEST(EffectiveRoutes, SeveralTunnelsToAPrefixAreOneRoute) {
  Plan plan = hub_and_spokes();
  plan.tunnels = {tunnel("one", "10.9.0.0/16"), tunnel("two", "10.9.0.0/16")};
  EXPECT_THAT(routes(plan, "spoke1"),
              testing::Contains("10.9.0.0/16 VirtualNetworkGateway VirtualNetworkGateway Active "
                                "one,two"));
}

TEST(EffectiveRoutes, ATunnelWinsOverAPeeringToTheSameAddresses) {
  Plan plan = hub_and_spokes();
  plan.tunnels = {tunnel("hub-far", "10.4.0.0/16")};
  EXPECT_THAT(routes(plan, "hub"),
              testing::IsSupersetOf({"10.4.0.0/16 Default VNetPeering Invalid far",
                                     "10.4.0.0/16 VirtualNetworkGateway VirtualNetworkGateway "
                                     "Active hub-far"}));
}

TEST(EffectiveRoutes, AnUnknownNetworkHasNone) {
  EXPECT_THAT(routes(hub_and_spokes(), "far"), IsEmpty());
}

}  // namespace
}  // namespace twinspan::policy
