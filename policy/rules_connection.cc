// Rules about connections and their two ends.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/identity.h"
#include "policy/ipsec_suite.h"
#include "policy/rules.h"
#include "policy/selector_pairs.h"
#include "policy/two_ends.h"
#include "policy/two_offers.h"

namespace twinspan::policy {
namespace {

constexpr const char* kIdentityForms = "give an address, a name, user@domain or keyid:TEXT";

void expect_end(const Connection& connection, const MarkedText& end, std::string_view field,
                RuleReport& report) {
  if (end.is_set) return;
  report.error(
      {connection.mark,
       {path_of(connection)},
       fmt::format("{} is missing", field),
       connection.is_vnet_to_vnet() ? "name the gateway on the other side" : "name the peer"});
}

void refuse_end(const Connection& connection, const MarkedText& end, std::string_view field,
                RuleReport& report) {
  if (!end.is_set) return;
  report.error({end.mark,
                {path_of(connection)},
                fmt::format("{} has no place in a connection of type {}", field,
                            connection.is_vnet_to_vnet() ? "vnet-to-vnet" : "ipsec"),
                "remove it or change connection_type"});
}

void report_missing_direction(const Model& model, const Counterparts& counterparts,
                              const Connection& connection, RuleReport& report) {
  const VirtualNetworkGateway* const own = local_gateway(model, connection);
  const VirtualNetworkGateway* const other = counterparts.counterpart_gateway(connection);
  if (own == nullptr || other == nullptr || own == other) return;
  const Remark remark{connection.mark,
                      {path_of(connection), path_of(*other)},
                      fmt::format("{} has no connection back to {}", other->name, own->name),
                      "add the object for the other direction"};
  // Both gateways are in this file, so nobody else can have it.
  connection.is_vnet_to_vnet() ? report.error(remark) : report.warning(remark);
}

// Each connection that describes a gateway of the estate as a local network gateway, with the
// object of the other direction, be it there or not. A vnet-to-vnet connection follows the other
// gateway by itself.
template <class Visit>
void for_each_described(const Model& model, const Counterparts& counterparts, Visit visit) {
  for (const auto& [name, connection] : model.connections) {
    if (connection.is_vnet_to_vnet() || local_network(model, connection) == nullptr) continue;
    if (const Connection* const back = counterparts.counterpart_of(connection)) {
      visit(TwoEnds{{model, connection}, {model, *back}});
    } else if (const auto* const other = counterparts.counterpart_gateway(connection)) {
      const Connection missing = missing_back(connection, *other);
      visit(TwoEnds{{model, connection}, {model, missing}});
    }
  }
}

// Where the peer's address is, then what else is concerned.
Remark about_address(const Model& model, const Connection& connection,
                     const VirtualNetworkGateway& gateway) {
  const FieldPlace place = place_of_address({model, connection});
  return {place.mark, {place.object, path_of(connection), path_of(gateway)}, "", ""};
}

bool has_same_region(const VirtualNetwork& a, const VirtualNetwork& b) {
  return a.region.is_set && b.region.is_set && *a.region == *b.region;
}

}  // namespace

void check_connection_ends(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    if (connection.is_vnet_to_vnet()) {
      expect_end(connection, connection.virtual_network_gateway2, "virtual_network_gateway2",
                 report);
      refuse_end(connection, connection.local_network_gateway2, "local_network_gateway2", report);
      if (*connection.virtual_network_gateway1 == *connection.virtual_network_gateway2) {
        report.error({connection.virtual_network_gateway2.mark,
                      {path_of(connection)},
                      "both ends are the same gateway",
                      "name the gateway on the other side"});
      }
    } else {
      expect_end(connection, connection.local_network_gateway2, "local_network_gateway2", report);
      refuse_end(connection, connection.virtual_network_gateway2, "virtual_network_gateway2",
                 report);
    }
  }
}

void check_identities(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    for (const auto& [field, identity] : {std::pair("local_id", &connection.local_id),
                                          std::pair("remote_id", &connection.remote_id)}) {
      if (!identity->is_set || parse_identity(**identity)) continue;
      report.error({identity->mark,
                    {path_of(connection)},
                    fmt::format("{} {} is no identity", field, in_quotes(**identity)),
                    kIdentityForms});
    }
  }
}

void check_duplicates(const Model& model, RuleReport& report) {
  // A peer with a name may call from any address: its identities alone tell it from another one.
  using Key = std::tuple<std::string, std::optional<IpAddress>, Identities>;
  std::map<Key, const Connection*> seen;
  for (const auto& [name, connection] : model.connections) {
    const auto remote = remote_end(model, connection);
    const auto identities = identities_of(model, connection, 0);
    if (!remote || !identities) continue;
    const Key key(*connection.virtual_network_gateway1, remote->address, *identities);
    const auto [first, is_first] = seen.try_emplace(key, &connection);
    if (is_first) continue;
    report.error({connection.mark,
                  {path_of(connection), path_of(*first->second)},
                  fmt::format("{} has the same gateway, remote address {} and identities",
                              first->second->name,
                              remote->address ? remote->address->to_string() : "(by name: any)"),
                  "remove one, or tell them apart by local_id and remote_id"});
  }
}

void check_outer_addresses(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    const auto remote = remote_end(model, connection);
    if (gateway == nullptr || gateway->ip_configurations.empty() || !remote || !remote->address)
      continue;
    const IpConfiguration& own = gateway->ip_configurations.front();
    Remark remark = about_address(model, connection, *gateway);
    if (own.address_on_host().family() != remote->address->family()) {
      remark.message =
          fmt::format("{} has {}, the remote of {} {}: two address families", gateway->name,
                      own.address_on_host().to_string(), name, remote->address->to_string());
      remark.remedy = "give both ends addresses of one family";
      report.error(std::move(remark));
      continue;
    }
    const bool is_own =
        *remote->address == *own.public_ip_address || *remote->address == own.address_on_host();
    // Between two gateways of the estate this is gateway.address's finding.
    if (!is_own || connection.is_vnet_to_vnet()) continue;
    remark.message = fmt::format("the remote address {} of {} is that of its own gateway {}",
                                 remote->address->to_string(), name, gateway->name);
    remark.remedy = "give the peer's address";
    report.error(std::move(remark));
  }
}

void check_fragment_size(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const uint32_t size = *connection.ike_fragment_size;
    if (size == 0 || size >= kIkeFragmentSizeMin) continue;
    report.error({connection.ike_fragment_size.mark,
                  {path_of(connection)},
                  fmt::format("ike_fragment_size {} leaves no room beside the headers", size),
                  fmt::format("use {} or more, or 0 for no fragments", kIkeFragmentSizeMin)});
  }
}

void check_reverse(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    const Connection* const back = counterparts.counterpart_of(connection);
    if (back == nullptr) {
      report_missing_direction(model, counterparts, connection, report);
      continue;
    }
    if (!counterparts.is_reported_by(connection, *back)) continue;
    const TwoEnds ends{{model, connection}, {model, *back}};
    compare_identities(ends, report);
    compare_policies(ends, report);
    compare_modes(ends, report);
    compare_encapsulation(ends, report);
    compare_aggfrag(ends, report);
    compare_selector_kinds(ends, report);
    compare_selector_pairs(ends, report);
  }
}

void check_counterpart_prefixes(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for_each_described(model, counterparts,
                     [&](const TwoEnds& ends) { report_prefixes(ends, report); });
}

void check_counterpart_address(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for_each_described(model, counterparts,
                     [&](const TwoEnds& ends) { report_address(ends, counterparts, report); });
}

void check_instances(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const own = local_gateway(model, connection);
    const VirtualNetworkGateway* const other = counterparts.counterpart_gateway(connection);
    if (connection.is_vnet_to_vnet() || own == nullptr || other == nullptr ||
        !*other->active_active)
      continue;
    // One that is meant for the instance and leads elsewhere is connection.counterpart-address's.
    const auto left_out = counterparts.addresses_left_out(*own, *other);
    if (left_out.empty() || counterparts.has_astray(*own, *other)) continue;
    report_instances({model, connection}, {model, *other, path_of(*other)}, left_out, report);
  }
}

void check_peer_outside(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const LocalNetworkGateway* const site = site_of(model, connection);
    const VirtualNetwork* const network = local_network(model, connection);
    if (site == nullptr || network == nullptr || !site->gateway_ip_address.is_set) continue;
    const IpAddress& address = *site->gateway_ip_address;
    const auto holds = [&](const auto& space) { return space->contains(address); };
    if (std::ranges::none_of(*network->address_space, holds)) continue;
    report.warning({site->gateway_ip_address.mark,
                    {path_of(*site), path_of(connection), path_of(*network)},
                    fmt::format("gateway_ip_address {} is one of {} on our own side",
                                address.to_string(), network->name),
                    "give the peer's public address; what hosts of one network send each other "
                    "needs no tunnel"});
  }
}

void check_routing_weight(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    if (*connection.routing_weight == 0) continue;
    report.info({connection.routing_weight.mark,
                 {path_of(connection)},
                 "routing_weight has no effect on a VPN, here and in the cloud",
                 "remove it; with BGP, longer AS paths make a way the second choice"});
  }
}

void check_regions(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const remote = remote_gateway(model, connection);
    const VirtualNetwork* const own_network = local_network(model, connection);
    const VirtualNetwork* const remote_network =
        remote == nullptr ? nullptr : network_of(model, *remote);
    if (own_network == nullptr || remote_network == nullptr || own_network == remote_network)
      continue;
    if (!has_same_region(*own_network, *remote_network)) continue;
    report.info({connection.mark,
                 {path_of(connection), path_of(*own_network), path_of(*remote_network)},
                 fmt::format("both networks are in region {}", *own_network->region),
                 "a peering would do without a tunnel"});
  }
}

}  // namespace twinspan::policy
