// LinuxHost: TUN devices, new and adopted, and those that are not ours.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/netns/host_fixture.h"

namespace twinspan::tun {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(HostTest, ADeviceIsQuietSetUpAndWithoutCarrier) {
  const auto host = claimed_host();
  const auto device = host->open_tun({.name = "ts0", .mtu = 1372});
  ASSERT_TRUE(device) << device.error().to_string();
  EXPECT_FALSE(device->adopted);
  EXPECT_TRUE(device->vnet_header);
  EXPECT_TRUE(device->tso);
  const std::string text = output_of("ip -d link show ts0");
  EXPECT_THAT(text, AllOf(HasSubstr("NO-CARRIER"), HasSubstr("mtu 1372"), HasSubstr("noqueue"),
                          HasSubstr("qlen 1000"), HasSubstr("persist on"), HasSubstr(",UP")));
  EXPECT_THAT(text, AllOf(HasSubstr("addrgenmode none"), HasSubstr("vnet_hdr on"),
                          Not(HasSubstr("MULTICAST")), Not(HasSubstr("multi_queue on"))));
  EXPECT_THAT(output_of("ip addr show ts0"), Not(HasSubstr("inet")));
  EXPECT_THAT(output_of("cat /proc/sys/net/ipv4/conf/ts0/rp_filter"), testing::StartsWith("0"));
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
  expect_route_becomes("fd00:2::5", leads_to("ts0"));
  EXPECT_THAT(output_of("ip -d link show ts0"), HasSubstr("addrgenmode none"));
  ASSERT_TRUE(host->set_carrier(device, false));
  expect_route_becomes("fd00:2::5", is_refused());
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

bool has_segmentation_offload(const std::string& device) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM, 0));
  ethtool_value value{.cmd = ETHTOOL_GTSO, .data = 0};
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  EXPECT_EQ(::ioctl(fd.get(), SIOCETHTOOL, &request), 0);
  return value.data != 0;
}

TEST_F(HostTest, OffloadOfAnAdoptedDeviceFollowsTheNewWish) {
  const auto host = claimed_host();
  {
    ASSERT_TRUE(host->open_tun({.name = "ts0"}));
  }
  ASSERT_TRUE(has_segmentation_offload("ts0"));
  const auto plain = host->open_tun({.name = "ts0", .offload = false});
  ASSERT_TRUE(plain);
  EXPECT_TRUE(plain->adopted);
  EXPECT_THAT(output_of("ip -d link show ts0"), HasSubstr("vnet_hdr off"));
  EXPECT_FALSE(has_segmentation_offload("ts0"));
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

}  // namespace
}  // namespace twinspan::tun
