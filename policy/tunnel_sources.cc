#include "policy/tunnel_sources.h"

#include <algorithm>
#include <iterator>
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

bool is_v4(const IpPrefix& prefix) {
  return prefix.family() == IpFamily::V4;
}

}  // namespace

TunnelSources::TunnelSources(const Plan& plan) {
  for (const TunnelPlan& tunnel : plan.tunnels)
    std::ranges::copy_if(tunnel.remote_prefixes, std::back_inserter(prefixes_), is_v4);
  std::ranges::sort(prefixes_);
  const auto repeated = std::ranges::unique(prefixes_);
  prefixes_.erase(repeated.begin(), repeated.end());
}

std::vector<IpPrefix> TunnelSources::foreign_to(const TunnelPlan& tunnel) const {
  Owners owners;
  for (const IpPrefix& prefix : tunnel.remote_prefixes) {
    if (!is_v4(prefix)) continue;
    // What lies in a prefix stands right behind it.
    for (auto inside = std::ranges::lower_bound(prefixes_, prefix);
         inside != prefixes_.end() && prefix.contains(*inside); ++inside)
      owners.try_emplace(*inside, false);
  }
  for (const IpPrefix& prefix : tunnel.remote_prefixes) {
    if (is_v4(prefix)) owners[prefix] = true;
  }
  std::vector<IpPrefix> foreign;
  collect(owners, IpPrefix::any(IpFamily::V4), false, foreign);
  return foreign;
}

}  // namespace twinspan::policy
