#include "esp/spd.h"

#include <algorithm>

namespace twinspan::esp {
namespace {

bool has_same_selectors(const SpdEntry& a, const SpdEntry& b) {
  return a.precedence == b.precedence &&
         std::is_permutation(a.local.begin(), a.local.end(), b.local.begin(), b.local.end()) &&
         std::is_permutation(a.remote.begin(), a.remote.end(), b.remote.begin(), b.remote.end());
}

}  // namespace

OutboundSa* find_in_spd(const Spd& spd, const InnerPacket& packet, Verdict& verdict) {
  verdict = spd.empty() ? Verdict::NoSa : Verdict::NoSelector;
  for (const SpdEntry& entry : spd) {
    if (!entry.selectors->admits_outbound(packet)) continue;
    if (entry.sa != nullptr) {
      verdict = Verdict::Accept;
      return entry.sa.get();
    }
    verdict = Verdict::NoSa;
  }
  return nullptr;
}

OutboundSa* find_any_to_any(const Spd& spd) {
  const auto first = std::find_if(spd.begin(), spd.end(),
                                  [](const SpdEntry& entry) { return entry.sa != nullptr; });
  if (first == spd.end() || !first->selectors->is_any_both_families()) return nullptr;
  return first->sa.get();
}

void activate(Spd& spd, SpdEntry entry) {
  const auto same = std::find_if(spd.begin(), spd.end(), [&](const SpdEntry& other) {
    return has_same_selectors(entry, other);
  });
  if (same != spd.end()) {
    *same = std::move(entry);
    return;
  }
  std::erase_if(spd, [&](const SpdEntry& other) {
    return other.sa == nullptr && covers(entry.local, other.local) &&
           covers(entry.remote, other.remote);
  });
  if (spd.size() >= kSpdEntriesMax) {
    const auto unused = std::find_if(spd.begin(), spd.end(),
                                     [](const SpdEntry& other) { return other.sa == nullptr; });
    // No more SAs than entries: SaStore::install() counts the children of a tunnel.
    if (unused != spd.end()) spd.erase(unused);
  }
  const auto behind = std::ranges::upper_bound(spd, entry.precedence, {}, &SpdEntry::precedence);
  spd.insert(behind, std::move(entry));
}

}  // namespace twinspan::esp
