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

// RFC 4303 3.3.3: the sequence numbers of an SA without ESN.
inline constexpr uint64_t kPacketsWithoutEsnMax = UINT32_MAX;

// The soft limit, in bytes or packets, of an SA that must end at `hard`: 80 %, less up to a tenth
// of that. 0: none.
inline uint64_t soft_limit(uint64_t hard, RandomSource& random) {
  if (hard == 0) return 0;
  const uint64_t soft = hard - hard / 5;
  const uint64_t parts = random.u32() % 1024;
  // Divided last where that cannot overflow, so that small limits have jitter too.
  constexpr uint64_t kSmall = uint64_t{1} << 50;
  return soft - (soft < kSmall ? soft * parts / 10240 : soft / 10240 * parts);
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
