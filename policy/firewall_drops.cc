#include "policy/firewall_drops.h"

#include <algorithm>
#include <string>

#include "policy/firewall_text.h"

namespace twinspan::policy {
namespace {

constexpr FirewallReason kReasons[] = {
    {"network", "another network",
     "it went from one network of this host to another one, and no peering opens that way",
     "the walk of the packets below, and `twinspan explain`, name the peering and its flag"},
    {"tunnel", "a tunnel that is not its own",
     "it went between a tunnel and a network that does not use this gateway",
     "allow_gateway_transit and use_remote_gateways on the two halves of a peering let a network "
     "use the gateway of another one"},
    {"other", "another gateway's",
     "it went between what belongs to this gateway and what belongs to another one on this host",
     "networks of two gateways reach each other when both estate files peer them"},
    {"around", "around its interfaces",
     "it had addresses of this host's networks and came or went by an interface that is not theirs",
     "see the interfaces of the network in the estate file; else somebody sends with addresses "
     "that are not its own"},
    {"address", "an address in another network",
     "it was for an address of this host in a network that its sender may not reach",
     "use the host's address in the sender's own network, or peer the two"},
};

}  // namespace

std::span<const FirewallReason> firewall_reasons() {
  return kReasons;
}

const FirewallReason* reason_of_chain(uint32_t link_group, std::string_view chain) {
  const size_t dot = chain.rfind('.');
  if (dot == std::string_view::npos || !is_of_instance(link_group, chain)) return nullptr;
  const auto found = std::ranges::find(kReasons, chain.substr(dot + 1), &FirewallReason::name);
  return found == std::end(kReasons) ? nullptr : &*found;
}

}  // namespace twinspan::policy
