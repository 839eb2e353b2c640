#include "policy/selector_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "policy/route_mode.h"
#include "policy/word_list.h"

namespace twinspan::policy {
namespace {

constexpr size_t kNamedMax = 4;

bool has_policies(const End& end) {
  const auto* const gateway = local_gateway(end.model, end.connection);
  return gateway != nullptr && uses_selector_policies(*gateway, end.connection);
}

// nullopt: any-to-any, none at all, or more than are ever made.
std::optional<std::set<RangePair>> pairs_of(const End& end) {
  if (!proposes_pairs(end)) return std::nullopt;
  const auto sent = prefixes_sent(end);
  if (!sent) return std::nullopt;
  const VirtualNetworkGateway& gateway = *local_gateway(end.model, end.connection);
  const TunnelSelectors selectors =
      tunnel_selectors(gateway, end.connection, prefixes_behind(end.model, gateway), *sent);
  std::set<RangePair> pairs;
  for (const SelectorPair& pair : selectors.pairs) {
    for (const TrafficSelector& local : pair.local) {
      for (const TrafficSelector& remote : pair.remote) {
        if (local.family() == remote.family()) pairs.insert({local, remote});
        if (pairs.size() >= kSelectorPairsMax) return std::nullopt;
      }
    }
  }
  if (pairs.empty()) return std::nullopt;
  return pairs;
}

// Those about which the two lists differ.
std::vector<IpPrefix> disputed(const TwoEnds& ends) {
  const auto difference = compare_prefixes(ends);
  if (!difference) return {};
  std::vector<IpPrefix> prefixes = difference->missing;
  std::ranges::copy(difference->unknown, std::back_inserter(prefixes));
  std::ranges::transform(difference->wider, std::back_inserter(prefixes),
                         &PrefixDifference::Wide::listed);
  return prefixes;
}

bool overlap(const TrafficSelector& a, const TrafficSelector& b) {
  return TrafficSelector::intersect(a, b).has_value();
}

bool touches(const TrafficSelector& range, const std::vector<IpPrefix>& prefixes) {
  return std::ranges::any_of(prefixes, [&](const IpPrefix& prefix) {
    return overlap(range, TrafficSelector::from_prefix(prefix));
  });
}

// Whether the ranges hold all of `wanted` together; `ranges` are in the order of their first
// addresses.
bool do_cover(const TrafficSelector& wanted, const std::vector<TrafficSelector>& ranges) {
  IpAddress next = wanted.first_address;  // The first one that no range has held so far.
  for (const TrafficSelector& range : ranges) {
    if (!range.contains(next)) continue;
    const auto after = range.last_address.next();
    if (range.last_address >= wanted.last_address || !after) return true;
    next = *after;
  }
  return false;
}

// Where a range of `pairs` begins or has ended, within `wanted`: between two of them all local
// addresses are alike.
std::set<IpAddress> local_borders(const RangePair& wanted, const std::vector<RangePair>& pairs) {
  std::set<IpAddress> borders{wanted.local.first_address};
  for (const RangePair& pair : pairs) {
    if (wanted.local.contains(pair.local.first_address)) borders.insert(pair.local.first_address);
    const auto after = pair.local.last_address.next();
    if (after && wanted.local.contains(*after)) borders.insert(*after);
  }
  return borders;
}

// Whether each packet of `wanted` is one of some pair: the peer narrows what is proposed to its own
// selectors (RFC 7296 2.9).
bool is_held(const RangePair& wanted, const std::set<RangePair>& all) {
  std::vector<RangePair> pairs;
  std::ranges::copy_if(all, std::back_inserter(pairs), [&](const RangePair& pair) {
    return overlap(pair.local, wanted.local) && overlap(pair.remote, wanted.remote);
  });
  std::ranges::sort(pairs, {}, &RangePair::remote);
  return std::ranges::all_of(local_borders(wanted, pairs), [&](const IpAddress& local) {
    std::vector<TrafficSelector> remotes;
    for (const RangePair& pair : pairs) {
      if (pair.local.contains(local)) remotes.push_back(pair.remote);
    }
    return do_cover(wanted.remote, remotes);
  });
}

bool never_proposes(const End& end) {
  return *end.connection.connection_mode == ConnectionMode::ResponderOnly;
}

}  // namespace

std::string words_of(const std::vector<RangePair>& pairs) {
  std::vector<std::string> words;
  for (const RangePair& pair : pairs)
    words.push_back(fmt::format("{} === {}", pair.local.to_string(), pair.remote.to_string()));
  return first_of(words, kNamedMax);
}

std::vector<RangePair> pairs_lacking(const TwoEnds& ends) {
  if (is_bgp_spoken(ends.there) && is_bgp_spoken(ends.back)) return {};
  if (never_proposes(ends.back)) return {};
  const auto own = pairs_of(ends.there);
  const auto other = own ? pairs_of(ends.back) : std::nullopt;
  if (!other) return {};
  const auto behind_back = disputed(ends), behind_there = disputed(ends.reversed());
  const bool is_exact = has_exact_selectors(ends.there) || has_exact_selectors(ends.back);
  std::vector<RangePair> lacking;
  for (const RangePair& pair : *other) {
    const RangePair wanted = pair.mirrored();
    if (own->contains(wanted) || (!is_exact && is_held(wanted, *own))) continue;
    if (touches(wanted.remote, behind_back) || touches(wanted.local, behind_there)) continue;
    lacking.push_back(wanted);
  }
  return lacking;
}

FieldPlace place_of_pairs(const End& end) {
  const Connection& connection = end.connection;
  if (has_policies(end)) {
    return {path_of(connection), "traffic_selector_policies",
            connection.traffic_selector_policies_mark};
  }
  const auto* const gateway = local_gateway(end.model, connection);
  if (gateway == nullptr || gateway->is_policy_based()) return place_of_prefixes(end);
  return {path_of(connection), "use_policy_based_traffic_selectors",
          connection.use_policy_based_traffic_selectors.mark};
}

void compare_selector_pairs(const TwoEnds& ends, RuleReport& report) {
  const Connection& own = ends.there.connection;
  const std::string& other = ends.back.connection.name;
  const std::string other_place = ends.back_place(place_of_pairs(ends.back).mark);
  std::vector<RangePair> there = pairs_lacking(ends.reversed());
  std::ranges::transform(there, there.begin(), &RangePair::mirrored);
  if (!there.empty()) {
    const SourceMark mark =
        has_policies(ends.there) ? own.traffic_selector_policies_mark : own.mark;
    report.error({mark, ends.objects(),
                  fmt::format("{} has no pair {}{}", other, words_of(there), other_place),
                  "each pair is a Child SA of both ends: write it there too, or remove it here"});
  }
  if (const auto here = pairs_lacking(ends); !here.empty()) {
    const FieldPlace place = place_of_pairs(ends.there);
    std::vector<std::string> objects = ends.objects();
    if (place.object != objects.front()) objects.insert(objects.begin(), place.object);
    report.error({place.mark, objects,
                  fmt::format("it has no pair {}, as {} has{}", words_of(here), other, other_place),
                  "each pair is a Child SA of both ends: write it here too, or remove it there"});
  }
}

}  // namespace twinspan::policy
