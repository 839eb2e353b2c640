#include "policy/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Plan plan_of(std::string_view text) {
  return compile(model_of(text), "gw-a", 0, "").value_or(Plan{});
}

TEST(Diff, EqualPlansDifferInNothing) {
  EXPECT_TRUE(diff(plan_of(kGoodEstate), plan_of(kGoodEstate)).is_empty());
}

TEST(Diff, AChangedTunnelNamesItsFieldsAndTouchesNoOther) {
  const Plan before = plan_of(kGoodEstate);
  const Plan after = plan_of(estate_with({{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 31"},
                                          {"file: a-branch.psk", "file: new.psk"}}));
  const PlanDiff changes = diff(before, after);
  ASSERT_THAT(changes.changed, SizeIs(1));
  EXPECT_EQ(changes.changed[0].before, before.tunnels[1]);
  EXPECT_EQ(changes.changed[0].after, after.tunnels[1]);
  EXPECT_THAT(changes.changed[0].fields, ElementsAre("psk_file", "dpd_timeout_seconds"));
  EXPECT_THAT(changes.added, IsEmpty());
  EXPECT_THAT(changes.removed, IsEmpty());
}

TEST(Diff, TunnelsComeAndGo) {
  const PlanDiff changes = diff(
      plan_of(kGoodEstate),
      plan_of(estate_with({{"  a-to-branch:", "  a-to-site:"}, {"203.0.113.9", "203.0.113.8"}})));
  ASSERT_THAT(changes.added, SizeIs(1));
  ASSERT_THAT(changes.removed, SizeIs(1));
  EXPECT_EQ(changes.added[0].connection, "a-to-site");
  EXPECT_EQ(changes.removed[0].connection, "a-to-branch");
  EXPECT_FALSE(changes.is_empty());
}

TEST(Diff, ARenamedTunnelIsAChangedOne) {
  const PlanDiff changes =
      diff(plan_of(kGoodEstate), plan_of(estate_with({{"  a-to-branch:", "  a-to-site:"}})));
  ASSERT_THAT(changes.changed, SizeIs(1));
  EXPECT_THAT(changes.changed[0].fields, ElementsAre("connection", "device", "children"));
}

TEST(Diff, TheInstancesOwnFieldsAreNamed) {
  const PlanDiff changes = diff(
      plan_of(kGoodEstate),
      plan_of(estate_with({{"[lan0]", "[lan1]"},
                           {"public_ip_address: 192.0.2.1 }", "public_ip_address: 192.0.2.7 }"}})));
  EXPECT_THAT(changes.fields, ElementsAre("interfaces", "networks", "local_addresses"));
  EXPECT_THAT(changes.changed, SizeIs(2));
}

TEST(Diff, EveryMemberOfATunnelCounts) {
  const Plan before = plan_of(kGoodEstate);
  const auto fields_after = [&](auto change) {
    Plan after = before;
    change(after.tunnels[0]);
    const PlanDiff changes = diff(before, after);
    return changes.changed.size() == 1 ? changes.changed[0].fields.size() : 0u;
  };
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.device = "x"; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.local_address = *IpAddress::parse("::1"); }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.remote_address = *IpAddress::parse("::1"); }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.local_identity.text = "x"; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.remote_identity.text = "x"; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.ppk.emplace(); }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.ike_proposals.clear(); }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.esp_proposals.clear(); }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.ike_lifetime_seconds = 1; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.sa_lifetime_seconds = 1; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.sa_data_size_kilobytes = 1; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.sa_life_packets = 1; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.mode = ConnectionMode::ResponderOnly; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.encapsulation = Encapsulation::Esp; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.per_resource_sas = !t.per_resource_sas; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.aggfrag = true; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.vpn_type = VpnType::PolicyBased; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.children.clear(); }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.children[0].remote.clear(); }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.any_to_any = false; }), 1u);
  EXPECT_EQ(fields_after([](TunnelPlan& t) { t.remote_prefixes.clear(); }), 1u);
}

}  // namespace
}  // namespace twinspan::policy
