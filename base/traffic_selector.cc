#include "base/traffic_selector.h"

#include <algorithm>

namespace twinspan {
namespace {

// The length of the prefix that the range is exactly, if it is one.
std::optional<IpPrefix> as_prefix(const IpAddress& first, const IpAddress& last) {
  for (unsigned length = 0; length <= first.bits(); ++length) {
    const IpPrefix prefix(first, length);
    if (prefix.address() == first && prefix.last_address() == last) return prefix;
  }
  return std::nullopt;
}

}  // namespace

TrafficSelector TrafficSelector::any(IpFamily family) {
  return from_prefix(IpPrefix::any(family));
}

TrafficSelector TrafficSelector::from_prefix(const IpPrefix& prefix) {
  return {.first_address = prefix.address(), .last_address = prefix.last_address()};
}

bool TrafficSelector::is_any() const {
  return *this == any(family());
}

bool TrafficSelector::contains(const IpAddress& address) const {
  return address.family() == family() && first_address <= address && address <= last_address;
}

bool TrafficSelector::contains(const TrafficSelector& other) const {
  return other.family() == family() && (protocol == 0 || protocol == other.protocol) &&
         first_port <= other.first_port && other.last_port <= last_port &&
         first_address <= other.first_address && other.last_address <= last_address;
}

std::optional<TrafficSelector> TrafficSelector::intersect(const TrafficSelector& a,
                                                          const TrafficSelector& b) {
  if (a.family() != b.family()) return std::nullopt;
  if (a.protocol != 0 && b.protocol != 0 && a.protocol != b.protocol) return std::nullopt;
  const TrafficSelector both{
      .protocol = a.protocol != 0 ? a.protocol : b.protocol,
      .first_port = std::max(a.first_port, b.first_port),
      .last_port = std::min(a.last_port, b.last_port),
      .first_address = std::max(a.first_address, b.first_address),
      .last_address = std::min(a.last_address, b.last_address),
  };
  if (both.first_port > both.last_port || both.first_address > both.last_address) {
    return std::nullopt;
  }
  return both;
}

std::string TrafficSelector::to_string() const {
  const auto prefix = as_prefix(first_address, last_address);
  std::string text =
      prefix ? prefix->to_string() : first_address.to_string() + "-" + last_address.to_string();
  if (protocol == 0 && all_ports()) return text;
  text += "[" + (protocol == 0 ? std::string("any") : std::to_string(protocol));
  if (!all_ports()) {
    text += "/" + std::to_string(first_port);
    if (last_port != first_port) text += "-" + std::to_string(last_port);
  }
  return text + "]";
}

TrafficSelectors narrow(const TrafficSelectors& proposed, const TrafficSelectors& allowed) {
  TrafficSelectors result;
  for (const TrafficSelector& theirs : proposed) {
    for (const TrafficSelector& ours : allowed) {
      const auto both = TrafficSelector::intersect(theirs, ours);
      if (!both) continue;
      const auto holds = [&](const TrafficSelector& other) { return other.contains(*both); };
      if (std::any_of(result.begin(), result.end(), holds)) continue;
      if (result.size() == kTrafficSelectorsMax) return result;
      std::erase_if(result, [&](const TrafficSelector& other) { return both->contains(other); });
      result.push_back(*both);
    }
  }
  return result;
}

bool covers(const TrafficSelectors& outer, const TrafficSelectors& inner) {
  return std::all_of(inner.begin(), inner.end(), [&](const TrafficSelector& small) {
    return std::any_of(outer.begin(), outer.end(),
                       [&](const TrafficSelector& large) { return large.contains(small); });
  });
}

std::string to_string(const TrafficSelectors& selectors) {
  std::string text;
  for (const TrafficSelector& selector : selectors) {
    if (!text.empty()) text += ", ";
    text += selector.to_string();
  }
  return text;
}

}  // namespace twinspan
