#include "policy/transit.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <span>

#include "policy/bgp.h"
#include "policy/connection_ends.h"
#include "policy/peering_state.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

// What joins two places, seen from `from`. Exactly one of the pairs is set; `back` may be missing.
struct Link {
  std::string from;
  std::string to;
  const Connection* there = nullptr;
  const Connection* back = nullptr;
  const Peering* half = nullptr;
  const Peering* other = nullptr;
  bool is_peering() const { return half != nullptr || other != nullptr; }
};

using Path = std::vector<const Link*>;

class Map {
 public:
  explicit Map(const Model& model) : model_(model) {
    // Where two networks are both peered and connected, traffic takes the peering.
    for (const auto& [name, peering] : model.peerings) add_peering(peering);
    for (const auto& [name, connection] : model.connections) add_connection(connection);
  }

  // Simple paths to all places, the shortest first; those to `to` alone when it is not empty.
  std::vector<Path> paths(const std::string& from, std::string_view to = "") const {
    std::vector<Path> found;
    std::deque<Path> open = {{}};
    size_t count_to = 0;
    while (!open.empty() && count_to < kTransitWaysMax) {
      const Path path = std::move(open.front());
      open.pop_front();
      const std::string& end = path.empty() ? from : path.back()->to;
      if (to.empty() ? !path.empty() : end == to) found.push_back(path);
      if (end == to) {
        ++count_to;
      } else if (path.size() < kTransitHopsMax) {
        extend(path, from, end, open);
      }
    }
    return found;
  }

  // What the connection joins, from either side.
  std::vector<const Link*> links_of(const Connection& connection) const {
    std::vector<const Link*> found;
    for (const auto& [from, link] : links_) {
      if (link.there == &connection || link.back == &connection) found.push_back(&link);
    }
    return found;
  }

  // To each network of the estate that a connection joins to `from`, and no peering.
  std::vector<const Link*> connected_networks(const std::string& from) const {
    std::vector<const Link*> found;
    std::set<std::string_view> seen;
    const auto [first, last] = links_.equal_range(from);
    for (auto link = first; link != last; ++link) {
      const bool is_first = seen.insert(link->second.to).second;  // Peerings come first.
      if (is_first && !link->second.is_peering() &&
          model_.virtual_networks.contains(link->second.to))
        found.push_back(&link->second);
    }
    return found;
  }

  // The first one from `from` to `to`; nullptr when nothing joins the two directly.
  const Link* direct(const std::string& from, const std::string& to) const {
    const auto [first, last] = links_.equal_range(from);
    const auto found =
        std::find_if(first, last, [&](const auto& link) { return link.second.to == to; });
    return found == last ? nullptr : &found->second;
  }

 private:
  void extend(const Path& path, const std::string& from, const std::string& end,
              std::deque<Path>& open) const {
    const auto [first, last] = links_.equal_range(end);
    for (auto link = first; link != last && open.size() < kOpenPathsMax; ++link) {
      const std::string& next = link->second.to;
      const bool was_there = next == from || std::ranges::any_of(path, [&](const Link* step) {
                               return step->to == next;
                             });
      if (was_there) continue;
      open.push_back(path);
      open.back().push_back(&link->second);
    }
  }

  void add_peering(const Peering& half) {
    const Peering* const other = other_half(model_, half);
    add({.from = *half.virtual_network,
         .to = *half.remote_virtual_network,
         .half = &half,
         .other = other});
    if (other != nullptr) return;  // The other half adds its own direction.
    add({.from = *half.remote_virtual_network, .to = *half.virtual_network, .other = &half});
  }

  void add_connection(const Connection& connection) {
    const VirtualNetwork* const own = local_network(model_, connection);
    if (own == nullptr) return;
    const Connection* const back = counterpart_of(model_, connection);
    const auto* const gateway =
        back != nullptr ? local_gateway(model_, *back) : counterpart_gateway(model_, connection);
    if (gateway != nullptr) {
      const VirtualNetwork* const network = network_of(model_, *gateway);
      if (network == nullptr) return;
      add({.from = own->name, .to = network->name, .there = &connection, .back = back});
      if (back == nullptr) add({.from = network->name, .to = own->name, .back = &connection});
    } else if (!connection.is_vnet_to_vnet()) {
      const std::string& site = *connection.local_network_gateway2;
      add({.from = own->name, .to = site, .there = &connection});
      add({.from = site, .to = own->name, .back = &connection});
    }
  }

  void add(Link link) {
    std::string from = link.from;
    links_.emplace(std::move(from), std::move(link));
  }

  static constexpr size_t kOpenPathsMax = 4096;

  const Model& model_;
  std::multimap<std::string, Link> links_;  // In the order in which they were added.
};

const MarkedList<IpPrefix>* prefixes_of(const Model& model, std::string_view place) {
  if (const auto* const network = find(model.virtual_networks, place))
    return &network->address_space;
  const auto* const site = find(model.local_network_gateways, place);
  return site == nullptr ? nullptr : &site->address_prefixes;
}

// Judges one path hop by hop.
class Judge {
 public:
  Judge(const Model& model, Path path) : model_(model), path_(std::move(path)) {}

  TransitWay way() const {
    TransitWay way;
    for (size_t index = 0; index < path_.size(); ++index) {
      const Link& link = *path_[index];
      TransitHop hop{.from = link.from,
                     .to = link.to,
                     .object = object_of(link),
                     .field = field_of(link),
                     .refusals = {}};
      if (link.is_peering()) {
        judge_peering(index, hop);
      } else {
        judge_connection(index, hop);
      }
      way.hops.push_back(std::move(hop));
    }
    return way;
  }

 private:
  static const Connection& connection_of(const Link& link) {
    return link.there != nullptr ? *link.there : *link.back;
  }

  static std::string object_of(const Link& link) {
    if (link.is_peering()) return path_of(link.half != nullptr ? *link.half : *link.other);
    return path_of(connection_of(link));
  }

  std::string field_of(const Link& link) const {
    if (link.is_peering()) return "allow_virtual_network_access";
    const Connection& connection = connection_of(link);
    if (speaks_bgp(model_, connection)) return "enable_bgp";
    return connection.is_vnet_to_vnet() ? "virtual_network_gateway2" : "local_network_gateway2";
  }

  static void refuse(TransitHop& hop, std::string object, std::string_view field,
                     std::string reason) {
    hop.refusals.push_back({std::move(object), std::string(field), std::move(reason)});
  }

  void judge_peering(size_t index, TransitHop& hop) const {
    const Link& link = *path_[index];
    if (link.half == nullptr || link.other == nullptr) {
      return refuse(hop, object_of(link), "remote_virtual_network",
                    "the peering has one half only");
    }
    for (const Peering* const half : {link.half, link.other}) {
      if (!*half->allow_virtual_network_access)
        refuse(hop, path_of(*half), "allow_virtual_network_access", "the half is closed");
    }
    const bool follows_peering = index > 0 && path_[index - 1]->is_peering();
    if (follows_peering) {
      return refuse(hop, object_of(link), "virtual_network",
                    fmt::format("a peering is not transitive: {} does not pass on what comes over "
                                "another one",
                                link.from));
    }
    // A connection beyond either end makes that end's network the hub.
    if (index > 0) expect_transit(*link.half, *link.other, hop);
    const bool precedes_connection = index + 1 < path_.size() && !path_[index + 1]->is_peering();
    if (precedes_connection) expect_transit(*link.other, *link.half, hop);
  }

  void expect_transit(const Peering& hub, const Peering& spoke, TransitHop& hop) const {
    const auto* const network = find(model_.virtual_networks, *spoke.virtual_network);
    const auto* const gateway = network == nullptr ? nullptr : gateway_of(model_, *network);
    if (!*hub.allow_gateway_transit) {
      refuse(hop, path_of(hub), "allow_gateway_transit",
             fmt::format("{} does not let others use its gateway", *hub.virtual_network));
    }
    if (!*spoke.use_remote_gateways) {
      refuse(hop, path_of(spoke), "use_remote_gateways",
             fmt::format("{} does not use the gateway of {}", *spoke.virtual_network,
                         *hub.virtual_network));
    }
    if (gateway == nullptr) return;
    refuse(hop, path_of(*gateway), "virtual_network",
           fmt::format("{} has a gateway of its own", network->name));
  }

  void judge_connection(size_t index, TransitHop& hop) const {
    const Link& link = *path_[index];
    const bool leads_to_site = find(model_.virtual_networks, link.to) == nullptr ||
                               find(model_.virtual_networks, link.from) == nullptr;
    if (!leads_to_site && (link.there == nullptr || link.back == nullptr)) {
      return refuse(hop, object_of(link), "virtual_network_gateway1",
                    "there is no object for the other direction");
    }
    if (path_.size() == 1) return;
    for (const Connection* const object : {link.there, link.back}) {
      if (object != nullptr) judge_object(*object, object == link.there, hop);
    }
  }

  // One direction of a connection that is part of a longer way.
  void judge_object(const Connection& connection, bool is_forward, TransitHop& hop) const {
    const VirtualNetworkGateway& gateway = *local_gateway(model_, connection);
    if (gateway.is_policy_based()) {
      return refuse(hop, path_of(gateway), "vpn_type",
                    "a policy-based gateway carries its own network's prefixes only");
    }
    if (*connection.use_policy_based_traffic_selectors) {
      return refuse(hop, path_of(connection), "use_policy_based_traffic_selectors",
                    "its selectors hold its own network's prefixes only");
    }
    if (speaks_bgp(model_, connection)) return;
    const std::string& target = is_forward ? path_.back()->to : path_.front()->from;
    if (does_cover(connection, target)) return;
    refuse(hop, path_of(connection), "enable_bgp",
           fmt::format("without BGP it knows no way to {}{}", target,
                       connection.is_vnet_to_vnet()
                           ? ", only to the network at its other end"
                           : ", whose prefixes are not on its local network gateway"));
  }

  bool does_cover(const Connection& connection, const std::string& target) const {
    const auto remote = remote_end(model_, connection);
    const MarkedList<IpPrefix>* const wanted = prefixes_of(model_, target);
    if (!remote || wanted == nullptr) return false;
    return std::ranges::all_of(**wanted, [&](const auto& prefix) {
      return std::ranges::any_of(*remote->prefixes,
                                 [&](const auto& own) { return own->contains(*prefix); });
    });
  }

  const Model& model_;
  const Path path_;
};

// The shortest one that every hop allows, else the shortest one.
std::optional<TransitWay> best_of(const Model& model, std::span<const Path* const> paths) {
  std::optional<TransitWay> shortest;
  for (const Path* const path : paths.first(std::min(paths.size(), kTransitWaysMax))) {
    TransitWay way = Judge(model, *path).way();
    if (way.first_refusal() == nullptr) return way;
    if (!shortest) shortest = std::move(way);
  }
  return shortest;
}

// Those whose best way begins with the link.
void add_ways_over(const Model& model, const Map& map, const Link& link,
                   std::vector<TransitWay>& ways) {
  const std::vector<Path> paths = map.paths(link.from);
  std::map<std::string_view, std::vector<const Path*>> by_target;
  for (const Path& path : paths) by_target[path.back()->to].push_back(&path);
  for (const auto& [target, candidates] : by_target) {
    if (candidates.front()->size() == 1) continue;  // It needs nobody in between.
    auto way = best_of(model, candidates);
    if (!way || way->hops.front().to != link.to) continue;
    ways.push_back(*std::move(way));
  }
}

bool wants_bgp(const TransitWay& way) {
  const TransitRefusal* const refusal = way.first_refusal();
  return refusal != nullptr && refusal->field == "enable_bgp";
}

// `links` lead from one network to its neighbours.
std::optional<TransitWay> first_closed_way(const Model& model, const Map& map,
                                           std::span<const Link* const> links) {
  size_t count = 0;
  for (size_t a = 0; a < links.size(); ++a) {
    const Link* const in = map.direct(links[a]->to, links[a]->from);
    for (size_t b = a + 1; b < links.size(); ++b) {
      if (++count > kTransitPairsMax) return std::nullopt;
      if (in == nullptr || map.direct(in->from, links[b]->to) != nullptr) continue;
      TransitWay way = Judge(model, {in, links[b]}).way();
      if (wants_bgp(way)) return way;
    }
  }
  return std::nullopt;
}

}  // namespace

const TransitRefusal* TransitWay::first_refusal() const {
  const auto found = std::ranges::find(hops, false, &TransitHop::is_allowed);
  return found == hops.end() ? nullptr : &found->refusals.front();
}

std::optional<TransitWay> find_way(const Model& model, std::string_view from, std::string_view to) {
  if (prefixes_of(model, from) == nullptr || prefixes_of(model, to) == nullptr) return std::nullopt;
  const Map map(model);
  const std::vector<Path> paths = map.paths(std::string(from), to);
  std::vector<const Path*> all;
  for (const Path& path : paths) all.push_back(&path);
  return best_of(model, all);
}

std::vector<TransitWay> ways_over(const Model& model, const Connection& connection) {
  const Map map(model);
  std::vector<TransitWay> ways;
  for (const Link* const link : map.links_of(connection)) add_ways_over(model, map, *link, ways);
  return ways;
}

std::vector<TransitWay> closed_ways_between_neighbours(const Model& model) {
  const Map map(model);
  std::vector<TransitWay> ways;
  for (const auto& [name, network] : model.virtual_networks) {
    if (auto way = first_closed_way(model, map, map.connected_networks(name)))
      ways.push_back(*std::move(way));
  }
  return ways;
}

std::string place_path(const Model& model, std::string_view place) {
  const bool is_site = find(model.virtual_networks, place) == nullptr &&
                       find(model.local_network_gateways, place) != nullptr;
  return fmt::format("{}.{}", is_site ? "local_network_gateways" : "virtual_networks", place);
}

}  // namespace twinspan::policy
