// When an unanswered request is sent again, and when it is given up (RFC 7296 2.4). Pure.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace twinspan::ike {

// Doubling intervals until `give_up_after` has passed since the first transmission.
struct RetransmitPolicy {
  Duration first_interval{};
  Duration give_up_after{};
};

// 1 + 2 + 4 + 8 + 16 + 32 s: six transmissions that nobody answered in a minute.
inline constexpr RetransmitPolicy kRetransmitNormal{1s, 63s};
// While an IKE SA is being made: sent at 0, 1, 3, 7 and 15 s, given up at 31 s; the supervisor
// begins anew.
inline constexpr RetransmitPolicy kRetransmitSetup{1s, 31s};
// A DELETE that nobody answers changes nothing for us: 1 + 2 + 4 s.
inline constexpr RetransmitPolicy kRetransmitDelete{1s, 7s};

// A liveness probe is given up after about one more DPD interval, so that silence is noticed after
// two.
inline constexpr Duration kLivenessGiveUpMin = 3s;
inline constexpr Duration kLivenessGiveUpMax = 60s;
inline RetransmitPolicy liveness_policy(Duration dpd_interval) {
  const Duration total = std::clamp(dpd_interval, kLivenessGiveUpMin, kLivenessGiveUpMax);
  return {std::min<Duration>(1s, total / 4), total};
}

// Of a question that needs no more than an answer. Without a DPD interval it has the patience of
// any request.
inline RetransmitPolicy question_policy(Duration dpd_interval) {
  return dpd_interval > Duration{} ? liveness_policy(dpd_interval) : kRetransmitNormal;
}

// The wait after transmission number `sent_count` (from 1); nullopt: give up now.
inline std::optional<Duration> retransmit_wait(const RetransmitPolicy& policy,
                                               unsigned sent_count) {
  Duration elapsed{};
  Duration interval = policy.first_interval;
  for (unsigned i = 1; i < sent_count && elapsed < policy.give_up_after; ++i) {
    elapsed += interval;
    interval *= 2;
  }
  if (elapsed >= policy.give_up_after) return std::nullopt;
  return std::min(interval, policy.give_up_after - elapsed);
}

}  // namespace twinspan::ike
