// What tells that two connections are the two ends of one where no address does: prefixes, BGP
// addresses, identities, keys.
#pragma once

#include "policy/two_ends.h"

namespace twinspan::policy {

// Any of the prefixes, default routes apart, is of the network or holds it.
bool lists(const MarkedList<IpPrefix>& prefixes, const VirtualNetwork& network);

// Where the connection leads: the address of its local network gateway, and of another program's
// configuration all that it names; or the first instance of the gateway of a vnet-to-vnet one.
std::vector<IpAddress> remote_addresses(const Model& model, const Connection& connection);

// The public addresses of the gateway, and those that another program's configuration has besides.
std::vector<IpAddress> local_addresses(const VirtualNetworkGateway& gateway,
                                       const Connection& connection);

// What is behind the peer of `there`, or its BGP address, is that of a gateway.
bool is_meant_for(const End& there, const Model& model, const VirtualNetworkGateway& gateway);

// Nothing is behind the peer of `there` but what is behind the gateway.
bool is_meant_for_alone(const End& there, const Model& model, const VirtualNetworkGateway& gateway);

// Something says of both that they are one connection, as it does not of strangers with the same
// prefixes: an identity that is expected by name, one key, or the BGP address of the other's
// gateway. Nothing does where an expected identity is another one.
bool are_bound(const End& a, const End& b, const CompareKeys& compare_keys);

}  // namespace twinspan::policy
