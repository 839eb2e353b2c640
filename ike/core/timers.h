// All deadlines of one object in one table, indexed by an enum whose last value is Count_.
//
// Nothing here fires by itself: the owner asks for what is due. Ties are taken in enum order, so
// that a run can be replayed.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.h"

namespace twinspan::ike {

template <class Timer>
class TimerTable {
 public:
  void arm(Timer timer, Instant at) { slot(timer) = at; }
  void cancel(Timer timer) { slot(timer).reset(); }
  void cancel_all() { deadlines_.fill(std::nullopt); }
  bool is_armed(Timer timer) const { return at(timer).has_value(); }
  std::optional<Instant> at(Timer timer) const { return deadlines_[static_cast<size_t>(timer)]; }

  std::optional<Instant> next() const {
    std::optional<Instant> earliest;
    for (const auto& deadline : deadlines_) {
      if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
    }
    return earliest;
  }

  // The earliest timer that is due, disarmed; nullopt when none is.
  std::optional<Timer> take_due(Instant now) {
    std::optional<size_t> due;
    for (size_t i = 0; i < deadlines_.size(); ++i) {
      if (!deadlines_[i] || *deadlines_[i] > now) continue;
      if (!due || *deadlines_[i] < *deadlines_[*due]) due = i;
    }
    if (!due) return std::nullopt;
    deadlines_[*due].reset();
    return static_cast<Timer>(*due);
  }

 private:
  std::optional<Instant>& slot(Timer timer) { return deadlines_[static_cast<size_t>(timer)]; }

  std::array<std::optional<Instant>, static_cast<size_t>(Timer::Count_)> deadlines_{};
};

// The earlier of two optional instants.
inline std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

}  // namespace twinspan::ike
