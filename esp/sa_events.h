// What one direction of an SA tells the control thread, and its byte lifetime (RFC 4301 4.4.2.1),
// which is the source of most of it. Thread: the one that owns the SA's direction.
#pragma once

#include <cstdint>
#include <utility>

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

// Counts the bytes under the cipher, padding included. Once refused, always refused: a smaller
// packet must not slip through after the hard limit was reported.
class ByteLifetime {
 public:
  ByteLifetime(uint64_t soft_bytes, uint64_t hard_bytes) : soft_(soft_bytes), hard_(hard_bytes) {}

  bool is_expired() const { return is_expired_; }

  // False: these bytes would pass the hard limit; the SA is expired.
  bool consume(uint64_t bytes, SaEvents& events) {
    if (is_expired_ || (hard_ != 0 && bytes > hard_ - used_)) {
      is_expired_ = true;
      events.raise(kEventHardLimit);
      return false;
    }
    used_ += bytes;
    if (soft_ != 0 && used_ >= soft_) events.raise(kEventSoftLimit);
    return true;
  }

 private:
  uint64_t soft_;  // 0: none.
  uint64_t hard_;  // 0: none. Invariant: used_ <= hard_.
  uint64_t used_ = 0;
  bool is_expired_ = false;
};

}  // namespace twinspan::esp
