// Rules about the prefixes that connections lead to.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/peering_state.h"
#include "policy/prefix_index.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

// 0.0.0.0/0 and ::/0 send everything else into the tunnel; they are no overlap, longer prefixes
// win.
bool is_default_route(const IpPrefix& prefix) {
  return prefix.length() == 0;
}

// The networks at the other end of a vnet-to-vnet connection.
std::vector<const VirtualNetwork*> remote_networks(const Model& model,
                                                   const Connection& connection) {
  const VirtualNetworkGateway* const remote = remote_gateway(model, connection);
  if (remote == nullptr) return {};
  std::vector<const VirtualNetwork*> networks = networks_in_transit(model, *remote);
  if (const VirtualNetwork* const own = network_of(model, *remote)) networks.push_back(own);
  return networks;
}

// The object that has the prefix of that mark, and is to be mended.
std::string owner_of(const Model& model, const Connection& connection, SourceMark mark) {
  for (const VirtualNetwork* const network : remote_networks(model, connection)) {
    const auto is_it = [&](const auto& space) { return space.mark == mark; };
    if (std::ranges::any_of(*network->address_space, is_it)) return path_of(*network);
  }
  const LocalNetworkGateway* const site = site_of(model, connection);
  if (site == nullptr) return path_of(connection);
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  const bool is_default_site = gateway != nullptr &&
                               gateway->default_local_network_gateway.is_set &&
                               gateway->default_local_network_gateway.mark == mark;
  return is_default_site ? path_of(*gateway) : path_of(*site);
}

// A remote prefix of a connection, with where it leads.
struct Destination {
  IpPrefix prefix;
  SourceMark mark;
  const Connection* connection = nullptr;
};

// `place`: the gateway of the file that both lead to, when they do.
std::string remedy_of_clash(const VirtualNetworkGateway* place) {
  if (place == nullptr)
    return "a prefix lies behind one connection of a gateway: make them disjoint; two ways to one "
           "site need BGP: enable_bgp on both connections, and the prefixes listed at neither";
  return fmt::format(
      "both lead to {}, and two ways to one place need BGP: set enable_bgp: true on both "
      "connections, give each local network gateway bgp_settings, and list the prefixes at neither",
      place->name);
}

void report_clash(const Model& model, const Destination& earlier, const Destination& later,
                  const VirtualNetworkGateway* place, RuleReport& report) {
  report.error(
      {later.mark,
       {owner_of(model, *later.connection, later.mark), path_of(*later.connection),
        path_of(*earlier.connection), owner_of(model, *earlier.connection, earlier.mark)},
       fmt::format("{} leads to {}, which overlaps {} of {}", later.connection->name,
                   later.prefix.to_string(), earlier.prefix.to_string(), earlier.connection->name),
       remedy_of_clash(place)});
}

// Each prefix of a connection once.
std::map<std::string, std::vector<Destination>> destinations_by_gateway(const Model& model) {
  std::map<std::string, std::vector<Destination>> destinations;
  for (const auto& [name, connection] : model.connections) {
    const auto remote = remote_end(model, connection);
    if (!remote) continue;
    std::vector<Destination> own;
    for (const auto& prefix : *remote->prefixes) own.push_back({*prefix, prefix.mark, &connection});
    std::ranges::stable_sort(own, {}, &Destination::prefix);
    const auto repeated = std::ranges::unique(own, {}, &Destination::prefix);
    auto& known = destinations[*connection.virtual_network_gateway1];
    known.insert(known.end(), own.begin(), repeated.begin());
  }
  return destinations;
}

bool do_clash(const IpPrefix& a, const IpPrefix& b) {
  if (is_default_route(a) || is_default_route(b)) return a == b;
  return a.overlaps(b);
}

// Whoever names a default site means it.
bool is_of_default_site(const VirtualNetworkGateway& gateway, const Marked<IpPrefix>& prefix) {
  const MarkedText& site = gateway.default_local_network_gateway;
  return site.is_set && prefix.mark == site.mark;
}

void check_cover(const Model& model, const Connection& connection, const Marked<IpPrefix>& prefix,
                 const std::vector<std::pair<std::string, IpAddress>>& addresses,
                 RuleReport& report) {
  const auto objects = [&] {
    return std::vector{owner_of(model, connection, prefix.mark), path_of(connection)};
  };
  if (is_default_route(*prefix)) {
    return report.warning({prefix.mark, objects(),
                           fmt::format("{} sends all other traffic of the network into the tunnel "
                                       "of {}",
                                       prefix->to_string(), connection.name),
                           "list the prefixes behind the peer, unless this is meant"});
  }
  for (const auto& [whose, address] : addresses) {
    if (!prefix->contains(address) || report.is_full()) continue;
    report.warning(
        {prefix.mark, objects(),
         fmt::format("{}, to which {} leads, covers {}'s address {}", prefix->to_string(),
                     connection.name, whose, address.to_string()),
         "it works here, but the other side may send its tunnel into itself: leave the address "
         "out"});
  }
}

class OverlapCheck {
 public:
  OverlapCheck(const Model& model, RuleReport& report) : model_(model), report_(report) {}

  // `network` is on this side: the gateway's own, or one that uses it over a peering.
  void check(const Connection& connection, const VirtualNetwork& network, const RemoteEnd& remote) {
    const auto [space, is_new] = spaces_.try_emplace(&network);
    if (is_new) space->second = PrefixIndex(network.address_space);
    for (const auto& prefix : *remote.prefixes) {
      if (is_default_route(*prefix)) continue;
      const auto overlapped = space->second.find_overlap(*prefix);
      if (!overlapped || report_.is_full()) continue;
      report_.error(
          {prefix.mark,
           {owner_of(model_, connection, prefix.mark), path_of(connection), path_of(network)},
           fmt::format("remote prefix {} of {} overlaps {} of {}", prefix->to_string(),
                       connection.name, overlapped->to_string(), network.name),
           "networks that are joined need different addresses: renumber one side"});
    }
  }

 private:
  const Model& model_;
  RuleReport& report_;
  std::map<const VirtualNetwork*, PrefixIndex> spaces_;  // Of those asked for, sorted once.
};

void note_reserved(const LocalNetworkGateway& gateway, const Marked<IpPrefix>& prefix,
                   RuleReport& report) {
  if (!is_reserved(prefix->address())) return;
  report.warning({prefix.mark,
                  {path_of(gateway)},
                  fmt::format("{} is of 240.0.0.0/4, which is reserved", prefix->to_string()),
                  "nothing to do where every device on the way takes it: many drop it"});
}

// A prefix that only contains such addresses, such as 128.0.0.0/1, is of use.
void check_usable(const LocalNetworkGateway& gateway, RuleReport& report) {
  for (const auto& prefix : *gateway.address_prefixes) {
    note_reserved(gateway, prefix, report);
    const auto unusable = unusable_prefixes().find_overlap(*prefix);
    if (!unusable || unusable->length() > prefix->length()) continue;
    report.error({prefix.mark,
                  {path_of(gateway)},
                  fmt::format("{} lies in {}, which no network can use", prefix->to_string(),
                              unusable->to_string()),
                  "list the networks behind the peer"});
  }
}

// A default route beside other prefixes is meant.
void check_repeated(const LocalNetworkGateway& gateway, RuleReport& report) {
  struct Listed {
    IpPrefix prefix;
    SourceMark mark;
  };
  std::vector<Listed> list;
  for (const auto& prefix : *gateway.address_prefixes) {
    if (!is_default_route(*prefix)) list.push_back({*prefix, prefix.mark});
  }
  visit_overlaps(std::move(list), [&](const Listed& outer, const Listed& inner) {
    report.warning({inner.mark,
                    {path_of(gateway)},
                    outer.prefix == inner.prefix
                        ? fmt::format("{} is listed twice", inner.prefix.to_string())
                        : fmt::format("{} lies in {}, which is listed too",
                                      inner.prefix.to_string(), outer.prefix.to_string()),
                    "list each address once"});
    return !report.is_full();
  });
}

}  // namespace

void check_remote_prefixes(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.local_network_gateways) {
    check_usable(gateway, report);
    check_repeated(gateway, report);
  }
  for (const auto& [name, connection] : model.connections) {
    if (connection.is_vnet_to_vnet()) continue;
    const LocalNetworkGateway* const gateway = site_of(model, connection);
    if (gateway == nullptr || !gateway->address_prefixes->empty()) continue;
    // With BGP the peer says itself what is behind it.
    if (*connection.enable_bgp && gateway->bgp_settings.is_set) continue;
    // The default site gets default routes.
    const auto remote = remote_end(model, connection);
    if (remote && !remote->prefixes->empty()) continue;
    report.error(
        {gateway->address_prefixes.mark,
         {path_of(*gateway), path_of(connection)},
         "address_prefixes is empty, and without BGP nothing else says what is behind the peer",
         "list the peer's prefixes"});
  }
}

void check_default_site(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    const MarkedText& site = gateway.default_local_network_gateway;
    const auto* const peer = find(model.local_network_gateways, *site);
    if (!site.is_set || peer == nullptr) continue;
    if (gateway.is_policy_based()) {
      report.error({site.mark,
                    {path_of(gateway), path_of(*peer)},
                    "a policy-based gateway has no default site",
                    "make the gateway route-based, or list 0.0.0.0/0 in address_prefixes, here and "
                    "at the peer"});
    }
    const bool is_joined = std::ranges::any_of(model.connections, [&](const auto& named) {
      return *named.second.virtual_network_gateway1 == gateway.name &&
             site_of(model, named.second) == peer;
    });
    if (is_joined) continue;
    report.error({site.mark,
                  {path_of(gateway), path_of(*peer)},
                  fmt::format("no connection of {} leads to its default site {}", name, *site),
                  "add the connection, or name a local network gateway that has one"});
  }
}

void check_overlap(const Model& model, RuleReport& report) {
  OverlapCheck overlap(model, report);
  std::map<const VirtualNetworkGateway*, std::vector<const VirtualNetwork*>> users;
  for (const TransitUse& use : transit_uses(model)) users[use.gateway].push_back(use.network);
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetwork* const own = local_network(model, connection);
    const auto remote = remote_end(model, connection);
    if (own == nullptr || !remote) continue;
    overlap.check(connection, *own, *remote);
    const auto spokes = users.find(local_gateway(model, connection));
    if (spokes == users.end()) continue;
    for (const VirtualNetwork* const spoke : spokes->second)
      overlap.check(connection, *spoke, *remote);
  }
}

void check_overlap_between_connections(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  // With BGP on both, two ways to one place are what is meant; two networks are two places.
  const auto are_ways_to_one_place = [&](const Connection& a, const Connection& b) {
    if (!*a.enable_bgp || !*b.enable_bgp) return false;
    const auto* const one = counterparts.counterpart_gateway(a);
    const auto* const other = counterparts.counterpart_gateway(b);
    return one == nullptr || other == nullptr || *one->virtual_network == *other->virtual_network;
  };
  for (auto& [gateway, destinations] : destinations_by_gateway(model)) {
    visit_overlaps(std::move(destinations), [&](const Destination& a, const Destination& b) {
      if (a.connection == b.connection || !do_clash(a.prefix, b.prefix) ||
          are_ways_to_one_place(*a.connection, *b.connection))
        return true;
      const bool is_earlier = a.connection->name < b.connection->name;
      const auto* const place = counterparts.counterpart_gateway(*a.connection);
      const bool is_one = place == counterparts.counterpart_gateway(*b.connection);
      report_clash(model, is_earlier ? a : b, is_earlier ? b : a, is_one ? place : nullptr, report);
      return !report.is_full();
    });
  }
}

void check_covers_peer(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    const auto remote = remote_end(model, connection);
    if (gateway == nullptr || gateway->ip_configurations.empty() || !remote) continue;
    std::vector<std::pair<std::string, IpAddress>> addresses = {
        {gateway->name, *gateway->ip_configurations.front().public_ip_address}};
    if (remote->address) addresses.emplace(addresses.begin(), "the peer", *remote->address);
    for (const auto& prefix : *remote->prefixes) {
      if (is_of_default_site(*gateway, prefix)) continue;
      check_cover(model, connection, prefix, addresses, report);
    }
  }
}

}  // namespace twinspan::policy
