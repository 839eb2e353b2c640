#include "policy/route_mode.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

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
  return {.is_any_to_any = true, .pairs = {{any, any}}};
}

void add_pair(TrafficSelectors local, TrafficSelectors remote, TunnelSelectors& to) {
  keep_families_of(remote, local);
  keep_families_of(local, remote);
  if (!local.empty()) to.pairs.push_back({std::move(local), std::move(remote)});
}

TunnelSelectors from_policies(const std::vector<TrafficSelectorPolicy>& policies) {
  TunnelSelectors selectors;
  for (const TrafficSelectorPolicy& policy : policies) {
    add_pair(from_ranges(policy.local_address_ranges), from_ranges(policy.remote_address_ranges),
             selectors);
  }
  return selectors;
}

TunnelSelectors cross_product(const MarkedList<IpPrefix>& own, const MarkedList<IpPrefix>& remote) {
  TunnelSelectors selectors;
  for (const auto& local_prefix : *own) {
    for (const auto& remote_prefix : *remote) {
      if (selectors.pairs.size() == kSelectorPairsMax) return selectors;
      add_pair({TrafficSelector::from_prefix(*local_prefix)},
               {TrafficSelector::from_prefix(*remote_prefix)}, selectors);
    }
  }
  return selectors;
}

}  // namespace

TunnelSelectors tunnel_selectors(const VirtualNetworkGateway& gateway, const Connection& connection,
                                 const MarkedList<IpPrefix>& own,
                                 const MarkedList<IpPrefix>& remote) {
  if (uses_selector_policies(gateway, connection))
    return from_policies(connection.traffic_selector_policies);
  if (gateway.is_policy_based() || *connection.use_policy_based_traffic_selectors)
    return cross_product(own, remote);
  return any_to_any();
}

const char* too_many_pairs_remedy(const VirtualNetworkGateway& gateway) {
  return gateway.is_policy_based()
             ? "join neighbouring prefixes into larger ones"
             : "join neighbouring prefixes into larger ones, or several into one of "
               "traffic_selector_policies";
}

bool uses_selector_policies(const VirtualNetworkGateway& gateway, const Connection& connection) {
  return !gateway.is_policy_based() && *connection.use_policy_based_traffic_selectors &&
         !connection.traffic_selector_policies.empty();
}

}  // namespace twinspan::policy
