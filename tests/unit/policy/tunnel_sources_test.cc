// Whose addresses may come out of a tunnel.
#include "policy/tunnel_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace twinspan::policy {
namespace {

Plan plan_of(const std::vector<std::vector<const char*>>& tunnels) {
  Plan plan;
  for (const auto& prefixes : tunnels) {
    TunnelPlan& tunnel = plan.tunnels.emplace_back();
    for (const char* const text : prefixes)
      tunnel.remote_prefixes.push_back(*IpPrefix::parse(text));
  }
  return plan;
}

// Whether the address may come out of the plan's tunnel of that place.
bool admits(const Plan& plan, size_t tunnel, const char* address) {
  const auto foreign = TunnelSources(plan).foreign_to(plan.tunnels[tunnel]);
  return std::ranges::none_of(
      foreign, [&](const IpPrefix& prefix) { return prefix.contains(*IpAddress::parse(address)); });
}

TEST(TunnelSources, WhatIsRoutedIntoTheTunnelMayComeOutOfIt) {
  const Plan plan = plan_of({{"10.2.0.0/16", "10.4.0.0/24"}});
  for (const char* const inside : {"10.2.0.0", "10.2.255.255", "10.4.0.77"})
    EXPECT_TRUE(admits(plan, 0, inside)) << inside;
  for (const char* const outside :
       {"10.1.255.255", "10.3.0.0", "10.4.1.0", "0.0.0.0", "255.255.255.255", "198.51.100.7"})
    EXPECT_FALSE(admits(plan, 0, outside)) << outside;
}

TEST(TunnelSources, TunnelsToOnePlaceBringItsAddressesAlike) {
  const Plan plan = plan_of({{"10.2.0.0/16"}, {"10.2.0.0/16"}, {"10.9.0.0/16"}});
  for (const size_t tunnel : {0u, 1u}) EXPECT_TRUE(admits(plan, tunnel, "10.2.0.5")) << tunnel;
  EXPECT_FALSE(admits(plan, 2, "10.2.0.5"));
}

TEST(TunnelSources, ADefaultRouteBringsNothingThatAnotherTunnelHas) {
  const Plan plan = plan_of({{"0.0.0.0/0", "10.9.1.0/24"}, {"10.9.0.0/16"}});
  EXPECT_TRUE(admits(plan, 0, "198.51.100.7"));
  EXPECT_FALSE(admits(plan, 0, "10.9.0.5"));
  EXPECT_TRUE(admits(plan, 0, "10.9.1.5"));
  EXPECT_FALSE(admits(plan, 1, "10.9.1.5")) << "the longer prefix is the other one's";
  EXPECT_TRUE(admits(plan, 1, "10.9.2.5"));
}

TEST(TunnelSources, Ipv6IsLeftAlone) {
  const Plan plan = plan_of({{"2001:db8:2::/48"}, {"2001:db8:9::/48"}});
  EXPECT_TRUE(admits(plan, 0, "2001:db8:9::1"));
  EXPECT_FALSE(admits(plan, 0, "10.9.0.1")) << "no IPv4 is behind it";
}

TEST(TunnelSources, APrefixCostsAHandfulOfRanges) {
  const Plan plan = plan_of({{"10.2.3.4/32"}});
  EXPECT_EQ(TunnelSources(plan).foreign_to(plan.tunnels[0]).size(), 32u);
}

}  // namespace
}  // namespace twinspan::policy
