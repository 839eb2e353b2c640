// Rules about what the two sides of a tunnel select for it.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "policy/connection_ends.h"
#include "policy/prefix_index.h"
#include "policy/route_mode.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

constexpr IpFamily kFamilies[] = {IpFamily::V4, IpFamily::V6};

const char* name_of(IpFamily family) {
  return family == IpFamily::V4 ? "IPv4" : "IPv6";
}

bool has_family(const MarkedList<IpPrefix>& prefixes, IpFamily family) {
  return std::ranges::any_of(*prefixes,
                             [&](const auto& prefix) { return prefix->family() == family; });
}

// What packets of a gateway's tunnels may come from on this side: its network, those that use it,
// and what is behind its other connections.
struct Sources {
  MarkedList<IpPrefix> own;
  std::vector<IpPrefix> all;
  std::map<IpFamily, size_t> connections;  // That lead to prefixes of the family.
  bool are_learned = false;                // BGP tells of more.

  // Whether something but `connection` has it.
  bool have_family(IpFamily family, const MarkedList<IpPrefix>& of_connection) const {
    const auto found = connections.find(family);
    const size_t count = found == connections.end() ? 0 : found->second;
    return policy::has_family(own, family) ||
           count > (policy::has_family(of_connection, family) ? 1u : 0u);
  }
};

std::map<std::string, Sources> sources_by_gateway(const Model& model) {
  std::map<std::string, Sources> sources;
  for (const auto& [name, gateway] : model.gateways) {
    Sources& of = sources[name];
    of.own = prefixes_behind(model, gateway);
    for (const auto& prefix : *of.own) of.all.push_back(*prefix);
  }
  for (const auto& [name, connection] : model.connections) {
    const auto remote = remote_end(model, connection);
    const auto of = sources.find(*connection.virtual_network_gateway1);
    if (of == sources.end()) continue;
    of->second.are_learned |= *connection.enable_bgp;
    if (!remote) continue;
    for (const auto& prefix : *remote->prefixes) of->second.all.push_back(*prefix);
    for (const IpFamily family : kFamilies)
      of->second.connections[family] += has_family(remote->prefixes, family) ? 1 : 0;
  }
  return sources;
}

void note_useless(const VirtualNetworkGateway& gateway, const Connection& connection,
                  RuleReport& report) {
  if (!connection.traffic_selector_policies.empty() &&
      !uses_selector_policies(gateway, connection)) {
    report.warning({connection.traffic_selector_policies_mark,
                    {path_of(connection)},
                    "traffic_selector_policies have no effect here",
                    gateway.is_policy_based()
                        ? "a policy-based gateway pairs the prefixes of both sides: remove them"
                        : "set use_policy_based_traffic_selectors: true"});
  }
  if (gateway.is_policy_based() && *connection.use_policy_based_traffic_selectors) {
    report.warning(
        {connection.use_policy_based_traffic_selectors.mark,
         {path_of(connection), path_of(gateway)},
         "use_policy_based_traffic_selectors has no effect here",
         "remove it: a policy-based gateway proposes pairs of prefixes without being told"});
  }
}

void expect_common_family(const Model& model, const Connection& connection, const Sources& sources,
                          RuleReport& report) {
  const auto remote = remote_end(model, connection);
  const VirtualNetwork* const network = local_network(model, connection);
  if (network == nullptr || !remote || remote->prefixes->empty() || *connection.enable_bgp) return;
  for (const IpFamily family : kFamilies) {
    if (has_family(remote->prefixes, family) && sources.have_family(family, remote->prefixes))
      return;
  }
  const bool is_v4 = has_family(remote->prefixes, IpFamily::V4);
  const IpFamily theirs = is_v4 ? IpFamily::V4 : IpFamily::V6;
  report.error(
      {connection.is_vnet_to_vnet() ? connection.mark : remote->prefixes->front().mark,
       {path_of(connection), path_of(*network)},
       fmt::format("everything behind the peer is {}, and {} has nothing of it", name_of(theirs),
                   network->name),
       fmt::format("list the peer's {} prefixes, or give {} some of {}",
                   name_of(is_v4 ? IpFamily::V6 : IpFamily::V4), network->name, name_of(theirs))});
}

std::string to_string(const AddressRange& range) {
  const IpPrefix around = prefix_around(range);
  if (around.address() == range.first && around.last_address() == range.last)
    return around.to_string();
  return fmt::format("{}-{}", range.first.to_string(), range.last.to_string());
}

// The selector policies of one connection, against what is behind its two ends.
class RangeCheck {
 public:
  // `local`: what is on this side; nullptr: BGP tells of more.
  RangeCheck(const Model& model, const Connection& connection, const RemoteEnd& remote,
             const PrefixIndex* local, RuleReport& report)
      : model_(model),
        connection_(connection),
        local_(local),
        remote_(remote.prefixes),
        report_(report) {}

  void check() {
    bool carries = false;
    for (const TrafficSelectorPolicy& policy : connection_.traffic_selector_policies) {
      const bool has_local = check_local(policy);
      const bool has_remote = check_remote(policy);
      carries |= has_local && has_remote;
    }
    if (carries) return;
    report_.error({connection_.traffic_selector_policies_mark,
                   {path_of(connection_)},
                   "no packet fits any of traffic_selector_policies",
                   "give ranges that overlap the prefixes of both sides"});
  }

 private:
  // Whether one of the ranges can carry something.
  bool check_local(const TrafficSelectorPolicy& policy) {
    if (local_ == nullptr) return true;
    const VirtualNetwork* const network = local_network(model_, connection_);
    return check(policy.local_address_ranges, *local_, [&](const std::string& range) {
      return Remark{{},
                    {path_of(connection_), path_of(*network)},
                    fmt::format("{} is neither of {} nor behind another connection of its "
                                "gateway: the range carries nothing",
                                range, network->name),
                    "give a range that is on our side, or add it to the address_space"};
    });
  }

  bool check_remote(const TrafficSelectorPolicy& policy) {
    if (*connection_.enable_bgp) return true;
    const LocalNetworkGateway* const site = site_of(model_, connection_);
    return check(policy.remote_address_ranges, remote_, [&](const std::string& range) {
      return Remark{{},
                    {path_of(connection_), site == nullptr ? path_of(connection_) : path_of(*site)},
                    fmt::format("{} is in none of the remote prefixes, so no route leads it into "
                                "the tunnel: the range carries nothing",
                                range),
                    site == nullptr ? "give a range of the other network's address_space"
                                    : "give a range that is behind the peer, or add it to its "
                                      "address_prefixes"};
    });
  }

  template <class Describe>
  bool check(const MarkedList<AddressRange>& ranges, const PrefixIndex& known, Describe describe) {
    bool carries = false;
    for (const auto& range : *ranges) {
      if (known.overlaps(range->first, range->last)) {
        carries = true;
        continue;
      }
      Remark remark = describe(to_string(*range));
      remark.mark = range.mark;
      report_.warning(std::move(remark));
    }
    return carries;
  }

  const Model& model_;
  const Connection& connection_;
  const PrefixIndex* local_;
  PrefixIndex remote_;
  RuleReport& report_;
};

}  // namespace

void check_selectors(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    const VirtualNetwork* const network = local_network(model, connection);
    const auto remote = remote_end(model, connection);
    if (network == nullptr || !remote) continue;
    note_useless(*gateway, connection, report);
    if (remote->prefixes->empty()) continue;
    if (tunnel_selectors(*gateway, connection, prefixes_behind(model, *gateway), remote->prefixes)
            .pairs.empty()) {
      report.error({connection.mark,
                    {path_of(connection)},
                    "no selector remains: the two sides have no address family in common",
                    "give both sides prefixes of one family"});
    }
  }
}

void check_families(const Model& model, RuleReport& report) {
  const auto sources = sources_by_gateway(model);
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    // Where selectors are pairs, none remains: connection.selectors says so.
    if (gateway == nullptr || gateway->is_policy_based() ||
        *connection.use_policy_based_traffic_selectors)
      continue;
    expect_common_family(model, connection, sources.at(gateway->name), report);
  }
}

void check_selector_ranges(const Model& model, RuleReport& report) {
  const auto sources = sources_by_gateway(model);
  std::map<std::string, PrefixIndex> indices;  // Of those asked for, sorted once.
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    const auto remote = remote_end(model, connection);
    if (local_network(model, connection) == nullptr || !remote ||
        !uses_selector_policies(*gateway, connection))
      continue;
    const Sources& of = sources.at(gateway->name);
    const auto [local, is_new] = indices.try_emplace(gateway->name);
    if (is_new) local->second = PrefixIndex(of.all);
    const PrefixIndex* const known = of.are_learned ? nullptr : &local->second;
    RangeCheck(model, connection, *remote, known, report).check();
  }
}

void check_proposers(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    if (gateway == nullptr || !uses_selector_policies(*gateway, connection)) continue;
    if (*connection.connection_mode != ConnectionMode::ResponderOnly) continue;
    report.warning({connection.connection_mode.mark,
                    {path_of(connection), path_of(*gateway)},
                    "traffic_selector_policies are proposed only by who opens the tunnel",
                    "use connection_mode: default or initiator-only, and list the same ranges at "
                    "the peer"});
  }
}

}  // namespace twinspan::policy
