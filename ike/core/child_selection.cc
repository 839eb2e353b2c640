#include "ike/core/child_selection.h"

#include <algorithm>
#include <tuple>

namespace twinspan::ike {
namespace {

// RFC 7296 2.9: the addresses of the packet that started the negotiation may stand first, before
// the selectors that contain them.
bool starts_with_packet(const TrafficSelectors& selectors) {
  return std::ranges::any_of(
      selectors.begin() + (selectors.empty() ? 0 : 1), selectors.end(),
      [&](const TrafficSelector& other) { return other.contains(selectors.front()); });
}

bool admits_packet(const TrafficSelectors& configured, const TrafficSelectors& proposed) {
  return !starts_with_packet(proposed) || covers(configured, {proposed.front()});
}

// Higher is better; what is compared first stands first.
using Fit = std::tuple<bool, bool, bool, bool, bool>;

Fit fit_of(const ChildConfig& child, const SelectorPair& proposed,
           std::span<const std::string> served) {
  const bool holds_all =
      covers(child.local, proposed.local) && covers(child.remote, proposed.remote);
  const bool is_held = covers(proposed.local, child.local) && covers(proposed.remote, child.remote);
  const bool has_packet =
      admits_packet(child.local, proposed.local) && admits_packet(child.remote, proposed.remote);
  return {holds_all && is_held, has_packet, holds_all, is_held,
          std::ranges::find(served, child.name) == served.end()};
}

}  // namespace

const ChildConfig* select_child(std::span<const ChildConfig> children, const SelectorPair& proposed,
                                std::span<const std::string> served) {
  const ChildConfig* best = nullptr;
  Fit best_fit;
  for (const ChildConfig& child : children) {
    if (!narrow_selectors({.local = child.local, .remote = child.remote}, proposed)) continue;
    const Fit fit = fit_of(child, proposed, served);
    if (best != nullptr && fit <= best_fit) continue;
    best = &child;
    best_fit = fit;
  }
  return best;
}

bool has_more_for(std::span<const ChildConfig> children, const ChildConfig& chosen,
                  const SelectorPair& proposed, std::span<const std::string> served) {
  if (covers(chosen.local, proposed.local) && covers(chosen.remote, proposed.remote)) return false;
  return std::ranges::any_of(children, [&](const ChildConfig& other) {
    return other.name != chosen.name && std::ranges::find(served, other.name) == served.end() &&
           narrow_selectors({.local = other.local, .remote = other.remote}, proposed).has_value();
  });
}

}  // namespace twinspan::ike
