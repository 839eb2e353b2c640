#include "ike/core/size_search.h"

#include <algorithm>
#include <iterator>

namespace twinspan::ike {
namespace {

// What the paths of the Internet carry, as a rule: Ethernet, and the least that IPv6 asks for.
constexpr uint32_t kUsual[] = {1500, kPathMtuMinIpv6};

bool is_usual(uint32_t size, IpFamily family) {
  return std::ranges::find(kUsual, size) != std::end(kUsual) || size == path_mtu_min(family);
}

// The next smaller one that every other path carries; 0: there is none.
uint32_t usual_below(uint32_t size, IpFamily family) {
  for (const uint32_t usual : kUsual) {
    if (usual < size) return usual;
  }
  return path_mtu_min(family) < size ? path_mtu_min(family) : 0;
}

}  // namespace

SizeSearch::SizeSearch(uint32_t packet_size, IpFamily family)
    : family_(family),
      asked_(std::min(packet_size, kSizeMax)),
      next_(asked_),
      is_done_(asked_ <= path_mtu_min(family)) {}

void SizeSearch::note_answered(uint32_t size) {
  lost_ = 0;
  if (next_ == asked_) {
    low_ = asked_;
    is_done_ = true;
    return;
  }
  is_done_ = size <= low_;  // The cipher has no size in between.
  low_ = std::max(low_, size);
  if (!is_done_) choose();
}

void SizeSearch::note_lost() {
  if (low_ == 0 && ++lost_ < kAttemptsMax) return;
  lost_ = 0;
  high_ = next_;
  choose();
}

void SizeSearch::choose() {
  if (low_ == 0) {
    next_ = usual_below(high_, family_);
    is_done_ = next_ == 0;
  } else if (high_ - low_ <= kGrain) {
    is_done_ = true;
  } else {
    next_ = is_usual(low_, family_) ? low_ + kGrain : low_ + (high_ - low_) / 2;
  }
}

}  // namespace twinspan::ike
