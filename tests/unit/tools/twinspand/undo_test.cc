#include "tools/twinspand/undo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace twinspan::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// A step that the host grants.
template <class Act>
Undo::Step granted(Act act) {
  return [act]() -> Result<void, tun::HostError> {
    act();
    return {};
  };
}

TEST(Undo, TakesStepsBackTheLastOneFirstUnlessAllWereGranted) {
  std::vector<int> undone;
  {
    Undo undo;
    for (const int step : {1, 2}) undo.add(granted([&undone, step] { undone.push_back(step); }));
  }
  EXPECT_THAT(undone, ElementsAre(2, 1));
  undone.clear();
  {
    Undo undo;
    undo.add(granted([&] { undone.push_back(1); }));
    undo.forget();
  }
  EXPECT_THAT(undone, IsEmpty());
}

TEST(Undo, TellsWhatCouldNotBeTakenBackAndGoesOn) {
  bool is_first_undone = false;
  Undo undo;
  undo.add(granted([&] { is_first_undone = true; }));
  undo.add([]() -> Result<void, tun::HostError> {
    return Err(tun::HostError{"nftables", "out of memory", ""});
  });
  const auto failed = undo.take_back();
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed[0].what, "nftables");
  EXPECT_TRUE(is_first_undone);
  EXPECT_THAT(undo.take_back(), IsEmpty()) << "each step once";
}

TEST(ChangeRefusal, SaysThatNothingWasChangedOnlyWhenThatIsSo) {
  ChangeRefusal refusal{{"device ts0", "it is taken", "delete it"}, {}};
  EXPECT_THAT(refusal.to_string(), HasSubstr("nothing was changed: device ts0"));
  EXPECT_EQ(refusal.remedy(), "delete it");
  refusal.not_undone.push_back({"nftables", "out of memory", ""});
  EXPECT_THAT(refusal.to_string(), Not(HasSubstr("nothing was changed")));
  EXPECT_THAT(refusal.to_string(), HasSubstr("nor could all of it be taken back: nftables"));
  EXPECT_THAT(refusal.remedy(), HasSubstr("delete it; then `twinspan apply`"));
}

}  // namespace
}  // namespace twinspan::tools
