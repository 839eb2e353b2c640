// The two ends of a connection, wherever they are defined: a local network gateway, or another
// gateway of the estate with its network. What follows the remote object by itself follows here.
#pragma once

#include <optional>

#include "policy/model.h"

namespace twinspan::policy {

struct RemoteEnd {
  std::optional<IpAddress> address;  // nullopt: `name` has to be resolved.
  std::string name;
  MarkedList<IpPrefix> prefixes;
};

// nullopt: neither written in good form nor told by an address.
struct KnownIdentities {
  std::optional<Identity> local;
  std::optional<Identity> remote;
};

struct Identities {
  Identity local;
  Identity remote;
  bool operator==(const Identities&) const = default;
  auto operator<=>(const Identities&) const = default;
};

// The smallest prefix that holds the range; of a whole family the one of length 0.
IpPrefix prefix_around(const AddressRange& range);

// The gateway on this side; nullptr when the reference leads nowhere.
const VirtualNetworkGateway* local_gateway(const Model& model, const Connection& connection);

// The network of a gateway, or on this side of a connection; nullptr when a reference leads
// nowhere.
const VirtualNetwork* network_of(const Model& model, const VirtualNetworkGateway& gateway);
const VirtualNetwork* local_network(const Model& model, const Connection& connection);

// What the gateway speaks for: the address space of its network, and those of the networks that use
// it over a peering (gateway transit).
MarkedList<IpPrefix> prefixes_behind(const Model& model, const VirtualNetworkGateway& gateway);

// Of a connection to a peer of somebody else's; nullptr for vnet-to-vnet, and when the reference
// leads nowhere.
const LocalNetworkGateway* site_of(const Model& model, const Connection& connection);

// nullptr for a local network gateway, and when the reference leads nowhere.
const VirtualNetworkGateway* remote_gateway(const Model& model, const Connection& connection);

// With the default routes that lead to a gateway's default_local_network_gateway. nullopt when a
// reference leads nowhere or the remote has no address.
std::optional<RemoteEnd> remote_end(const Model& model, const Connection& connection);

// As written, or the public addresses of that instance and of the remote (or its name), as far as
// there are any.
KnownIdentities known_identities(const Model& model, const Connection& connection, size_t instance);

// Both of them. nullopt when an identity has no good form or an end is missing.
std::optional<Identities> identities_of(const Model& model, const Connection& connection,
                                        size_t instance);

// The connection of the opposite direction of a vnet-to-vnet one; nullptr when there is none.
const Connection* reverse_of(const Model& model, const Connection& connection);

// The gateway of this estate that has that public address; nullptr when none has.
const VirtualNetworkGateway* gateway_at(const Model& model, const IpAddress& address);

// The gateway of this estate that the connection leads to, named or by the address of its local
// network gateway: where a network joins one of the classic model, say, each side describes the
// other. nullptr when the peer is none of ours.
const VirtualNetworkGateway* counterpart_gateway(const Model& model, const Connection& connection);

// The object of the other direction, of either type, going by addresses; where one side alone has
// the other's right, the other side's object is known by its prefixes. nullptr when this estate has
// none.
const Connection* counterpart_of(const Model& model, const Connection& connection);

// Whether two local network gateways have one public address, or one name.
bool are_at_one_address(const LocalNetworkGateway& a, const LocalNetworkGateway& b);
// Whether two local network gateways may describe one site: its device at one address or of one
// name, or two devices of one AS number. An address and a name cannot be told apart.
bool may_be_one_site(const LocalNetworkGateway& a, const LocalNetworkGateway& b);

}  // namespace twinspan::policy
