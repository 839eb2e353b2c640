#include "policy/transit.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "policy/rules.h"

namespace twinspan::policy {
namespace {

using Path = TransitMap::Path;

TransitWay way_over(const TransitMap& map, const Path& path) {
  TransitWay way;
  for (size_t index = 0; index < path.size(); ++index)
    way.hops.push_back(judge_hop(map, path, index));
  return way;
}

enum class Rank : uint8_t { Open, Conditional, Closed };

Rank rank_of(const TransitWay& way, const IsFaulty& is_faulty) {
  if (way.first_refusal() != nullptr) return Rank::Closed;
  if (is_faulty && std::ranges::any_of(way.hops, is_faulty)) return Rank::Closed;
  const bool is_open =
      std::ranges::all_of(way.hops, [](const TransitHop& hop) { return hop.conditions.empty(); });
  return is_open ? Rank::Open : Rank::Conditional;
}

// `paths`: the shortest first.
std::optional<TransitWay> best_of(const TransitMap& map, std::span<const Path* const> paths,
                                  const IsFaulty& is_faulty = nullptr) {
  std::optional<TransitWay> best;
  Rank best_rank = Rank::Closed;
  for (const Path* const path : paths.first(std::min(paths.size(), kTransitWaysMax))) {
    TransitWay way = way_over(map, *path);
    const Rank rank = rank_of(way, is_faulty);
    if (!best || rank < best_rank) {
      best = std::move(way);
      best_rank = rank;
    }
    if (best_rank == Rank::Open) break;
  }
  return best;
}

// Those whose best way begins with the link.
void add_ways_over(const TransitMap& map, const TransitLink& link, std::vector<TransitWay>& ways) {
  const std::vector<Path> paths = map.paths(link.from);
  std::map<std::string_view, std::vector<const Path*>> by_target;
  for (const Path& path : paths) by_target[path.back()->to].push_back(&path);
  for (const auto& [target, candidates] : by_target) {
    if (candidates.front()->size() == 1) continue;  // It needs nobody in between.
    auto way = best_of(map, candidates);
    if (!way || way->hops.front().to != link.to) continue;
    ways.push_back(*std::move(way));
  }
}

bool wants_bgp(const TransitWay& way) {
  const TransitRefusal* const refusal = way.first_refusal();
  return refusal != nullptr && refusal->field == "enable_bgp";
}

// `links` lead from one network to its neighbours.
std::optional<TransitWay> first_closed_way(const TransitMap& map,
                                           std::span<const TransitLink* const> links) {
  size_t count = 0;
  for (size_t a = 0; a < links.size(); ++a) {
    const TransitLink* const in = map.direct(links[a]->to, links[a]->from);
    for (size_t b = a + 1; b < links.size(); ++b) {
      if (++count > kTransitPairsMax) return std::nullopt;
      if (in == nullptr || map.direct(in->from, links[b]->to) != nullptr) continue;
      TransitWay way = way_over(map, {in, links[b]});
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

std::optional<TransitWay> find_way(const TransitMap& map, const std::string& from,
                                   const std::string& to, const IsFaulty& is_faulty) {
  const std::vector<Path> paths = map.paths(from, to);
  std::vector<const Path*> all;
  for (const Path& path : paths) all.push_back(&path);
  return best_of(map, all, is_faulty);
}

std::optional<TransitWay> find_way(const Model& model, std::string_view from, std::string_view to) {
  const TransitMap map(model, nullptr);
  const auto start = map.resolve(from), end = map.resolve(to);
  if (!start || !end) return std::nullopt;
  return find_way(map, *start, *end);
}

std::vector<TransitWay> ways_over(const Model& model, const Connection& connection) {
  const TransitMap map(model, nullptr);
  std::vector<TransitWay> ways;
  for (const TransitLink* const link : map.links_of(connection)) add_ways_over(map, *link, ways);
  return ways;
}

std::vector<TransitWay> closed_ways_between_neighbours(const Model& model) {
  const TransitMap map(model, nullptr);
  std::vector<TransitWay> ways;
  for (const auto& [name, network] : model.virtual_networks) {
    if (auto way = first_closed_way(map, map.connected_networks(name)))
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
