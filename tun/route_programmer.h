// Which routes an instance's two tables must hold, and the steps that get there. Pure, except
// apply_steps().
//
//   rule                                            table
//   5210 not fwmark MARK lookup A                   prefixes longer than /0; throw for attached
//   networks 5220 not fwmark MARK lookup main suppress /0    what the host itself knows, but not
//   its default route 5230 not fwmark MARK lookup B                   0.0.0.0/0 and ::/0
//
// Each protected prefix has an unreachable route of the worst metric, and its tunnel route above
// it: when the device goes, loses its carrier, or its daemon dies, the packet is refused and never
// finds the default route. docs/decisions/0001-host-routes.md tells why. Thread: the control
// thread.
#pragma once

#include <vector>

#include "base/ip_prefix.h"
#include "tun/host.h"
#include "tun/netlink_route.h"

namespace twinspan::tun {

constexpr uint32_t kTunnelMetric = 100;
constexpr uint32_t kThrowMetric =
    50;  // Not the tunnels': one may follow the other at the same prefix.
constexpr uint32_t kUnreachableMetric = UINT32_MAX;
constexpr size_t kRoutesMax =
    100'000;  // Of one instance; a full dump of them takes under a second.

struct RouteTables {
  uint32_t a = 0;
  uint32_t b = 0;
};

// A TunnelRoute whose device name is resolved.
struct ResolvedRoute {
  IpPrefix prefix;
  int device = 0;
  std::optional<IpAddress> preferred_source;
};

// Ordered and without duplicates. A prefix of several devices becomes one multipath route; its
// preferred source is the first that is named.
std::vector<Route> wanted_unreachable_routes(const RouteTables& tables,
                                             const std::vector<IpPrefix>& protected_prefixes,
                                             const std::vector<TunnelRoute>& tunnel_routes);
std::vector<Route> wanted_tunnel_routes(const RouteTables& tables,
                                        const std::vector<ResolvedRoute>& routes);
// An attached network that is itself protected has none: protection wins.
std::vector<Route> wanted_throw_routes(const RouteTables& tables,
                                       const std::vector<IpPrefix>& attached,
                                       const std::vector<Route>& unreachable);

struct RouteStep {
  RouteChange change;
  Route route;
  bool operator==(const RouteStep&) const = default;
};

// Routes of other protocols (a routing daemon's) are left alone. The order of the steps is such
// that no protected prefix is without an unreachable route in between.
std::vector<RouteStep> plan_route_steps(const std::vector<Route>& present,
                                        const std::vector<Route>& wanted);

// Stops at the first refusal and names the route.
Result<void, HostError> apply_route_steps(NetlinkSocket& socket,
                                          const std::vector<RouteStep>& steps);

std::string describe_route(const Route& route);

}  // namespace twinspan::tun
