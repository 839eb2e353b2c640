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

TEST(Addresses, TheCloudKeepsAnAddressInItsOwnNetworks) {
  const Changes service = {{"[10.1.0.0/16]", "[10.1.0.0/16, 168.63.0.0/16]"}};
  EXPECT_THAT(findings_with(service), IsEmpty());
  EXPECT_THAT(findings_with({service[0], {"sku: Native", "sku: VpnGw1"}}),
              ElementsAre("error network.address-space"));
}

}  // namespace
}  // namespace twinspan::policy
