// Which places are joined directly, and the paths over others: of one estate, or of two that two
// administrators have, whose connections belong together (policy/pair_up).
//
// A place is a virtual network, or the site of a local network gateway. One of the other estate is
// called by its file and name, "east.yaml:hub". A local network gateway that stands for a gateway
// of the files is no place of its own but another name of that one's network.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/counterparts.h"
#include "policy/peering_state.h"
#include "policy/two_ends.h"

namespace twinspan::policy {

inline constexpr size_t kTransitHopsMax = 8;
inline constexpr size_t kTransitWaysMax = 256;  // Tried of one pair, the shortest first.

struct TransitPlace {
  const Model& model;
  std::string path;                         // "virtual_networks.hub"
  const VirtualNetwork* network = nullptr;  // This one or `site` is set.
  const LocalNetworkGateway* site = nullptr;
  const MarkedList<IpPrefix>& prefixes() const {
    return network != nullptr ? network->address_space : site->address_prefixes;
  }
  std::string_view prefixes_field() const {
    return network != nullptr ? "address_space" : "address_prefixes";
  }
};

// What joins two places, seen from `from`. One of the pairs is set, of which one side may be
// missing.
struct TransitLink {
  std::string from;
  std::string to;
  std::optional<End> there = std::nullopt;
  std::optional<End> back = std::nullopt;
  const Peering* half = nullptr;
  const Peering* other = nullptr;
  const Model* peerings_model = nullptr;
  bool is_peering() const { return peerings_model != nullptr; }
};

class TransitMap {
 public:
  using Path = std::vector<const TransitLink*>;

  // Both outlive the map; `peer` may be nullptr. Keys tell what else may belong together, as in
  // pair_up().
  TransitMap(const Model& own, const Model* peer, const CompareKeys& compare_keys = nullptr);
  TransitMap(const TransitMap&) = delete;
  TransitMap& operator=(const TransitMap&) = delete;

  // The place that is called so, by its name alone where our own estate has none of that name;
  // nullopt when neither has.
  std::optional<std::string> resolve(std::string_view name) const;
  // What may be called, ours first.
  std::vector<std::string_view> names() const;
  // By the name that resolve() gives.
  const TransitPlace& place(const std::string& name) const { return places_.at(name); }

  const std::map<std::string, TransitPlace, std::less<>>& places() const { return places_; }

  const Model& own() const { return own_; }
  bool has_peer() const { return peer_ != nullptr; }

  // An object of either estate: with its file's name when it is the other one.
  std::string shown(const Model& model, const std::string& path) const {
    return prefix_of(model) + path;
  }

  // Simple paths to all places, the shortest first; those to `to` alone when it is not empty. Of
  // at most kTransitHopsMax hops, but for a place that is not reached otherwise.
  std::vector<Path> paths(const std::string& from, std::string_view to = "") const;
  // Which places links join, however far: the names of each group. Those that nothing leads to are
  // in none.
  std::vector<std::vector<std::string>> islands() const;
  // The gateway of the same estate that the connection leads to; nullptr: none of that estate.
  const VirtualNetworkGateway* counterpart_gateway(const End& end) const {
    return counterparts_of(end.model).counterpart_gateway(end.connection);
  }
  // What can be reached from one end of the link without it, that end among it.
  std::set<std::string> side_of(const TransitLink& link) const;
  // What the connection joins, from either side.
  std::vector<const TransitLink*> links_of(const Connection& connection) const;
  // To each network that a connection joins to `from`, and no peering.
  std::vector<const TransitLink*> connected_networks(const std::string& from) const;
  // The first one from `from` to `to`; nullptr when nothing joins the two directly.
  const TransitLink* direct(const std::string& from, const std::string& to) const;

 private:
  std::string prefix_of(const Model& model) const;
  const Counterparts& counterparts_of(const Model& model) const {
    return &model == peer_ ? *peer_counterparts_ : own_counterparts_;
  }
  std::string name_of(const Model& model, const VirtualNetwork& network) const;
  std::string name_of(const Model& model, const LocalNetworkGateway& site) const;
  // Over however many hops; empty when nothing joins the two.
  Path shortest_path(const std::string& from, std::string_view to) const;
  void add_places(const Model& model);
  void add_links(const Model& model);
  void add_peering(const Model& model, const PeeringIndex& halves, const Peering& half);
  void add_connection(const Model& model, const Connection& connection);
  void add(TransitLink link);
  std::optional<End> other_end(const Model& model, const Connection& connection) const;

  const Model& own_;
  const Model* const peer_;
  const Counterparts own_counterparts_;
  const std::optional<Counterparts> peer_counterparts_;
  std::map<const Connection*, End> pairs_;  // Over both estates.
  std::map<std::string, TransitPlace, std::less<>> places_;
  std::map<std::string, std::string, std::less<>> aliases_;  // Of sites that stand for a network.
  std::multimap<std::string, TransitLink> links_;  // In the order in which they were added.
};

}  // namespace twinspan::policy
