// The routes that hold for the hosts of an attached network, in the cloud's words: to the network
// itself, to peered ones, and over the gateway. Pure; whether a tunnel is up is the caller's to
// add.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/plan.h"

namespace twinspan::policy {

enum class RouteSource : uint8_t {
  Default,                // It follows from the network and its peerings.
  VirtualNetworkGateway,  // It comes with a connection.
};

enum class NextHopType : uint8_t {
  VnetLocal,
  VNetPeering,
  VirtualNetworkGateway,
  None,  // Dropped: another network of this host, to which nothing leads.
};

enum class RouteState : uint8_t {
  Active,
  Invalid,  // A tunnel to the same addresses wins: routes into tunnels come first on a host.
};

std::string_view name_of(RouteSource source);
std::string_view name_of(NextHopType type);
std::string_view name_of(RouteState state);

struct EffectiveRoute {
  std::string virtual_network;
  IpPrefix address_prefix;
  RouteSource source = RouteSource::Default;
  NextHopType next_hop_type = NextHopType::VnetLocal;
  RouteState state = RouteState::Active;
  // The interfaces, the peered network, or the connection; nothing with None.
  std::vector<std::string> next_hops;
  bool operator==(const EffectiveRoute&) const = default;
};

// In the order of the prefixes. Empty when the network is not attached. What none of them covers
// follows the host's own routes.
std::vector<EffectiveRoute> effective_routes(const Plan& plan, std::string_view virtual_network);

}  // namespace twinspan::policy
