#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tun/route_programmer.h"

namespace twinspan::tun {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr RouteTables kTables{.a = 1000, .b = 1001};

IpPrefix prefix(const char* text) {
  return *IpPrefix::parse(text);
}
IpAddress address(const char* text) {
  return *IpAddress::parse(text);
}

Route unreachable(const char* text) {
  return wanted_unreachable_routes(kTables, {prefix(text)}, {}).front();
}
Route tunnel(const char* text, int device) {
  return wanted_tunnel_routes(kTables, {{prefix(text), device, {}}}).front();
}
Route thrown(const char* text) {
  return wanted_throw_routes(kTables, {prefix(text)}, {}).front();
}

TEST(HostRoutes, DefaultRoutesLieInTableBAndAllOthersInTableA) {
  for (const char* text : {"0.0.0.0/0", "::/0"}) {
    EXPECT_EQ(unreachable(text).table, kTables.b);
    EXPECT_EQ(tunnel(text, 7).table, kTables.b);
  }
  for (const char* text : {"0.0.0.0/1", "10.2.0.0/16", "8000::/1"}) {
    EXPECT_EQ(unreachable(text).table, kTables.a);
    EXPECT_EQ(tunnel(text, 7).table, kTables.a);
  }
}

TEST(HostRoutes, ATunnelPrefixIsProtectedEvenWhenItIsNotListedAsSuch) {
  const auto routes = wanted_unreachable_routes(
      kTables, {prefix("10.2.0.0/16")},
      {{prefix("10.3.0.0/16"), "ts0", {}}, {prefix("10.2.0.0/16"), "ts0", {}}});
  ASSERT_THAT(routes, SizeIs(2));
  EXPECT_EQ(routes[0].prefix, prefix("10.2.0.0/16"));
  EXPECT_EQ(routes[1].prefix, prefix("10.3.0.0/16"));
  EXPECT_EQ(routes[1].metric, kUnreachableMetric);
}

TEST(HostRoutes, TheTunnelIsPreferredToTheUnreachableRoute) {
  EXPECT_LT(tunnel("10.2.0.0/16", 7).metric, unreachable("10.2.0.0/16").metric);
}

TEST(HostRoutes, OnePrefixOfSeveralDevicesIsOneRouteWithTheFirstSource) {
  const auto routes =
      wanted_tunnel_routes(kTables, {{prefix("10.2.0.0/16"), 9, {}},
                                     {prefix("10.2.0.0/16"), 7, address("10.1.0.1")},
                                     {prefix("10.2.0.0/16"), 9, address("10.1.0.2")}});
  ASSERT_THAT(routes, SizeIs(1));
  EXPECT_THAT(routes[0].devices, ElementsAre(7, 9));
  EXPECT_EQ(routes[0].preferred_source, address("10.1.0.1"));
}

TEST(HostRoutes, AnAttachedNetworkIsThrownUnlessItIsProtectedItself) {
  const auto held = wanted_unreachable_routes(kTables, {prefix("10.2.0.0/16")}, {});
  const auto routes = wanted_throw_routes(
      kTables, {prefix("10.2.0.0/16"), prefix("10.1.0.0/16"), prefix("0.0.0.0/0")}, held);
  ASSERT_THAT(routes, SizeIs(1));
  EXPECT_EQ(routes[0].prefix, prefix("10.1.0.0/16"));
  EXPECT_EQ(routes[0].kind, RouteKind::Throw);
}

TEST(HostRoutes, WhatIsThereIsNotTouched) {
  const std::vector<Route> routes{unreachable("10.2.0.0/16"), tunnel("10.2.0.0/16", 7),
                                  thrown("10.1.0.0/16")};
  EXPECT_THAT(plan_route_steps(routes, routes), IsEmpty());
}

TEST(HostRoutes, RoutesOfOtherProtocolsAreNotTouched) {
  Route learned = tunnel("10.9.0.0/16", 7);
  learned.protocol = 12;  // RTPROT_BIRD
  EXPECT_THAT(plan_route_steps({learned}, {}), IsEmpty());
}

TEST(HostRoutes, TheUnreachableRouteComesFirstAndGoesLast) {
  const auto rise = plan_route_steps(
      {}, {tunnel("10.2.0.0/16", 7), thrown("10.1.0.0/16"), unreachable("10.2.0.0/16")});
  ASSERT_THAT(rise, SizeIs(3));
  EXPECT_EQ(rise[0], (RouteStep{RouteChange::Add, unreachable("10.2.0.0/16")}));
  EXPECT_EQ(rise[1], (RouteStep{RouteChange::Add, tunnel("10.2.0.0/16", 7)}));
  const auto fall = plan_route_steps(
      {unreachable("10.2.0.0/16"), thrown("10.1.0.0/16"), tunnel("10.2.0.0/16", 7)}, {});
  ASSERT_THAT(fall, SizeIs(3));
  EXPECT_EQ(fall[1], (RouteStep{RouteChange::Delete, tunnel("10.2.0.0/16", 7)}));
  EXPECT_EQ(fall[2], (RouteStep{RouteChange::Delete, unreachable("10.2.0.0/16")}));
}

TEST(HostRoutes, ANetworkThatMovesIntoATunnelIsProtectedBeforeItsThrowGoes) {
  const auto steps = plan_route_steps({thrown("10.2.0.0/16")},
                                      {unreachable("10.2.0.0/16"), tunnel("10.2.0.0/16", 7)});
  EXPECT_THAT(steps, ElementsAre(RouteStep{RouteChange::Add, unreachable("10.2.0.0/16")},
                                 RouteStep{RouteChange::Delete, thrown("10.2.0.0/16")},
                                 RouteStep{RouteChange::Add, tunnel("10.2.0.0/16", 7)}));
}

TEST(HostRoutes, AnotherDeviceReplacesTheRouteInOneStepWhereTheKernelCan) {
  EXPECT_THAT(plan_route_steps({tunnel("10.2.0.0/16", 7)}, {tunnel("10.2.0.0/16", 9)}),
              ElementsAre(RouteStep{RouteChange::Replace, tunnel("10.2.0.0/16", 9)}));
  EXPECT_THAT(plan_route_steps({tunnel("fd00::/16", 7)}, {tunnel("fd00::/16", 9)}),
              ElementsAre(RouteStep{RouteChange::Delete, tunnel("fd00::/16", 7)},
                          RouteStep{RouteChange::Add, tunnel("fd00::/16", 9)}));
}

TEST(HostRoutes, AnySequenceOfStepsKeepsAPrefixProtectedWhileItsTunnelRouteExists) {
  const std::vector<std::vector<Route>> states{
      {},
      {unreachable("10.2.0.0/16")},
      {unreachable("10.2.0.0/16"), tunnel("10.2.0.0/16", 7)},
      {unreachable("10.2.0.0/16"), tunnel("10.2.0.0/16", 9)},
      {thrown("10.2.0.0/16")},
  };
  for (const auto& from : states) {
    for (const auto& to : states) {
      std::vector<Route> held = from;
      for (const RouteStep& step : plan_route_steps(from, to)) {
        std::erase_if(held, [&](const Route& route) {
          return route.prefix == step.route.prefix && route.metric == step.route.metric;
        });
        if (step.change != RouteChange::Delete) held.push_back(step.route);
        const bool has_tunnel = std::ranges::count(held, RouteKind::Unicast, &Route::kind) > 0;
        const bool is_held = std::ranges::count(held, RouteKind::Unreachable, &Route::kind) > 0;
        EXPECT_TRUE(is_held || !has_tunnel);
      }
      EXPECT_TRUE(std::ranges::is_permutation(held, to));
    }
  }
}

}  // namespace
}  // namespace twinspan::tun
