// Rules about the estate as a whole: everything that is joined, however far.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/connection_ends.h"
#include "policy/peering_state.h"
#include "policy/rules.h"

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
  size_t island = 0;
};

class Atlas {
 public:
  explicit Atlas(const Model& model) : model_(model) {
    for (const auto& [name, network] : model.virtual_networks)
      add(path_of(network), name, network.mark, network.address_space);
    for (const auto& [name, connection] : model.connections) add_connection(connection);
    for (const auto& [name, peering] : model.peerings) add_peering(peering);
    find_islands();
  }

  const std::vector<Area>& areas() const { return areas_; }

  // Whether another rule speaks of these two already: they are joined, or both joined to a third.
  bool are_near(size_t a, size_t b) const {
    const Area& area = areas_[a];
    const auto meets = [b](const std::set<size_t>& neighbours) { return neighbours.contains(b); };
    if (meets(area.connected) || meets(area.peered)) return true;
    return std::ranges::any_of(area.connected,
                               [&](size_t c) { return meets(areas_[c].connected); }) ||
           std::ranges::any_of(area.peered, [&](size_t c) { return meets(areas_[c].peered); });
  }

 private:
  size_t add(std::string path, std::string name, SourceMark mark,
             const MarkedList<IpPrefix>& prefixes) {
    const auto [place, is_new] = index_.try_emplace(path, areas_.size());
    if (is_new) areas_.push_back({std::move(path), std::move(name), mark, &prefixes, {}, {}, 0});
    return place->second;
  }

  void add_connection(const Connection& connection) {
    const VirtualNetwork* const own = local_network(model_, connection);
    if (own == nullptr) return;
    std::optional<size_t> remote;
    if (const auto* const gateway = counterpart_gateway(model_, connection)) {
      if (const VirtualNetwork* const network = network_of(model_, *gateway))
        remote = index_.at(path_of(*network));
    } else if (const auto* const peer =
                   find(model_.local_network_gateways, *connection.local_network_gateway2)) {
      remote = add(path_of(*peer), peer->name, peer->mark, peer->address_prefixes);
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
  std::vector<Area> areas_;
  std::map<std::string, size_t> index_;
};

struct PlacedPrefix {
  IpPrefix prefix;
  size_t area = 0;
  auto operator<=>(const PlacedPrefix&) const = default;
};

// Sorted by first address, a prefix before those inside it. The default routes cover everything
// and are no overlap.
std::vector<PlacedPrefix> all_prefixes(const Atlas& atlas) {
  std::vector<PlacedPrefix> prefixes;
  for (size_t area = 0; area < atlas.areas().size(); ++area) {
    for (const auto& prefix : **atlas.areas()[area].prefixes) {
      if (prefix->length() != 0) prefixes.push_back({*prefix, area});
    }
  }
  std::ranges::sort(prefixes);
  return prefixes;
}

void report_distant_overlap(const Atlas& atlas, const PlacedPrefix& outer,
                            const PlacedPrefix& inner, RuleReport& report) {
  const Area& a = atlas.areas()[outer.area];
  const Area& b = atlas.areas()[inner.area];
  if (&a == &b || a.island != b.island || atlas.are_near(outer.area, inner.area)) return;
  report.warning({b.mark,
                  {b.path, a.path},
                  fmt::format("{} of {} overlaps {} of {}, which is joined over others",
                              inner.prefix.to_string(), b.name, outer.prefix.to_string(), a.name),
                  "it works while nothing goes from one to the other; renumber one before that"});
}

}  // namespace

void check_distant_overlap(const Model& model, RuleReport& report) {
  const Atlas atlas(model);
  std::vector<PlacedPrefix> around;  // Those that the current one lies in, the widest first.
  for (const PlacedPrefix& current : all_prefixes(atlas)) {
    while (!around.empty() && !around.back().prefix.contains(current.prefix)) around.pop_back();
    for (const PlacedPrefix& outer : around) {
      if (report.is_full()) return;
      report_distant_overlap(atlas, outer, current, report);
    }
    around.push_back(current);
  }
}

}  // namespace twinspan::policy
