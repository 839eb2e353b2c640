#include "policy/route_mode.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

TrafficSelectors from_prefixes(const MarkedList<IpPrefix>& prefixes) {
  TrafficSelectors selectors;
  for (const auto& prefix : *prefixes) selectors.push_back(TrafficSelector::from_prefix(*prefix));
  return selectors;
}

TrafficSelectors from_ranges(const MarkedList<AddressRange>& ranges) {
  TrafficSelectors selectors;
  for (const auto& range : *ranges) {
    selectors.push_back({.first_address = range->first, .last_address = range->last});
  }
  return selectors;
}

bool has_family(const TrafficSelectors& selectors, IpFamily family) {
  return std::ranges::any_of(
      selectors, [&](const TrafficSelector& selector) { return selector.family() == family; });
}

void keep_families_of(const TrafficSelectors& other, TrafficSelectors& selectors) {
  std::erase_if(selectors, [&](const TrafficSelector& selector) {
    return !has_family(other, selector.family());
  });
}

TunnelSelectors any_to_any() {
  const TrafficSelectors any = {TrafficSelector::any(IpFamily::V4),
                                TrafficSelector::any(IpFamily::V6)};
  return {.is_any_to_any = true, .local = any, .remote = any};
}

TunnelSelectors paired(TrafficSelectors local, TrafficSelectors remote) {
  keep_families_of(remote, local);
  keep_families_of(local, remote);
  return {.is_any_to_any = false, .local = std::move(local), .remote = std::move(remote)};
}

}  // namespace

TunnelSelectors tunnel_selectors(const VirtualNetworkGateway& gateway, const Connection& connection,
                                 const MarkedList<IpPrefix>& own,
                                 const MarkedList<IpPrefix>& remote) {
  if (uses_selector_policies(gateway, connection)) {
    const TrafficSelectorPolicy& policy = connection.traffic_selector_policies.front();
    return paired(from_ranges(policy.local_address_ranges),
                  from_ranges(policy.remote_address_ranges));
  }
  if (gateway.is_policy_based() || *connection.use_policy_based_traffic_selectors) {
    return paired(from_prefixes(own), from_prefixes(remote));
  }
  return any_to_any();
}

bool uses_selector_policies(const VirtualNetworkGateway& gateway, const Connection& connection) {
  return !gateway.is_policy_based() && *connection.use_policy_based_traffic_selectors &&
         !connection.traffic_selector_policies.empty();
}

}  // namespace twinspan::policy
