// The far end of a connection, wherever it is defined: a local network gateway, or another gateway
// of the estate with its network. What follows the remote object by itself follows here.
#pragma once

#include <optional>

#include "policy/model.h"

namespace twinspan::policy {

struct RemoteEnd {
  IpAddress address;
  MarkedList<IpPrefix> prefixes;
};

// nullopt when a reference leads nowhere or the remote has no address.
std::optional<RemoteEnd> remote_end(const Model& model, const Connection& connection);

// The network of a gateway; nullptr when the reference leads nowhere.
const VirtualNetwork* network_of(const Model& model, const VirtualNetworkGateway& gateway);

// The gateway on this side; nullptr when the reference leads nowhere.
const VirtualNetworkGateway* local_gateway(const Model& model, const Connection& connection);

}  // namespace twinspan::policy
