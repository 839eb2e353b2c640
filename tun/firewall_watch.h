// Hears of changes to the host's nftables: `nft flush ruleset`, which a reload of the
// administrator's own rules often begins with, takes our table away as well.
// Thread: the control thread.
#pragma once

#include "base/result.h"
#include "tun/unique_fd.h"

namespace twinspan::tun {

// Non-blocking; readable when there is something to hear. The error is errno.
Result<UniqueFd, int> open_firewall_watch();

// Reads what is there. True: something of the table `inet twinspan` may have been deleted.
bool take_firewall_deletions(int watch);

}  // namespace twinspan::tun
