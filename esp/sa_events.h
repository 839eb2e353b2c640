// What one direction of an SA tells the control thread, and its lifetime in traffic (RFC 4301
// 4.4.2.1), which is the source of most of it. Thread: the one that owns the SA's direction.
#pragma once

#include <cstdint>
#include <utility>

#include "base/sa_params.h"

namespace twinspan::esp {

// Bits of take_events(): each is reported once per SA.
inline constexpr uint8_t kEventFirstPacket = 1;  // Inbound only: the first authenticated packet.
inline constexpr uint8_t kEventSoftLimit = 2;
inline constexpr uint8_t kEventHardLimit = 4;

class SaEvents {
 public:
  void raise(uint8_t bit) {
    pending_ = static_cast<uint8_t>(pending_ | (bit & ~seen_));
    seen_ = static_cast<uint8_t>(seen_ | bit);
  }
  uint8_t take() { return std::exchange(pending_, 0); }

 private:
  uint8_t pending_ = 0;
  uint8_t seen_ = 0;
};

// Counts the packets and the bytes under the cipher, padding included. Once refused, always
// refused: a smaller packet must not slip through after the hard limit was reported.
class TrafficLifetime {
 public:
  explicit TrafficLifetime(const TrafficLimits& limits) : limits_(limits) {}

  bool is_expired() const { return is_expired_; }

  // One packet. False: it would pass a hard limit; the SA is expired.
  bool consume(uint64_t bytes, SaEvents& events) {
    if (is_expired_ || exceeds(limits_.hard_bytes, bytes_, bytes) ||
        exceeds(limits_.hard_packets, packets_, 1)) {
      is_expired_ = true;
      events.raise(kEventHardLimit);
      return false;
    }
    bytes_ += bytes;
    ++packets_;
    if (reaches(limits_.soft_bytes, bytes_) || reaches(limits_.soft_packets, packets_)) {
      events.raise(kEventSoftLimit);
    }
    return true;
  }

 private:
  static bool exceeds(uint64_t hard, uint64_t used, uint64_t more) {
    return hard != 0 && more > hard - used;
  }
  static bool reaches(uint64_t soft, uint64_t used) { return soft != 0 && used >= soft; }

  TrafficLimits limits_;
  uint64_t bytes_ = 0;    // Invariant: at most the hard limit, if there is one.
  uint64_t packets_ = 0;  // Likewise.
  bool is_expired_ = false;
};

}  // namespace twinspan::esp
