#include "policy/connection_ends.h"

#include <algorithm>

#include "policy/identity.h"
#include "policy/peering_state.h"

namespace twinspan::policy {
namespace {

std::optional<RemoteEnd> network_gateway_end(const Model& model, const Connection& connection) {
  const VirtualNetworkGateway* const gateway = remote_gateway(model, connection);
  if (gateway == nullptr || gateway->ip_configurations.empty()) return std::nullopt;
  if (network_of(model, *gateway) == nullptr) return std::nullopt;
  return RemoteEnd{*gateway->ip_configurations.front().public_ip_address, "",
                   prefixes_behind(model, *gateway)};
}

// Forced tunnelling: a default route for each family that the network has.
void add_default_routes(const Model& model, const Connection& connection, RemoteEnd& remote) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  const VirtualNetwork* const network = local_network(model, connection);
  if (network == nullptr || !gateway->default_local_network_gateway.is_set) return;
  const MarkedText& site = gateway->default_local_network_gateway;
  if (*site != *connection.local_network_gateway2) return;
  for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
    const IpPrefix any(IpAddress::any(family), 0);
    const auto has_family = [&](const auto& space) { return space->family() == family; };
    const auto is_any = [&](const auto& prefix) { return *prefix == any; };
    if (std::ranges::none_of(*network->address_space, has_family)) continue;
    if (std::ranges::any_of(*remote.prefixes, is_any)) continue;
    remote.prefixes.value.push_back({any, site.mark, true});
  }
}

std::optional<Identity> remote_identity_of(const Connection& connection,
                                           const std::optional<RemoteEnd>& remote) {
  if (connection.remote_id.is_set) return parse_identity(*connection.remote_id);
  if (!remote) return std::nullopt;
  return remote->address ? identity_of(*remote->address) : parse_identity(remote->name);
}

std::optional<Identity> local_identity_of(const Connection& connection,
                                          const VirtualNetworkGateway* gateway, size_t instance) {
  if (connection.local_id.is_set) return parse_identity(*connection.local_id);
  if (gateway == nullptr || instance >= gateway->ip_configurations.size()) return std::nullopt;
  return identity_of(*gateway->ip_configurations[instance].public_ip_address);
}

bool leads_to(const Model& model, const Connection& connection,
              const VirtualNetworkGateway& gateway) {
  if (connection.is_vnet_to_vnet()) return *connection.virtual_network_gateway2 == gateway.name;
  const auto* const peer = site_of(model, connection);
  return peer != nullptr && peer->gateway_ip_address.is_set &&
         std::ranges::any_of(gateway.ip_configurations, [&](const IpConfiguration& instance) {
           return *instance.public_ip_address == *peer->gateway_ip_address;
         });
}

// The connection of `other` that leads to `own`.
const Connection* way_back(const Model& model, const VirtualNetworkGateway& own,
                           const VirtualNetworkGateway& other) {
  for (const auto& [name, back] : model.connections) {
    if (*back.virtual_network_gateway1 == other.name && leads_to(model, back, own)) return &back;
  }
  return nullptr;
}

// Whether its local network gateway stands for the network of `other`, going by the prefixes.
bool describes(const Model& model, const Connection& connection,
               const VirtualNetworkGateway& other) {
  const auto* const peer = site_of(model, connection);
  const VirtualNetwork* const network = network_of(model, other);
  if (peer == nullptr || network == nullptr) return false;
  return std::ranges::any_of(*peer->address_prefixes, [&](const auto& prefix) {
    return prefix->length() != 0 &&
           std::ranges::any_of(*network->address_space,
                               [&](const auto& space) { return prefix->overlaps(*space); });
  });
}

// `right` leads to the gateway of `astray`, nothing leads back, and by its prefixes `astray` is
// meant to: its address is wrong.
bool belongs_to(const Model& model, const Connection& astray, const Connection& right) {
  const VirtualNetworkGateway* const there = local_gateway(model, right);
  const VirtualNetworkGateway* const here = local_gateway(model, astray);
  return there != nullptr && here != nullptr && !astray.is_vnet_to_vnet() &&
         leads_to(model, right, *here) && !leads_to(model, astray, *there) &&
         describes(model, astray, *there) && way_back(model, *there, *here) == nullptr;
}

// Of two objects that are one connection, one may have a wrong address. nullptr when there is no
// such object, or more than one.
const Connection* astray_counterpart_of(const Model& model, const Connection& connection,
                                        const VirtualNetworkGateway& own) {
  const Connection* found = nullptr;
  for (const auto& [name, back] : model.connections) {
    if (*back.virtual_network_gateway1 == own.name || back.is_vnet_to_vnet()) continue;
    if (!belongs_to(model, back, connection) && !belongs_to(model, connection, back)) continue;
    if (found != nullptr) return nullptr;
    found = &back;
  }
  return found;
}

}  // namespace

IpPrefix prefix_around(const AddressRange& range) {
  unsigned length = range.first.bits();
  while (!IpPrefix(range.first, length).contains(range.last)) --length;
  return {range.first, length};
}

const VirtualNetworkGateway* local_gateway(const Model& model, const Connection& connection) {
  return find(model.gateways, *connection.virtual_network_gateway1);
}

const VirtualNetwork* network_of(const Model& model, const VirtualNetworkGateway& gateway) {
  return find(model.virtual_networks, *gateway.virtual_network);
}

const VirtualNetwork* local_network(const Model& model, const Connection& connection) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  return gateway == nullptr ? nullptr : network_of(model, *gateway);
}

MarkedList<IpPrefix> prefixes_behind(const Model& model, const VirtualNetworkGateway& gateway) {
  MarkedList<IpPrefix> prefixes;
  if (const VirtualNetwork* const network = network_of(model, gateway))
    prefixes = network->address_space;
  for (const VirtualNetwork* const spoke : networks_in_transit(model, gateway)) {
    prefixes.value.insert(prefixes.value.end(), spoke->address_space->begin(),
                          spoke->address_space->end());
  }
  return prefixes;
}

const LocalNetworkGateway* site_of(const Model& model, const Connection& connection) {
  if (connection.is_vnet_to_vnet()) return nullptr;
  return find(model.local_network_gateways, *connection.local_network_gateway2);
}

const VirtualNetworkGateway* remote_gateway(const Model& model, const Connection& connection) {
  if (!connection.is_vnet_to_vnet()) return nullptr;
  return find(model.gateways, *connection.virtual_network_gateway2);
}

std::optional<RemoteEnd> remote_end(const Model& model, const Connection& connection) {
  if (connection.is_vnet_to_vnet()) return network_gateway_end(model, connection);
  const LocalNetworkGateway* const site = site_of(model, connection);
  if (site == nullptr) return std::nullopt;
  RemoteEnd remote{.address = std::nullopt, .name = "", .prefixes = site->address_prefixes};
  if (site->gateway_ip_address.is_set) {
    remote.address = *site->gateway_ip_address;
  } else if (site->fqdn.is_set && is_host_name(*site->fqdn)) {
    remote.name = *site->fqdn;
  } else {
    return std::nullopt;
  }
  add_default_routes(model, connection, remote);
  return remote;
}

KnownIdentities known_identities(const Model& model, const Connection& connection,
                                 size_t instance) {
  return {local_identity_of(connection, local_gateway(model, connection), instance),
          remote_identity_of(connection, remote_end(model, connection))};
}

std::optional<Identities> identities_of(const Model& model, const Connection& connection,
                                        size_t instance) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  if (gateway == nullptr || instance >= gateway->ip_configurations.size() ||
      !remote_end(model, connection))
    return std::nullopt;
  const KnownIdentities known = known_identities(model, connection, instance);
  if (!known.local || !known.remote) return std::nullopt;
  return Identities{*known.local, *known.remote};
}

const Connection* reverse_of(const Model& model, const Connection& connection) {
  for (const auto& [name, other] : model.connections) {
    if (other.is_vnet_to_vnet() &&
        *other.virtual_network_gateway1 == *connection.virtual_network_gateway2 &&
        *other.virtual_network_gateway2 == *connection.virtual_network_gateway1) {
      return &other;
    }
  }
  return nullptr;
}

const VirtualNetworkGateway* gateway_at(const Model& model, const IpAddress& address) {
  for (const auto& [name, gateway] : model.gateways) {
    if (std::ranges::any_of(gateway.ip_configurations, [&](const IpConfiguration& instance) {
          return *instance.public_ip_address == address;
        }))
      return &gateway;
  }
  return nullptr;
}

const VirtualNetworkGateway* counterpart_gateway(const Model& model, const Connection& connection) {
  if (connection.is_vnet_to_vnet()) return remote_gateway(model, connection);
  const auto* const peer = site_of(model, connection);
  if (peer == nullptr || !peer->gateway_ip_address.is_set) return nullptr;
  const VirtualNetworkGateway* const gateway = gateway_at(model, *peer->gateway_ip_address);
  return gateway == local_gateway(model, connection) ? nullptr : gateway;
}

const Connection* counterpart_of(const Model& model, const Connection& connection) {
  const VirtualNetworkGateway* const own = local_gateway(model, connection);
  const VirtualNetworkGateway* const other = counterpart_gateway(model, connection);
  if (own == nullptr || own == other) return nullptr;
  if (other != nullptr) {
    if (const Connection* const back = way_back(model, *own, *other)) return back;
  }
  return connection.is_vnet_to_vnet() ? nullptr : astray_counterpart_of(model, connection, *own);
}

}  // namespace twinspan::policy
