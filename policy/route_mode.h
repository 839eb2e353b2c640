// What separates the two kinds of gateways: which traffic selectors a tunnel negotiates.
#pragma once

#include "policy/model.h"

namespace twinspan::policy {

struct TunnelSelectors {
  bool is_any_to_any = false;
  TrafficSelectors local;
  TrafficSelectors remote;
};

// Route-based: any-to-any of both families; routes choose the tunnel. Policy-based, and route-based
// with use_policy_based_traffic_selectors: all pairs of own and remote prefixes, or the ranges of
// the selector policy. A family that stands on one side only has no pair and is left out; both
// lists are then empty when no pair remains.
TunnelSelectors tunnel_selectors(const VirtualNetworkGateway& gateway, const Connection& connection,
                                 const MarkedList<IpPrefix>& own,
                                 const MarkedList<IpPrefix>& remote);

// Whether the connection's traffic_selector_policies are in force.
bool uses_selector_policies(const VirtualNetworkGateway& gateway, const Connection& connection);

}  // namespace twinspan::policy
