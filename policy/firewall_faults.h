// What of an instance's rules is no longer as it was put up: somebody deleted, added or changed
// something of the table `inet twinspan` by hand. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/firewall_text.h"

namespace twinspan::policy {

inline constexpr size_t kFirewallFaultsMax = 8;  // Named; of more the last one says how many.

// In words: `element "lan0" . 10.1.0.0/16 of set i54000012.gw-a-0.local4 is missing`. `installed`
// is the table as it was read when the rules had been put up. What belongs to other instances is
// theirs. Empty: nothing.
std::vector<std::string> firewall_faults(uint32_t link_group, const FirewallTable& installed,
                                         const FirewallTable& present);

// For people: what is wrong, and what to do.
std::string firewall_fault(const std::vector<std::string>& faults);
inline constexpr const char* kFirewallFix =
    "twinspand puts up again what is deleted, and all of it when it is restarted: see what its log "
    "says of nftables, and who changes table inet twinspan";

}  // namespace twinspan::policy
