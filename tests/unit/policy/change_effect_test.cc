#include "policy/change_effect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/diff.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::HasSubstr;

TEST(ChangeEffect, EveryMemberThatIsComparedHasOneRow) {
  for (const std::string& member : tunnel_members())
    EXPECT_EQ(std::ranges::count(tunnel_effects(), member, &ChangeEffect::member), 1) << member;
  EXPECT_EQ(tunnel_effects().size(), tunnel_members().size());
}

TEST(ChangeEffect, NoRowAddsOrRemoves) {
  for (const auto rows : {tunnel_effects(), instance_effects()}) {
    for (const ChangeEffect& row : rows) {
      EXPECT_GT(row.action, ChangeAction::Add) << row.member;
      EXPECT_LT(row.action, ChangeAction::Remove) << row.member;
    }
  }
}

TEST(ChangeEffect, TheTableInDocsChangesIsTheGeneratedOne) {
  EXPECT_THAT(read_source_file("docs/changes.md"), HasSubstr(change_reference()));
}

}  // namespace
}  // namespace twinspan::policy
