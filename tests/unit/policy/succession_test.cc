#include "policy/succession.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;

Plan plan_of(std::string_view text) {
  return compile(model_of(text), "gw-a", 0, "").value_or(Plan{});
}

// "a>b" per pair, "-" where there is none.
std::vector<std::string> pairs_of(const Plan& before, const Plan& after) {
  std::vector<std::string> pairs;
  for (const TunnelSuccession& pair : succession(before, after)) {
    pairs.push_back((pair.before ? pair.before->connection : "-") + ">" +
                    (pair.after ? pair.after->connection : "-"));
  }
  return pairs;
}

TEST(Succession, ANewNameForTheSameEndsIsARename) {
  EXPECT_THAT(
      pairs_of(plan_of(kGoodEstate), plan_of(estate_with({{"  a-to-branch:", "  a-to-site:"}}))),
      ElementsAre("a-to-b>a-to-b", "a-to-branch>a-to-site"));
}

TEST(Succession, NamesThatChangePlacesAreTwoRenames) {
  const Plan before = plan_of(kGoodEstate);
  Plan after = before;
  std::swap(after.tunnels[0].connection, after.tunnels[1].connection);
  EXPECT_THAT(pairs_of(before, after), ElementsAre("a-to-b>a-to-branch", "a-to-branch>a-to-b"));
}

TEST(Succession, TheSameNameWithOtherEndsCarriesOn) {
  EXPECT_THAT(
      pairs_of(plan_of(kGoodEstate), plan_of(estate_with({{"203.0.113.9", "203.0.113.8"}}))),
      ElementsAre("a-to-b>a-to-b", "a-to-branch>a-to-branch"));
}

TEST(Succession, OthersComeAndGo) {
  const Plan before = plan_of(kGoodEstate);
  const Plan after =
      plan_of(estate_with({{"  a-to-branch:", "  a-to-site:"}, {"203.0.113.9", "203.0.113.8"}}));
  EXPECT_THAT(pairs_of(before, after),
              ElementsAre("a-to-branch>-", "a-to-b>a-to-b", "->a-to-site"));
}

TEST(Succession, ARenamedTunnelKeepsItsDeviceAndChildrenAndOthersKeepOffTheirNames) {
  const Plan before = plan_of(kGoodEstate);
  Plan after = plan_of(estate_with({{"  a-to-b:", "  a-to-c:"}}));
  TunnelPlan newcomer = before.tunnels[0];
  newcomer.remote_identity.text = "another";
  after.tunnels.push_back(newcomer);  // It has the name that the renamed one had.
  carry_over(before, after);
  ASSERT_EQ(after.tunnels[1].connection, "a-to-c");
  EXPECT_EQ(after.tunnels[1].device, before.tunnels[0].device);
  EXPECT_EQ(after.tunnels[1].children[0].name, "a-to-b");
  EXPECT_NE(after.tunnels[2].device, before.tunnels[0].device);
}

TEST(Succession, OtherQueuesNeedAnotherDevice) {
  const Plan before = plan_of(kGoodEstate);
  Plan after = before;
  after.tunnels[0].per_resource_sas = !after.tunnels[0].per_resource_sas;
  carry_over(before, after);
  EXPECT_NE(after.tunnels[0].device, before.tunnels[0].device);
  EXPECT_EQ(after.tunnels[1].device, before.tunnels[1].device);
}

TEST(Succession, ChildrenAreKnownByTheirSelectors) {
  const auto child = [](const char* name, const char* remote) {
    const IpPrefix prefix = *IpPrefix::parse(remote);
    return ChildPlan{name, {}, {TrafficSelector::from_prefix(prefix)}};
  };
  Plan before = plan_of(kGoodEstate);
  Plan after = before;
  before.tunnels[0].children = {child("x/1", "10.1.0.0/16"), child("x/2", "10.2.0.0/16")};
  after.tunnels[0].children = {child("x/1", "10.2.0.0/16"), child("x/2", "10.3.0.0/16")};
  carry_over(before, after);
  EXPECT_EQ(after.tunnels[0].children[0].name, "x/2");
  EXPECT_EQ(after.tunnels[0].children[1].name, "a-to-b/3");
}

}  // namespace
}  // namespace twinspan::policy
