#include "policy/effective_routes.h"

#include <algorithm>
#include <tuple>

namespace twinspan::policy {
namespace {

class Collector {
 public:
  Collector(const Plan& plan, const AttachedNetwork& network) : plan_(plan), network_(network) {}

  std::vector<EffectiveRoute> collect() {
    add(network_.prefixes, NextHopType::VnetLocal, network_.interfaces);
    for (const AttachedNetwork& other : plan_.networks.attached) {
      if (&other != &network_) add_network(other.name, other.prefixes);
    }
    for (const NeighbourNetwork& other : plan_.networks.neighbours)
      add_network(other.name, other.prefixes);
    if (network_.gateway_use == GatewayUse::Own || network_.gateway_use == GatewayUse::Transit) {
      for (const TunnelPlan& tunnel : plan_.tunnels) add_tunnel(tunnel);
    }
    std::ranges::sort(routes_, {}, [](const EffectiveRoute& route) {
      return std::tie(route.address_prefix, route.state, route.next_hop_type, route.next_hops);
    });
    return std::move(routes_);
  }

 private:
  void add(const std::vector<IpPrefix>& prefixes, NextHopType type,
           const std::vector<std::string>& next_hops) {
    for (const IpPrefix& prefix : prefixes) {
      routes_.push_back({.virtual_network = network_.name,
                         .address_prefix = prefix,
                         .next_hop_type = type,
                         .next_hops = next_hops});
    }
  }

  void add_network(const std::string& name, const std::vector<IpPrefix>& prefixes) {
    const bool is_open = plan_.networks.way(network_.name, name) != nullptr;
    if (is_open) {
      add(prefixes, NextHopType::VNetPeering, {name});
    } else {
      add(prefixes, NextHopType::None, {});
    }
  }

  // Several tunnels to one prefix are one route of several next hops.
  void add_tunnel(const TunnelPlan& tunnel) {
    for (const IpPrefix& prefix : tunnel.remote_prefixes) {
      bool is_known = false;
      for (EffectiveRoute& route : routes_) {
        if (route.address_prefix != prefix) continue;
        if (route.source == RouteSource::VirtualNetworkGateway) {
          is_known = true;
          route.next_hops.push_back(tunnel.connection);
        } else {
          route.state = RouteState::Invalid;
        }
      }
      if (is_known) continue;
      routes_.push_back({.virtual_network = network_.name,
                         .address_prefix = prefix,
                         .source = RouteSource::VirtualNetworkGateway,
                         .next_hop_type = NextHopType::VirtualNetworkGateway,
                         .next_hops = {tunnel.connection}});
    }
  }

  const Plan& plan_;
  const AttachedNetwork& network_;
  std::vector<EffectiveRoute> routes_;
};

}  // namespace

std::string_view name_of(RouteSource source) {
  return source == RouteSource::Default ? "Default" : "VirtualNetworkGateway";
}

std::string_view name_of(NextHopType type) {
  switch (type) {
    case NextHopType::VnetLocal:
      return "VnetLocal";
    case NextHopType::VNetPeering:
      return "VNetPeering";
    case NextHopType::VirtualNetworkGateway:
      return "VirtualNetworkGateway";
    case NextHopType::None:
      return "None";
  }
  return "";
}

std::string_view name_of(RouteState state) {
  return state == RouteState::Active ? "Active" : "Invalid";
}

std::vector<EffectiveRoute> effective_routes(const Plan& plan, std::string_view virtual_network) {
  const AttachedNetwork* const network = plan.networks.find(virtual_network);
  return network == nullptr ? std::vector<EffectiveRoute>{} : Collector(plan, *network).collect();
}

}  // namespace twinspan::policy
