#include "policy/transit.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>

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

  // Simple paths, the shortest first.
  std::vector<Path> paths(const std::string& from, const std::string& to) const {
    std::vector<Path> found;
    std::deque<Path> open = {{}};
    while (!open.empty() && found.size() < kTransitWaysMax) {
      const Path path = std::move(open.front());
      open.pop_front();
      const std::string& end = path.empty() ? from : path.back()->to;
      if (end == to) {
        found.push_back(path);
        continue;
      }
      if (path.size() == kTransitHopsMax) continue;
      extend(path, from, end, open);
    }
    return found;
  }

 private:
  void extend(const Path& path, const std::string& from, const std::string& end,
              std::deque<Path>& open) const {
    const auto [first, last] = links_.equal_range(end);
    for (auto link = first; link != last; ++link) {
      const std::string& next = link->second.to;
      const bool was_there = next == from || std::ranges::any_of(path, [&](const Link* step) {
                               return step->to == next;
                             });
      if (was_there || open.size() >= kOpenPathsMax) continue;
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
    if (const auto* const gateway = counterpart_gateway(model_, connection)) {
      const VirtualNetwork* const network = network_of(model_, *gateway);
      if (network == nullptr) return;
      const Connection* const back = counterpart_of(model_, connection);
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
  Judge(const Model& model, const Path& path) : model_(model), path_(path) {}

  TransitWay way() const {
    TransitWay way;
    for (size_t index = 0; index < path_.size(); ++index) {
      const Link& link = *path_[index];
      TransitHop hop{.from = link.from, .to = link.to, .object = object_of(link)};
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
  static std::string object_of(const Link& link) {
    if (link.is_peering()) return path_of(link.half != nullptr ? *link.half : *link.other);
    return path_of(link.there != nullptr ? *link.there : *link.back);
  }

  static void refuse(TransitHop& hop, std::string object, std::string_view field,
                     std::string reason) {
    if (!hop.is_allowed) return;  // The first reason counts.
    hop.is_allowed = false;
    hop.object = std::move(object);
    hop.field = field;
    hop.reason = std::move(reason);
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
      refuse(hop, object_of(link), "virtual_network",
             fmt::format("a peering is not transitive: {} does not pass on what comes over "
                         "another one",
                         link.from));
    }
    // A connection beyond either end makes that end's network the hub.
    if (index > 0 && !follows_peering) expect_transit(*link.half, *link.other, hop);
    const bool precedes_connection = index + 1 < path_.size() && !path_[index + 1]->is_peering();
    if (precedes_connection) expect_transit(*link.other, *link.half, hop);
  }

  void expect_transit(const Peering& hub, const Peering& spoke, TransitHop& hop) const {
    if (!*hub.allow_gateway_transit) {
      refuse(hop, path_of(hub), "allow_gateway_transit",
             fmt::format("{} does not let others use its gateway", *hub.virtual_network));
    }
    if (!*spoke.use_remote_gateways) {
      refuse(hop, path_of(spoke), "use_remote_gateways",
             fmt::format("{} does not use the gateway of {}", *spoke.virtual_network,
                         *hub.virtual_network));
    }
    const auto* const network = find(model_.virtual_networks, *spoke.virtual_network);
    if (network == nullptr) return;
    if (const auto* const gateway = gateway_of(model_, *network)) {
      refuse(hop, path_of(*gateway), "virtual_network",
             fmt::format("{} has a gateway of its own", network->name));
    }
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
  const Path& path_;
};

}  // namespace

const TransitHop* TransitWay::first_refused() const {
  const auto found = std::ranges::find(hops, false, &TransitHop::is_allowed);
  return found == hops.end() ? nullptr : &*found;
}

std::optional<TransitWay> find_way(const Model& model, std::string_view from, std::string_view to) {
  if (prefixes_of(model, from) == nullptr || prefixes_of(model, to) == nullptr) return std::nullopt;
  const Map map(model);
  std::optional<TransitWay> shortest;
  for (const Path& path : map.paths(std::string(from), std::string(to))) {
    TransitWay way = Judge(model, path).way();
    if (way.first_refused() == nullptr) return way;
    if (!shortest) shortest = std::move(way);
  }
  return shortest;
}

}  // namespace twinspan::policy
