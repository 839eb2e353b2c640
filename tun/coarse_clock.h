// The clock of the packet path: exact to some milliseconds, and without a system call.
#pragma once

#include <time.h>

#include <cstdint>

namespace twinspan::tun {

inline uint64_t coarse_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace twinspan::tun
