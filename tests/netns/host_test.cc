// LinuxHost against a real kernel: each test runs in a network namespace of its own, with a default
// route through an uplink, as a gateway has. What counts is where the kernel would send a packet,
// so the answers are those of `ip route get`, never of `ip route show`.
//
//   lan0 10.1.0.1/24 fd00:1::1/64 -- this host -- up0 192.0.2.1/24 2001:db8::1/64 -- default routes
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "tun/host.h"
#include "tun/linux_host_instance.h"
#include "tun/route_programmer.h"
#include "tun/tun_device.h"

namespace twinspan::tun {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char part[4096];
  while (size_t got = std::fread(part, 1, sizeof(part), pipe)) text.append(part, got);
  ::pclose(pipe);
  return text;
}

void run(const std::string& command) {
  const std::string text = output_of(command + " && echo done");
  ASSERT_THAT(text, HasSubstr("done")) << command;
}

std::string route_to(const std::string& address) {
  return output_of("ip route get " + address);
}
std::string marked_route_to(const std::string& address) {
  return output_of("ip route get " + address + " mark " + std::to_string(kSocketMark));
}

// The kernel hands a carrier loss on to its routes at most once a second. Until then packets still
// go to the device, which drops them.
void expect_route_becomes(const std::string& target,
                          const testing::Matcher<std::string>& expected) {
  constexpr int kLooksMax = 3000;  // Each takes a millisecond or more.
  std::string route;
  for (int look = 0; look < kLooksMax; ++look) {
    route = route_to(target);
    if (expected.Matches(route)) return;
    EXPECT_THAT(route, Not(HasSubstr(" dev up0 "))) << "in clear";
  }
  EXPECT_THAT(route, expected) << "the last answer for " << target;
}

IpPrefix prefix(const char* text) {
  return *IpPrefix::parse(text);
}
IpAddress address(const char* text) {
  return *IpAddress::parse(text);
}

testing::Matcher<std::string> is_refused() {
  return testing::AnyOf(HasSubstr("No route to host"), HasSubstr("Network is unreachable"));
}
testing::Matcher<std::string> leads_to(const std::string& device) {
  return HasSubstr(" dev " + device + " ");
}

class HostTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0) << "needs root";
    char pattern[] = "/tmp/twinspan-host-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    directory_ = pattern;
    run("ip link set lo up");
    run("ip link add lan0 type veth peer name lan1 && ip link set lan0 up && ip link set lan1 up");
    run("ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 up");
    run("ip addr add 10.1.0.1/24 dev lan0 && ip addr add fd00:1::1/64 dev lan0 nodad");
    run("ip addr add 192.0.2.1/24 dev up0 && ip addr add 2001:db8::1/64 dev up0 nodad");
    run("ip route add default via 192.0.2.254 && ip -6 route add default via 2001:db8::fe");
    ASSERT_THAT(route_to("10.2.0.5"), leads_to("up0"));
    ASSERT_THAT(route_to("fd00:2::5"), leads_to("up0"));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string run_dir(const std::string& name = "a") const { return directory_ + "/" + name; }

  static std::unique_ptr<Host> claimed(const std::string& key, const std::string& run_dir) {
    auto host = make_linux_host({});
    const auto done = host->claim(key, run_dir);
    EXPECT_TRUE(done) << done.error().to_string();
    return host;
  }
  std::unique_ptr<Host> claimed_host() const { return claimed("gw-a-0", run_dir()); }

  static TunDevice open_device(Host& host, const std::string& name, bool carrier = true) {
    auto device = host.open_tun({.name = name});
    EXPECT_TRUE(device) << device.error().to_string();
    if (!device) return {};
    if (carrier) {
      EXPECT_TRUE(host.set_carrier(*device, true));
    }
    return *std::move(device);
  }

  static void set_routes(Host& host, const std::vector<IpPrefix>& prefixes,
                         const std::vector<std::string>& devices,
                         const std::vector<IpPrefix>& attached = {}) {
    std::vector<TunnelRoute> routes;
    for (const IpPrefix& each : prefixes) {
      for (const std::string& device : devices) routes.push_back({each, device, {}});
    }
    const auto done = host.set_routes(prefixes, routes, attached);
    EXPECT_TRUE(done) << done.error().to_string();
  }

  std::string directory_;
};

// Another process in this namespace that has run `setup` and waits to be killed.
class Bystander {
 public:
  explicit Bystander(const std::function<void()>& setup) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      setup();
      EXPECT_EQ(::write(ready[1], "r", 1), 1);
      for (;;) ::pause();
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Bystander() { kill(); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  std::string pid_text() const { return "(pid " + std::to_string(pid_) + ")"; }

 private:
  pid_t pid_ = 0;
};

const std::vector<IpPrefix>& both_families() {
  static const std::vector<IpPrefix> prefixes{prefix("10.2.0.0/16"), prefix("fd00:2::/64")};
  return prefixes;
}

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
  ASSERT_THAT(route_to("10.2.0.5"), leads_to("ts0"));
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
  ASSERT_THAT(route_to("10.2.0.5"), leads_to("ts0"));
  daemon.kill();
  expect_route_becomes("10.2.0.5", is_refused());
  expect_route_becomes("fd00:2::5", is_refused());

  const auto host = claimed_host();
  EXPECT_THAT(host->list_tuns(), ElementsAre("ts0"));
  const TunDevice device = open_device(*host, "ts0", false);
  EXPECT_TRUE(device.adopted);
  EXPECT_THAT(route_to("10.2.0.5"), is_refused()) << "attaching must not raise the carrier";
  ASSERT_TRUE(host->set_carrier(device, true));
  EXPECT_THAT(route_to("10.2.0.5"), leads_to("ts0")) << "the routes have stayed";
}

TEST_F(HostTest, APrefixThatCoversThePeerDoesNotCatchMarkedPackets) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, {prefix("203.0.113.0/24"), prefix("2001:db8:9::/48")}, {"ts0"});
  EXPECT_THAT(route_to("203.0.113.9"), leads_to("ts0"));
  EXPECT_THAT(marked_route_to("203.0.113.9"), leads_to("up0"));
  EXPECT_THAT(route_to("2001:db8:9::9"), leads_to("ts0"));
  EXPECT_THAT(marked_route_to("2001:db8:9::9"), leads_to("up0"));
}

TEST_F(HostTest, ADefaultRouteIntoATunnelLeavesTheHostItsOwnNetworks) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, {prefix("0.0.0.0/0"), prefix("::/0")}, {"ts0"}, {prefix("10.1.0.0/16")});
  EXPECT_THAT(route_to("198.51.100.7"), leads_to("ts0"));
  EXPECT_THAT(route_to("2001:db8:ffff::7"), leads_to("ts0"));
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
  EXPECT_THAT(route_to("10.2.0.9"), leads_to("ts0"));
  EXPECT_THAT(route_to("fd00:2::9"), leads_to("ts0"));
}

TEST_F(HostTest, ATunnelPrefixInsideAnAttachedNetworkGoesToTheTunnel) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, {prefix("10.1.0.128/25")}, {"ts0"}, {prefix("10.1.0.0/24")});
  EXPECT_THAT(route_to("10.1.0.9"), leads_to("lan0"));
  EXPECT_THAT(route_to("10.1.0.200"), leads_to("ts0"));
}

TEST_F(HostTest, RoutesMoveFromDeviceToDeviceAndGoWhenTheyAreNotWanted) {
  const auto host = claimed_host();
  const TunDevice first = open_device(*host, "ts0");
  const TunDevice second = open_device(*host, "ts1");
  set_routes(*host, both_families(), {"ts0"});
  set_routes(*host, both_families(), {"ts1"});
  EXPECT_THAT(route_to("10.2.0.5"), leads_to("ts1"));
  EXPECT_THAT(route_to("fd00:2::5"), leads_to("ts1"));
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
  EXPECT_THAT(route_to("10.128.0.1"), leads_to("ts0"));
  EXPECT_THAT(route_to("10.135.207.1"), leads_to("ts0"));
  set_routes(*host, {}, {});
  EXPECT_THAT(route_to("10.135.207.1"), leads_to("up0"));
}

TEST_F(HostTest, ThePreferredSourceIsUsedWhileItIsOnTheHost) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  ASSERT_TRUE(host->set_routes({}, {{prefix("10.2.0.0/16"), "ts0", address("10.1.0.1")}}, {}));
  EXPECT_THAT(route_to("10.2.0.5"), HasSubstr("src 10.1.0.1 "));
  ASSERT_TRUE(host->set_routes({}, {{prefix("10.2.0.0/16"), "ts0", address("10.7.0.1")}}, {}));
  EXPECT_THAT(route_to("10.2.0.5"), leads_to("ts0"));
}

TEST_F(HostTest, RoutesOfARoutingDaemonInTheTablesAreLeftAlone) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  const InstanceIds ids = derive_instance_ids("gw-a-0", run_dir(), 0);
  run("ip route add 10.9.0.0/16 dev ts0 proto bird table " + std::to_string(ids.tables.a));
  set_routes(*host, both_families(), {"ts0"});
  EXPECT_THAT(route_to("10.9.0.1"), leads_to("ts0"));
}

TEST_F(HostTest, RulesThatWereFlushedComeBackWithTheNextRoutes) {
  const auto host = claimed_host();
  run("ip rule flush && ip rule add pref 32766 lookup main");
  set_routes(*host, both_families(), {});
  EXPECT_THAT(route_to("10.2.0.5"), is_refused());
}

TEST_F(HostTest, TwoInstancesInOneNamespaceDoNotHideEachOther) {
  const auto first = claimed("gw-a-0", run_dir("a"));
  const auto second = claimed("gw-a-1", run_dir("b"));
  const TunDevice device1 = open_device(*first, "ts0");
  const TunDevice device2 = open_device(*second, "ts1");
  set_routes(*first, {prefix("10.2.0.0/16"), prefix("0.0.0.0/0")}, {"ts0"});
  // More specific than what main has, and than the first's default route.
  set_routes(*second, {prefix("10.1.0.128/25"), prefix("10.3.0.0/16")}, {"ts1"});
  EXPECT_THAT(route_to("10.2.0.5"), leads_to("ts0"));
  EXPECT_THAT(route_to("10.3.0.5"), leads_to("ts1"));
  EXPECT_THAT(route_to("10.1.0.200"), leads_to("ts1"));
  EXPECT_THAT(route_to("10.1.0.5"), leads_to("lan0"));
  EXPECT_THAT(route_to("198.51.100.1"), leads_to("ts0"));
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
  EXPECT_THAT(route_to("10.2.0.5"), leads_to("ts1")) << "the other's default route";
  EXPECT_THAT(route_to("10.3.0.5"), leads_to("ts1"));
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

TEST_F(HostTest, ADeviceIsQuietSetUpAndWithoutCarrier) {
  const auto host = claimed_host();
  const auto device = host->open_tun({.name = "ts0", .mtu = 1372});
  ASSERT_TRUE(device) << device.error().to_string();
  EXPECT_FALSE(device->adopted);
  EXPECT_TRUE(device->vnet_header);
  EXPECT_TRUE(device->tso);
  const std::string text = output_of("ip -d link show ts0");
  EXPECT_THAT(text, AllOf(HasSubstr("NO-CARRIER"), HasSubstr("mtu 1372"), HasSubstr("noqueue"),
                          HasSubstr("qlen 500"), HasSubstr("persist on"), HasSubstr(",UP")));
  EXPECT_THAT(text, AllOf(HasSubstr("addrgenmode none"), HasSubstr("vnet_hdr on"),
                          Not(HasSubstr("MULTICAST")), Not(HasSubstr("multi_queue on"))));
  EXPECT_THAT(output_of("ip addr show ts0"), Not(HasSubstr("inet")));
  EXPECT_THAT(output_of("cat /proc/sys/net/ipv4/conf/ts0/rp_filter"), testing::StartsWith("2"));
  EXPECT_THAT(output_of("cat /proc/sys/net/ipv6/conf/ts0/accept_ra"), testing::StartsWith("0"));
  ASSERT_TRUE(host->set_carrier(*device, true));
  ASSERT_TRUE(host->set_mtu("ts0", 1300));
  EXPECT_THAT(output_of("ip link show ts0"), AllOf(HasSubstr("LOWER_UP"), HasSubstr("mtu 1300")));
  char packet[2048];
  EXPECT_LT(::read(device->fd.get(), packet, sizeof(packet)), 0) << "the kernel sends by itself";
}

TEST_F(HostTest, Ipv6ComesBackQuietWhenTheMtuRisesAboveItsMinimum) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  ASSERT_TRUE(host->set_mtu("ts0", 1200));
  const auto refused = host->set_routes({}, {{prefix("fd00:2::/64"), "ts0", {}}}, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().remedy, HasSubstr("1280"));
  EXPECT_THAT(route_to("fd00:2::5"), is_refused());
  ASSERT_TRUE(host->set_mtu("ts0", 1400));
  set_routes(*host, both_families(), {"ts0"});
  EXPECT_THAT(route_to("fd00:2::5"), leads_to("ts0"));
  EXPECT_THAT(output_of("ip -d link show ts0"), HasSubstr("addrgenmode none"));
  ASSERT_TRUE(host->set_carrier(device, false));
  expect_route_becomes("fd00:2::5", is_refused());
}

TEST_F(HostTest, ADefaultRouteIntoATunnelBehindAReversePathFilterIsWarnedOfOnce) {
  std::vector<std::string> warnings;
  const auto host = make_linux_host(Log(
      [&](LogLevel level, std::string_view, std::string_view text) {
        if (level == LogLevel::Warning) warnings.emplace_back(text);
      },
      "host"));
  run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.up0.rp_filter=2");
  ASSERT_TRUE(host->claim("gw-a-0", run_dir()));
  ASSERT_TRUE(host->open_udp({{address("192.0.2.1"), 4500}, 1, true}));
  ASSERT_TRUE(host->set_routes({prefix("10.2.0.0/16")}, {}, {}));
  EXPECT_THAT(warnings, IsEmpty());
  ASSERT_TRUE(host->set_routes({prefix("0.0.0.0/0")}, {}, {}));
  ASSERT_TRUE(host->set_routes({prefix("0.0.0.0/0")}, {}, {}));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("net.ipv4.conf.up0.rp_filter=0")));
}

TEST_F(HostTest, ADeviceWithoutOffloadHasNoHeader) {
  const auto host = claimed_host();
  const auto plain = host->open_tun({.name = "ts0", .offload = false});
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->vnet_header || plain->tso || plain->uso);
  const auto no_uso = host->open_tun({.name = "ts1", .uso = false});
  ASSERT_TRUE(no_uso);
  EXPECT_TRUE(no_uso->tso);
  EXPECT_FALSE(no_uso->uso);
}

TEST_F(HostTest, OffloadOfAnAdoptedDeviceFollowsTheNewWish) {
  const auto host = claimed_host();
  {
    ASSERT_TRUE(host->open_tun({.name = "ts0"}));
  }
  const auto plain = host->open_tun({.name = "ts0", .offload = false});
  ASSERT_TRUE(plain);
  EXPECT_TRUE(plain->adopted);
  EXPECT_THAT(output_of("ip -d link show ts0"), HasSubstr("vnet_hdr off"));
  EXPECT_THAT(output_of("ethtool -k ts0"), HasSubstr("tcp-segmentation-offload: off"));
}

TEST_F(HostTest, ADeviceOfAnotherQueueKindIsMadeAnew) {
  const auto host = claimed_host();
  const InstanceIds ids = derive_instance_ids("gw-a-0", run_dir(), 0);
  run("ip tuntap add ts0 mode tun multi_queue && ip link set ts0 group " +
      std::to_string(ids.link_group));
  const auto device = host->open_tun({.name = "ts0"});
  ASSERT_TRUE(device) << device.error().to_string();
  EXPECT_FALSE(device->adopted);
  EXPECT_THAT(output_of("ip -d link show ts0"), Not(HasSubstr("multi_queue on")));
}

TEST_F(HostTest, NamesThatBelongToOthersAreRefused) {
  const auto host = claimed_host();
  run("ip tuntap add foreign0 mode tun");
  const auto foreign = host->open_tun({.name = "foreign0"});
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().to_string(),
              AllOf(HasSubstr("foreign0"), HasSubstr("another program")));
  const auto veth = host->open_tun({.name = "lan0"});
  ASSERT_FALSE(veth);
  EXPECT_THAT(veth.error().to_string(), HasSubstr("kind veth"));
  for (const char* name : {"", "a-name-of-16-char", "ts/0", "ts%d", "ts 0"}) {
    EXPECT_FALSE(host->open_tun({.name = name})) << name;
  }
  host->delete_tun("foreign0");
  EXPECT_NE(::if_nametoindex("foreign0"), 0U);
}

TEST_F(HostTest, ABusyDeviceIsRefusedWithItsOwner) {
  const auto host = claimed_host();
  const TunDevice held = open_device(*host, "ts0");
  const auto second = host->open_tun({.name = "ts0"});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().to_string(),
              HasSubstr("netns_host (pid " + std::to_string(::getpid()) + ")"));
}

TEST_F(HostTest, ATakenPortIsRefusedWithItsOwner) {
  const auto host = make_linux_host({});
  for (const char* taken : {"192.0.2.1", "0.0.0.0", "::"}) {
    const Endpoint holder{address(taken), 4500};
    Bystander other([&] {
      const int fd = ::socket(holder.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
      const int on = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
      sockaddr_in6 in6{};
      sockaddr_in in{};
      in6.sin6_family = AF_INET6;
      in6.sin6_port = htons(4500);
      in.sin_family = AF_INET;
      in.sin_port = htons(4500);
      std::memcpy(&in.sin_addr, holder.address.bytes().data(), 4);
      if (holder.address.is_v4()) {
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&in), sizeof(in)), 0);
      } else {
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&in6), sizeof(in6)), 0);
      }
    });
    for (const unsigned sockets : {1U, 2U}) {
      const auto refused = host->open_udp({{address("192.0.2.1"), 4500}, sockets, true});
      ASSERT_FALSE(refused) << taken;
      EXPECT_THAT(refused.error().to_string(),
                  AllOf(HasSubstr("UDP 192.0.2.1:4500"), HasSubstr(other.pid_text())));
    }
    EXPECT_TRUE(host->open_udp({{address("192.0.2.1"), 500}, 1, true}));
  }
}

TEST_F(HostTest, AnotherGatewaysGroupOfSocketsIsNotJoined) {
  const auto host = make_linux_host({});
  const UdpSocketSpec spec{{address("2001:db8::1"), 4500}, 2, true};
  const auto first = host->open_udp(spec);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_FALSE(host->open_udp(spec));
  EXPECT_TRUE(host->open_udp({{address("192.0.2.1"), 4500}, 2, true}));
}

TEST_F(HostTest, AnAddressThatIsNotHereIsRefusedWithThoseThatAre) {
  const auto host = make_linux_host({});
  const auto udp = host->open_udp({{address("192.0.2.99"), 4500}, 1, true});
  ASSERT_FALSE(udp);
  EXPECT_THAT(udp.error().to_string(),
              AllOf(HasSubstr("192.0.2.99:4500"), HasSubstr("192.0.2.1"), HasSubstr("10.1.0.1")));
  EXPECT_FALSE(host->open_raw_esp(address("2001:db8::99"), 1));
}

TEST_F(HostTest, AnAddressInDuplicateDetectionIsWaitedFor) {
  run("ip addr add 2001:db8::2/64 dev up0");
  const auto sockets = make_linux_host({})->open_udp({{address("2001:db8::2"), 4500}, 1, true});
  EXPECT_TRUE(sockets) << sockets.error().to_string();
}

TEST_F(HostTest, OuterSocketsCarryTheMark) {
  const auto host = claimed_host();
  ASSERT_TRUE(host->set_routes({prefix("0.0.0.0/0")}, {}, {}));
  const auto sockets = host->open_udp({{address("192.0.2.1"), 4500}, 2, true});
  ASSERT_TRUE(sockets);
  for (const UniqueFd& fd : *sockets) {
    uint32_t mark = 0;
    socklen_t length = sizeof(mark);
    ASSERT_EQ(::getsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, &length), 0);
    EXPECT_EQ(mark, kSocketMark);
    int buffer = 0;
    ASSERT_EQ(::getsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &buffer, &length), 0);
    EXPECT_GE(buffer, 8 << 20);
  }
}

// Which of the sockets got the payload; sent over the loopback, so it is there when sendto returns.
int receiver_of(const std::vector<UniqueFd>& sockets) {
  int receiver = -1;
  char bytes[2048];
  for (size_t i = 0; i < sockets.size(); ++i) {
    if (::recv(sockets[i].get(), bytes, sizeof(bytes), MSG_DONTWAIT) < 0) continue;
    EXPECT_EQ(receiver, -1) << "two sockets got it";
    receiver = static_cast<int>(i);
  }
  return receiver;
}

int send_udp(const Endpoint& to, const std::vector<UniqueFd>& sockets, std::string payload) {
  const UniqueFd fd(::socket(to.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM, 0));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(to.port);
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(to.port);
  std::memcpy(&in.sin_addr, to.address.bytes().data(), 4);
  if (to.address.is_v6()) std::memcpy(&in6.sin6_addr, to.address.bytes().data(), 16);
  const auto* target = to.address.is_v4() ? reinterpret_cast<const sockaddr*>(&in)
                                          : reinterpret_cast<const sockaddr*>(&in6);
  const socklen_t length = to.address.is_v4() ? sizeof(in) : sizeof(in6);
  EXPECT_GE(::sendto(fd.get(), payload.data(), payload.size(), 0, target, length), 0);
  return receiver_of(sockets);
}

std::string spi_bytes(uint32_t spi) {
  std::string bytes(64, 'x');
  store_be32(reinterpret_cast<uint8_t*>(bytes.data()), spi);
  return bytes;
}

TEST_F(HostTest, UdpEncapsulatedEspReachesTheSocketOfItsSpi) {
  const auto host = make_linux_host({});
  for (const char* local : {"192.0.2.1", "2001:db8::1"}) {
    const Endpoint esp{address(local), 4500};
    const auto sockets = host->open_udp({esp, 3, true});
    ASSERT_TRUE(sockets);
    for (const uint32_t spi : {256U, 257U, 258U, 0x80000000U, 0xffffffffU}) {
      EXPECT_EQ(send_udp(esp, *sockets, spi_bytes(spi)), static_cast<int>(spi % 3)) << spi;
    }
    EXPECT_EQ(send_udp(esp, *sockets, spi_bytes(0)), 0) << "IKE behind its marker";
    EXPECT_EQ(send_udp(esp, *sockets, "\xff"), 0) << "keepalive";
    const Endpoint ike{address(local), 500};
    const auto ike_sockets = host->open_udp({ike, 3, false});
    ASSERT_TRUE(ike_sockets);
    EXPECT_EQ(send_udp(ike, *ike_sockets, spi_bytes(257)), 0) << "an initiator's SPI";
  }
}

TEST_F(HostTest, RawEspReachesTheSocketOfItsSpiAndOneGatewayOnly) {
  const auto host = make_linux_host({});
  for (const char* local : {"192.0.2.1", "2001:db8::1"}) {
    const IpAddress own = address(local);
    const auto sockets = host->open_raw_esp(own, 2);
    ASSERT_TRUE(sockets) << sockets.error().to_string();
    const UniqueFd sender(::socket(own.is_v4() ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_ESP));
    for (const uint32_t spi : {256U, 257U, 0xffffffffU}) {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      std::memcpy(&in.sin_addr, own.bytes().data(), 4);
      sockaddr_in6 in6{};
      in6.sin6_family = AF_INET6;
      if (own.is_v6()) std::memcpy(&in6.sin6_addr, own.bytes().data(), 16);
      const auto* target = own.is_v4() ? reinterpret_cast<const sockaddr*>(&in)
                                       : reinterpret_cast<const sockaddr*>(&in6);
      const std::string packet = spi_bytes(spi);
      ASSERT_GT(::sendto(sender.get(), packet.data(), packet.size(), 0, target,
                         own.is_v4() ? sizeof(in) : sizeof(in6)),
                0);
      EXPECT_EQ(receiver_of(*sockets), static_cast<int>(spi % 2)) << spi;
    }
    const auto second = host->open_raw_esp(own, 1);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().to_string(), HasSubstr(std::to_string(::getpid())));
  }
}

TEST_F(HostTest, ChecksNameWhatTheHostLacks) {
  const auto host = make_linux_host({});
  run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.up0.rp_filter=0");
  const std::vector<IpAddress> own{address("192.0.2.1"), address("2001:db8::1")};
  for (const HostFinding& finding : host->check(own)) ADD_FAILURE() << finding.text.to_string();

  const auto absent = host->check({address("192.0.2.99")});
  ASSERT_EQ(absent.size(), 1U);
  EXPECT_TRUE(absent[0].is_error);
  EXPECT_THAT(absent[0].text.to_string(), AllOf(HasSubstr("192.0.2.99"), HasSubstr("10.1.0.1")));

  run("sysctl -qw net.ipv4.conf.up0.rp_filter=1");
  const auto strict = host->check(own);
  ASSERT_EQ(strict.size(), 1U);
  EXPECT_FALSE(strict[0].is_error);
  EXPECT_THAT(strict[0].text.remedy, HasSubstr("net.ipv4.conf.up0.rp_filter=0"));

  run("sysctl -qw net.ipv4.conf.up0.rp_filter=0 net.ipv4.ip_forward=0");
  const auto local_only = host->check(own);
  ASSERT_EQ(local_only.size(), 1U);
  EXPECT_THAT(local_only[0].text.remedy, HasSubstr("net.ipv4.ip_forward=1"));
}

TEST_F(HostTest, PathMtuIsThatOfTheRouteAsMarkedPacketsSeeIt) {
  const auto host = claimed_host();
  const TunDevice device = open_device(*host, "ts0");
  set_routes(*host, {prefix("0.0.0.0/0"), prefix("::/0")}, {"ts0"});
  EXPECT_EQ(host->path_mtu(address("192.0.2.1"), address("203.0.113.9")), 1500U);
  run("ip link set up0 mtu 1480");
  EXPECT_EQ(host->path_mtu(address("192.0.2.1"), address("203.0.113.9")), 1480U);
  EXPECT_EQ(host->path_mtu(address("2001:db8::1"), address("2001:db8:9::9")), 1480U);
  run("ip route add 203.0.113.0/24 via 192.0.2.254 mtu 1320");
  EXPECT_EQ(host->path_mtu(address("192.0.2.1"), address("203.0.113.9")), 1320U);
  run("ip route flush default; ip route del 203.0.113.0/24");
  EXPECT_EQ(host->path_mtu(address("192.0.2.1"), address("203.0.113.9")), 1500U) << "unknown";
}

TEST_F(HostTest, TheLocalAddressInsideThePrefixesIsFound) {
  const auto host = make_linux_host({});
  EXPECT_EQ(host->find_local_address({prefix("10.9.0.0/16"), prefix("10.1.0.0/16")}),
            address("10.1.0.1"));
  EXPECT_EQ(host->find_local_address({prefix("fd00:1::/48")}), address("fd00:1::1"));
  EXPECT_EQ(host->find_local_address({prefix("10.9.0.0/16")}), std::nullopt);
  EXPECT_EQ(host->find_local_address({}), std::nullopt);
}

}  // namespace
}  // namespace twinspan::tun
