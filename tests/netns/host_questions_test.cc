// LinuxHost: what is so at the moment, whoever has changed it.
#include "tests/netns/host_fixture.h"

namespace twinspan::tun {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = FoundRoute::Kind;

FoundRoute forwarded(Host& host, const char* source, const char* destination, const char* input) {
  return host.find_route({address(source), address(destination), input});
}

FoundRoute sent(Host& host, const char* destination) {
  const IpAddress target = address(destination);
  return host.find_route({IpAddress::any(target.family()), target, ""});
}

class HostQuestions : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    host_ = claimed_host();
    device_ = open_device(*host_, "ts0");
    set_routes(*host_, both_families(), {"ts0"});
    expect_route_becomes("10.2.0.5", leads_to("ts0"));
    expect_route_becomes("fd00:2::5", leads_to("ts0"));
  }

  std::unique_ptr<Host> host_;
  TunDevice device_;
};

TEST_F(HostQuestions, AForwardedPacketAndOneOfTheHostsOwnFollowTheTunnelsRoute) {
  EXPECT_EQ(forwarded(*host_, "10.1.0.9", "10.2.0.5", "lan0").device, "ts0");
  EXPECT_EQ(forwarded(*host_, "fd00:1::9", "fd00:2::5", "lan0").device, "ts0");
  EXPECT_EQ(sent(*host_, "10.2.0.5").device, "ts0");
  EXPECT_EQ(sent(*host_, "198.51.100.7").device, "up0");
  EXPECT_EQ(sent(*host_, "10.1.0.1").kind, Kind::Local);
  EXPECT_EQ(host_->find_outer_route(address("192.0.2.1"), address("10.2.0.5")).device, "up0")
      << "as the outer sockets see it";
}

TEST_F(HostQuestions, ADeletedRouteIsSeenAtOnce) {
  EXPECT_THAT(host_->present_routes(), ::testing::SizeIs(2));
  run("ip route delete 10.2.0.0/16 dev ts0 table $(ip route show table all proto 84 | sed -n "
      "'s/^10.2.0.0.*dev ts0 table \\([^ ]*\\).*/\\1/p')");
  EXPECT_EQ(forwarded(*host_, "10.1.0.9", "10.2.0.5", "lan0").kind, Kind::Unreachable);
  EXPECT_FALSE(sent(*host_, "10.2.0.5").text.empty());
  const auto present = host_->present_routes();
  ASSERT_THAT(present, ::testing::SizeIs(1));
  EXPECT_EQ(present[0].prefix, prefix("fd00:2::/64"));
  EXPECT_EQ(present[0].device, "ts0");
}

TEST_F(HostQuestions, ASourceThatComesInByTheWrongInterfaceIsRefused) {
  run("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.lan0.rp_filter=1");
  EXPECT_EQ(forwarded(*host_, "192.0.2.77", "10.2.0.5", "lan0").kind, Kind::Refused);
}

TEST_F(HostQuestions, APacketMayComeOutOfAnotherTunnelThanItsAnswerGoesInto) {
  run("sysctl -qw net.ipv4.conf.all.rp_filter=0");
  const TunDevice other = open_device(*host_, "ts1");
  set_routes(*host_, both_families(), {"ts1"});
  expect_route_becomes("10.2.0.5", leads_to("ts1"));
  EXPECT_EQ(forwarded(*host_, "10.2.0.5", "10.1.0.9", "ts0").device, "lan0");
  ASSERT_TRUE(host_->set_carrier(other, false));
  expect_route_becomes("10.2.0.5", is_refused());
  EXPECT_EQ(forwarded(*host_, "10.2.0.5", "10.1.0.9", "ts0").device, "lan0")
      << "nor while the other one is down";
  // What both devices have is 0 all the time.
  for (const char* const filter : {"1", "2"}) {
    run(std::string("sysctl -qw net.ipv4.conf.all.rp_filter=") + filter);
    EXPECT_EQ(forwarded(*host_, "10.2.0.5", "10.1.0.9", "ts0").kind, Kind::Refused) << filter;
  }
  ASSERT_TRUE(host_->set_carrier(other, true));
  expect_route_becomes("10.2.0.5", leads_to("ts1"));
  for (const char* const filter : {"1", "2"}) {
    run(std::string("sysctl -qw net.ipv4.conf.all.rp_filter=") + filter);
    EXPECT_EQ(forwarded(*host_, "10.2.0.5", "10.1.0.9", "ts0").kind, Kind::Refused)
        << filter << ": a loose one wants an address on the device";
    EXPECT_EQ(forwarded(*host_, "10.2.0.5", "10.1.0.9", "ts1").device, "lan0") << filter;
  }
  run("sysctl -qw net.ipv4.conf.all.rp_filter=0");
  EXPECT_EQ(forwarded(*host_, "10.1.0.1", "10.1.0.9", "ts0").kind, Kind::Refused)
      << "an address of this host comes from nowhere else";
}

TEST_F(HostQuestions, WithoutForwardingNothingPasses) {
  run("sysctl -qw net.ipv4.ip_forward=0");
  EXPECT_EQ(forwarded(*host_, "10.1.0.9", "10.2.0.5", "lan0").kind, Kind::Unreachable);
  EXPECT_EQ(forwarded(*host_, "10.1.0.9", "10.2.0.5", "nowhere0").kind, Kind::Unreachable);
}

TEST_F(HostQuestions, ADeviceIsShownAsItIs) {
  const DeviceState good = host_->device_state("ts0");
  EXPECT_TRUE(good.exists && good.is_up && good.has_carrier);
  EXPECT_EQ(good.mtu, device_.mtu);
  run("sysctl -qw net.ipv4.conf.all.rp_filter=0");
  EXPECT_EQ(host_->device_state("ts0").reverse_path_filter, 0);
  run("sysctl -qw net.ipv4.conf.all.rp_filter=2");
  EXPECT_EQ(host_->device_state("ts0").reverse_path_filter, 2) << "the larger one counts";
  run("sysctl -qw net.ipv4.conf.all.rp_filter=0");
  ASSERT_TRUE(host_->set_carrier(device_, false));
  EXPECT_FALSE(host_->device_state("ts0").has_carrier);
  run("ip link set ts0 down mtu 1300");
  const DeviceState down = host_->device_state("ts0");
  EXPECT_TRUE(down.exists);
  EXPECT_FALSE(down.is_up);
  EXPECT_EQ(down.mtu, 1300u);
  run("ip link delete ts0");
  EXPECT_FALSE(host_->device_state("ts0").exists);
  EXPECT_THAT(host_->present_routes(), IsEmpty());
}

}  // namespace
}  // namespace twinspan::tun
