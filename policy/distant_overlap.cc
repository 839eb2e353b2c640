#include "policy/distant_overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "policy/bgp.h"
#include "policy/connection_ends.h"
#include "policy/peering_state.h"
#include "policy/prefix_index.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

// A prefix of a place that something leads to.
struct PlacedPrefix {
  IpPrefix prefix;
  const std::string* name = nullptr;
  const TransitPlace* place = nullptr;
  size_t group = 0;  // Of places that belong together.
};

// The default routes cover everything, and the address of a site's speaker is of its own site.
bool may_overlap(const TransitPlace& place, const IpPrefix& prefix) {
  if (prefix.length() == 0) return false;
  return place.site == nullptr || !is_speaker_host(place.site->bgp_settings, prefix);
}

template <class Names>
void add_prefixes(const TransitMap& map, const Names& names, size_t group,
                  std::vector<PlacedPrefix>& prefixes) {
  for (const std::string& name : names) {
    const auto& [own_name, place] = *map.places().find(name);
    for (const auto& prefix : *place.prefixes()) {
      if (may_overlap(place, *prefix)) prefixes.push_back({*prefix, &own_name, &place, group});
    }
  }
}

std::vector<PlacedPrefix> all_prefixes(const TransitMap& map) {
  std::vector<PlacedPrefix> prefixes;
  size_t group = 0;
  for (const auto& names : map.islands()) add_prefixes(map, names, group++, prefixes);
  return prefixes;
}

std::string overlap_text(const PlacedPrefix& a, const PlacedPrefix& b) {
  return fmt::format("{} of {} overlaps {} of {}", a.prefix.to_string(), *a.name,
                     b.prefix.to_string(), *b.name);
}

bool has_gateway_at(const TransitPlace& place, const IpAddress& address) {
  const auto* const gateway = gateway_of(place.model, *place.network);
  return gateway != nullptr &&
         std::ranges::any_of(gateway->ip_configurations,
                             [&](const auto& each) { return *each.public_ip_address == address; });
}

// What both administrators have in their files, or one has twice, may be one thing.
bool may_be_one(const TransitPlace& a, const TransitPlace& b) {
  if (a.network != nullptr && b.network != nullptr) return a.network->name == b.network->name;
  if (a.site != nullptr && b.site != nullptr) return may_be_one_site(*a.site, *b.site);
  const TransitPlace& network = a.network != nullptr ? a : b;
  const TransitPlace& site = a.network != nullptr ? b : a;
  if (!site.site->gateway_ip_address.is_set) return &a.model != &b.model;
  return has_gateway_at(network, *site.site->gateway_ip_address);
}

SourceMark mark_of(const TransitPlace& place) {
  return place.network != nullptr ? place.network->mark : place.site->mark;
}

}  // namespace

Findings check_distant_overlap(const TransitMap& map, const Findings& told) {
  std::set<std::pair<std::string_view, std::string_view>> said;
  for (const Finding& finding : told) {
    if (is_overlap_rule(finding.id) && finding.objects.size() > 1)
      said.emplace(finding.objects[0], finding.objects[1]);
  }
  RuleReport report(map.own(), kDistantOverlapRule);
  visit_overlaps(all_prefixes(map), [&](const PlacedPrefix& outer, const PlacedPrefix& inner) {
    const bool is_ours = &outer.place->model == &map.own();
    const PlacedPrefix& own = is_ours ? outer : inner;
    const PlacedPrefix& other = is_ours ? inner : outer;
    const bool is_new = outer.group == inner.group && &own.place->model == &map.own() &&
                        &other.place->model != &map.own() &&
                        !may_be_one(*own.place, *other.place) &&
                        said.emplace(own.place->path, other.place->path).second;
    if (is_new) {
      report.warning(
          {mark_of(*own.place),
           {own.place->path, other.place->path},
           overlap_text(own, other) + ", which is joined over others",
           "it works while nothing goes from one to the other; renumber one before that"});
    }
    return !report.is_full();
  });
  return report.take();
}

std::optional<std::string> find_overlap_across(const TransitMap& map,
                                               const Connection& connection) {
  const auto links = map.links_of(connection);
  if (links.empty()) return std::nullopt;
  const TransitLink& link = *links.front();
  const TransitLink back{.from = link.to, .to = link.from};
  const auto near = map.side_of(link), far = map.side_of(back);
  if (near.contains(link.to)) return std::nullopt;  // Other ways lead around it.
  std::vector<PlacedPrefix> prefixes;
  add_prefixes(map, near, 0, prefixes);
  add_prefixes(map, far, 1, prefixes);
  std::optional<std::string> found;
  visit_overlaps(std::move(prefixes), [&](const PlacedPrefix& outer, const PlacedPrefix& inner) {
    if (outer.group != inner.group && !may_be_one(*outer.place, *inner.place))
      found = overlap_text(inner, outer);
    return !found;
  });
  return found;
}

}  // namespace twinspan::policy
