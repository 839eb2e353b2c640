#include "tools/twinspand/clock_watch.h"

#include <time.h>

namespace twinspan::tools {

void ClockWatch::observe(Duration since_boot, WallTime wall) {
  const Duration difference = wall.time_since_epoch() - since_boot;
  if (!has_begun_) first_ = difference;
  has_begun_ = true;
  jump_ = difference - first_;
}

Duration since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace twinspan::tools
