#include "policy/sku.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/schema.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Sku, TheSchemasWordsAreTheProfiles) {
  const auto words = kGatewaySchema.find("sku")->choices;
  ASSERT_EQ(words.size(), all_skus().size());
  for (size_t index = 0; index < words.size(); ++index)
    EXPECT_EQ(words[index], all_skus()[index].name);
}

TEST(Sku, NativeHasEverythingAndNoLimit) {
  const SkuProfile& native = sku_of(model_of(kGoodEstate).gateways.at("gw-a"));
  EXPECT_EQ(native.name, "Native");
  EXPECT_TRUE(native.has_policy_based && native.has_bgp && native.has_active_active &&
              native.has_custom_policies);
  EXPECT_EQ(native.tunnels_max, SIZE_MAX);
  EXPECT_EQ(native.selector_pairs_max, SIZE_MAX);
}

TEST(Sku, OnlyBasicHasPolicyBasedGatewaysInTheCloudAndLittleElse) {
  for (const SkuProfile& sku : all_skus().subspan(1)) {
    const bool is_basic = sku.name == "Basic";
    EXPECT_EQ(sku.has_policy_based, is_basic) << sku.name;
    EXPECT_EQ(sku.has_bgp, !is_basic) << sku.name;
    EXPECT_EQ(sku.has_active_active, !is_basic) << sku.name;
    EXPECT_EQ(sku.has_custom_policies, !is_basic) << sku.name;
    EXPECT_LE(sku.tunnels_max, 100u) << sku.name;
  }
}

std::vector<std::string> with_basic(
    const std::vector<std::pair<std::string_view, std::string_view>>& more) {
  std::string text = replaced(kGoodEstate, "sku: Native", "sku: Basic");
  for (const auto& [from, to] : more) text = replaced(text, from, to);
  std::vector<std::string> lines;
  for (const Finding& finding : validate(model_of(text))) lines.push_back(finding.to_string());
  return lines;
}

std::vector<std::string> of_kind(const std::string& fields) {
  std::vector<std::string> lines;
  for (const Finding& finding : validate(model_of(estate_with({{"sku: Native", fields}})))) {
    if (finding.id == "gateway.kind") lines.push_back(finding.to_string());
  }
  return lines;
}

TEST(Sku, EachSkuOfTheCloudIsInOneGenerationOrBoth) {
  const auto with = [](const char* sku, const char* generation) {
    return of_kind(fmt::format("sku: {}\n    generation: {}", sku, generation));
  };
  for (const char* const sku : {"Basic", "VpnGw1AZ"}) {
    EXPECT_THAT(with(sku, "Generation1"), IsEmpty()) << sku;
    EXPECT_THAT(with(sku, "Generation2"), ElementsAre(HasSubstr("does not exist in Generation2")));
  }
  for (const char* const generation : {"Generation1", "Generation2"})
    EXPECT_THAT(with("VpnGw3", generation), IsEmpty());
  EXPECT_THAT(with("VpnGw5", "Generation1"), ElementsAre(HasSubstr("error: ")));
  EXPECT_THAT(with("VpnGw5", "Generation2"), IsEmpty());
  EXPECT_THAT(with("Native", "Generation1"), ElementsAre(HasSubstr("warning: ")));
}

TEST(Sku, AnExpressRouteGatewayIsRefused) {
  EXPECT_THAT(of_kind("gateway_type: ExpressRoute"),
              ElementsAre(HasSubstr("ExpressRoute gateways exist only in the cloud")));
}

TEST(Sku, BasicRefusesWhatItLacksAndNamesWhoHasIt) {
  // Both written-out policies of the good estate's gateway are custom ones.
  EXPECT_THAT(with_basic({}),
              Contains(HasSubstr("sku Basic of gw-a has no custom IPsec policies")));
  EXPECT_THAT(with_basic({{"    enable_bgp: false\n    bgp", "    enable_bgp: true\n    bgp"}}),
              Contains(HasSubstr("sku Basic has no BGP; these have it: Native, VpnGw1, ")));
  EXPECT_THAT(with_basic({{"active_active: false", "active_active: true"}}),
              Contains(HasSubstr("sku Basic has no active/active gateways")));
  EXPECT_THAT(with_basic({{"vpn_type: route-based", "vpn_type: policy-based"}}),
              Not(Contains(HasSubstr("no policy-based gateways"))));
}

TEST(Sku, BasicNeedsTheCloudsDefaultPolicyToBeWritten) {
  const char* const lacks = "has no custom IPsec policies";
  const std::string basic = replaced(kGoodEstate, "public_ip_address: 192.0.2.2 } ] }",
                                     "public_ip_address: 192.0.2.2 } ], sku: Basic }");
  const auto lines_of = [](const std::string& text) {
    std::vector<std::string> lines;
    for (const Finding& finding : validate(model_of(text))) lines.push_back(finding.to_string());
    return lines;
  };
  EXPECT_THAT(lines_of(basic), Contains(HasSubstr(lacks)));  // b-to-a has none: then it is strong.
  EXPECT_THAT(lines_of(replaced(basic, "gw-a, shared_key: { file: a-b.psk },",
                                "gw-a, shared_key: { file: a-b.psk }, ipsec_policy: azure-default, "
                                "legacy: true,")),
              Not(Contains(HasSubstr(lacks))));
}

}  // namespace
}  // namespace twinspan::policy
