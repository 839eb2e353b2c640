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
  uint32_t current = known_.load(std::memory_order_relaxed);
  for (;;) {
    const uint32_t known = current == 0 ? kIpLengthMax : size_of(current);
    const uint32_t said = reported == 0 ? next_plateau(known) : reported;
    const uint32_t next = std::max(said, path_mtu_min(family));
    if (next >= known) return false;
    // First, so that whoever sees the new size does not see it as old.
    learned_at_ms_.store(now_ms, std::memory_order_relaxed);
    if (known_.compare_exchange_weak(current, next, std::memory_order_release)) return true;
  }
}

std::optional<PathMtu::Probe> PathMtu::take_probe(uint32_t size, IpFamily family, uint64_t now_ms) {
  // Every path carries that much, so there is nothing to ask.
  if (size <= path_mtu_min(family)) return std::nullopt;
  uint64_t last = last_probe_.load(std::memory_order_relaxed);
  const uint64_t last_ms = last >> kIntervalBits;
  const uint64_t last_interval = last & ((1u << kIntervalBits) - 1);
  // A size that no probe has had yet is as good a reason as a hint.
  const bool is_wanted = is_probe_wanted_.load(std::memory_order_relaxed) ||
                         size > probed_.load(std::memory_order_relaxed);
  const uint64_t due_after = is_wanted ? kProbeIntervalMinMs : last_interval;
  // Another worker's clock may be a tick behind.
  if (last != 0 && (now_ms < last_ms || now_ms - last_ms < due_after)) return std::nullopt;
  const uint64_t interval =
      is_wanted ? kProbeIntervalMinMs : std::min(last_interval * 2, kProbeIntervalMaxMs);
  const uint64_t next = now_ms << kIntervalBits | interval;
  if (!last_probe_.compare_exchange_strong(last, next, std::memory_order_relaxed))
    return std::nullopt;
  if (is_wanted) is_probe_wanted_.store(false, std::memory_order_relaxed);
  return Probe{take_question(size, now_ms)};
}

uint32_t PathMtu::take_question(uint32_t size, uint64_t now_ms) {
  const uint32_t before = probed_.load(std::memory_order_relaxed);
  if (size > before) probed_.store(size, std::memory_order_relaxed);
  const uint32_t known = known_.load(std::memory_order_relaxed);
  const bool may_be_wider = (known & kSettled) != 0 && is_old(now_ms);
  return known == 0 || may_be_wider ? before : std::min(before, size_of(known));
}

PathMtu::News PathMtu::settle(uint32_t asked, uint32_t fitting, uint64_t now_ms) {
  uint32_t current = known_.load(std::memory_order_relaxed);
  for (;;) {
    const uint32_t known = size_of(current);
    const bool is_ours = (current & kSettled) != 0;
    const bool is_wider = fitting == asked;
    // What fits is no news unless it was taken for too large. A router may have spoken meanwhile.
    if (is_wider ? !is_ours || known >= asked : !is_ours && known != 0 && known < asked) {
      return News::None;
    }
    learned_at_ms_.store(now_ms, std::memory_order_relaxed);
    const uint32_t next = is_wider ? 0 : fitting | kSettled;
    if (!known_.compare_exchange_weak(current, next, std::memory_order_release)) continue;
    if (next == current) return News::None;
    return next == 0 || (is_ours && known < fitting) ? News::Wider : News::Narrower;
  }
}

bool PathMtu::is_old(uint64_t now_ms) const {
  const uint64_t learned_at = learned_at_ms_.load(std::memory_order_relaxed);
  return now_ms >= learned_at && now_ms - learned_at >= kLearnedForMs;
}

void PathMtu::age(uint64_t now_ms) {
  uint32_t known = known_.load(std::memory_order_acquire);
  if (known == 0 || (known & kSettled) != 0 || !is_old(now_ms)) return;
  // Not what another thread has learned since.
  if (!known_.compare_exchange_strong(known, 0, std::memory_order_relaxed)) return;
  probed_.store(0, std::memory_order_relaxed);
  want_probe();
}

void PathMtu::forget() {
  known_.store(0, std::memory_order_relaxed);
  probed_.store(0, std::memory_order_relaxed);
  want_probe();
}

}  // namespace twinspan::esp
