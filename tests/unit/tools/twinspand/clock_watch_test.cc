// Jumps of the wall clock.
#include "tools/twinspand/clock_watch.h"

#include <gtest/gtest.h>

namespace twinspan::tools {
namespace {

const WallTime kStart{std::chrono::hours(500'000)};

TEST(ClockWatch, AClockThatRunsOnDoesNotJump) {
  ClockWatch watch;
  watch.observe(10s, kStart);
  watch.observe(4000s, kStart + 3990s);  // Of which the host may have slept an hour.
  EXPECT_EQ(watch.jump(), 0s);
}

TEST(ClockWatch, JumpsAddUpEitherWay) {
  ClockWatch watch;
  watch.observe(10s, kStart);
  watch.observe(11s, kStart + 121s);
  EXPECT_EQ(watch.jump(), 120s);
  watch.observe(12s, kStart - 598s);
  EXPECT_EQ(watch.jump(), -600s);
}

}  // namespace
}  // namespace twinspan::tools
