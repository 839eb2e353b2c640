// LinuxHost: start-up checks and questions about the host.
#include "tests/netns/host_fixture.h"

namespace twinspan::tun {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

  run("sysctl -qw net.ipv4.conf.up0.rp_filter=0 net.ipv4.conf.all.rp_filter=2");
  const auto of_all = host->check(own);
  ASSERT_EQ(of_all.size(), 1U);
  EXPECT_FALSE(of_all[0].is_error);
  EXPECT_THAT(of_all[0].text.remedy, HasSubstr("net.ipv4.conf.all.rp_filter=0"));

  run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.ip_forward=0");
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

}  // namespace
}  // namespace twinspan::tun
