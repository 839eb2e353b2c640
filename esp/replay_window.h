// Which sequence numbers of one inbound SA were already accepted (RFC 4303 3.4.3, RFC 6479).
//
// Two steps on purpose. `looks_fresh` runs before decryption, so a replay costs no AEAD work.
// `accept` runs after it: only an authenticated number may move the window, or a forger could slide
// it forward and lock the real peer out.
//
// The bitmap is a ring of 64-bit words, a power of two of them and at least one more than the width
// needs: advancing clears whole words and shifts nothing.
//
// Thread: the one that opens for the SA.   Invariant: no accepted number is above `highest_`.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace twinspan::esp {

inline constexpr uint32_t kReplayWidthMin = 1024;
inline constexpr uint32_t kReplayWidthMax = 1u << 20;  // 1 s at 1 Mpps; a bitmap of 256 KiB.

class ReplayWindow {
 public:
  explicit ReplayWindow(uint32_t width_packets);  // kReplayWidthMin to kReplayWidthMax.

  // RFC 4303 A2.2: the 64-bit number whose low half is `low`, which is the one nearest to the
  // window. nullopt: it would lie before the first or behind the last number of the space.
  std::optional<uint64_t> extend(uint32_t low) const;

  bool looks_fresh(uint64_t number) const;
  bool accept(uint64_t number);  // False: not fresh, e.g. a copy was accepted since looks_fresh.

  uint64_t highest() const { return highest_; }  // 0: nothing accepted yet.

 private:
  uint64_t word_index(uint64_t number) const { return (number / 64) & word_mask_; }
  void advance(uint64_t number);

  uint64_t width_;
  uint64_t highest_ = 0;
  uint64_t word_mask_;
  std::vector<uint64_t> words_;
};

}  // namespace twinspan::esp
