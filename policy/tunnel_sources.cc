#include "policy/tunnel_sources.h"

#include <algorithm>
#include <map>

namespace twinspan::policy {
namespace {

// Prefixes, and whether they are the tunnel's. What covers a prefix stands before it.
using Owners = std::map<IpPrefix, bool>;

IpPrefix upper_half(const IpPrefix& prefix) {
  return {prefix.last_address(), prefix.length() + 1};
}

// The parts of `region` in which the longest prefix is not the tunnel's.
void collect(const Owners& owners, const IpPrefix& region, bool is_own,
             std::vector<IpPrefix>& foreign) {
  if (const auto exact = owners.find(region); exact != owners.end()) is_own = exact->second;
  const auto inner = owners.upper_bound(region);
  if (inner == owners.end() || !region.contains(inner->first)) {
    if (!is_own) foreign.push_back(region);
    return;
  }
  collect(owners, {region.address(), region.length() + 1}, is_own, foreign);
  collect(owners, upper_half(region), is_own, foreign);
}

}  // namespace

std::vector<IpPrefix> foreign_sources(const Plan& plan, const TunnelPlan& tunnel) {
  Owners owners;
  for (const IpPrefix& prefix : tunnel.remote_prefixes) {
    if (prefix.family() == IpFamily::V4) owners[prefix] = true;
  }
  const Owners own = owners;
  for (const TunnelPlan& other : plan.tunnels) {
    for (const IpPrefix& prefix : other.remote_prefixes) {
      const bool is_inside =
          std::ranges::any_of(own, [&](const auto& each) { return each.first.contains(prefix); });
      if (is_inside) owners.try_emplace(prefix, false);
    }
  }
  std::vector<IpPrefix> foreign;
  collect(owners, IpPrefix::any(IpFamily::V4), false, foreign);
  return foreign;
}

}  // namespace twinspan::policy
