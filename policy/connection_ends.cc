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

std::optional<Identity> identity_or_address(const MarkedText& text, const IpAddress& address) {
  return text.is_set ? parse_identity(*text) : identity_of(address);
}

std::optional<Identity> remote_identity_of(const Connection& connection, const RemoteEnd& remote) {
  if (remote.address) return identity_or_address(connection.remote_id, *remote.address);
  return parse_identity(connection.remote_id.is_set ? *connection.remote_id : remote.name);
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

const VirtualNetworkGateway* remote_gateway(const Model& model, const Connection& connection) {
  if (!connection.is_vnet_to_vnet()) return nullptr;
  return find(model.gateways, *connection.virtual_network_gateway2);
}

std::optional<RemoteEnd> remote_end(const Model& model, const Connection& connection) {
  if (connection.is_vnet_to_vnet()) return network_gateway_end(model, connection);
  const LocalNetworkGateway* const gateway =
      find(model.local_network_gateways, *connection.local_network_gateway2);
  if (gateway == nullptr) return std::nullopt;
  if (gateway->gateway_ip_address.is_set)
    return RemoteEnd{*gateway->gateway_ip_address, "", gateway->address_prefixes};
  if (!gateway->fqdn.is_set || !is_host_name(*gateway->fqdn)) return std::nullopt;
  return RemoteEnd{std::nullopt, *gateway->fqdn, gateway->address_prefixes};
}

std::optional<Identities> identities_of(const Model& model, const Connection& connection,
                                        size_t instance) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  const auto remote = remote_end(model, connection);
  if (gateway == nullptr || instance >= gateway->ip_configurations.size() || !remote)
    return std::nullopt;
  const IpAddress& own_address = *gateway->ip_configurations[instance].public_ip_address;
  const auto local_identity = identity_or_address(connection.local_id, own_address);
  const auto remote_identity = remote_identity_of(connection, *remote);
  if (!local_identity || !remote_identity) return std::nullopt;
  return Identities{*local_identity, *remote_identity};
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
  const auto remote = remote_end(model, connection);
  if (!remote || !remote->address) return nullptr;
  const VirtualNetworkGateway* const gateway = gateway_at(model, *remote->address);
  return gateway == local_gateway(model, connection) ? nullptr : gateway;
}

const Connection* counterpart_of(const Model& model, const Connection& connection) {
  const VirtualNetworkGateway* const own = local_gateway(model, connection);
  const VirtualNetworkGateway* const other = counterpart_gateway(model, connection);
  if (own == nullptr || other == nullptr || own == other) return nullptr;
  for (const auto& [name, back] : model.connections) {
    if (*back.virtual_network_gateway1 == other->name && counterpart_gateway(model, back) == own)
      return &back;
  }
  return nullptr;
}

}  // namespace twinspan::policy
