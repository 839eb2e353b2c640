// Rules about the estate as a whole: everything that is joined, however far.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/bgp.h"
#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/peering_state.h"
#include "policy/prefix_index.h"
#include "policy/rules.h"
#include "policy/transit.h"

namespace twinspan::policy {
namespace {

// What has addresses: a network of ours, or what is behind somebody else's gateway.
struct Area {
  std::string path;
  std::string name;
  SourceMark mark;
  const MarkedList<IpPrefix>* prefixes = nullptr;
  std::set<size_t> connected;  // Areas at the other end of a connection.
  std::set<size_t> peered;
  std::set<size_t> hubs;                    // Those whose gateway it uses.
  const VirtualNetwork* network = nullptr;  // This one or `site` is set.
  const LocalNetworkGateway* site = nullptr;
  size_t island = 0;
};

class Atlas {
 public:
  explicit Atlas(const Model& model) : model_(model), counterparts_(model) {
    for (const auto& [name, network] : model.virtual_networks) {
      const size_t area = add(path_of(network), name, network.mark, network.address_space);
      areas_[area].network = &network;
    }
    for (const auto& [name, connection] : model.connections) add_connection(connection);
    for (const auto& [name, peering] : model.peerings) add_peering(peering);
    for (const TransitUse& use : transit_uses(model)) add_use(use);
    find_islands();
  }

  const std::vector<Area>& areas() const { return areas_; }

  // Whether another rule speaks of these two already: they are joined, or both joined to a third,
  // or a spoke uses the gateway that is joined to the other one.
  bool are_near(size_t a, size_t b) const {
    if (is_reached_over_hub(a, b) || is_reached_over_hub(b, a)) return true;
    const Area& area = areas_[a];
    const auto meets = [b](const std::set<size_t>& neighbours) { return neighbours.contains(b); };
    if (meets(area.connected) || meets(area.peered)) return true;
    return std::ranges::any_of(area.connected,
                               [&](size_t c) { return meets(areas_[c].connected); }) ||
           std::ranges::any_of(area.peered, [&](size_t c) { return meets(areas_[c].peered); });
  }

  // Two descriptions of one site, for two gateways.
  bool may_be_one(size_t a, size_t b) const {
    const auto *const one = areas_[a].site, *const other = areas_[b].site;
    return one != nullptr && other != nullptr && may_be_one_site(*one, *other);
  }

  // Whether twinspand refuses the two, of which `inner` lies in `outer`: attached networks of one
  // host, or a tunnel into one. With one gateway there is one host, which has all interfaces.
  bool do_clash_on_host(size_t outer, size_t inner) const {
    return is_attached(areas_[outer]) && may_be_on_host(outer) && may_be_on_host(inner);
  }
  bool may_be_on_host(size_t area) const {
    const bool is_site = areas_[area].network == nullptr;
    return model_.gateways.size() == 1 && (is_site || is_attached(areas_[area]));
  }

 private:
  bool is_attached(const Area& area) const {
    if (area.network == nullptr) return false;
    return gateway_of(model_, *area.network) != nullptr || !area.network->interfaces->empty();
  }

  bool is_reached_over_hub(size_t spoke, size_t remote) const {
    return std::ranges::any_of(areas_[spoke].hubs,
                               [&](size_t hub) { return areas_[hub].connected.contains(remote); });
  }

  size_t add(std::string path, std::string name, SourceMark mark,
             const MarkedList<IpPrefix>& prefixes) {
    const auto [place, is_new] = index_.try_emplace(path, areas_.size());
    if (is_new)
      areas_.push_back(
          {std::move(path), std::move(name), mark, &prefixes, {}, {}, {}, nullptr, nullptr, 0});
    return place->second;
  }

  void add_connection(const Connection& connection) {
    const VirtualNetwork* const own = local_network(model_, connection);
    if (own == nullptr) return;
    std::optional<size_t> remote;
    if (const auto* const gateway = counterparts_.counterpart_gateway(connection)) {
      if (const VirtualNetwork* const network = network_of(model_, *gateway))
        remote = index_.at(path_of(*network));
    } else if (const auto* const peer = site_of(model_, connection)) {
      remote = add(path_of(*peer), peer->name, peer->mark, peer->address_prefixes);
      areas_[*remote].site = peer;
    }
    if (!remote) return;
    join(index_.at(path_of(*own)), *remote, &Area::connected);
  }

  void add_peering(const Peering& peering) {
    const auto* const own = find(model_.virtual_networks, *peering.virtual_network);
    const auto* const remote = find(model_.virtual_networks, *peering.remote_virtual_network);
    if (own == nullptr || remote == nullptr) return;
    join(index_.at(path_of(*own)), index_.at(path_of(*remote)), &Area::peered);
  }

  void add_use(const TransitUse& use) {
    if (const VirtualNetwork* const hub = network_of(model_, *use.gateway))
      areas_[index_.at(path_of(*use.network))].hubs.insert(index_.at(path_of(*hub)));
  }

  void join(size_t a, size_t b, std::set<size_t> Area::* kind) {
    (areas_[a].*kind).insert(b);
    (areas_[b].*kind).insert(a);
  }

  void find_islands() {
    size_t island = 0;
    for (size_t start = 0; start < areas_.size(); ++start) {
      if (areas_[start].island != 0) continue;
      ++island;
      std::vector<size_t> open = {start};
      while (!open.empty()) {
        Area& area = areas_[open.back()];
        open.pop_back();
        if (area.island != 0) continue;
        area.island = island;
        for (const auto* const neighbours : {&area.connected, &area.peered})
          open.insert(open.end(), neighbours->begin(), neighbours->end());
      }
    }
  }

  const Model& model_;
  const Counterparts counterparts_;
  std::vector<Area> areas_;
  std::map<std::string, size_t> index_;
};

struct PlacedPrefix {
  IpPrefix prefix;
  size_t area = 0;
};

// The default routes cover everything, and the address of a site's speaker is of its own site.
void add_prefixes(const Atlas& atlas, size_t area, std::vector<PlacedPrefix>& prefixes) {
  const LocalNetworkGateway* const site = atlas.areas()[area].site;
  for (const auto& prefix : **atlas.areas()[area].prefixes) {
    const bool is_speaker = site != nullptr && is_speaker_host(site->bgp_settings, *prefix);
    if (prefix->length() != 0 && !is_speaker) prefixes.push_back({*prefix, area});
  }
}

// Of each group of areas that are joined.
std::vector<std::vector<PlacedPrefix>> prefixes_by_island(const Atlas& atlas) {
  std::map<size_t, std::vector<PlacedPrefix>> islands;
  for (size_t area = 0; area < atlas.areas().size(); ++area)
    add_prefixes(atlas, area, islands[atlas.areas()[area].island]);
  std::vector<std::vector<PlacedPrefix>> groups;
  for (auto& [island, prefixes] : islands) groups.push_back(std::move(prefixes));
  return groups;
}

// Of those that may be on one host.
std::vector<PlacedPrefix> prefixes_of_host(const Atlas& atlas) {
  std::vector<PlacedPrefix> prefixes;
  for (size_t area = 0; area < atlas.areas().size(); ++area) {
    if (atlas.may_be_on_host(area)) add_prefixes(atlas, area, prefixes);
  }
  return prefixes;
}

// One prefix inside the other, or the same one, of two areas.
struct Overlap {
  const Area& a;
  const Area& b;
  const IpPrefix& outer;
  const IpPrefix& inner;  // Of b.
  bool are_near = false;
  bool do_clash_on_host = false;

  std::string to_string() const {
    return fmt::format("{} of {} overlaps {} of {}", inner.to_string(), b.name, outer.to_string(),
                       a.name);
  }
};

// Thousands of networks of one prefix around one hub, of which other rules have as much to say as a
// report holds.
constexpr size_t kPairsMax = 1'000'000;

template <class Visit>
void for_each_overlap(const Atlas& atlas, std::vector<PlacedPrefix> prefixes,
                      const RuleReport& report, const Visit& visit) {
  size_t count = 0;
  visit_overlaps(std::move(prefixes), [&](const PlacedPrefix& outer, const PlacedPrefix& inner) {
    if (outer.area != inner.area && !atlas.may_be_one(outer.area, inner.area)) {
      visit(Overlap{atlas.areas()[outer.area], atlas.areas()[inner.area], outer.prefix,
                    inner.prefix, atlas.are_near(outer.area, inner.area),
                    atlas.do_clash_on_host(outer.area, inner.area)});
    }
    return !report.is_full() && ++count < kPairsMax;
  });
}

}  // namespace

void check_distant_overlap(const Model& model, RuleReport& report) {
  const Atlas atlas(model);
  for (auto& prefixes : prefixes_by_island(atlas)) {
    for_each_overlap(atlas, std::move(prefixes), report, [&](const Overlap& overlap) {
      if (overlap.are_near || overlap.do_clash_on_host) return;
      report.warning(
          {overlap.b.mark,
           {overlap.b.path, overlap.a.path},
           overlap.to_string() + ", which is joined over others",
           "it works while nothing goes from one to the other; renumber one before that"});
    });
  }
}

void check_not_empty(const Model& model, RuleReport& report) {
  if (!model.virtual_networks.empty() || !model.gateways.empty() || !model.connections.empty())
    return;
  report.warning({{.file = 0, .line = 1, .column = 1},
                  {"virtual_networks"},
                  "the estate has no network, no gateway and no connection",
                  "describe at least one network and its gateway"});
}

// Those that nothing joins can still not be on one host.
void check_attached_overlap(const Model& model, RuleReport& report) {
  const Atlas atlas(model);
  for_each_overlap(atlas, prefixes_of_host(atlas), report, [&](const Overlap& overlap) {
    if (overlap.are_near || !overlap.do_clash_on_host) return;
    report.error({overlap.b.mark,
                  {overlap.b.path, overlap.a.path},
                  overlap.to_string() + ", which is attached to the gateway's host",
                  "what is attached to one host needs addresses of its own: renumber one side"});
  });
}

// Of each network one pair says enough: the others are alike, and nobody may want them.
void check_transit(const Model& model, RuleReport& report) {
  for (const TransitWay& way : closed_ways_between_neighbours(model)) {
    const TransitHop& in = way.hops.front();
    const std::string& to = way.hops.back().to;
    const TransitRefusal& refusal = *way.first_refusal();
    const auto* const network = find(model.virtual_networks, in.to);
    if (network == nullptr) continue;
    report.info(
        {network->mark,
         {path_of(*network), refusal.object},
         fmt::format("{} and {} do not reach each other over {}: {}", in.from, to, in.to,
                     refusal.reason),
         fmt::format("right unless they are meant to; then enable_bgp on every connection in "
                     "between: `twinspan validate --from {} --to {}` goes through them",
                     in.from, to)});
  }
}

}  // namespace twinspan::policy
