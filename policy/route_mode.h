// What separates the two kinds of gateways: which traffic selectors a tunnel negotiates.
#pragma once

#include <vector>

#include "policy/model.h"

namespace twinspan::policy {

// The selectors of one Child SA.
struct SelectorPair {
  TrafficSelectors local;
  TrafficSelectors remote;
};

struct TunnelSelectors {
  bool is_any_to_any = false;
  std::vector<SelectorPair> pairs;  // One Child SA each.
};

// More are never made, so that two long lists do not fill the memory; far fewer are allowed.
inline constexpr size_t kSelectorPairsMax = 4096;

// Route-based: any-to-any of both families; routes choose the tunnel. Policy-based, and route-based
// with use_policy_based_traffic_selectors: each own prefix with each remote one, which is what
// devices that take one pair per Child SA expect, or one pair per selector policy with all of its
// ranges. A family that stands on one side only has no pair and is left out; nothing remains when
// there is no other.
TunnelSelectors tunnel_selectors(const VirtualNetworkGateway& gateway, const Connection& connection,
                                 const MarkedList<IpPrefix>& own,
                                 const MarkedList<IpPrefix>& remote);

// What to do about more pairs than a tunnel may have.
const char* too_many_pairs_remedy(const VirtualNetworkGateway& gateway);

// Whether the connection's traffic_selector_policies are in force.
bool uses_selector_policies(const VirtualNetworkGateway& gateway, const Connection& connection);

}  // namespace twinspan::policy
