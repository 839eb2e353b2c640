#include "policy/counterparts.h"

#include <algorithm>
#include <set>

#include "policy/bgp.h"
#include "policy/likeness.h"

namespace twinspan::policy {
namespace {

// What may be meant for more gateways says of none that it is.
constexpr size_t kMeantForMax = 8;

// Which gateways a local network gateway may stand for, going by its prefixes and BGP addresses.
class NetworkOwners {
 public:
  using Gateways = std::vector<const VirtualNetworkGateway*>;

  explicit NetworkOwners(const Model& model) {
    for (const auto& [name, gateway] : model.gateways) {
      if (*gateway.enable_bgp) {
        for (const IpAddress& address : all_bgp_addresses(model, gateway))
          speakers_.emplace(address, &gateway);
      }
      const VirtualNetwork* const network = network_of(model, gateway);
      if (network == nullptr) continue;
      for (const auto& space : *network->address_space) {
        spaces_.emplace(*space, &gateway);
        lengths_.emplace(space->family(), space->length());
      }
    }
  }

  // None where there are more than kMeantForMax.
  Gateways of(const LocalNetworkGateway& site, bool does_speak) const {
    Gateways found;
    for (const auto& prefix : *site.address_prefixes) {
      if (prefix->length() != 0 && !add_around(*prefix, found)) return {};
    }
    for (const auto& address : *site.bgp_settings.peering_addresses) {
      const auto range = speakers_.equal_range(*address);
      if (does_speak && !add(range.first, range.second, found)) return {};
    }
    return found;
  }

 private:
  // Those with a space that holds the prefix, and those with one inside it.
  bool add_around(const IpPrefix& prefix, Gateways& found) const {
    for (const auto& [family, length] : lengths_) {
      if (family != prefix.family() || length >= prefix.length()) continue;
      const auto range = spaces_.equal_range(IpPrefix(prefix.address(), length));
      if (!add(range.first, range.second, found)) return false;
    }
    for (auto space = spaces_.lower_bound(prefix);
         space != spaces_.end() && prefix.contains(space->first); ++space) {
      if (!add(space, std::next(space), found)) return false;
    }
    return true;
  }

  template <class Place>
  static bool add(Place begin, Place end, Gateways& found) {
    for (; begin != end && found.size() <= kMeantForMax; ++begin) {
      if (std::ranges::find(found, begin->second) == found.end()) found.push_back(begin->second);
    }
    return found.size() <= kMeantForMax;
  }

  std::multimap<IpPrefix, const VirtualNetworkGateway*> spaces_;
  std::set<std::pair<IpFamily, unsigned>> lengths_;  // Of the spaces: few.
  std::multimap<IpAddress, const VirtualNetworkGateway*> speakers_;
};

// Of a connection to a local network gateway; none where that has a name alone.
std::vector<IpAddress> peer_addresses(const Model& model, const Connection& connection) {
  if (connection.is_vnet_to_vnet()) return {};
  return remote_addresses(model, connection);
}

// Whether its local network gateway stands for the network of `other`, going by the prefixes.
bool describes(const Model& model, const Connection& connection,
               const VirtualNetworkGateway& other) {
  const auto* const peer = site_of(model, connection);
  const VirtualNetwork* const network = network_of(model, other);
  return peer != nullptr && network != nullptr && lists(peer->address_prefixes, *network);
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

Counterparts::Counterparts(const Model& model, CompareKeys compare_keys)
    : model_(model), compare_keys_(std::move(compare_keys)) {
  for (const auto& [name, gateway] : model.gateways) {
    for (const IpConfiguration& instance : gateway.ip_configurations) {
      Gateways& known = gateways_[*instance.public_ip_address];
      if (known.empty() || known.back() != &gateway) known.push_back(&gateway);
    }
  }
  for (const auto& [name, connection] : model.connections) add(connection);
  if (model.gateways.size() > 1) add_lost();
}

void Counterparts::add(const Connection& connection) {
  const std::string_view own = *connection.virtual_network_gateway1;
  if (connection.is_vnet_to_vnet()) {
    to_gateway_.try_emplace({own, *connection.virtual_network_gateway2}, &connection);
    return;
  }
  described_[own].push_back(&connection);
  for (const IpAddress& address : peer_addresses(model_, connection))
    to_address_.try_emplace({own, address}, &connection);
}

void Counterparts::add_lost() {
  const NetworkOwners owners(model_);
  for (const auto& [name, connection] : model_.connections) {
    const LocalNetworkGateway* const site = site_of(model_, connection);
    const VirtualNetworkGateway* const own = local_gateway(model_, connection);
    if (site == nullptr || own == nullptr || counterpart_by_address(connection) != nullptr)
      continue;
    for (const VirtualNetworkGateway* const other : owners.of(*site, *connection.enable_bgp)) {
      if (other == own) continue;
      meant_for_[&connection].push_back(other);
      lost_[{own->name, other->name}].push_back(&connection);
    }
  }
}

const VirtualNetworkGateway* Counterparts::gateway_at(const IpAddress& address) const {
  const Gateways& found = list_of(gateways_, address);
  return found.empty() ? nullptr : found.front();
}

const VirtualNetworkGateway* Counterparts::counterpart_gateway(const Connection& connection) const {
  if (connection.is_vnet_to_vnet()) return remote_gateway(model_, connection);
  const Gateways& found = gateways_at(connection);
  if (found.empty() || found.front() == local_gateway(model_, connection)) return nullptr;
  return found.front();
}

const Connection* Counterparts::reverse_of(const Connection& connection) const {
  return first_of(to_gateway_,
                  {*connection.virtual_network_gateway2, *connection.virtual_network_gateway1});
}

const Connection* Counterparts::counterpart_of(const Connection& connection) const {
  if (const Connection* const back = counterpart_by_address(connection)) return back;
  const VirtualNetworkGateway* const own = local_gateway(model_, connection);
  if (own == nullptr || connection.is_vnet_to_vnet()) return nullptr;
  const Connection* const back = astray_counterpart_of(connection, *own);
  return back != nullptr ? back : lost_counterpart_of(connection);
}

const VirtualNetwork* Counterparts::classic_end_of(const Connection& connection) const {
  const VirtualNetworkGateway* const other = counterpart_gateway(connection);
  const VirtualNetwork* const remote = other == nullptr ? nullptr : network_of(model_, *other);
  for (const VirtualNetwork* const network : {local_network(model_, connection), remote}) {
    if (network != nullptr && network->is_classic()) return network;
  }
  return nullptr;
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

bool Counterparts::has_astray(const VirtualNetworkGateway& gateway,
                              const VirtualNetworkGateway& other) const {
  return std::ranges::any_of(
      list_of<GatewayNames>(lost_, {gateway.name, other.name}), [&](const Connection* lost) {
        if (counterpart_gateway(*lost) == &other) return false;
        const Connection* const back = counterpart_of(*lost);
        return back != nullptr && *back->virtual_network_gateway1 == other.name;
      });
}

// The connection of `other` that leads to `own`.
const Connection* Counterparts::way_back(const VirtualNetworkGateway& own,
                                         const VirtualNetworkGateway& other) const {
  return earlier_of(first_of(to_gateway_, {other.name, own.name}), way_by_address(other, own));
}

const Connection* Counterparts::way_by_address(const VirtualNetworkGateway& from,
                                               const VirtualNetworkGateway& to) const {
  const Connection* way = nullptr;
  for (const IpConfiguration& instance : to.ip_configurations)
    way = earlier_of(way, way_to(from, *instance.public_ip_address));
  return way;
}

const Connection* Counterparts::counterpart_by_address(const Connection& connection) const {
  const VirtualNetworkGateway* const own = local_gateway(model_, connection);
  const VirtualNetworkGateway* const other = counterpart_gateway(connection);
  if (own == nullptr || other == nullptr || own == other) return nullptr;
  return way_back(*own, *other);
}

// All that the connection leads to by its address, in estates where several have it.
const Counterparts::Gateways& Counterparts::gateways_at(const Connection& connection) const {
  static const Gateways none;
  for (const IpAddress& address : peer_addresses(model_, connection)) {
    if (const auto found = gateways_.find(address); found != gateways_.end()) return found->second;
  }
  return none;
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

// The other way round: those that lead to the gateway of `astray`, the first one of each gateway.
Counterparts::Connections Counterparts::right_of(const Connection& astray,
                                                 const VirtualNetworkGateway& own) const {
  Connections found;
  for (const VirtualNetworkGateway* const there : list_of(meant_for_, &astray)) {
    const Connection* const right = way_by_address(*there, own);
    if (right == nullptr) continue;
    if (way_back(*there, own) == nullptr || is_for_instance(astray, own, *right, *there))
      found.push_back(right);
  }
  return found;
}

// `own` leads to an instance of `other`, and has no more such connections than there are further
// instances.
bool Counterparts::is_for_instance(const Connection& astray, const VirtualNetworkGateway& own,
                                   const Connection& right,
                                   const VirtualNetworkGateway& other) const {
  const Connections& lost = list_of<GatewayNames>(lost_, {own.name, other.name});
  return lost.size() <= addresses_left_out(own, other).size() &&
         are_bound({model_, astray}, {model_, right}, compare_keys_);
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

// Both may have one, too. nullptr unless each is bound to the other's gateway alone.
const Connection* Counterparts::lost_counterpart_of(const Connection& connection) const {
  const Connection* const back = only_bound_to(connection);
  if (back == nullptr) return nullptr;
  const Connection* const again = only_bound_to(*back);
  const bool is_mutual =
      again != nullptr && *again->virtual_network_gateway1 == *connection.virtual_network_gateway1;
  return is_mutual ? back : nullptr;
}

const Connection* Counterparts::only_bound_to(const Connection& connection) const {
  const Connection* only = nullptr;
  for (const VirtualNetworkGateway* const other : list_of(meant_for_, &connection)) {
    const Connection* const back = bound_to(connection, *other);
    if (back == nullptr) continue;
    if (only != nullptr) return nullptr;
    only = back;
  }
  return only;
}

// The first one of `other` that is lost as well and bound to it. More than the gateways have
// instances for are not all meant; and two sites of somebody else's hub, which passes their traffic
// on, lead to one address or list what else is behind it.
const Connection* Counterparts::bound_to(const Connection& connection,
                                         const VirtualNetworkGateway& other) const {
  const VirtualNetworkGateway& own = *local_gateway(model_, connection);
  const Connections& there = list_of<GatewayNames>(lost_, {own.name, other.name});
  const Connections& back = list_of<GatewayNames>(lost_, {other.name, own.name});
  if (there.size() > other.ip_configurations.size() || back.size() > own.ip_configurations.size())
    return nullptr;
  const auto led_to = remote_addresses(model_, connection);
  const End end{model_, connection};
  if (!is_meant_for_alone(end, model_, other)) return nullptr;
  const auto found = std::ranges::find_if(back, [&](const Connection* each) {
    const auto others = remote_addresses(model_, *each);
    return std::ranges::find_first_of(led_to, others) == led_to.end() &&
           is_meant_for_alone({model_, *each}, model_, own) &&
           are_bound(end, {model_, *each}, compare_keys_);
  });
  return found == back.end() ? nullptr : *found;
}

}  // namespace twinspan::policy
