// Whether two networks reach each other, over others if need be: every hop has to allow it.
//
// Connections pass traffic on with BGP on every one in between, or with static prefixes that
// somebody wrote on each of them. A peering is not transitive; behind it only the peer's gateway
// can be used, when both halves allow that.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.h"

namespace twinspan::policy {

inline constexpr size_t kTransitHopsMax = 8;
inline constexpr size_t kTransitWaysMax = 256;  // Tried of one pair, the shortest first.

struct TransitHop {
  std::string from;  // A virtual network, or the local network gateway of a site.
  std::string to;
  std::string object;  // "connections.a-to-b": where it is refused, else what leads from `from`.
  bool is_allowed = true;
  std::string field;  // What to change when it is refused.
  std::string reason;
  bool operator==(const TransitHop&) const = default;
};

struct TransitWay {
  std::vector<TransitHop> hops;             // From the one network to the other.
  const TransitHop* first_refused() const;  // nullptr: every hop allows it.
};

// The shortest way that every hop allows, else the shortest one. `from` and `to` name virtual
// networks or local network gateways. nullopt: nothing joins the two, or a name is unknown.
std::optional<TransitWay> find_way(const Model& model, std::string_view from, std::string_view to);

}  // namespace twinspan::policy
