// Points in time as arguments. Nothing below tools/, ike/driver/ and tun/ reads a clock.
#pragma once

#include <chrono>

namespace twinspan {

// A monotonic clock without now(): whoever drives the code supplies the instants.
struct MonotonicClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

using Duration = std::chrono::nanoseconds;
using Instant = MonotonicClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

using namespace std::chrono_literals;

}  // namespace twinspan
