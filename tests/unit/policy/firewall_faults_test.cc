// What is said of an instance's rules when somebody has changed the table.
#include "policy/firewall_faults.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = FirewallItem::Kind;

constexpr uint32_t kGroup = 0x54000012;

FirewallTable installed() {
  return {.exists = true,
          .chains = {"i54000012.gw-0.forward", "i54000099.other-0.forward"},
          .sets = {{"attached", {"lan0", "lan9"}},
                   {"i54000012.gw-0.if", {"lan0"}},
                   {"i54000099.other-0.if", {"lan9"}}},
          .drops = {},
          .items = {{Kind::Table, "twinspan", "", "{}"},
                    {Kind::Set, "attached", "", "set"},
                    {Kind::Element, "attached", "lan0", "lan0"},
                    {Kind::Element, "attached", "lan9", "lan9"},
                    {Kind::Set, "i54000012.gw-0.if", "", "set"},
                    {Kind::Element, "i54000012.gw-0.if", "lan0", "lan0"},
                    {Kind::Chain, "i54000012.gw-0.forward", "", "hook"},
                    {Kind::Rule, "i54000012.gw-0.forward", "1", "accept"},
                    {Kind::Rule, "i54000012.gw-0.forward", "2 (\"another network\")", "drop"},
                    {Kind::Rule, "i54000099.other-0.forward", "1", "theirs"}}};
}

FirewallTable without(size_t item) {
  FirewallTable table = installed();
  table.items.erase(table.items.begin() + static_cast<std::ptrdiff_t>(item));
  return table;
}

std::vector<std::string> faults(const FirewallTable& present) {
  return firewall_faults(kGroup, installed(), present);
}

TEST(FirewallFaults, WhatIsAsItWasPutUpHasNone) {
  EXPECT_THAT(faults(installed()), IsEmpty());
}

TEST(FirewallFaults, EachThingThatIsGoneIsNamed) {
  EXPECT_THAT(faults({}), ElementsAre("table inet twinspan is missing"));
  EXPECT_THAT(faults(without(2)), ElementsAre("element lan0 of set attached is missing"));
  EXPECT_THAT(faults(without(5)), ElementsAre("element lan0 of set i54000012.gw-0.if is missing"));
  EXPECT_THAT(faults(without(6)), ElementsAre("chain i54000012.gw-0.forward is missing"));
  EXPECT_THAT(
      faults(without(8)),
      ElementsAre("rule 2 (\"another network\") of chain i54000012.gw-0.forward is missing"));
}

TEST(FirewallFaults, WhatSomebodyAddedOrMovedIsNamed) {
  FirewallTable table = installed();
  table.items.push_back({Kind::Rule, "i54000012.gw-0.forward", "3", "accept all"});
  EXPECT_THAT(faults(table), ElementsAre("rule 3 of chain i54000012.gw-0.forward is not ours"));
  table = installed();
  std::swap(table.items[7].content, table.items[8].content);
  EXPECT_THAT(faults(table), ElementsAre("the rules are in another order"));
  table = installed();
  table.items[0].content = "dormant";
  EXPECT_THAT(faults(table), ElementsAre("table inet twinspan, as it was put up, is missing",
                                         "table inet twinspan, as it was put up, is not ours"));
}

TEST(FirewallFaults, WhatBelongsToOtherInstancesIsTheirs) {
  EXPECT_THAT(faults(without(3)), IsEmpty());
  EXPECT_THAT(faults(without(9)), IsEmpty());
  FirewallTable table = installed();
  table.items.push_back({Kind::Element, "attached", "lan5", "lan5"});
  EXPECT_THAT(faults(table), IsEmpty());
}

TEST(FirewallFaults, ManyAreCounted) {
  FirewallTable table = installed();
  for (int i = 0; i < 100; ++i)
    table.items.push_back({Kind::Rule, "i54000012.gw-0.forward", "9", fmt::format("{:03}", i)});
  const auto found = faults(table);
  ASSERT_EQ(found.size(), kFirewallFaultsMax);
  EXPECT_EQ(found.back(), "and 93 more");
}

}  // namespace
}  // namespace twinspan::policy
