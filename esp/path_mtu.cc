#include "esp/path_mtu.h"

#include <algorithm>

namespace twinspan::esp {
namespace {

// RFC 1191 7: sizes of links that exist. Nothing larger than Ethernet is assumed to be asked about.
constexpr uint32_t kPlateaus[] = {1492, 1006, kPathMtuMinIpv4};

uint32_t next_plateau(uint32_t current) {
  for (const uint32_t plateau : kPlateaus) {
    if (plateau < current) return plateau;
  }
  return kPathMtuMinIpv4;
}

}  // namespace

bool PathMtu::lower(uint32_t reported, IpFamily family, uint64_t now_ms) {
  uint32_t current = outer_.load(std::memory_order_relaxed);
  for (;;) {
    const uint32_t known = current == 0 ? kIpLengthMax : current;
    const uint32_t said = reported == 0 ? next_plateau(known) : reported;
    const uint32_t next = std::max(said, path_mtu_min(family));
    if (next >= known) return false;
    // First, so that whoever sees the new size does not see it as old.
    learned_at_ms_.store(now_ms, std::memory_order_relaxed);
    if (outer_.compare_exchange_weak(current, next, std::memory_order_release)) return true;
  }
}

bool PathMtu::take_probe(size_t size, IpFamily family, uint64_t now_ms) {
  // Every path carries that much, so there is nothing to ask.
  if (size <= path_mtu_min(family)) return false;
  uint64_t last = last_probe_.load(std::memory_order_relaxed);
  const uint64_t last_ms = last >> kIntervalBits;
  const uint64_t last_interval = last & ((1u << kIntervalBits) - 1);
  const bool is_wanted = is_probe_wanted_.load(std::memory_order_relaxed);
  const uint64_t due_after = is_wanted ? kProbeIntervalMinMs : last_interval;
  // Another worker's clock may be a tick behind.
  if (last != 0 && (now_ms < last_ms || now_ms - last_ms < due_after)) return false;
  const uint64_t interval =
      is_wanted ? kProbeIntervalMinMs : std::min(last_interval * 2, kProbeIntervalMaxMs);
  const uint64_t next = now_ms << kIntervalBits | interval;
  if (!last_probe_.compare_exchange_strong(last, next, std::memory_order_relaxed)) return false;
  if (is_wanted) is_probe_wanted_.store(false, std::memory_order_relaxed);
  return true;
}

void PathMtu::age(uint64_t now_ms) {
  uint32_t known = outer_.load(std::memory_order_acquire);
  if (known == 0) return;
  const uint64_t learned_at = learned_at_ms_.load(std::memory_order_relaxed);
  if (now_ms < learned_at || now_ms - learned_at < kLearnedForMs) return;
  // Not what another thread has learned since.
  if (outer_.compare_exchange_strong(known, 0, std::memory_order_relaxed)) want_probe();
}

void PathMtu::forget() {
  outer_.store(0, std::memory_order_relaxed);
  want_probe();
}

}  // namespace twinspan::esp
