// How often this program has taken memory from the heap, and locks: all of its threads together,
// and the libraries that it uses. A program that links it has its malloc(3) and pthread locks
// replaced by such that count.
#pragma once

#include <cstdint>

namespace twinspan {

struct CallCounts {
  uint64_t allocations = 0;
  uint64_t locks = 0;  // Mutexes and read-write locks.
  bool operator==(const CallCounts&) const = default;
};
inline CallCounts operator-(const CallCounts& a, const CallCounts& b) {
  return {a.allocations - b.allocations, a.locks - b.locks};
}

CallCounts calls_so_far();

}  // namespace twinspan
