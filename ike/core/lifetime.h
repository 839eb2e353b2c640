// When an SA is renewed and when it must end. Pure, with the injected randomness for jitter.
#pragma once

#include "base/random.h"
#include "base/time.h"

namespace twinspan::ike {

// Up to a tenth earlier, so that two ends configured alike do not rekey in the same instant.
inline Duration with_jitter(Duration span, RandomSource& random) {
  const auto parts = static_cast<Duration::rep>(random.u32() % 1024);
  return span - span / 10 * parts / 1024;
}

// The soft limit of an SA that must end at `hard_bytes`: 80 %, less up to a tenth of that. 0: none.
inline uint64_t soft_limit(uint64_t hard_bytes, RandomSource& random) {
  if (hard_bytes == 0) return 0;
  const uint64_t soft = hard_bytes - hard_bytes / 5;
  return soft - soft / 10240 * (random.u32() % 1024);
}

// Up to a fifth more or less: for retries after refusals.
inline Duration around(Duration span, RandomSource& random) {
  const auto parts = static_cast<Duration::rep>(random.u32() % 1024);
  return span - span / 5 + span / 5 * 2 * parts / 1024;
}

// Reconnection: 1 s, 2 s, 4 s, ... 30 s.
inline constexpr Duration kBackoffMin = 1s;
inline constexpr Duration kBackoffMax = 30s;
inline Duration backoff_wait(unsigned failure_count) {
  Duration wait = kBackoffMin;
  for (unsigned i = 1; i < failure_count && wait < kBackoffMax; ++i) wait *= 2;
  return wait < kBackoffMax ? wait : kBackoffMax;
}

}  // namespace twinspan::ike
