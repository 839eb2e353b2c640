// LinuxHost against a real kernel: each test runs in a network namespace of its own, with a default
// route through an uplink, as a gateway has. What counts is where the kernel would send a packet,
// so the answers are those of `ip route get`, never of `ip route show`.
//
//   lan0 10.1.0.1/24 fd00:1::1/64 -- this host -- up0 192.0.2.1/24 2001:db8::1/64 -- default routes
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tun/host.h"
#include "tun/linux_host_instance.h"

namespace twinspan::tun {

std::string output_of(const std::string& command);  // Both streams.
void run(const std::string& command);               // Must succeed.

std::string route_to(const std::string& address);
std::string marked_route_to(const std::string& address);  // As the outer sockets see it.
// The kernel hands a carrier loss on to its routes at most once a second. Until then packets still
// go to the device, which drops them; never to the uplink.
void expect_route_becomes(const std::string& target, const testing::Matcher<std::string>& expected);
testing::Matcher<std::string> is_refused();
testing::Matcher<std::string> leads_to(const std::string& device);

IpPrefix prefix(const char* text);
IpAddress address(const char* text);
const std::vector<IpPrefix>& both_families();  // 10.2.0.0/16 and fd00:2::/64

class HostTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string run_dir(const std::string& name = "a") const { return directory_ + "/" + name; }

  static std::unique_ptr<Host> claimed(const std::string& key, const std::string& run_dir);
  std::unique_ptr<Host> claimed_host() const { return claimed("gw-a-0", run_dir()); }

  static TunDevice open_device(Host& host, const std::string& name, bool carrier = true);
  // Each prefix through all of the devices.
  static void set_routes(Host& host, const std::vector<IpPrefix>& prefixes,
                         const std::vector<std::string>& devices,
                         const std::vector<IpPrefix>& attached = {});

  std::string directory_;
};

// Another process in this namespace that has run `setup` and waits to be killed.
class Bystander {
 public:
  explicit Bystander(const std::function<void()>& setup);
  ~Bystander() { kill(); }
  void kill();
  std::string pid_text() const { return "(pid " + std::to_string(pid_) + ")"; }

 private:
  pid_t pid_ = 0;
};

}  // namespace twinspan::tun
