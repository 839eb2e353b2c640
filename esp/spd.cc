#include "esp/spd.h"

#include <algorithm>

namespace twinspan::esp {
namespace {

bool has_same_selectors(const SpdEntry& a, const SpdEntry& b) {
  return a.precedence == b.precedence &&
         std::is_permutation(a.local.begin(), a.local.end(), b.local.begin(), b.local.end()) &&
         std::is_permutation(a.remote.begin(), a.remote.end(), b.remote.begin(), b.remote.end());
}

// Of any resource: the entry is somebody's.
bool is_unused(const SpdEntry& entry) {
  return entry.sa == nullptr &&
         std::ranges::all_of(entry.further, [](const auto& sa) { return sa == nullptr; });
}

void place(SpdEntry& entry, std::shared_ptr<OutboundSa> sa) {
  const size_t resource = sa->resource();
  if (resource == 0) {
    entry.sa = std::move(sa);
    return;
  }
  if (entry.further.size() < resource) entry.further.resize(resource);
  entry.further[resource - 1] = std::move(sa);
}

}  // namespace

unsigned SpdEntry::resources() const {
  if (sa == nullptr) return 0;
  const auto gap = std::ranges::find(further, nullptr);
  return 1 + static_cast<unsigned>(gap - further.begin());
}

const SpdEntry* find_in_spd(const Spd& spd, const InnerPacket& packet, Verdict& verdict) {
  verdict = spd.empty() ? Verdict::NoSa : Verdict::NoSelector;
  for (const SpdEntry& entry : spd) {
    if (!entry.selectors->admits_outbound(packet)) continue;
    if (entry.sa != nullptr) {
      verdict = Verdict::Accept;
      return &entry;
    }
    verdict = Verdict::NoSa;
  }
  return nullptr;
}

const SpdEntry* find_any_to_any(const Spd& spd) {
  const auto first = std::find_if(spd.begin(), spd.end(),
                                  [](const SpdEntry& entry) { return entry.sa != nullptr; });
  if (first == spd.end() || !first->selectors->is_any_both_families()) return nullptr;
  return &*first;
}

void activate(Spd& spd, SpdEntry entry, std::shared_ptr<OutboundSa> sa) {
  const auto same = std::find_if(spd.begin(), spd.end(), [&](const SpdEntry& other) {
    return has_same_selectors(entry, other);
  });
  if (same != spd.end()) return place(*same, std::move(sa));
  place(entry, std::move(sa));
  std::erase_if(spd, [&](const SpdEntry& other) {
    return is_unused(other) && covers(entry.local, other.local) &&
           covers(entry.remote, other.remote);
  });
  if (spd.size() >= kSpdEntriesMax) {
    const auto unused = std::ranges::find_if(spd, is_unused);
    // No more SAs than entries: SaStore::install() counts the children of a tunnel.
    if (unused != spd.end()) spd.erase(unused);
  }
  const auto behind = std::ranges::upper_bound(spd, entry.precedence, {}, &SpdEntry::precedence);
  spd.insert(behind, std::move(entry));
}

unsigned common_resources(const Spd& spd) {
  unsigned common = 0;
  for (const SpdEntry& entry : spd) {
    const unsigned own = entry.resources();
    if (own != 0 && (common == 0 || own < common)) common = own;
  }
  return std::max(common, 1u);
}

void trim_resources(Spd& spd, unsigned resources) {
  for (SpdEntry& entry : spd) {
    const size_t further = entry.sa == nullptr ? 0 : resources - 1;
    if (entry.further.size() > further) entry.further.resize(further);
  }
}

}  // namespace twinspan::esp
