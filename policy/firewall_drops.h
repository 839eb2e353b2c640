// Why our nftables drop a packet. Each reason is a chain of its own, which notes the packet's
// addresses for a while and counts it; `twinspan drops` tells both. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace twinspan::policy {

struct FirewallReason {
  std::string_view name;   // "network": ends the chain's name.
  std::string_view words;  // "another network": its rule's comment, and the reason for people.
  std::string_view explanation;
  std::string_view fix;
};

std::span<const FirewallReason> firewall_reasons();

// What a chain of the instance drops for; nullptr: it is another one's, or none of these.
const FirewallReason* reason_of_chain(uint32_t link_group, std::string_view chain);

// Of a reason and address family the set holds this many packets, by their interface, addresses
// and protocol, for this long after the last one; more are counted only.
inline constexpr unsigned kNotedDropsMax = 16;
inline constexpr unsigned kNotedDropsMinutes = 10;
inline constexpr std::string_view kNotedSetStem = ".seen";  // "...network.seen4"

}  // namespace twinspan::policy
