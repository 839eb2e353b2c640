// LinuxHost: claiming, sharing a namespace, flushing.
#include <net/if.h>

#include <filesystem>

#include "tests/netns/host_fixture.h"

namespace twinspan::tun {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(HostTest, TwoInstancesInOneNamespaceDoNotHideEachOther) {
  const auto first = claimed("gw-a-0", run_dir("a"));
  const auto second = claimed("gw-a-1", run_dir("b"));
  const TunDevice device1 = open_device(*first, "ts0");
  const TunDevice device2 = open_device(*second, "ts1");
  set_routes(*first, {prefix("10.2.0.0/16"), prefix("0.0.0.0/0")}, {"ts0"});
  // More specific than what main has, and than the first's default route.
  set_routes(*second, {prefix("10.1.0.128/25"), prefix("10.3.0.0/16")}, {"ts1"});
  expect_route_becomes("10.2.0.5", leads_to("ts0"));
  expect_route_becomes("10.3.0.5", leads_to("ts1"));
  expect_route_becomes("10.1.0.200", leads_to("ts1"));
  EXPECT_THAT(route_to("10.1.0.5"), leads_to("lan0"));
  expect_route_becomes("198.51.100.1", leads_to("ts0"));
}

TEST_F(HostTest, FlushRemovesTheInstanceAndNothingOfTheOther) {
  const auto first = claimed("gw-a-0", run_dir("a"));
  const auto second = claimed("gw-a-1", run_dir("b"));
  const TunDevice device1 = open_device(*first, "ts0");
  const TunDevice device2 = open_device(*second, "ts1");
  set_routes(*first, both_families(), {"ts0"});
  set_routes(*second, {prefix("10.3.0.0/16"), prefix("0.0.0.0/0")}, {"ts1"});
  const std::string before = output_of("ip rule; ip -6 rule");
  first->flush();
  {
    SCOPED_TRACE("the other's default route");
    expect_route_becomes("10.2.0.5", leads_to("ts1"));
  }
  expect_route_becomes("10.3.0.5", leads_to("ts1"));
  EXPECT_THAT(route_to("10.1.0.5"), leads_to("lan0")) << "the shared rule stays";
  EXPECT_THAT(second->list_tuns(), ElementsAre("ts1"));
  EXPECT_NE(::if_nametoindex("ts1"), 0U);
  EXPECT_EQ(::if_nametoindex("ts0"), 0U);
  second->flush();
  EXPECT_THAT(output_of("ip rule; ip -6 rule"), Not(HasSubstr("fwmark")));
  EXPECT_THAT(output_of("ip route show table all proto 84; ip -6 route show table all proto 84"),
              IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(state_file_path(run_dir("a"))));
}

TEST_F(HostTest, FlushWorksFromTheStateFileOfADeadDaemon) {
  Bystander daemon([&] {
    auto host = claimed_host();
    TunDevice device = open_device(*host, "ts0");
    set_routes(*host, both_families(), {"ts0"});
    static_cast<void>(device.fd.release());
    static_cast<void>(host.release());
  });
  const auto early = make_linux_host({})->claim("", run_dir());
  ASSERT_FALSE(early) << "a live instance is not to be flushed";
  EXPECT_THAT(early.error().to_string(),
              AllOf(HasSubstr("already run"), HasSubstr(daemon.pid_text())));
  daemon.kill();
  claimed("", run_dir())->flush();
  EXPECT_EQ(::if_nametoindex("ts0"), 0U);
  EXPECT_THAT(route_to("10.2.0.5"), leads_to("up0"));
  EXPECT_THAT(output_of("ip rule; ip -6 rule"), Not(HasSubstr("fwmark")));
}

TEST_F(HostTest, ARunDirectoryWithoutARecordHasNothingToFlush) {
  const auto done = make_linux_host({})->claim("", run_dir());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().why, HasSubstr("no instance"));
}

TEST_F(HostTest, ARunDirectoryOfAnotherInstanceIsRefused) {
  claimed("gw-a-0", run_dir());
  const auto done = make_linux_host({})->claim("gw-b-0", run_dir());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().to_string(), AllOf(HasSubstr("gw-a-0"), HasSubstr("flush")));
}

TEST_F(HostTest, IdsThatALiveInstanceHoldsAreSteppedOver) {
  const InstanceIds taken = derive_instance_ids("gw-a-0", run_dir(), 0);
  const auto lock = take_instance_lock(taken);
  ASSERT_TRUE(lock);
  const auto host = claimed_host();
  EXPECT_THAT(
      output_of("ip rule"),
      HasSubstr("lookup " + std::to_string(derive_instance_ids("gw-a-0", run_dir(), 1).tables.a)));
  EXPECT_THAT(output_of("ip rule"), Not(HasSubstr("lookup " + std::to_string(taken.tables.a))));
}

TEST_F(HostTest, IdsWithAnothersRulesAreSteppedOver) {
  const auto lock = take_instance_lock(derive_instance_ids("gw-a-0", run_dir(), 0));
  const auto second = derive_instance_ids("gw-a-0", run_dir(), 1);
  run("ip rule add pref 5210 not fwmark 1 lookup " + std::to_string(second.tables.a));
  run("ip link add dummy-x type veth && ip link set dummy-x group " +
      std::to_string(derive_instance_ids("gw-a-0", run_dir(), 2).link_group));
  const auto host = claimed_host();
  EXPECT_THAT(
      output_of("ip rule"),
      HasSubstr("lookup " + std::to_string(derive_instance_ids("gw-a-0", run_dir(), 3).tables.a)));
}

TEST_F(HostTest, ALostStateFileDoesNotLoseTheDevices) {
  {
    const auto host = claimed_host();
    const TunDevice device = open_device(*host, "ts0");
    set_routes(*host, both_families(), {"ts0"});
  }
  std::filesystem::remove_all(run_dir());
  const auto host = claimed_host();
  EXPECT_THAT(host->list_tuns(), ElementsAre("ts0"));
  EXPECT_TRUE(open_device(*host, "ts0").adopted);
}

}  // namespace
}  // namespace twinspan::tun
