// LinuxHost: where the kernel sends packets, with tunnels up, down, deleted, or their daemon
// killed.
#include "tests/netns/host_fixture.h"

namespace twinspan::tun {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(HostTest, AProtectedPrefixIsRefusedBeforeItsTunnelExists) {
  const auto host = claimed_host();
  ASSERT_TRUE(host->set_routes(both_families(), {}, {}));
  EXPECT_THAT(route_to("10.2.0.5"), is_refused());
  EXPECT_THAT(route_to("fd00:2::5"), is_refused());
  EXPECT_THAT(route_to("10.3.0.5"), leads_to("up0"));
}

TEST_F(HostTest, APrefixFollowsTheCarrierOfItsDevice) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0", false);
  set_routes(*host, both_families(), {"ts0"});
  EXPECT_THAT(route_to("10.2.0.5"), is_refused());
  EXPECT_THAT(route_to("fd00:2::5"), is_refused());
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_TRUE(host->set_carrier(device, true));
    expect_route_becomes("10.2.0.5", leads_to("ts0"));
    expect_route_becomes("fd00:2::5", leads_to("ts0"));
    ASSERT_TRUE(host->set_carrier(device, false));
    expect_route_becomes("10.2.0.5", is_refused());
    expect_route_becomes("fd00:2::5", is_refused());
  }
}

TEST_F(HostTest, ADeletedDeviceLeavesItsPrefixesRefused) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, both_families(), {"ts0"});
  expect_route_becomes("10.2.0.5", leads_to("ts0"));
  run("ip link delete ts0");
  EXPECT_THAT(route_to("10.2.0.5"), is_refused());
  EXPECT_THAT(route_to("fd00:2::5"), is_refused());
}

TEST_F(HostTest, ADeviceThatIsSetDownLeavesItsPrefixesRefused) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, both_families(), {"ts0"});
  run("ip link set ts0 down");
  EXPECT_THAT(route_to("10.2.0.5"), is_refused());
  EXPECT_THAT(route_to("fd00:2::5"), is_refused());
}

TEST_F(HostTest, RoutesToAMissingDeviceAreRefusedWithItsNameAndStayProtected) {
  const auto host = claimed_host();
  const auto done = host->set_routes({}, {{prefix("10.2.0.0/16"), "ts9", {}}}, {});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().to_string(), AllOf(HasSubstr("ts9"), HasSubstr("gone")));
  EXPECT_THAT(route_to("10.2.0.5"), is_refused());
}

TEST_F(HostTest, AKilledDaemonLeavesItsPrefixesRefusedAndTheNextStartAdoptsTheDevice) {
  Bystander daemon([&] {
    const auto host = claimed_host();
    TunDevice device = open_device(*host, "ts0");
    set_routes(*host, both_families(), {"ts0"});
    // Lives until the kill.
    static_cast<void>(device.fd.release());
    static_cast<void>(const_cast<std::unique_ptr<Host>&>(host).release());
  });
  expect_route_becomes("10.2.0.5", leads_to("ts0"));
  daemon.kill();
  expect_route_becomes("10.2.0.5", is_refused());
  expect_route_becomes("fd00:2::5", is_refused());

  const auto host = claimed_host();
  EXPECT_THAT(host->list_tuns(), ElementsAre("ts0"));
  const TunDevice device = open_device(*host, "ts0", false);
  EXPECT_TRUE(device.adopted);
  EXPECT_THAT(route_to("10.2.0.5"), is_refused()) << "attaching must not raise the carrier";
  ASSERT_TRUE(host->set_carrier(device, true));
  {
    SCOPED_TRACE("the routes have stayed");
    expect_route_becomes("10.2.0.5", leads_to("ts0"));
  }
}

TEST_F(HostTest, APrefixThatCoversThePeerDoesNotCatchMarkedPackets) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, {prefix("203.0.113.0/24"), prefix("2001:db8:9::/48")}, {"ts0"});
  expect_route_becomes("203.0.113.9", leads_to("ts0"));
  EXPECT_THAT(marked_route_to("203.0.113.9"), leads_to("up0"));
  expect_route_becomes("2001:db8:9::9", leads_to("ts0"));
  EXPECT_THAT(marked_route_to("2001:db8:9::9"), leads_to("up0"));
}

TEST_F(HostTest, ADefaultRouteIntoATunnelLeavesTheHostItsOwnNetworks) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, {prefix("0.0.0.0/0"), prefix("::/0")}, {"ts0"}, {prefix("10.1.0.0/16")});
  expect_route_becomes("198.51.100.7", leads_to("ts0"));
  expect_route_becomes("2001:db8:ffff::7", leads_to("ts0"));
  EXPECT_THAT(route_to("10.1.0.9"), leads_to("lan0"));
  EXPECT_THAT(route_to("192.0.2.7"), leads_to("up0"));
  EXPECT_THAT(route_to("2001:db8::7"), leads_to("up0"));
  EXPECT_THAT(marked_route_to("198.51.100.7"), leads_to("up0"));
  EXPECT_THAT(marked_route_to("2001:db8:ffff::7"), leads_to("up0"));
  ASSERT_TRUE(host->set_carrier(device, false));
  expect_route_becomes("198.51.100.7", is_refused());
  expect_route_becomes("2001:db8:ffff::7", is_refused());
  EXPECT_THAT(marked_route_to("198.51.100.7"), leads_to("up0"));
}

TEST_F(HostTest, AnAttachedNetworkInsideARemotePrefixStaysLocal) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, {prefix("10.0.0.0/8"), prefix("fd00::/16")}, {"ts0"},
             {prefix("10.1.0.0/16"), prefix("fd00:1::/64")});
  EXPECT_THAT(route_to("10.1.0.9"), leads_to("lan0"));
  EXPECT_THAT(route_to("fd00:1::9"), leads_to("lan0"));
  expect_route_becomes("10.2.0.9", leads_to("ts0"));
  expect_route_becomes("fd00:2::9", leads_to("ts0"));
}

TEST_F(HostTest, ATunnelPrefixInsideAnAttachedNetworkGoesToTheTunnel) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, {prefix("10.1.0.128/25")}, {"ts0"}, {prefix("10.1.0.0/24")});
  EXPECT_THAT(route_to("10.1.0.9"), leads_to("lan0"));
  expect_route_becomes("10.1.0.200", leads_to("ts0"));
}

TEST_F(HostTest, RoutesMoveFromDeviceToDeviceAndGoWhenTheyAreNotWanted) {
  const auto host = claimed_host();
  const TunDevice first = open_device(*host, "ts0");
  const TunDevice second = open_device(*host, "ts1");
  set_routes(*host, both_families(), {"ts0"});
  set_routes(*host, both_families(), {"ts1"});
  expect_route_becomes("10.2.0.5", leads_to("ts1"));
  expect_route_becomes("fd00:2::5", leads_to("ts1"));
  ASSERT_TRUE(host->set_routes(both_families(), {}, {}));
  EXPECT_THAT(route_to("10.2.0.5"), is_refused());
  EXPECT_THAT(route_to("fd00:2::5"), is_refused());
  ASSERT_TRUE(host->set_routes({}, {}, {}));
  EXPECT_THAT(route_to("10.2.0.5"), leads_to("up0"));
  EXPECT_THAT(route_to("fd00:2::5"), leads_to("up0"));
}

TEST_F(HostTest, APrefixOfTwoDevicesUsesTheOneThatHasACarrier) {
  const auto host = claimed_host();
  const TunDevice first = open_device(*host, "ts0");
  const TunDevice second = open_device(*host, "ts1");
  set_routes(*host, both_families(), {"ts0", "ts1"});
  for (const std::string target : {"10.2.0.5", "fd00:2::5"}) {
    ASSERT_TRUE(host->set_carrier(first, true));
    ASSERT_TRUE(host->set_carrier(second, false));
    expect_route_becomes(target, leads_to("ts0"));
    ASSERT_TRUE(host->set_carrier(second, true));
    ASSERT_TRUE(host->set_carrier(first, false));
    expect_route_becomes(target, leads_to("ts1"));
    ASSERT_TRUE(host->set_carrier(second, false));
    expect_route_becomes(target, is_refused());
  }
  set_routes(*host, both_families(), {"ts1"});
  ASSERT_TRUE(host->set_carrier(second, true));
  expect_route_becomes("10.2.0.5", leads_to("ts1"));
  expect_route_becomes("fd00:2::5", leads_to("ts1"));
}

TEST_F(HostTest, SettingTheSameRoutesAgainChangesNothing) {
  const auto host = claimed_host();
  const TunDevice first = open_device(*host, "ts0");
  const TunDevice second = open_device(*host, "ts1");
  std::vector<IpPrefix> prefixes = both_families();
  prefixes.push_back(prefix("0.0.0.0/0"));
  prefixes.push_back(prefix("::/0"));
  const std::vector<TunnelRoute> routes{{prefixes[0], "ts0", address("10.1.0.1")},
                                        {prefixes[0], "ts1", address("10.1.0.1")},
                                        {prefixes[1], "ts0", address("fd00:1::1")},
                                        {prefixes[1], "ts1", {}},
                                        {prefixes[2], "ts0", {}},
                                        {prefixes[3], "ts1", address("fd00:1::1")}};
  ASSERT_TRUE(host->set_routes(prefixes, routes, {prefix("10.1.0.0/16")}));
  run("ip monitor route > " + directory_ + "/changes & echo $! > " + directory_ + "/monitor");
  // The monitor is subscribed once it has reported a change of the test's own.
  while (output_of("cat " + directory_ + "/changes").find("198.18") == std::string::npos) {
    run("ip route replace 198.18.0.0/15 dev lan0 && ip route del 198.18.0.0/15");
  }
  ASSERT_TRUE(host->set_routes(prefixes, routes, {prefix("10.1.0.0/16")}));
  run("ip route add 203.0.113.77/32 dev lan0");
  std::string changes;
  while (changes.find("203.0.113.77") == std::string::npos) {
    changes = output_of("cat " + directory_ + "/changes");
  }
  run("kill $(cat " + directory_ + "/monitor)");
  EXPECT_THAT(changes, Not(HasSubstr("ts0")));
  EXPECT_THAT(changes, Not(HasSubstr("unreachable")));
  EXPECT_THAT(changes, Not(HasSubstr("throw")));
}

TEST_F(HostTest, AThousandPrefixesAreSetAndReadBack) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  std::vector<IpPrefix> prefixes;
  for (uint32_t i = 0; i < 2000; ++i) {
    prefixes.emplace_back(IpAddress::v4(0x0a800000U + (i << 8)), 24);
  }
  set_routes(*host, prefixes, {"ts0"});
  expect_route_becomes("10.128.0.1", leads_to("ts0"));
  expect_route_becomes("10.135.207.1", leads_to("ts0"));
  set_routes(*host, {}, {});
  EXPECT_THAT(route_to("10.135.207.1"), leads_to("up0"));
}

TEST_F(HostTest, ThePreferredSourceIsUsedWhileItIsOnTheHost) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  ASSERT_TRUE(host->set_routes({}, {{prefix("10.2.0.0/16"), "ts0", address("10.1.0.1")}}, {}));
  EXPECT_THAT(route_to("10.2.0.5"), HasSubstr("src 10.1.0.1 "));
  ASSERT_TRUE(host->set_routes({}, {{prefix("10.2.0.0/16"), "ts0", address("10.7.0.1")}}, {}));
  expect_route_becomes("10.2.0.5", leads_to("ts0"));
}

TEST_F(HostTest, RoutesOfARoutingDaemonInTheTablesAreLeftAlone) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  const InstanceIds ids = derive_instance_ids("gw-a-0", run_dir(), 0);
  run("ip route add 10.9.0.0/16 dev ts0 proto bird table " + std::to_string(ids.tables.a));
  set_routes(*host, both_families(), {"ts0"});
  expect_route_becomes("10.9.0.1", leads_to("ts0"));
}

TEST_F(HostTest, RulesThatWereFlushedComeBackWithTheNextRoutes) {
  const auto host = claimed_host();
  run("ip rule flush && ip rule add pref 32766 lookup main");
  set_routes(*host, both_families(), {});
  EXPECT_THAT(route_to("10.2.0.5"), is_refused());
}

}  // namespace
}  // namespace twinspan::tun
