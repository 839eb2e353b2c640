#include "policy/sku.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/schema.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::HasSubstr;
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

}  // namespace
}  // namespace twinspan::policy
