#include "policy/connection_ends.h"

#include <algorithm>

#include "policy/counterparts.h"
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
  return Counterparts(model).reverse_of(connection);
}

const VirtualNetworkGateway* gateway_at(const Model& model, const IpAddress& address) {
  return Counterparts(model).gateway_at(address);
}

const VirtualNetworkGateway* counterpart_gateway(const Model& model, const Connection& connection) {
  return Counterparts(model).counterpart_gateway(connection);
}

const Connection* counterpart_of(const Model& model, const Connection& connection) {
  return Counterparts(model).counterpart_of(connection);
}

bool are_at_one_address(const LocalNetworkGateway& a, const LocalNetworkGateway& b) {
  if (a.gateway_ip_address.is_set && b.gateway_ip_address.is_set)
    return *a.gateway_ip_address == *b.gateway_ip_address;
  return a.fqdn.is_set && b.fqdn.is_set && *a.fqdn == *b.fqdn;
}

bool may_be_one_site(const LocalNetworkGateway& a, const LocalNetworkGateway& b) {
  if (a.gateway_ip_address.is_set != b.gateway_ip_address.is_set) return true;
  const bool do_speak = a.bgp_settings.is_set && b.bgp_settings.is_set;
  return are_at_one_address(a, b) || (do_speak && *a.bgp_settings.asn == *b.bgp_settings.asn);
}

}  // namespace twinspan::policy
