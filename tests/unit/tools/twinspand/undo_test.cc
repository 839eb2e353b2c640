#include "tools/twinspand/undo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace twinspan::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Undo, TakesStepsBackTheLastOneFirstUnlessAllWereGranted) {
  std::vector<int> undone;
  {
    Undo undo;
    for (const int step : {1, 2}) undo.add([&undone, step] { undone.push_back(step); });
  }
  EXPECT_THAT(undone, ElementsAre(2, 1));
  undone.clear();
  {
    Undo undo;
    undo.add([&] { undone.push_back(1); });
    undo.forget();
  }
  EXPECT_THAT(undone, IsEmpty());
}

}  // namespace
}  // namespace twinspan::tools
