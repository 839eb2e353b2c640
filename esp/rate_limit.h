// A token bucket: at most `burst` at once and `per_second` in the long run. Thread: one.
#pragma once

#include <algorithm>
#include <cstdint>

namespace twinspan::esp {

class RateLimit {
 public:
  RateLimit(uint32_t per_second, uint32_t burst)
      : per_second_(per_second), burst_(burst), milli_tokens_(uint64_t{burst} * 1000) {}

  // Takes one token; false when there is none.
  bool admit(uint64_t now_ms) {
    const uint64_t passed = now_ms > last_ms_ ? now_ms - last_ms_ : 0;
    last_ms_ = std::max(last_ms_, now_ms);
    // A pause that fills the bucket anyway must not overflow the product.
    const uint64_t gain = std::min<uint64_t>(passed, 3'600'000) * per_second_;
    milli_tokens_ = std::min(milli_tokens_ + gain, uint64_t{burst_} * 1000);
    if (milli_tokens_ < 1000) return false;
    milli_tokens_ -= 1000;
    return true;
  }

 private:
  uint32_t per_second_;
  uint32_t burst_;
  uint64_t milli_tokens_;
  uint64_t last_ms_ = 0;
};

}  // namespace twinspan::esp
