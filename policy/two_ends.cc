#include "policy/two_ends.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "policy/bgp.h"
#include "policy/counterparts.h"
#include "policy/likeness.h"
#include "policy/peering_state.h"
#include "policy/prefix_index.h"
#include "policy/sku.h"
#include "policy/word_list.h"

namespace twinspan::policy {
namespace {

constexpr size_t kExcessNamedMax = 4;

bool is_within(const IpPrefix& prefix, const MarkedList<IpPrefix>& list) {
  return std::ranges::any_of(*list, [&](const auto& other) { return other->contains(prefix); });
}

// Its network, and those that use the gateway over a peering.
MarkedList<IpPrefix> behind_gateway(const End& end) {
  const auto* const gateway = local_gateway(end.model, end.connection);
  return gateway == nullptr ? MarkedList<IpPrefix>{} : prefixes_behind(end.model, *gateway);
}

// What is behind an end as far as the connection goes: its own selectors, else its network and
// those that use the gateway over a peering.
MarkedList<IpPrefix> behind_end(const End& end) {
  if (end.connection.traffic_selector_policies.empty()) return behind_gateway(end);
  MarkedList<IpPrefix> prefixes{.mark = end.connection.mark, .is_set = true};
  for (const TrafficSelectorPolicy& policy : end.connection.traffic_selector_policies) {
    for (const Marked<AddressRange>& range : *policy.local_address_ranges) {
      const IpPrefix prefix = prefix_around(*range);
      if (!is_within(prefix, prefixes)) prefixes.value.push_back({prefix, range.mark, true});
    }
  }
  return prefixes;
}

// An empty list sends nothing, unless BGP is to fill it, or a file of another program does not
// tell.
bool are_told(const MarkedList<IpPrefix>& sent, const End& end) {
  return !sent->empty() || !(end.connection.latitude || *end.connection.enable_bgp);
}

std::vector<IpPrefix> covered_by(const IpPrefix& prefix, const MarkedList<IpPrefix>& list) {
  std::vector<IpPrefix> covered;
  for (const auto& other : *list) {
    if (prefix.contains(*other) && std::ranges::find(covered, *other) == covered.end())
      covered.push_back(*other);
  }
  return covered;
}

// Whether something behind the end can send to it.
bool has_use_for(const MarkedList<IpPrefix>& own, const IpPrefix& prefix) {
  return own->empty() || std::ranges::any_of(*own, [&](const auto& other) {
           return other->family() == prefix.family();
         });
}

bool do_routes_decide(const End& end) {
  return end.connection.latitude && end.connection.latitude->routes_decide;
}

// Another program's, which waits for its peer, wherever it is.
bool takes_any_address(const End& end) {
  return end.connection.latitude && site_of(end.model, end.connection) != nullptr;
}

bool is_listed(const IpPrefix& prefix, const MarkedList<IpPrefix>& list) {
  return std::ranges::any_of(*list, [&](const auto& other) { return *other == prefix; });
}

// The object of `there` itself, or another one that stands for the gateway of `back`.
bool describes_back(const TwoEnds& ends, const LocalNetworkGateway& site) {
  if (&site == site_of(ends.there.model, ends.there.connection)) return true;
  const auto* const gateway = local_gateway(ends.back.model, ends.back.connection);
  return gateway != nullptr && site.gateway_ip_address.is_set &&
         std::ranges::any_of(gateway->ip_configurations, [&](const IpConfiguration& instance) {
           return *instance.public_ip_address == *site.gateway_ip_address;
         });
}

// A further connection of `back`'s gateway, to somewhere else than `there`.
bool leads_on(const TwoEnds& ends, const Connection& further) {
  if (*further.virtual_network_gateway1 != *ends.back.connection.virtual_network_gateway1)
    return false;
  const auto* const own = local_gateway(ends.there.model, ends.there.connection);
  if (&further == &ends.back.connection || own == nullptr) return false;
  const auto led_to = remote_addresses(ends.back.model, further);
  const auto known = local_addresses(*own, ends.there.connection);
  return std::ranges::find_first_of(led_to, known) == led_to.end();
}

// What may be behind a connection with BGP: all that its estate knows.
void add_whatever_is_known(const TwoEnds& ends, MarkedList<IpPrefix>& to) {
  const Model& model = ends.back.model;
  for (const auto& [name, network] : model.virtual_networks)
    std::ranges::copy(*network.address_space, std::back_inserter(to.value));
  for (const auto& [name, site] : model.local_network_gateways) {
    if (!describes_back(ends, site))
      std::ranges::copy(*site.address_prefixes, std::back_inserter(to.value));
  }
}

MarkedList<IpPrefix> joined(MarkedList<IpPrefix> list, const MarkedList<IpPrefix>& more) {
  std::ranges::copy(*more, std::back_inserter(list.value));
  return list;
}

// What `there` has to send and does not. Nobody misses a family that nothing on its side has.
std::vector<IpPrefix> missing_of(const MarkedList<IpPrefix>& behind,
                                 const MarkedList<IpPrefix>& sent, const End& there,
                                 bool is_exact) {
  std::vector<IpPrefix> missing;
  for (const auto& prefix : *behind) {
    const bool is_there = is_exact ? is_listed(*prefix, sent) : is_covered(*prefix, sent);
    if (!is_there) missing.push_back(*prefix);
  }
  if (missing.empty()) return missing;
  const MarkedList<IpPrefix> own = behind_gateway(there);
  std::erase_if(missing, [&](const IpPrefix& prefix) { return !has_use_for(own, prefix); });
  return missing;
}

// Behind `back`'s gateway, and what an administrator may have written by hand for transit: behind
// its further connections.
MarkedList<IpPrefix> reached_over_back(const TwoEnds& ends) {
  const Model& model = ends.back.model;
  const auto* const gateway = local_gateway(model, ends.back.connection);
  if (gateway == nullptr) return {};
  MarkedList<IpPrefix> prefixes = prefixes_behind(model, *gateway);
  bool is_learned = false;
  for (const auto& [name, further] : model.connections) {
    if (!leads_on(ends, further)) continue;
    is_learned |= is_bgp_spoken({model, further});
    if (const auto sent = prefixes_sent({model, further}))
      std::ranges::copy(**sent, std::back_inserter(prefixes.value));
  }
  if (is_learned) add_whatever_is_known(ends, prefixes);
  return prefixes;
}

// The gateway's own network, and those that use it over a peering.
std::vector<const VirtualNetwork*> networks_behind(const End& end) {
  std::vector<const VirtualNetwork*> networks;
  const VirtualNetworkGateway* const gateway = local_gateway(end.model, end.connection);
  if (gateway == nullptr) return networks;
  networks = networks_in_transit(end.model, *gateway);
  if (const VirtualNetwork* const own = network_of(end.model, *gateway))
    networks.insert(networks.begin(), own);
  return networks;
}

// "gw-a is policy-based"; empty: the gateway can speak BGP.
std::string obstacle_to_bgp(const Model& model, const VirtualNetworkGateway& gateway) {
  const VirtualNetwork* const network = network_of(model, gateway);
  if (network != nullptr && network->is_classic())
    return fmt::format("{} is a classic network", network->name);
  if (gateway.is_policy_based()) return fmt::format("{} is policy-based", gateway.name);
  if (!sku_of(gateway).has_bgp)
    return fmt::format("sku {} of {} has none", *gateway.sku, gateway.name);
  return "";
}

// Two ways to one gateway need BGP at both ends.
std::string remedy_of_instances(const End& there, const OtherGateway& other) {
  const auto* const own = local_gateway(there.model, there.connection);
  std::string obstacle = obstacle_to_bgp(other.model, other.gateway);
  if (obstacle.empty() && own != nullptr) obstacle = obstacle_to_bgp(there.model, *own);
  if (obstacle.empty())
    return "add a local network gateway with that address, and a connection to it; two ways to one "
           "place need BGP: enable_bgp: true on both gateways and all these connections, and in "
           "each local network gateway bgp_settings in place of address_prefixes";
  return fmt::format(
      "two ways to one place need BGP, and {}: keep one of the ip_configurations of "
      "{} and set active_active: false",
      obstacle, other.gateway.name);
}

}  // namespace

bool is_bgp_spoken(const End& end) {
  const VirtualNetworkGateway* const gateway = local_gateway(end.model, end.connection);
  return *end.connection.enable_bgp && gateway != nullptr && *gateway->enable_bgp;
}

// Prefixes are the selectors there, so they have to be the same ones.
bool has_exact_selectors(const End& end) {
  const VirtualNetworkGateway* const gateway = local_gateway(end.model, end.connection);
  return gateway != nullptr && gateway->is_policy_based();
}

bool proposes_pairs(const End& end) {
  const auto* const gateway = local_gateway(end.model, end.connection);
  return gateway != nullptr &&
         (gateway->is_policy_based() || *end.connection.use_policy_based_traffic_selectors);
}

bool is_classic(const End& end) {
  const VirtualNetwork* const network = local_network(end.model, end.connection);
  return network != nullptr && network->is_classic();
}

std::string TwoEnds::back_path(const std::string& path) const {
  if (is_one_estate() || back.model.files.empty()) return path;
  return fmt::format("{}:{}", back.model.files.front(), path);
}

std::string TwoEnds::back_place(SourceMark mark) const {
  if (is_one_estate() || mark.file >= back.model.files.size()) return "";
  return fmt::format(" ({}:{})", back.model.files[mark.file], mark.line);
}

std::vector<std::string> TwoEnds::objects() const {
  return {path_of(there.connection), back_path(path_of(back.connection))};
}

Connection missing_back(const Connection& connection, const VirtualNetworkGateway& other) {
  Connection back;
  back.virtual_network_gateway1.value = other.name;
  back.enable_bgp = connection.enable_bgp;
  return back;
}

std::optional<MarkedList<IpPrefix>> prefixes_sent(const End& end) {
  if (auto remote = remote_end(end.model, end.connection)) return std::move(remote->prefixes);
  const LocalNetworkGateway* const site = site_of(end.model, end.connection);
  if (site == nullptr) return std::nullopt;
  return site->address_prefixes;
}

std::optional<PrefixDifference> compare_prefixes(const TwoEnds& ends) {
  const auto sent = prefixes_sent(ends.there);
  const VirtualNetwork* const network = local_network(ends.back.model, ends.back.connection);
  if (!sent || network == nullptr) return std::nullopt;
  if (is_bgp_spoken(ends.there) && is_bgp_spoken(ends.back)) return std::nullopt;
  if (do_routes_decide(ends.there) || do_routes_decide(ends.back)) return std::nullopt;
  const bool is_exact = has_exact_selectors(ends.there) || has_exact_selectors(ends.back);
  const MarkedList<IpPrefix> behind = behind_end(ends.back);
  if (behind->empty() || !are_told(*sent, ends.there)) return std::nullopt;
  PrefixDifference difference;
  difference.missing = missing_of(behind, *sent, ends.there, is_exact);
  std::optional<MarkedList<IpPrefix>> reached;  // Seldom needed, and made of all connections.
  for (const auto& prefix : **sent) {
    if (is_exact ? is_listed(*prefix, behind)
                 : prefix->length() == 0 || is_covered(*prefix, behind))
      continue;
    if (!is_exact && !reached) reached = joined(behind, reached_over_back(ends));
    if (!is_exact && is_covered(*prefix, *reached)) continue;
    // Selectors that have to be the same are as wrong when they are wider.
    auto covered = is_exact ? std::vector<IpPrefix>{} : covered_by(*prefix, *reached);
    if (covered.empty()) {
      if (difference.unknown.empty()) difference.unknown_mark = prefix.mark;
      difference.unknown.push_back(*prefix);
    } else {
      auto excess = uncovered(*prefix, *reached);
      difference.wider.push_back({*prefix, prefix.mark, std::move(covered), std::move(excess)});
    }
  }
  return difference;
}

std::string words_of(const PrefixDifference::Wide& wide) {
  return fmt::format("{}, which is wider than {}", wide.listed.to_string(), listed(wide.covered));
}

std::string excess_of(const PrefixDifference::Wide& wide) {
  std::vector<std::string> words;
  for (const IpPrefix& prefix : wide.excess) words.push_back(prefix.to_string());
  return first_of(words, kExcessNamedMax);
}

FieldPlace place_of_prefixes(const End& end) {
  if (end.connection.is_vnet_to_vnet()) {
    const VirtualNetworkGateway* const remote = remote_gateway(end.model, end.connection);
    if (remote == nullptr) {
      return {path_of(end.connection), "virtual_network_gateway2",
              end.connection.virtual_network_gateway2.mark};
    }
    if (const VirtualNetwork* const network = network_of(end.model, *remote))
      return {path_of(*network), "address_space", network->address_space.mark};
    return {path_of(*remote), "virtual_network", remote->virtual_network.mark};
  }
  const auto* const peer = site_of(end.model, end.connection);
  if (peer == nullptr) {
    return {path_of(end.connection), "local_network_gateway2",
            end.connection.local_network_gateway2.mark};
  }
  return {path_of(*peer), "address_prefixes", peer->address_prefixes.mark};
}

FieldPlace place_of_address(const End& end) {
  if (end.connection.is_vnet_to_vnet()) {
    const VirtualNetworkGateway* const remote = remote_gateway(end.model, end.connection);
    if (remote == nullptr || remote->ip_configurations.empty()) {
      return {path_of(end.connection), "virtual_network_gateway2",
              end.connection.virtual_network_gateway2.mark};
    }
    return {path_of(*remote), "ip_configurations.public_ip_address",
            remote->ip_configurations.front().public_ip_address.mark};
  }
  const auto* const peer = site_of(end.model, end.connection);
  if (peer == nullptr) {
    return {path_of(end.connection), "local_network_gateway2",
            end.connection.local_network_gateway2.mark};
  }
  if (peer->fqdn.is_set) return {path_of(*peer), "fqdn", peer->fqdn.mark};
  return {path_of(*peer), "gateway_ip_address", peer->gateway_ip_address.mark};
}

FieldPlace place_of_key(const End& end) {
  return {path_of(end.connection), "shared_key", end.connection.shared_key_file.mark};
}

Verdict compare_address(const TwoEnds& ends) {
  const auto* const gateway = local_gateway(ends.back.model, ends.back.connection);
  const auto remote = remote_end(ends.there.model, ends.there.connection);
  if (gateway == nullptr) return Verdict::Wrong;
  if (!remote) return takes_any_address(ends.there) ? Verdict::Unknown : Verdict::Wrong;
  const auto led_to = remote_addresses(ends.there.model, ends.there.connection);
  const auto known = local_addresses(*gateway, ends.back.connection);
  if (std::ranges::find_first_of(led_to, known) != led_to.end()) return Verdict::Right;
  return !remote->address || known.empty() ? Verdict::Unknown : Verdict::Wrong;
}

std::optional<size_t> instance_led_to(const TwoEnds& ends) {
  const auto* const gateway = local_gateway(ends.back.model, ends.back.connection);
  if (ends.there.connection.is_vnet_to_vnet() || gateway == nullptr) return std::nullopt;
  const auto led_to = remote_addresses(ends.there.model, ends.there.connection);
  const auto& instances = gateway->ip_configurations;
  const auto found = std::ranges::find_if(instances, [&](const IpConfiguration& instance) {
    return std::ranges::find(led_to, *instance.public_ip_address) != led_to.end();
  });
  if (found == instances.end()) return std::nullopt;
  return static_cast<size_t>(found - instances.begin());
}

std::vector<IpAddress> instances_left_out(const TwoEnds& ends, const Counterparts& counterparts) {
  const auto* const own = local_gateway(ends.there.model, ends.there.connection);
  const auto* const other = local_gateway(ends.back.model, ends.back.connection);
  if (ends.there.connection.is_vnet_to_vnet() || own == nullptr || other == nullptr ||
      other->ip_configurations.size() < 2 || compare_address(ends) != Verdict::Right)
    return {};
  return counterparts.addresses_left_out(*own, *other);
}

void report_address(const TwoEnds& ends, const Counterparts& counterparts, RuleReport& report) {
  if (compare_address(ends) != Verdict::Wrong) return;
  const FieldPlace place = place_of_address(ends.there);
  const auto remote = remote_end(ends.there.model, ends.there.connection);
  const auto* const own = local_gateway(ends.there.model, ends.there.connection);
  const auto* const gateway = local_gateway(ends.back.model, ends.back.connection);
  if (!remote || !remote->address || own == nullptr || gateway == nullptr) return;
  // Where others lead to some of its instances, one of the remaining ones is meant.
  auto meant = counterparts.addresses_left_out(*own, *gateway);
  if (meant.empty()) meant = local_addresses(*gateway, ends.back.connection);
  report.error({place.mark,
                {place.object, ends.back_path(path_of(*gateway))},
                fmt::format("{} is {}, but the other side's gateway {} has {}", place.field,
                            remote->address->to_string(), gateway->name,
                            listed(local_addresses(*gateway, ends.back.connection), ", ")),
                fmt::format("write {}, the public address of the other side's gateway",
                            listed(meant, " or "))});
}

void report_instances(const End& there, const OtherGateway& other,
                      const std::vector<IpAddress>& left_out, RuleReport& report) {
  const std::string remedy = remedy_of_instances(there, other);
  const FieldPlace place = place_of_address(there);
  for (const IpAddress& address : left_out) {
    report.warning({place.mark,
                    {place.object, other.path, path_of(there.connection)},
                    fmt::format("{} is active/active, and no connection of {} leads to its "
                                "instance at {}",
                                other.gateway.name, *there.connection.virtual_network_gateway1,
                                address.to_string()),
                    remedy});
  }
}

void report_prefixes(const TwoEnds& ends, RuleReport& report) {
  const auto difference = compare_prefixes(ends);
  if (!difference) return;
  // In one estate connection.remote-prefixes says that the list is empty.
  const auto sent = prefixes_sent(ends.there);
  if (ends.is_one_estate() && (*sent)->empty()) return;
  const FieldPlace place = place_of_prefixes(ends.there);
  const VirtualNetwork& network = *local_network(ends.back.model, ends.back.connection);
  const std::vector<std::string> objects = {place.object, ends.back_path(path_of(network)),
                                            path_of(ends.there.connection)};
  if (!difference->missing.empty()) {
    report.error(
        {place.mark, objects,
         fmt::format("{} lacks {}, which is behind {}", place.field, listed(difference->missing),
                     *ends.back.connection.virtual_network_gateway1),
         fmt::format("list the other side's prefixes: {}", listed(difference->missing))});
  }
  if (!difference->unknown.empty()) {
    report.error({difference->unknown_mark, objects,
                  fmt::format("{} has {}, which the other side does not", place.field,
                              listed(difference->unknown)),
                  "remove it, or write it into the other side's address_space"});
  }
  // Any-to-any carries everything that exists.
  const bool do_all_pass = !proposes_pairs(ends.there) && !proposes_pairs(ends.back);
  for (const PrefixDifference::Wide& wide : difference->wider) {
    const Remark remark{
        wide.mark, objects,
        fmt::format("{} has {} behind {}: packets for {} go into the tunnel and "
                    "are lost at its end",
                    place.field, words_of(wide), *ends.back.connection.virtual_network_gateway1,
                    excess_of(wide)),
        fmt::format("list {} instead, or write into the other side's address_space what "
                    "else is there",
                    listed(wide.covered))};
    do_all_pass ? report.warning(remark) : report.error(remark);
  }
}

void report_overlap(const TwoEnds& ends, RuleReport& report) {
  for (const VirtualNetwork* const own : networks_behind(ends.there)) {
    for (const VirtualNetwork* const other : networks_behind(ends.back)) {
      for (const auto& space : *own->address_space) {
        for (const auto& theirs : *other->address_space) {
          if (!space->overlaps(*theirs)) continue;
          report.error({space.mark,
                        {path_of(*own), ends.back_path(path_of(*other))},
                        fmt::format("{} of {} overlaps {} of {}", space->to_string(), own->name,
                                    theirs->to_string(), other->name),
                        "networks that are joined need different addresses: renumber one side"});
        }
      }
    }
  }
}

}  // namespace twinspan::policy
