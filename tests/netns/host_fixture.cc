#include "tests/netns/host_fixture.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace twinspan::tun {

using ::testing::HasSubstr;
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

testing::Matcher<std::string> is_refused() {
  return testing::AnyOf(HasSubstr("No route to host"), HasSubstr("Network is unreachable"));
}

testing::Matcher<std::string> leads_to(const std::string& device) {
  return HasSubstr(" dev " + device + " ");
}

IpPrefix prefix(const char* text) {
  return *IpPrefix::parse(text);
}
IpAddress address(const char* text) {
  return *IpAddress::parse(text);
}

const std::vector<IpPrefix>& both_families() {
  static const std::vector<IpPrefix> prefixes{prefix("10.2.0.0/16"), prefix("fd00:2::/64")};
  return prefixes;
}

void HostTest::SetUp() {
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

void HostTest::TearDown() {
  std::filesystem::remove_all(directory_);
}

std::unique_ptr<Host> HostTest::claimed(const std::string& key, const std::string& run_dir) {
  auto host = make_linux_host({});
  const auto done = host->claim(key, run_dir);
  EXPECT_TRUE(done) << done.error().to_string();
  return host;
}

TunDevice HostTest::open_device(Host& host, const std::string& name, bool carrier) {
  auto device = host.open_tun({.name = name});
  EXPECT_TRUE(device) << device.error().to_string();
  if (!device) return {};
  if (carrier) {
    EXPECT_TRUE(host.set_carrier(*device, true));
  }
  return *std::move(device);
}

void HostTest::set_routes(Host& host, const std::vector<IpPrefix>& prefixes,
                          const std::vector<std::string>& devices,
                          const std::vector<IpPrefix>& attached) {
  std::vector<TunnelRoute> routes;
  for (const IpPrefix& each : prefixes) {
    for (const std::string& device : devices) routes.push_back({each, device, {}});
  }
  const auto done = host.set_routes(prefixes, routes, attached);
  EXPECT_TRUE(done) << done.error().to_string();
}

Bystander::Bystander(const std::function<void()>& setup) {
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

void Bystander::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace twinspan::tun
