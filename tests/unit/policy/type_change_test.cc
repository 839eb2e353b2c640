#include "policy/type_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/compile.h"
#include "policy/validate.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

const Changes kPolicyBased = {{"vpn_type: route-based", "vpn_type: policy-based"}};

std::optional<Refusal> refusal_of(const std::string& before, const std::string& after) {
  const Model model = model_of(before);
  return refuse_kind(model, compile(model, "gw-a", 0, "").value(), model_of(after));
}

TEST(TypeChange, ListsWhatMustGoAndWhatIsLost) {
  const auto refusal = refusal_of(kGoodEstate, estate_with(kPolicyBased));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->object, "virtual_network_gateways.gw-a");
  EXPECT_THAT(refusal->message, HasSubstr("from route-based to policy-based"));
  // b-to-a is the other gateway's object, and leads to this one.
  EXPECT_THAT(refusal->delete_first,
              ElementsAre("connections.a-to-b", "connections.a-to-branch", "connections.b-to-a",
                          "virtual_network_gateways.gw-a"));
  EXPECT_THAT(refusal->lost, Contains(HasSubstr("192.0.2.1")));
  EXPECT_THAT(refusal->lost, Contains(HasSubstr("AS 65010")));
  EXPECT_THAT(refusal->lost, Contains(HasSubstr("connections.a-to-b: its IKE SA")));
  EXPECT_THAT(refusal->remedy, HasSubstr("twinspan replace gateway gw-a"));
}

TEST(TypeChange, IsToldOfAnEstateThatIsInvalidByIt) {
  const Model after = model_of(estate_with(kPolicyBased));
  EXPECT_TRUE(std::ranges::any_of(validate(after), [](const Finding& finding) {
    return finding.severity == Severity::Error;
  })) << "else this shows nothing";
  EXPECT_TRUE(refusal_of(kGoodEstate, estate_with(kPolicyBased)).has_value());
}

TEST(TypeChange, AGatewayStaysInItsGeneration) {
  const auto in = [](const std::string& generation, const std::string& sku = "VpnGw2") {
    return estate_with({{"sku: Native", "sku: " + sku + generation}});
  };
  const std::string first = "\n    generation: Generation1",
                    second = "\n    generation: Generation2";
  const auto refusal = refusal_of(in(first), in(second));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->object, "virtual_network_gateways.gw-a");
  EXPECT_THAT(refusal->message, HasSubstr("generation of a running gateway cannot be changed from "
                                          "Generation1 to Generation2"));
  EXPECT_THAT(refusal->delete_first, Contains("connections.a-to-b"));
  EXPECT_THAT(refusal->remedy, HasSubstr("twinspan replace gateway gw-a"));
  // Another SKU of the generation is a change in place, and who named none may name one.
  EXPECT_EQ(refusal_of(in(first), in(first, "VpnGw3")), std::nullopt);
  EXPECT_EQ(refusal_of(in(""), in(second)), std::nullopt);
  EXPECT_EQ(refusal_of(in(first), in("")), std::nullopt);
}

TEST(TypeChange, IsNoneOfTheSameTypeOrOfAGatewayThatIsNotThere) {
  EXPECT_EQ(refusal_of(kGoodEstate, kGoodEstate), std::nullopt);
  EXPECT_EQ(refusal_of(kGoodEstate, "version: 1\n"), std::nullopt);
}

TEST(TypeChange, ASpokeLosesItsWay) {
  const std::string before = estate_with(
      {{"  vnet-b: {", "  spoke: { region: west, address_space: [10.3.0.0/16] }\n  vnet-b: {"},
       {"peerings: {}",
        "peerings:\n"
        "  hub-to-spoke: { virtual_network: vnet-a, remote_virtual_network: spoke,"
        " allow_gateway_transit: true }\n"
        "  spoke-to-hub: { virtual_network: spoke, remote_virtual_network: vnet-a,"
        " use_remote_gateways: true }"}});
  const auto refusal = refusal_of(before, estate_with(kPolicyBased));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_THAT(refusal->lost, Contains(HasSubstr("peerings.spoke-to-hub: the way of spoke")));
}

}  // namespace
}  // namespace twinspan::policy
