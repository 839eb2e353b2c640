// What two places of one path have in common that keeps them apart, however far from each other:
// the AS number of their BGP speakers, or addresses.
#pragma once

#include <optional>
#include <string>

#include "policy/transit_map.h"

namespace twinspan::policy {

// The gateway, or the site's device, that speaks BGP over the link at one of its ends.
struct Speaker {
  std::string place;
  std::string object;  // "virtual_network_gateways.gw-a"
  uint32_t asn = 0;
};

// Whether routes over the link are told by BGP: from both of its ends, or with a site as far as its
// file is ours.
bool is_told_by_bgp(const TransitMap& map, const TransitLink& link);

enum class Heading : uint8_t { ToLast, ToFirst };  // Of the traffic: routes come the other way.

struct Loop {
  Speaker receiver;  // Takes no route that has passed its own number (RFC 4271 9.1.2).
  Speaker sender;    // Another one of the same number, beyond its neighbour.
};
// Of the speakers that a hop's link is told by, and those behind it as far as BGP reaches.
std::optional<Loop> find_loop(const TransitMap& map, const TransitMap::Path& path, size_t index,
                              Heading heading);

// "10.4.0.0/24 of d overlaps 10.4.0.0/16 of a": the place at the end of the hop has addresses of
// one before its beginning.
std::optional<std::string> find_overlap(const TransitMap& map, const TransitMap::Path& path,
                                        size_t index);

}  // namespace twinspan::policy
