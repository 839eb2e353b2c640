#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include <cerrno>

#include "tun/host_checks.h"
#include "tun/tun_device.h"

namespace twinspan::tun {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

HostFacts healthy() {
  HostFacts facts;
  facts.capabilities = UINT64_MAX;
  facts.has_ipv4 = facts.has_ipv6 = true;
  facts.forwards_ipv4 = facts.forwards_ipv6 = true;
  facts.local_addresses = {{*IpAddress::parse("192.0.2.1"), true, "eth0", 2}};
  facts.present_addresses = "192.0.2.1";
  return facts;
}

TEST(HostChecks, AHealthyHostHasNoFindings) {
  EXPECT_THAT(judge_host(healthy()), IsEmpty());
}

TEST(HostChecks, EveryFindingSaysWhatAndWhyAndWhatToDo) {
  HostFacts facts;
  facts.tun_open_error = ENOENT;
  facts.has_ipv4 = facts.has_ipv6 = true;
  facts.local_addresses = {{*IpAddress::parse("192.0.2.9"), false, "", {}},
                           {*IpAddress::parse("192.0.2.1"), true, "eth0", 1}};
  const auto findings = judge_host(facts);
  // Three capabilities, the device, two addresses, two families that are not forwarded.
  EXPECT_THAT(findings, SizeIs(8));
  for (const HostFinding& finding : findings) {
    EXPECT_FALSE(finding.text.what.empty());
    EXPECT_FALSE(finding.text.why.empty()) << finding.text.what;
    EXPECT_FALSE(finding.text.remedy.empty()) << finding.text.what;
  }
}

TEST(HostChecks, AMissingTunIsAnErrorWhoseRemedyDependsOnTheReason) {
  HostFacts facts = healthy();
  facts.tun_open_error = ENOENT;
  ASSERT_THAT(judge_host(facts), SizeIs(1));
  EXPECT_TRUE(judge_host(facts)[0].is_error);
  EXPECT_THAT(judge_host(facts)[0].text.remedy, HasSubstr("modprobe tun"));
  facts.tun_open_error = EACCES;
  EXPECT_THAT(judge_host(facts)[0].text.remedy, HasSubstr("root"));
}

TEST(HostChecks, AMissingCapabilityIsNamed) {
  HostFacts facts = healthy();
  facts.capabilities &= ~(uint64_t{1} << CAP_NET_RAW);
  const auto findings = judge_host(facts);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_TRUE(findings[0].is_error);
  EXPECT_THAT(findings[0].text.what, HasSubstr("CAP_NET_RAW"));
}

TEST(HostChecks, ForwardingIsAskedForOnlyInFamiliesThatTheHostHas) {
  HostFacts facts = healthy();
  facts.forwards_ipv4 = facts.forwards_ipv6 = false;
  facts.has_ipv6 = false;
  const auto findings = judge_host(facts);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_FALSE(findings[0].is_error);
  EXPECT_THAT(findings[0].text.remedy, HasSubstr("net.ipv4.ip_forward=1"));
}

TEST(HostChecks, AStrictReversePathFilterIsAWarningAndALooseOneIsNot) {
  HostFacts facts = healthy();
  facts.local_addresses[0].rp_filter = 1;
  const auto findings = judge_host(facts);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_FALSE(findings[0].is_error);
  EXPECT_THAT(findings[0].text.remedy, HasSubstr("net.ipv4.conf.eth0.rp_filter"));
}

TEST(HostChecks, AFilterOfAllDevicesIsAWarningSinceTunnelsCannotGoBelow) {
  HostFacts facts = healthy();
  for (const int filter : {1, 2}) {
    facts.rp_filter_of_all = filter;
    const auto findings = judge_host(facts);
    ASSERT_THAT(findings, SizeIs(1));
    EXPECT_FALSE(findings[0].is_error);
    EXPECT_THAT(findings[0].text.to_string(), AllOf(HasSubstr("it is " + std::to_string(filter)),
                                                    HasSubstr("net.ipv4.conf.all.rp_filter=0")));
  }
  facts.has_ipv4 = false;
  EXPECT_THAT(judge_host(facts), IsEmpty());
}

TEST(HostChecks, EffectiveCapabilitiesAreReadFromTheStatusFile) {
  EXPECT_EQ(parse_effective_capabilities("Name:\tx\nCapPrm:\tff\nCapEff:\t0000000000003000\n"),
            0x3000U);
  EXPECT_EQ(parse_effective_capabilities("Name:\tx\n"), std::nullopt);
  EXPECT_EQ(parse_effective_capabilities("Name:\tx\nCapEff:\t30zz\n"), std::nullopt);
}

TEST(HostChecks, AddressesAreListedWithoutLoopbackAndNotWithoutEnd) {
  std::vector<InterfaceAddress> addresses;
  for (const char* text : {"127.0.0.1", "fe80::1"}) {
    addresses.push_back({*IpAddress::parse(text), 1, true, false});
  }
  EXPECT_EQ(list_addresses(addresses), "none but loopback");
  addresses.push_back({*IpAddress::parse("192.0.2.1"), 2, true, true});
  EXPECT_EQ(list_addresses(addresses), "192.0.2.1");
  addresses.insert(addresses.end(), 1000, addresses.back());
  EXPECT_THAT(list_addresses(addresses),
              AllOf(HasSubstr("..."), testing::SizeIs(testing::Lt(300))));
}

TEST(HostChecks, DeviceNamesAreThoseTheKernelTakesLiterally) {
  for (const char* name : {"ts0", "ts-a.b_c", "fifteen-charact"}) {
    EXPECT_TRUE(is_device_name(name)) << name;
  }
  for (const char* name :
       {"", ".", "..", "sixteen-characte", "a/b", "a:b", "a b", "ts%d", "t\x7f"}) {
    EXPECT_FALSE(is_device_name(name)) << name;
  }
}

}  // namespace
}  // namespace twinspan::tun
