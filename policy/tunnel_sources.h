// Which inner sources may not come out of an any-to-any tunnel, since the way back to them does not
// lead into it: the reverse path filter that selectors of that kind are not, made of the plan.
// Pure.
#pragma once

#include <vector>

#include "policy/plan.h"

namespace twinspan::policy {

// IPv4. A source belongs to the tunnels that share the longest prefix around it, whichever of them
// the kernel answers by at the moment. What belongs to none is answered outside of all tunnels, in
// clear. Not IPv6: routers between the peer and its hosts, which are in no prefix, tell by ICMPv6
// what the path carries, and there is no other way to learn it.
class TunnelSources {
 public:
  TunnelSources() = default;
  // Of all tunnels of the plan, which need not outlive it.
  explicit TunnelSources(const Plan& plan);

  // `tunnel` is one of the plan.
  std::vector<IpPrefix> foreign_to(const TunnelPlan& tunnel) const;

 private:
  std::vector<IpPrefix> prefixes_;  // IPv4, sorted, each once.
};

}  // namespace twinspan::policy
