#include "esp/replay_window.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace twinspan::esp {

ReplayWindow::ReplayWindow(uint32_t width_packets)
    : width_(width_packets),
      word_mask_(std::bit_ceil(uint64_t{width_packets} / 64 + 2) - 1),
      words_(word_mask_ + 1) {
  CHECK(width_packets >= kReplayWidthMin && width_packets <= kReplayWidthMax);
}

std::optional<uint64_t> ReplayWindow::extend(uint32_t low) const {
  const auto top_low = static_cast<uint32_t>(highest_);
  const auto top_high = static_cast<uint32_t>(highest_ >> 32);
  const auto bottom_low = static_cast<uint32_t>(top_low - (width_ - 1));
  const bool window_spans_two_subspaces = top_low < width_ - 1;
  uint32_t high = top_high;
  if (window_spans_two_subspaces) {
    if (low >= bottom_low) {
      if (top_high == 0) return std::nullopt;
      high = top_high - 1;
    }
  } else if (low < bottom_low) {
    if (top_high == UINT32_MAX) return std::nullopt;
    high = top_high + 1;
  }
  return (uint64_t{high} << 32) | low;
}

bool ReplayWindow::looks_fresh(uint64_t number) const {
  if (number > highest_) return true;
  // RFC 4303 3.3.3: the first packet has number 1.
  if (number == 0 || highest_ - number >= width_) return false;
  return (words_[word_index(number)] >> (number % 64) & 1) == 0;
}

bool ReplayWindow::accept(uint64_t number) {
  if (!looks_fresh(number)) return false;
  if (number > highest_) advance(number);
  words_[word_index(number)] |= uint64_t{1} << (number % 64);
  return true;
}

void ReplayWindow::advance(uint64_t number) {
  const uint64_t steps = std::min(number / 64 - highest_ / 64, word_mask_ + 1);
  for (uint64_t step = 0; step < steps; ++step) words_[(number / 64 - step) & word_mask_] = 0;
  highest_ = number;
}

}  // namespace twinspan::esp
