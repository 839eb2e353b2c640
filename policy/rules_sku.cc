// Rules about what a gateway's SKU lacks or limits, and about the classic deployment model.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/route_mode.h"
#include "policy/rules.h"
#include "policy/sku.h"

namespace twinspan::policy {
namespace {

std::string skus_with(bool SkuProfile::* feature) {
  std::vector<std::string_view> names;
  for (const SkuProfile& sku : all_skus()) {
    if (sku.*feature) names.push_back(sku.name);
  }
  return fmt::format("these have it: {}", fmt::join(names, ", "));
}

struct Feature {
  bool SkuProfile::* member;
  std::string_view text;
};

void refuse_feature(const VirtualNetworkGateway& gateway, SourceMark mark, const Feature& feature,
                    RuleReport& report) {
  if (sku_of(gateway).*feature.member) return;
  report.error({mark,
                {path_of(gateway)},
                fmt::format("sku {} has no {}", *gateway.sku, feature.text),
                skus_with(feature.member)});
}

void check_features(const VirtualNetworkGateway& gateway, RuleReport& report) {
  if (gateway.is_policy_based()) {
    refuse_feature(gateway, gateway.vpn_type.mark,
                   {&SkuProfile::has_policy_based, "policy-based gateways"}, report);
  }
  if (*gateway.enable_bgp)
    refuse_feature(gateway, gateway.enable_bgp.mark, {&SkuProfile::has_bgp, "BGP"}, report);
  if (*gateway.active_active) {
    refuse_feature(gateway, gateway.active_active.mark,
                   {&SkuProfile::has_active_active, "active/active gateways"}, report);
  }
}

void refuse_express_route(const VirtualNetworkGateway& gateway, RuleReport& report) {
  if (*gateway.gateway_type == GatewayType::Vpn) return;
  report.error({gateway.gateway_type.mark,
                {path_of(gateway)},
                "ExpressRoute gateways exist only in the cloud",
                "leave the gateway out, or give it gateway_type: Vpn"});
}

void check_generation(const VirtualNetworkGateway& gateway, RuleReport& report) {
  if (!gateway.generation.is_set) return;
  if (!has_cloud_sku(gateway)) {
    return report.warning({gateway.generation.mark,
                           {path_of(gateway)},
                           fmt::format("sku {} has no generations", *gateway.sku),
                           "remove generation, or give an sku of the cloud"});
  }
  const bool is_first = *gateway.generation == GatewayGeneration::Generation1;
  const auto member = is_first ? &SkuProfile::is_in_generation1 : &SkuProfile::is_in_generation2;
  if (sku_of(gateway).*member) return;
  report.error(
      {gateway.generation.mark,
       {path_of(gateway)},
       fmt::format("sku {} does not exist in Generation{}", *gateway.sku, is_first ? 1 : 2),
       fmt::format("write Generation{}, or take another sku", is_first ? 2 : 1)});
}

// The cloud's own default is no custom policy; ours, where none is written, is one.
bool has_custom_policy(const Connection& connection) {
  return connection.ipsec_policy || *connection.ipsec_policy_name != "azure-default";
}

// Each instance has a tunnel to each address of the remote end.
size_t tunnels_of(const Model& model, const VirtualNetworkGateway& gateway,
                  const Connection& connection) {
  const VirtualNetworkGateway* const remote = remote_gateway(model, connection);
  const size_t remote_ends = remote == nullptr ? 1 : remote->ip_configurations.size();
  return gateway.ip_configurations.size() * std::max<size_t>(remote_ends, 1);
}

// Counts the gateway's tunnels up; the connection that goes beyond the limit is named.
void check_limits(const Model& model, const VirtualNetworkGateway& gateway,
                  const std::vector<const Connection*>& connections, RuleReport& report) {
  const SkuProfile& sku = sku_of(gateway);
  size_t tunnels = 0;
  const Connection* first_beyond = nullptr;
  for (const Connection* const connection : connections) {
    tunnels += tunnels_of(model, gateway, *connection);
    if (tunnels > sku.tunnels_max && first_beyond == nullptr) first_beyond = connection;
  }
  if (first_beyond == nullptr) return;
  report.error({gateway.sku.mark,
                {path_of(gateway), path_of(*first_beyond)},
                fmt::format("its connections make {} tunnels, sku {} carries {}", tunnels,
                            *gateway.sku, sku.tunnels_max),
                fmt::format("remove connections from {} on, or use Native, which has no limit",
                            first_beyond->name)});
}

// The cloud's limit is an error where its gateway always has pairs, and ours where one would begin
// that cannot be carried on.
void check_pairs(const VirtualNetworkGateway& gateway, const Connection& connection, size_t pairs,
                 RuleReport& report) {
  const size_t cloud_max = sku_of(gateway).selector_pairs_max;
  const size_t limit =
      gateway.is_policy_based() ? std::min(cloud_max, kTunnelChildrenMax) : kTunnelChildrenMax;
  const std::vector<std::string> objects = {path_of(connection), path_of(gateway)};
  if (pairs > limit) {
    report.error({connection.mark, objects,
                  fmt::format("{}{} pairs of prefixes, each a Child SA of its own; at most {}",
                              pairs == kSelectorPairsMax ? "more than " : "", pairs, limit),
                  too_many_pairs_remedy(gateway)});
  } else if (pairs > cloud_max) {
    report.warning({connection.mark, objects,
                    fmt::format("{} pairs of prefixes, and sku {} carries {}: beyond that the "
                                "cloud drops some",
                                pairs, *gateway.sku, cloud_max),
                    too_many_pairs_remedy(gateway)});
  }
}

void check_ranges(const VirtualNetworkGateway& gateway, const Connection& connection,
                  const SelectorPair& pair, RuleReport& report) {
  if (std::max(pair.local.size(), pair.remote.size()) <= kTrafficSelectorsMax) return;
  report.error({connection.traffic_selector_policies_mark,
                {path_of(connection), path_of(gateway)},
                fmt::format("more than {} ranges on one side of a selector policy, which is one "
                            "Child SA",
                            kTrafficSelectorsMax),
                "join neighbouring ranges into larger ones, or make two policies of it"});
}

void refuse_classic_bgp(const VirtualNetworkGateway& gateway, const VirtualNetwork& network,
                        RuleReport& report) {
  if (!*gateway.enable_bgp || !network.is_classic()) return;
  report.error({gateway.enable_bgp.mark,
                {path_of(gateway), path_of(network)},
                fmt::format("{} is a classic network, whose gateway speaks no BGP", network.name),
                "set enable_bgp: false and give prefixes, or move the network to "
                "resource-manager"});
}

void refuse_classic_bgp(const Connection& connection, const VirtualNetwork& classic,
                        RuleReport& report) {
  report.error(
      {connection.enable_bgp.mark,
       {path_of(connection), path_of(classic)},
       fmt::format("enable_bgp, but {} is a classic network, whose gateway speaks no BGP",
                   classic.name),
       "set enable_bgp: false in both directions and list the prefixes in the local network "
       "gateways, or move the network to resource-manager"});
}

void refuse_classic_vnet_to_vnet(const Connection& connection, const VirtualNetwork& classic,
                                 RuleReport& report) {
  report.error({connection.connection_type.mark,
                {path_of(connection), path_of(classic)},
                fmt::format("{} is a classic network, which knows others by static prefixes only",
                            classic.name),
                "use connection_type ipsec in both directions, each with a local network gateway "
                "that lists the other network's prefixes"});
}

void expect_route_based(const Connection& connection, const VirtualNetworkGateway* gateway,
                        RuleReport& report) {
  if (gateway == nullptr || !gateway->is_policy_based()) return;
  report.error({connection.mark,
                {path_of(connection), path_of(*gateway)},
                fmt::format("it joins a classic and a resource-manager network, and {} is "
                            "policy-based",
                            gateway->name),
                "both gateways must be route-based (dynamic routing)"});
}

}  // namespace

void check_gateway_kind(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    refuse_express_route(gateway, report);
    check_generation(gateway, report);
  }
}

void check_sku_features(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) check_features(gateway, report);
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    if (gateway == nullptr || !has_custom_policy(connection)) continue;
    if (sku_of(*gateway).has_custom_policies) continue;
    report.error(
        {connection.ipsec_policy_name.mark,
         {path_of(connection), path_of(*gateway)},
         fmt::format("sku {} of {} has no custom IPsec policies", *gateway->sku, gateway->name),
         "write ipsec_policy: azure-default and legacy: true, or use another sku; " +
             skus_with(&SkuProfile::has_custom_policies)});
  }
}

void check_sku_limits(const Model& model, RuleReport& report) {
  std::map<std::string_view, std::vector<const Connection*>> connections;
  for (const auto& [name, connection] : model.connections)
    connections[*connection.virtual_network_gateway1].push_back(&connection);
  for (const auto& [name, gateway] : model.gateways)
    check_limits(model, gateway, connections[name], report);
}

void check_selector_pairs(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    const VirtualNetwork* const network = local_network(model, connection);
    const auto remote = remote_end(model, connection);
    if (network == nullptr || !remote) continue;
    const auto selectors =
        tunnel_selectors(*gateway, connection, prefixes_behind(model, *gateway), remote->prefixes);
    check_pairs(*gateway, connection, selectors.pairs.size(), report);
    for (const SelectorPair& pair : selectors.pairs)
      check_ranges(*gateway, connection, pair, report);
  }
}

void check_classic(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    if (const VirtualNetwork* const network = network_of(model, gateway))
      refuse_classic_bgp(gateway, *network, report);
  }
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetwork* const own = local_network(model, connection);
    const VirtualNetworkGateway* const other = counterparts.counterpart_gateway(connection);
    const VirtualNetwork* const remote = other == nullptr ? nullptr : network_of(model, *other);
    const VirtualNetwork* const classic = counterparts.classic_end_of(connection);
    if (classic != nullptr && *connection.enable_bgp)
      refuse_classic_bgp(connection, *classic, report);
    if (own == nullptr || remote == nullptr) continue;
    if (connection.is_vnet_to_vnet() && (own->is_classic() || remote->is_classic())) {
      refuse_classic_vnet_to_vnet(connection, own->is_classic() ? *own : *remote, report);
    } else if (own->is_classic() != remote->is_classic()) {
      expect_route_based(connection, local_gateway(model, connection), report);
      expect_route_based(connection, other, report);
    }
  }
}

}  // namespace twinspan::policy
