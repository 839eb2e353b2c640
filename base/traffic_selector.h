// Traffic selectors (RFC 7296 3.13.1): which packets an SA carries.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_prefix.h"

namespace twinspan {

// One address range, one protocol, one port range. For ICMP the "ports" are type*256+code.
struct TrafficSelector {
  uint8_t protocol = 0;  // 0: any.
  uint16_t first_port = 0;
  uint16_t last_port = 65535;
  IpAddress first_address;
  IpAddress last_address;  // Same family as first_address.

  static TrafficSelector any(IpFamily family);
  static TrafficSelector from_prefix(const IpPrefix& prefix);

  IpFamily family() const { return first_address.family(); }
  bool all_ports() const { return first_port == 0 && last_port == 65535; }
  bool is_any() const;  // Every packet of its family.
  bool contains(const IpAddress& address) const;
  bool contains(const TrafficSelector& other) const;

  // What both admit, if anything.
  static std::optional<TrafficSelector> intersect(const TrafficSelector& a,
                                                  const TrafficSelector& b);

  // "10.1.0.0/16", "10.0.0.1-10.0.0.9", "10.1.0.0/16[6/443]".
  std::string to_string() const;

  auto operator<=>(const TrafficSelector&) const = default;
};

using TrafficSelectors = std::vector<TrafficSelector>;

// The count of a TS payload is one byte (RFC 7296 3.13); narrow() never makes more.
inline constexpr size_t kTrafficSelectorsMax = 255;

// RFC 7296 2.9: the subset of `proposed` that `allowed` admits, in the proposal's order, without
// duplicates and without ranges that another one of the result contains. Empty: TS_UNACCEPTABLE.
// Cut at kTrafficSelectorsMax, which is still a subset.
TrafficSelectors narrow(const TrafficSelectors& proposed, const TrafficSelectors& allowed);

// Every selector of `inner` lies inside one of `outer`.
bool covers(const TrafficSelectors& outer, const TrafficSelectors& inner);

std::string to_string(const TrafficSelectors& selectors);  // Comma separated.

}  // namespace twinspan
