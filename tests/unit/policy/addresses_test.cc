// Addresses and prefixes that nobody can have, or that stand in a list twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Addresses, AGatewayIsReachedAtItsOuterAddress) {
  for (const std::string address : {"127.0.0.1", "169.254.1.1", "0.0.0.0", "255.255.255.255"}) {
    EXPECT_THAT(
        findings_with({{"public_ip_address: 192.0.2.1 }", "public_ip_address: " + address + " }"}}),
        Contains("error gateway.address"))
        << address;
    EXPECT_THAT(
        findings_with({{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: " + address}}),
        Contains("error local-network-gateway.address"))
        << address;
  }
  for (const char* const address : {"'::1'", "'fe80::1'", "'ff02::1'"}) {
    EXPECT_THAT(findings_with({{"gateway_ip_address: 203.0.113.9",
                                std::string("gateway_ip_address: ") + address}}),
                Contains("error local-network-gateway.address"))
        << address;
  }
}

TEST(Addresses, EachRemotePrefixIsListedOnce) {
  const auto listed = [](const std::string& list) {
    return findings_with({{"prefixes: [10.9.0.0/16]", "prefixes: [" + list + "]"}});
  };
  EXPECT_THAT(listed("10.9.0.0/16, 10.10.0.0/16"), IsEmpty());
  EXPECT_THAT(listed("10.9.0.0/16, 10.9.0.0/16"),
              ElementsAre("warning connection.remote-prefixes"));
  EXPECT_THAT(listed("10.9.1.0/24, 10.9.0.0/16"),
              ElementsAre("warning connection.remote-prefixes"));
  EXPECT_THAT(listed("10.9.0.0/16, 0.0.0.0/0"), ElementsAre("warning connection.covers-peer"));
}

TEST(Addresses, TheDefaultSiteNeedsNoPrefixes) {
  const Changes empty = {{"prefixes: [10.9.0.0/16]", "prefixes: []"}};
  EXPECT_THAT(findings_with(empty), ElementsAre("error connection.remote-prefixes"));
  EXPECT_THAT(
      findings_with(
          {empty[0], {"sku: Native", "sku: Native\n    default_local_network_gateway: branch"}}),
      testing::Not(Contains("error connection.remote-prefixes")));
}

TEST(Addresses, TheCloudKeepsAnAddressInItsOwnNetworks) {
  const Changes service = {{"[10.1.0.0/16]", "[10.1.0.0/16, 168.63.0.0/16]"}};
  EXPECT_THAT(findings_with(service), IsEmpty());
  EXPECT_THAT(findings_with({service[0], {"sku: Native", "sku: VpnGw1"}}),
              ElementsAre("error network.address-space"));
}

TEST(Addresses, RemotePrefixesStandForNetworks) {
  const auto listed = [](const std::string& prefix) {
    return findings_with({{"prefixes: [10.9.0.0/16]", "prefixes: [10.9.0.0/16, " + prefix + "]"}});
  };
  for (const char* const prefix : {"0.0.0.0/8", "255.255.255.255/32", "'::ffff:10.9.0.0/112'",
                                   "'::/128'", "'::1/128'", "'::ffff:0.0.0.0/96'"})
    EXPECT_THAT(listed(prefix), Contains("error connection.remote-prefixes")) << prefix;
  EXPECT_THAT(listed("240.0.0.0/4"), ElementsAre("warning connection.remote-prefixes"));
  EXPECT_THAT(listed("0.0.0.0/1, 128.0.0.0/1"),
              testing::Not(Contains("error connection.remote-prefixes")));
}

TEST(Addresses, APeerIsNoneOfOurOwnHosts) {
  EXPECT_THAT(findings_with({{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: 10.1.0.9"}}),
              ElementsAre("warning connection.peer-outside"));
  EXPECT_THAT(findings_with({{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: 240.0.0.1"}}),
              ElementsAre("error local-network-gateway.address"));
}

TEST(Addresses, TwoInstancesOfOneGatewayHaveTwo) {
  for (const Finding& finding : validate(model_of(estate_with(
           {{"active_active: false", "active_active: true"},
            {"[ { name: default, public_ip_address: 192.0.2.1 } ]",
             "[ { public_ip_address: 192.0.2.1 }, { name: two, public_ip_address: 192.0.2.1 } "
             "]"}})))) {
    if (finding.id == "gateway.address") {
      EXPECT_EQ(finding.message, "two of its ip_configurations have 192.0.2.1");
      EXPECT_THAT(finding.objects, ElementsAre("virtual_network_gateways.gw-a"));
    }
    // Not that of BGP, which has prefixes instead.
    if (finding.id == kNotSupportedRule) {
      EXPECT_THAT(finding.remedy, testing::HasSubstr("one of the ip_configurations"));
    }
  }
}

}  // namespace
}  // namespace twinspan::policy
