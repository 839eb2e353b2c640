// One hop of a path between two networks: whether it lets pass what the two send each other.
#pragma once

#include <string>
#include <vector>

#include "policy/transit_map.h"

namespace twinspan::policy {

struct TransitRefusal {
  std::string object;  // "connections.a-to-b"
  std::string field;   // What to change there.
  std::string reason;
  bool is_overlap = false;  // Of two places' addresses: findings may speak of it as well.
  bool operator==(const TransitRefusal&) const = default;
};

struct TransitHop {
  std::string from;  // A virtual network, or the local network gateway of a site.
  std::string to;
  std::string object;                // What leads from `from`.
  std::string field;                 // Of `object`: what lets traffic pass.
  std::vector<std::string> objects;  // All that it depends on, as TransitMap::shown() has them.
  std::vector<TransitRefusal> refusals;
  std::vector<TransitRefusal> conditions;  // What has to be true where no file tells.
  bool is_allowed() const { return refusals.empty(); }
  bool operator==(const TransitHop&) const = default;
};

// `index`: of the hop in the path, whose other links tell what comes and where it goes.
TransitHop judge_hop(const TransitMap& map, const TransitMap::Path& path, size_t index);

}  // namespace twinspan::policy
