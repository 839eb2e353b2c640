#include "policy/transit_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "policy/connection_ends.h"
#include "policy/pair_up.h"
#include "policy/peering_state.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

constexpr size_t kOpenPathsMax = 4096;

using Links = std::multimap<std::string, TransitLink>;

// Each longer by one link to a place that is not on the path.
void extend(const TransitMap::Path& path, const std::string& from, const std::string& end,
            const Links& links, std::deque<TransitMap::Path>& open) {
  const auto [first, last] = links.equal_range(end);
  for (auto link = first; link != last && open.size() < kOpenPathsMax; ++link) {
    const std::string& next = link->second.to;
    const bool was_there = next == from || std::ranges::any_of(path, [&](const TransitLink* step) {
                             return step->to == next;
                           });
    if (was_there) continue;
    open.push_back(path);
    open.back().push_back(&link->second);
  }
}

}  // namespace

TransitMap::TransitMap(const Model& own, const Model* peer, const CompareKeys& compare_keys)
    : own_(own),
      peer_(peer),
      own_counterparts_(own),
      peer_counterparts_(peer == nullptr ? std::nullopt : std::optional<Counterparts>(*peer)) {
  if (peer != nullptr) {
    const PairUp found = pair_up(own, *peer, compare_keys);
    for (const Pairing& pair : found.pairs) {
      pairs_.emplace(pair.own, End{*peer, *pair.peer});
      pairs_.emplace(pair.peer, End{own, *pair.own});
    }
    add_places(*peer);
  }
  add_places(own);
  add_links(own);
  if (peer != nullptr) add_links(*peer);
}

std::string TransitMap::prefix_of(const Model& model) const {
  if (&model != peer_) return "";
  return (model.files.empty() ? "the other file" : model.files.front()) + ":";
}

std::string TransitMap::name_of(const Model& model, const VirtualNetwork& network) const {
  return prefix_of(model) + network.name;
}

// A network of the same name has it for itself.
std::string TransitMap::name_of(const Model& model, const LocalNetworkGateway& site) const {
  const bool is_taken = model.virtual_networks.contains(site.name);
  return prefix_of(model) + (is_taken ? path_of(site) : site.name);
}

std::optional<std::string> TransitMap::resolve(std::string_view name) const {
  std::vector<std::string> candidates = {std::string(name)};
  if (peer_ != nullptr) candidates.push_back(prefix_of(*peer_) + std::string(name));
  for (const std::string& candidate : candidates) {
    if (const auto alias = aliases_.find(candidate); alias != aliases_.end()) return alias->second;
    if (places_.contains(candidate)) return candidate;
  }
  return std::nullopt;
}

std::vector<std::string_view> TransitMap::names() const {
  std::vector<std::string_view> names;
  std::set<std::string_view> seen;
  const auto add = [&](std::string_view name) {
    if (seen.insert(name).second) names.push_back(name);
  };
  for (const Model* const model : {&own_, peer_}) {
    if (model == nullptr) continue;
    for (const auto& [name, network] : model->virtual_networks) add(name);
    for (const auto& [name, site] : model->local_network_gateways) add(name);
  }
  return names;
}

void TransitMap::add_places(const Model& model) {
  for (const auto& [name, network] : model.virtual_networks)
    places_.emplace(
        name_of(model, network),
        TransitPlace{.model = model, .path = shown(model, path_of(network)), .network = &network});
  for (const auto& [name, site] : model.local_network_gateways)
    places_.emplace(
        name_of(model, site),
        TransitPlace{.model = model, .path = shown(model, path_of(site)), .site = &site});
}

void TransitMap::add_links(const Model& model) {
  // Where two networks are both peered and connected, traffic takes the peering.
  const PeeringIndex halves(model);
  for (const auto& [name, peering] : model.peerings) add_peering(model, halves, peering);
  for (const auto& [name, connection] : model.connections) add_connection(model, connection);
}

void TransitMap::add_peering(const Model& model, const PeeringIndex& halves, const Peering& half) {
  const auto* const network = find(model.virtual_networks, *half.virtual_network);
  const auto* const remote = find(model.virtual_networks, *half.remote_virtual_network);
  if (network == nullptr || remote == nullptr) return;
  const Peering* const other = halves.half(*half.remote_virtual_network, *half.virtual_network);
  const std::string from = name_of(model, *network), to = name_of(model, *remote);
  add({.from = from, .to = to, .half = &half, .other = other, .peerings_model = &model});
  if (other != nullptr) return;  // The other half adds its own direction.
  add({.from = to, .to = from, .other = &half, .peerings_model = &model});
}

std::optional<End> TransitMap::other_end(const Model& model, const Connection& connection) const {
  if (const Connection* const back = counterparts_of(model).counterpart_of(connection))
    return std::optional<End>(End{model, *back});
  const auto pair = pairs_.find(&connection);
  return pair == pairs_.end() ? std::nullopt : std::optional<End>(pair->second);
}

void TransitMap::add_connection(const Model& model, const Connection& connection) {
  const VirtualNetwork* const own = local_network(model, connection);
  if (own == nullptr) return;
  const std::string from = name_of(model, *own);
  const End there{model, connection};
  const auto back = other_end(model, connection);
  const auto* const gateway = back ? local_gateway(back->model, back->connection)
                                   : counterparts_of(model).counterpart_gateway(connection);
  const Model& there_model = back ? back->model : model;
  const LocalNetworkGateway* const site = site_of(model, connection);
  if (gateway != nullptr) {
    const VirtualNetwork* const network = network_of(there_model, *gateway);
    if (network == nullptr) return;
    const std::string to = name_of(there_model, *network);
    add({.from = from, .to = to, .there = there, .back = back});
    if (!back) add({.from = to, .to = from, .back = there});
    if (site != nullptr) aliases_.emplace(name_of(model, *site), to);
  } else if (site != nullptr) {
    const std::string to = name_of(model, *site);
    add({.from = from, .to = to, .there = there});
    add({.from = to, .to = from, .back = there});
  }
}

void TransitMap::add(TransitLink link) {
  std::string from = link.from;
  links_.emplace(std::move(from), std::move(link));
}

std::vector<TransitMap::Path> TransitMap::paths(const std::string& from,
                                                std::string_view to) const {
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
      extend(path, from, end, links_, open);
    }
  }
  if (!to.empty() && found.empty()) {
    Path path = shortest_path(from, to);
    if (!path.empty()) found.push_back(std::move(path));
  }
  return found;
}

TransitMap::Path TransitMap::shortest_path(const std::string& from, std::string_view to) const {
  std::map<std::string_view, const TransitLink*> reached = {{from, nullptr}};
  std::deque<std::string> open = {from};
  while (!open.empty() && !reached.contains(to)) {
    const auto [first, last] = links_.equal_range(open.front());
    open.pop_front();
    for (auto link = first; link != last; ++link) {
      if (reached.emplace(link->second.to, &link->second).second) open.push_back(link->second.to);
    }
  }
  Path path;
  if (!reached.contains(to)) return path;
  for (const TransitLink* link = reached.at(to); link != nullptr; link = reached.at(link->from))
    path.push_back(link);
  std::ranges::reverse(path);
  return path;
}

std::vector<std::vector<std::string>> TransitMap::islands() const {
  std::vector<std::vector<std::string>> islands;
  std::set<std::string_view> seen;
  for (const auto& [start, first_link] : links_) {
    if (!seen.insert(start).second) continue;
    std::vector<std::string>& island = islands.emplace_back(std::vector{start});
    for (size_t at = 0; at < island.size(); ++at) {
      const auto [first, last] = links_.equal_range(island[at]);
      for (auto link = first; link != last; ++link) {
        if (seen.insert(link->second.to).second) island.push_back(link->second.to);
      }
    }
  }
  return islands;
}

std::set<std::string> TransitMap::side_of(const TransitLink& link) const {
  std::set<std::string> reached = {link.from};
  std::vector<std::string> open = {link.from};
  while (!open.empty()) {
    const std::string from = std::move(open.back());
    open.pop_back();
    const auto [first, last] = links_.equal_range(from);
    for (auto next = first; next != last; ++next) {
      const bool is_across = from == link.from && next->second.to == link.to;
      if (!is_across && reached.insert(next->second.to).second) open.push_back(next->second.to);
    }
  }
  return reached;
}

std::vector<const TransitLink*> TransitMap::links_of(const Connection& connection) const {
  const auto is_of = [&](const std::optional<End>& end) {
    return end && &end->connection == &connection;
  };
  std::vector<const TransitLink*> found;
  for (const auto& [from, link] : links_) {
    if (is_of(link.there) || is_of(link.back)) found.push_back(&link);
  }
  return found;
}

std::vector<const TransitLink*> TransitMap::connected_networks(const std::string& from) const {
  std::vector<const TransitLink*> found;
  std::set<std::string_view> seen;
  const auto [first, last] = links_.equal_range(from);
  for (auto link = first; link != last; ++link) {
    const bool is_first = seen.insert(link->second.to).second;  // Peerings come first.
    if (is_first && !link->second.is_peering() && place(link->second.to).network != nullptr)
      found.push_back(&link->second);
  }
  return found;
}

const TransitLink* TransitMap::direct(const std::string& from, const std::string& to) const {
  const auto [first, last] = links_.equal_range(from);
  const auto found =
      std::find_if(first, last, [&](const auto& link) { return link.second.to == to; });
  return found == last ? nullptr : &found->second;
}

}  // namespace twinspan::policy
