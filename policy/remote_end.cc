#include "policy/remote_end.h"

namespace twinspan::policy {
namespace {

std::optional<RemoteEnd> network_gateway_end(const Model& model, const Connection& connection) {
  const VirtualNetworkGateway* const gateway =
      find(model.gateways, *connection.virtual_network_gateway2);
  if (gateway == nullptr || gateway->ip_configurations.empty()) return std::nullopt;
  const VirtualNetwork* const network = network_of(model, *gateway);
  if (network == nullptr) return std::nullopt;
  return RemoteEnd{*gateway->ip_configurations.front().public_ip_address, network->address_space};
}

}  // namespace

std::optional<RemoteEnd> remote_end(const Model& model, const Connection& connection) {
  if (connection.is_vnet_to_vnet()) return network_gateway_end(model, connection);
  const LocalNetworkGateway* const gateway =
      find(model.local_network_gateways, *connection.local_network_gateway2);
  if (gateway == nullptr || !gateway->gateway_ip_address.is_set) return std::nullopt;
  return RemoteEnd{*gateway->gateway_ip_address, gateway->address_prefixes};
}

const VirtualNetwork* network_of(const Model& model, const VirtualNetworkGateway& gateway) {
  return find(model.virtual_networks, *gateway.virtual_network);
}

const VirtualNetworkGateway* local_gateway(const Model& model, const Connection& connection) {
  return find(model.gateways, *connection.virtual_network_gateway1);
}

}  // namespace twinspan::policy
