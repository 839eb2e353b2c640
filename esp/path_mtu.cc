#include "esp/path_mtu.h"

#include <algorithm>

namespace twinspan::esp {
namespace {

// RFC 1191 7: sizes of links that exist. Nothing larger than Ethernet is assumed to be asked about.
constexpr uint32_t kPlateaus[] = {1492, 1006, kOuterMtuMinIpv4};

uint32_t next_plateau(uint32_t current) {
  for (const uint32_t plateau : kPlateaus) {
    if (plateau < current) return plateau;
  }
  return kOuterMtuMinIpv4;
}

}  // namespace

bool PathMtu::lower(uint32_t reported, IpFamily family, uint64_t now_ms) {
  uint32_t current = outer_.load(std::memory_order_relaxed);
  for (;;) {
    const uint32_t known = current == 0 ? kIpLengthMax : current;
    const uint32_t said = reported == 0 ? next_plateau(known) : reported;
    const uint32_t next = std::max(said, outer_mtu_min(family));
    if (next >= known) return false;
    // First, so that whoever sees the new size does not see it as old.
    learned_at_ms_.store(now_ms, std::memory_order_relaxed);
    if (outer_.compare_exchange_weak(current, next, std::memory_order_release)) return true;
  }
}

bool PathMtu::take_probe(size_t size, IpFamily family, uint64_t now_ms) {
  // Every path carries that much, so there is nothing to ask.
  if (size <= outer_mtu_min(family)) return false;
  const bool is_wanted = is_probe_wanted_.load(std::memory_order_relaxed);
  const bool is_first = probe_interval_ms_ == 0;
  const uint64_t interval = is_wanted ? kProbeIntervalMinMs : probe_interval_ms_;
  if (!is_first && now_ms - last_probe_ms_ < interval) return false;
  if (is_wanted) {
    is_probe_wanted_.store(false, std::memory_order_relaxed);
    probe_interval_ms_ = kProbeIntervalMinMs;
  } else {
    probe_interval_ms_ = std::min(probe_interval_ms_ * 2, kProbeIntervalMaxMs);
  }
  last_probe_ms_ = now_ms;
  return true;
}

void PathMtu::age(uint64_t now_ms) {
  if (outer_.load(std::memory_order_acquire) == 0) return;
  const uint64_t learned_at = learned_at_ms_.load(std::memory_order_relaxed);
  if (now_ms < learned_at || now_ms - learned_at < kLearnedForMs) return;
  forget();
}

void PathMtu::forget() {
  outer_.store(0, std::memory_order_relaxed);
  want_probe();
}

}  // namespace twinspan::esp
