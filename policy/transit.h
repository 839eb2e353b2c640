// Whether two networks reach each other, over others if need be: every hop has to allow it.
//
// Connections pass traffic on with BGP on every one in between, or with static prefixes that
// somebody wrote on each of them, where their selectors hold both ends. A peering is not
// transitive; behind it only the peer's gateway can be used, when both halves allow that. What the
// device of a site knows is in no file: it is a condition, not a fact.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.h"
#include "policy/transit_hop.h"
#include "policy/transit_map.h"

namespace twinspan::policy {

inline constexpr size_t kTransitPairsMax = 64;  // Tried of the neighbours of one network.

struct TransitWay {
  std::vector<TransitHop> hops;                 // From the one network to the other.
  const TransitRefusal* first_refusal() const;  // nullptr: every hop allows it.
};

// What closes a hop besides: errors about its objects.
using IsFaulty = std::function<bool(const TransitHop& hop)>;

// The shortest way that every hop allows, best without conditions, else the shortest one. `from`
// and `to` are places of the map. nullopt: nothing joins the two.
std::optional<TransitWay> find_way(const TransitMap& map, const std::string& from,
                                   const std::string& to, const IsFaulty& is_faulty = nullptr);
// Of one estate, by the names of virtual networks or local network gateways; nullopt for an unknown
// one, too.
std::optional<TransitWay> find_way(const Model& model, std::string_view from, std::string_view to);

// From each side of the connection over it and on to every place further away whose way begins so,
// as find_way() has it. At most one way to a place from a side.
std::vector<TransitWay> ways_over(const Model& model, const Connection& connection);

// Of each network that connections join to several others, the first way from one of these to
// another that somebody would have to open with BGP, where no connection joins the two.
std::vector<TransitWay> closed_ways_between_neighbours(const Model& model);

// "virtual_networks.hub", "local_network_gateways.branch"
std::string place_path(const Model& model, std::string_view place);

}  // namespace twinspan::policy
