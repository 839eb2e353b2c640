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
std::vector<IpPrefix> foreign_sources(const Plan& plan, const TunnelPlan& tunnel);

}  // namespace twinspan::policy
