#include "policy/change_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "policy/succession.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Estate {
  Model model;
  Plan plan;
};

Estate estate_of(const std::string& text) {
  Estate estate{.model = model_of(text)};
  estate.plan = compile(estate.model, "gw-a", 0, "").value_or(Plan{});
  return estate;
}

ChangeList changes_with(const Changes& changes, std::string_view replaced = {}) {
  const Estate before = estate_of(kGoodEstate);
  Estate after = estate_of(estate_with(changes));
  carry_over(before.plan, after.plan);
  return list_changes({before.model, before.plan}, {after.model, after.plan}, replaced);
}

// "in-place connections.a-to-b" per change.
std::vector<std::string> lines_with(const Changes& changes) {
  std::vector<std::string> lines;
  for (const Change& change : changes_with(changes).changes)
    lines.push_back(std::string(to_string(change.action)) + " " + change.object);
  return lines;
}

TEST(ChangeList, EqualEstatesHaveNone) {
  EXPECT_THAT(lines_with({}), IsEmpty());
}

TEST(ChangeList, PlacesAndOrderDoNotCount) {
  EXPECT_THAT(lines_with({{"version: 1\n", "# A comment\n\nversion: 1\n"}}), IsEmpty());
}

TEST(ChangeList, TheDearestMemberDecides) {
  EXPECT_THAT(lines_with({{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 31"}}),
              ElementsAre("in-place connections.a-to-branch"));
  EXPECT_THAT(lines_with({{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: 31"},
                          {"ipsec_encryption: GCMAES128", "ipsec_encryption: GCMAES256"},
                          {"ipsec_integrity: GCMAES128", "ipsec_integrity: GCMAES256"}}),
              ElementsAre("rekey connections.a-to-branch"));
}

TEST(ChangeList, AnObjectCostsWhatItsConnectionsCost) {
  EXPECT_THAT(
      lines_with({{"203.0.113.9", "203.0.113.8"}}),
      ElementsAre("restart local_network_gateways.branch", "restart connections.a-to-branch"));
  EXPECT_THAT(
      lines_with({{"[10.9.0.0/16]", "[10.9.0.0/16, 10.10.0.0/16]"}}),
      ElementsAre("in-place local_network_gateways.branch", "in-place connections.a-to-branch"));
}

TEST(ChangeList, WhatAnotherGatewayCarriesIsSaidToBeItsOwn) {
  const ChangeList list =
      changes_with({{"local_id: gw-b.example.net, remote_id",
                     "dpd_timeout_seconds: 20, local_id: gw-b.example.net, remote_id"}});
  ASSERT_THAT(list.changes, SizeIs(1));
  EXPECT_EQ(list.changes[0].object, "connections.b-to-a");
  EXPECT_EQ(list.changes[0].action, ChangeAction::InPlace);
  EXPECT_THAT(list.changes[0].impact, HasSubstr("carried by gateway gw-b"));
}

TEST(ChangeList, ARenamedConnectionIsOneChangeInPlace) {
  const ChangeList list = changes_with({{"  a-to-branch:", "  a-to-site:"}});
  ASSERT_THAT(list.changes, SizeIs(1));
  EXPECT_EQ(list.changes[0].object, "connections.a-to-site");
  EXPECT_EQ(list.changes[0].renamed_from, "connections.a-to-branch");
  EXPECT_EQ(list.changes[0].action, ChangeAction::InPlace);
}

TEST(ChangeList, ARenamedPartIsRecognisedByItsContent) {
  EXPECT_THAT(
      lines_with({{"  branch:\n", "  office:\n"},
                  {"local_network_gateway2: branch", "local_network_gateway2: office"}}),
      ElementsAre("in-place local_network_gateways.office", "in-place connections.a-to-branch"));
}

TEST(ChangeList, ConnectionsComeAndGo) {
  EXPECT_THAT(lines_with({{"  a-to-branch:", "  a-to-site:"}, {"203.0.113.9", "203.0.113.8"}}),
              ElementsAre("in-place local_network_gateways.branch",
                          "remove connections.a-to-branch", "add connections.a-to-site"));
}

TEST(ChangeList, AnotherSkuTouchesNoTunnel) {
  EXPECT_THAT(lines_with({{"sku: Native", "sku: VpnGw1AZ"}}),
              ElementsAre("in-place virtual_network_gateways.gw-a"));
}

TEST(ChangeList, WhoOnlyRespondsWaitsForThePeerWhereAnIkeSaIsNeeded) {
  const auto change_of = [](Changes changes) {
    const std::string mode = "connection_mode: initiator-only";
    const std::string before = estate_with({{mode, "connection_mode: responder-only"}});
    changes.push_back({mode, "connection_mode: responder-only"});
    const Estate held = estate_of(before);
    Estate fresh = estate_of(estate_with(changes));
    carry_over(held.plan, fresh.plan);
    return list_changes({held.model, held.plan}, {fresh.model, fresh.plan}).changes.back();
  };
  const Change reauth = change_of({{"dh_group: DHGroup14", "dh_group: ECP384"}});
  EXPECT_EQ(reauth.action, ChangeAction::Reauth);
  EXPECT_TRUE(reauth.waits_for_peer);
  EXPECT_THAT(reauth.impact, HasSubstr("this side only responds"));
  EXPECT_THAT(std::string(traffic_effect(reauth)), HasSubstr("until the peer calls"));
  const Change restart = change_of({{"encapsulation: esp", "encapsulation: udp"}});
  EXPECT_TRUE(restart.waits_for_peer);
  EXPECT_EQ(traffic_effect(restart), "stops until the peer has called");
  // On the IKE SA that stands either side may begin.
  const Change rekey = change_of({{"pfs_group: None", "pfs_group: ECP384"}});
  EXPECT_EQ(rekey.action, ChangeAction::Rekey);
  EXPECT_FALSE(rekey.waits_for_peer);
  EXPECT_EQ(traffic_effect(rekey), traffic_effect(ChangeAction::Rekey));
}

TEST(ChangeList, AnotherTypeIsRefusedUnlessTheGatewayIsReplaced) {
  const Changes changes = {{"vpn_type: route-based", "vpn_type: policy-based"}};
  const ChangeList list = changes_with(changes);
  ASSERT_THAT(list.refusals, SizeIs(1));
  EXPECT_EQ(list.refusals[0].object, "virtual_network_gateways.gw-a");
  EXPECT_THAT(changes_with(changes, "gw-a").refusals, IsEmpty());
}

}  // namespace
}  // namespace twinspan::policy
