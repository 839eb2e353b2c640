// The sequence numbers of one outbound SA (RFC 4303 3.3.3): 1, 2, 3, ... without gaps, never twice,
// and never past the end of the space, which is 2^32 without ESN. The AEAD nonce is made of them,
// so a repeated number would break the cipher, not only anti-replay.
//
// Thread: the one that seals for the SA.
#pragma once

#include <cstdint>

namespace twinspan::esp {

class OutboundSequence {
 public:
  static constexpr uint64_t kLast = UINT32_MAX;
  static constexpr uint64_t kLastExtended = UINT64_MAX;

  // `last` is the last number to be used; `used` the last one that already was.
  explicit OutboundSequence(uint64_t last, uint64_t used = 0) : last_(last), used_(used) {}

  struct Range {
    uint64_t first = 0;
    uint64_t count = 0;
  };
  // The next `wanted` numbers, or as many as are left. Takes exactly what the batch uses: gaps
  // would look like reordering to the remote end, and a narrow window would drop our own packets.
  Range reserve(uint64_t wanted);

  // RFC 7296 2.8: rekey before the space is used up; 80 % leaves time for it at any rate.
  bool is_past_soft_limit() const { return used_ >= last_ / 5 * 4; }

 private:
  uint64_t last_;
  uint64_t used_;
};

}  // namespace twinspan::esp
