#include "policy/counterparts.h"

#include <algorithm>

#include "policy/connection_ends.h"

namespace twinspan::policy {
namespace {

// Of a connection to a local network gateway, unless that one has a name alone.
std::optional<IpAddress> peer_address(const Model& model, const Connection& connection) {
  const LocalNetworkGateway* const peer = site_of(model, connection);
  if (peer == nullptr || !peer->gateway_ip_address.is_set) return std::nullopt;
  return *peer->gateway_ip_address;
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

template <class Key, class Value>
const Value& list_of(const std::map<Key, Value>& lists, const Key& key) {
  static const Value none;
  const auto found = lists.find(key);
  return found == lists.end() ? none : found->second;
}

// nullptr when there is none.
template <class Key>
const Connection* first_of(const std::map<Key, const Connection*>& connections, const Key& key) {
  const auto found = connections.find(key);
  return found == connections.end() ? nullptr : found->second;
}

const Connection* earlier_of(const Connection* a, const Connection* b) {
  if (a == nullptr || b == nullptr) return a == nullptr ? b : a;
  return a->name < b->name ? a : b;
}

}  // namespace

Counterparts::Counterparts(const Model& model) : model_(model) {
  for (const auto& [name, gateway] : model.gateways) {
    for (const IpConfiguration& instance : gateway.ip_configurations) {
      Gateways& known = gateways_[*instance.public_ip_address];
      if (known.empty() || known.back() != &gateway) known.push_back(&gateway);
    }
  }
  for (const auto& [name, connection] : model.connections) add(connection);
}

void Counterparts::add(const Connection& connection) {
  const std::string_view own = *connection.virtual_network_gateway1;
  if (connection.is_vnet_to_vnet()) {
    to_gateway_.try_emplace({own, *connection.virtual_network_gateway2}, &connection);
    return;
  }
  described_[own].push_back(&connection);
  const auto address = peer_address(model_, connection);
  if (!address) return;
  leading_[*address].push_back(&connection);
  to_address_.try_emplace({own, *address}, &connection);
}

const VirtualNetworkGateway* Counterparts::gateway_at(const IpAddress& address) const {
  const Gateways& found = list_of(gateways_, address);
  return found.empty() ? nullptr : found.front();
}

const VirtualNetworkGateway* Counterparts::counterpart_gateway(const Connection& connection) const {
  if (connection.is_vnet_to_vnet()) return remote_gateway(model_, connection);
  const auto address = peer_address(model_, connection);
  if (!address) return nullptr;
  const VirtualNetworkGateway* const gateway = gateway_at(*address);
  return gateway == local_gateway(model_, connection) ? nullptr : gateway;
}

const Connection* Counterparts::reverse_of(const Connection& connection) const {
  return first_of(to_gateway_,
                  {*connection.virtual_network_gateway2, *connection.virtual_network_gateway1});
}

const Connection* Counterparts::counterpart_of(const Connection& connection) const {
  const VirtualNetworkGateway* const own = local_gateway(model_, connection);
  const VirtualNetworkGateway* const other = counterpart_gateway(connection);
  if (own == nullptr || own == other) return nullptr;
  if (other != nullptr) {
    if (const Connection* const back = way_back(*own, *other)) return back;
  }
  return connection.is_vnet_to_vnet() ? nullptr : astray_counterpart_of(connection, *own);
}

bool Counterparts::is_reported_by(const Connection& connection, const Connection& back) const {
  return connection.name < back.name || counterpart_of(back) != &connection;
}

const Connection* Counterparts::way_to(const VirtualNetworkGateway& gateway,
                                       const IpAddress& address) const {
  return first_of(to_address_, {gateway.name, address});
}

std::vector<IpAddress> Counterparts::addresses_left_out(const VirtualNetworkGateway& gateway,
                                                        const VirtualNetworkGateway& other) const {
  std::vector<IpAddress> left_out;
  for (const IpConfiguration& instance : other.ip_configurations) {
    if (way_to(gateway, *instance.public_ip_address) == nullptr)
      left_out.push_back(*instance.public_ip_address);
  }
  return left_out;
}

// The connection of `other` that leads to `own`.
const Connection* Counterparts::way_back(const VirtualNetworkGateway& own,
                                         const VirtualNetworkGateway& other) const {
  const Connection* back = first_of(to_gateway_, {other.name, own.name});
  for (const IpConfiguration& instance : own.ip_configurations)
    back = earlier_of(back, way_to(other, *instance.public_ip_address));
  return back;
}

// All that the connection leads to by its address, in estates where several have it.
const Counterparts::Gateways& Counterparts::gateways_at(const Connection& connection) const {
  static const Gateways none;
  const auto address = peer_address(model_, connection);
  return address ? list_of(gateways_, *address) : none;
}

// `right` leads to another gateway, nothing of which leads back: those of that gateway that by
// their prefixes are meant to, so that their address is wrong.
Counterparts::Connections Counterparts::astray_of(const Connection& right,
                                                  const VirtualNetworkGateway& own) const {
  Connections found;
  for (const VirtualNetworkGateway* const there : gateways_at(right)) {
    if (there == &own || way_back(own, *there) != nullptr) continue;
    for (const Connection* const astray : list_of<std::string_view>(described_, there->name)) {
      if (describes(model_, *astray, own)) found.push_back(astray);
    }
  }
  return found;
}

// The other way round: those that lead to the gateway of `astray`.
Counterparts::Connections Counterparts::right_of(const Connection& astray,
                                                 const VirtualNetworkGateway& own) const {
  Connections found;
  for (const IpConfiguration& instance : own.ip_configurations) {
    for (const Connection* const right : list_of(leading_, *instance.public_ip_address)) {
      const VirtualNetworkGateway* const there = local_gateway(model_, *right);
      if (there == nullptr || there == &own || way_back(*there, own) != nullptr) continue;
      if (describes(model_, astray, *there)) found.push_back(right);
    }
  }
  return found;
}

// Of two objects that are one connection, one may have a wrong address. nullptr when there is no
// such object, or more than one.
const Connection* Counterparts::astray_counterpart_of(const Connection& connection,
                                                      const VirtualNetworkGateway& own) const {
  Connections found = astray_of(connection, own);
  const Connections right = right_of(connection, own);
  found.insert(found.end(), right.begin(), right.end());
  std::ranges::sort(found);
  const bool is_one = !found.empty() && found.front() == found.back();
  return is_one ? found.front() : nullptr;
}

}  // namespace twinspan::policy
