#include "policy/attach.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "policy/connection_ends.h"
#include "policy/peering_state.h"
#include "policy/rules.h"
#include "policy/word_list.h"

namespace twinspan::policy {
namespace {

std::vector<IpPrefix> prefixes_of(const VirtualNetwork& network) {
  std::vector<IpPrefix> prefixes;
  for (const auto& prefix : *network.address_space) prefixes.push_back(*prefix);
  std::ranges::sort(prefixes);
  return prefixes;
}

std::vector<std::string> interfaces_of(const VirtualNetwork& network) {
  std::vector<std::string> interfaces;
  for (const auto& interface : *network.interfaces) interfaces.push_back(*interface);
  return interfaces;
}

size_t count_existing(const VirtualNetwork& network, const HostFacts& facts) {
  return static_cast<size_t>(std::ranges::count_if(
      *network.interfaces,
      [&](const MarkedText& interface) { return facts.interfaces.contains(*interface); }));
}

bool all_exist(const VirtualNetwork& network, const HostFacts& facts) {
  return !network.interfaces->empty() &&
         count_existing(network, facts) == network.interfaces->size();
}

// What is asked of each network; made once, for estates of many.
class Estate {
 public:
  Estate(const Model& model, const VirtualNetworkGateway& gateway)
      : model_(model), gateway_(gateway), index_(model) {
    for (const TransitUse& use : transit_uses(model)) uses_.emplace(use.network, use.gateway);
    for (const auto& [name, each] : model.gateways) with_gateway_.insert(*each.virtual_network);
    for (const auto& [name, connection] : model.connections) {
      if (local_gateway(model, connection) != &gateway) continue;
      if (const auto* const remote = remote_gateway(model, connection)) remotes_.insert(remote);
    }
  }

  bool has_gateway(const VirtualNetwork& network) const {
    return with_gateway_.contains(network.name);
  }

  bool is_attached(const VirtualNetwork& network, const HostFacts& facts) const {
    return !has_gateway(network) && all_exist(network, facts) && !is_behind_tunnel(network);
  }

  GatewayUse use_of(const VirtualNetwork& network) const {
    const auto use = uses_.find(&network);
    if (use == uses_.end()) return GatewayUse::None;
    return use->second == &gateway_ ? GatewayUse::Transit : GatewayUse::Elsewhere;
  }

  void add_way(const std::string& from, const std::string& to, HostNetworks& networks) const {
    const Peering* const entered = index_.half(to, from);
    const Peering* const left = index_.half(from, to);
    if (entered == nullptr && left == nullptr) return;
    // With one half missing, that of a classic network stands for both.
    const Peering& any = entered != nullptr ? *entered : *left;
    if ((entered == nullptr || left == nullptr) &&
        status_of(model_, any).state != PeeringState::Connected)
      return;
    for (const Peering* const half : {entered, left}) {
      if (half != nullptr && !*half->allow_virtual_network_access) return;
    }
    networks.ways.push_back({from, to, entered != nullptr && *entered->allow_forwarded_traffic});
  }

 private:
  // Whether a tunnel of ours leads to the network: the gateway at its other end brings it along.
  bool is_behind_tunnel(const VirtualNetwork& network) const {
    const auto use = uses_.find(&network);
    return use != uses_.end() && remotes_.contains(use->second);
  }

  const Model& model_;
  const VirtualNetworkGateway& gateway_;
  PeeringIndex index_;
  std::map<const VirtualNetwork*, const VirtualNetworkGateway*> uses_;
  std::set<std::string, std::less<>> with_gateway_;
  std::set<const VirtualNetworkGateway*> remotes_;
};

AttachedNetwork attach(const VirtualNetwork& network, GatewayUse use) {
  return {network.name, interfaces_of(network), prefixes_of(network), use};
}

ConfigError error_at(const Model& model, const SourceMark& mark, std::string path,
                     std::string message, std::string remedy) {
  const std::string file = mark.file < model.files.size() ? model.files[mark.file] : "";
  return {file, mark.line, mark.column, std::move(path), std::move(message), std::move(remedy)};
}

std::string where(const AttachedNetwork& network) {
  return network.interfaces.empty()
             ? network.name
             : fmt::format("{} ({})", network.name, listed(network.interfaces));
}

void refuse_overlap(const Model& model, const AttachedNetwork& a, const AttachedNetwork& b,
                    ConfigErrors& errors) {
  for (const IpPrefix& prefix : a.prefixes) {
    for (const IpPrefix& other : b.prefixes) {
      if (!prefix.overlaps(other)) continue;
      const VirtualNetwork& network = model.virtual_networks.find(b.name)->second;
      errors.push_back(error_at(
          model, network.address_space.mark, path_of(network) + ".address_space",
          fmt::format("{} overlaps {} of {}, and both are attached to this host: {} and {}",
                      other.to_string(), prefix.to_string(), a.name, where(a), where(b)),
          "attached networks of one host need different addresses: renumber one, or attach it to "
          "another host"));
      return;
    }
  }
}

// The gateway's own network is connection.overlap's matter.
void refuse_swallowed(const Model& model, const Connection& connection,
                      const AttachedNetwork& network, ConfigErrors& errors) {
  const auto remote = remote_end(model, connection);
  if (!remote || network.gateway_use == GatewayUse::Own) return;
  for (const auto& prefix : *remote->prefixes) {
    const auto holder = std::ranges::find_if(
        network.prefixes, [&](const IpPrefix& space) { return space.contains(*prefix); });
    if (holder == network.prefixes.end()) continue;
    errors.push_back(error_at(
        model, connection.is_vnet_to_vnet() ? connection.mark : prefix.mark, path_of(connection),
        fmt::format("remote prefix {} lies in {} of {}, which is attached to this host",
                    prefix->to_string(), holder->to_string(), where(network)),
        "what is attached cannot be behind a tunnel as well: renumber one side"));
  }
}

std::string not_attached(const VirtualNetwork& network, const HostFacts& facts) {
  std::vector<std::string> missing;
  for (const auto& interface : *network.interfaces) {
    if (!facts.interfaces.contains(*interface)) missing.push_back(*interface);
  }
  return fmt::format("{}: not attached to this host, so it is neither isolated nor joined here: {}",
                     path_of(network),
                     missing.empty() ? "it names no interface"
                                     : fmt::format("there is no interface {}", listed(missing)));
}

}  // namespace

const AttachedNetwork* HostNetworks::find(std::string_view name) const {
  const auto found = std::ranges::find(attached, name, &AttachedNetwork::name);
  return found == attached.end() ? nullptr : &*found;
}

const PeeringWay* HostNetworks::way(std::string_view from, std::string_view to) const {
  const auto found = std::ranges::find_if(
      ways, [&](const PeeringWay& each) { return each.from == from && each.to == to; });
  return found == ways.end() ? nullptr : &*found;
}

HostNetworks attach_networks(const Model& model, const VirtualNetworkGateway& gateway,
                             const HostFacts& facts) {
  HostNetworks networks;
  const VirtualNetwork* const own = network_of(model, gateway);
  if (own == nullptr) return networks;
  const Estate estate(model, gateway);
  networks.attached.push_back(attach(*own, GatewayUse::Own));
  std::vector<const VirtualNetwork*> elsewhere;
  for (const auto& [name, network] : model.virtual_networks) {
    if (&network == own) continue;
    if (estate.is_attached(network, facts)) {
      networks.attached.push_back(attach(network, estate.use_of(network)));
    } else if (estate.has_gateway(network)) {
      elsewhere.push_back(&network);
    }
  }
  for (const AttachedNetwork& from : networks.attached) {
    for (const AttachedNetwork& to : networks.attached) {
      if (&from != &to) estate.add_way(from.name, to.name, networks);
    }
    for (const VirtualNetwork* const neighbour : elsewhere) {
      estate.add_way(from.name, neighbour->name, networks);
      estate.add_way(neighbour->name, from.name, networks);
    }
  }
  for (const VirtualNetwork* const neighbour : elsewhere) {
    const bool is_peered = std::ranges::any_of(networks.ways, [&](const PeeringWay& way) {
      return way.from == neighbour->name || way.to == neighbour->name;
    });
    if (is_peered) networks.neighbours.push_back({neighbour->name, prefixes_of(*neighbour)});
  }
  return networks;
}

ConfigErrors attachment_errors(const Model& model, const VirtualNetworkGateway& gateway,
                               const HostNetworks& networks) {
  ConfigErrors errors;
  for (size_t i = 0; i < networks.attached.size(); ++i) {
    for (size_t j = 0; j < i; ++j)
      refuse_overlap(model, networks.attached[j], networks.attached[i], errors);
  }
  for (const auto& [name, connection] : model.connections) {
    if (local_gateway(model, connection) != &gateway) continue;
    for (const AttachedNetwork& network : networks.attached)
      refuse_swallowed(model, connection, network, errors);
  }
  if (errors.size() > kConfigErrorsMax) errors.resize(kConfigErrorsMax);
  return errors;
}

std::vector<std::string> attachment_warnings(const Model& model,
                                             const VirtualNetworkGateway& gateway,
                                             const HostFacts& facts) {
  std::vector<std::string> warnings;
  const Estate estate(model, gateway);
  for (const auto& [name, network] : model.virtual_networks) {
    if (estate.has_gateway(network) || all_exist(network, facts)) continue;
    const bool is_user = estate.use_of(network) == GatewayUse::Transit;
    if (is_user || count_existing(network, facts) > 0)
      warnings.push_back(not_attached(network, facts));
  }
  return warnings;
}

}  // namespace twinspan::policy
