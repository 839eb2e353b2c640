#include "policy/prefix_index.h"

namespace twinspan::policy {
namespace {

std::vector<IpPrefix> without_marks(const MarkedList<IpPrefix>& list) {
  std::vector<IpPrefix> prefixes;
  prefixes.reserve(list->size());
  for (const Marked<IpPrefix>& prefix : *list) prefixes.push_back(*prefix);
  return prefixes;
}

}  // namespace

PrefixIndex::PrefixIndex(std::vector<IpPrefix> prefixes) : sorted_(std::move(prefixes)) {
  std::ranges::sort(sorted_);
  const auto repeated = std::ranges::unique(sorted_);
  sorted_.erase(repeated.begin(), repeated.end());
  widest_.reserve(sorted_.size());
  for (const IpPrefix& prefix : sorted_) {
    const bool is_inside = !widest_.empty() && widest_.back().contains(prefix);
    widest_.push_back(is_inside ? widest_.back() : prefix);
  }
}

PrefixIndex::PrefixIndex(const MarkedList<IpPrefix>& list) : PrefixIndex(without_marks(list)) {}

bool PrefixIndex::contains(const IpPrefix& prefix) const {
  return std::ranges::binary_search(sorted_, prefix);
}

bool PrefixIndex::covers(const IpPrefix& prefix) const {
  return widest_around(prefix).has_value();
}

bool PrefixIndex::overlaps(const IpAddress& first, const IpAddress& last) const {
  // What begins later than the range ends is no matter; before that the last one's widest reaches
  // furthest.
  const auto behind = std::ranges::upper_bound(sorted_, last, {}, &IpPrefix::address);
  if (behind == sorted_.begin()) return false;
  const IpPrefix& widest = widest_[static_cast<size_t>(behind - sorted_.begin()) - 1];
  return widest.family() == last.family() && widest.last_address() >= first;
}

std::optional<IpPrefix> PrefixIndex::find_overlap(const IpPrefix& prefix) const {
  if (const auto around = widest_around(prefix)) return around;
  const auto inside = std::ranges::lower_bound(sorted_, prefix);
  if (inside != sorted_.end() && prefix.contains(*inside)) return *inside;
  return std::nullopt;
}

std::optional<IpPrefix> PrefixIndex::widest_around(const IpPrefix& prefix) const {
  // What contains it begins no later, and so does everything between the two inside that one.
  const auto behind = std::ranges::upper_bound(sorted_, prefix);
  if (behind == sorted_.begin()) return std::nullopt;
  const IpPrefix& widest = widest_[static_cast<size_t>(behind - sorted_.begin()) - 1];
  return widest.contains(prefix) ? std::optional(widest) : std::nullopt;
}

namespace {

std::vector<IpPrefix> overlapping(const IpPrefix& prefix, const MarkedList<IpPrefix>& list) {
  std::vector<IpPrefix> parts;
  for (const auto& part : *list) {
    if (part->overlaps(prefix)) parts.push_back(*part);
  }
  return parts;
}

// Calls visit(rest) for each of the largest prefixes within `prefix` that `parts`, which all
// overlap it, do not hold. Ends, and is false, when visit returns false.
template <class Visit>
bool visit_uncovered(const IpPrefix& prefix, const std::vector<IpPrefix>& parts,
                     const Visit& visit) {
  const auto holds = [&](const IpPrefix& part) { return part.contains(prefix); };
  if (std::ranges::any_of(parts, holds)) return true;
  if (parts.empty()) return visit(prefix);
  for (const IpAddress& side : {prefix.address(), prefix.last_address()}) {
    const IpPrefix half(side, prefix.length() + 1);
    std::vector<IpPrefix> inside;
    std::ranges::copy_if(parts, std::back_inserter(inside),
                         [&](const IpPrefix& part) { return part.overlaps(half); });
    if (!visit_uncovered(half, inside, visit)) return false;
  }
  return true;
}

}  // namespace

bool is_covered(const IpPrefix& prefix, const MarkedList<IpPrefix>& list) {
  return visit_uncovered(prefix, overlapping(prefix, list), [](const IpPrefix&) { return false; });
}

std::vector<IpPrefix> uncovered(const IpPrefix& prefix, const MarkedList<IpPrefix>& list) {
  std::vector<IpPrefix> rest;
  visit_uncovered(prefix, overlapping(prefix, list), [&](const IpPrefix& part) {
    rest.push_back(part);
    return true;
  });
  return rest;
}

}  // namespace twinspan::policy
