// The estate: every object of the configuration by name, as written. Nothing here is checked beyond
// its form; policy/validate.h says what cannot work, policy/compile.h makes a plan of it.
#pragma once

#include <map>
#include <string_view>

#include "policy/connection.h"
#include "policy/gateway.h"
#include "policy/ipsec_policy.h"
#include "policy/local_network_gateway.h"
#include "policy/peering.h"
#include "policy/virtual_network.h"

namespace twinspan::policy {

// Sorted by name, so that everything derived from a model has one order.
template <class Object>
using ByName = std::map<std::string, Object, std::less<>>;

// What stands where: "connections.a-to-b.shared_key.file", "virtual_networks.a.address_space[2]".
using FieldPlaces = std::map<SourceMark, std::string>;

struct Model {
  std::vector<std::string> files;  // SourceMark::file is an index into it.
  FieldPlaces fields;              // Of an estate file; of an import what peer.protocol names.
  ByName<VirtualNetwork> virtual_networks;
  ByName<VirtualNetworkGateway> gateways;
  ByName<LocalNetworkGateway> local_network_gateways;
  ByName<Connection> connections;
  ByName<Peering> peerings;
  ByName<IpsecPolicy> ipsec_policies;
};

// nullptr when there is none of that name.
template <class Object>
const Object* find(const ByName<Object>& objects, std::string_view name) {
  const auto found = objects.find(name);
  return found == objects.end() ? nullptr : &found->second;
}

}  // namespace twinspan::policy
