// Attached networks kept apart on the host: the instance's nftables rules (policy/firewall_text),
// changed under a lock in the run directory's parent. They are put up before any route, and stay
// through crash, exit and restart until flush_host(). Thread: the control thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "policy/firewall_text.h"
#include "policy/plan.h"
#include "tun/host.h"

namespace twinspan::tools {

inline constexpr const char* kFirewallLockName = "twinspan-firewall.lock";

// Makes the host's table hold the rules of the plan; after claim(). The table as it is then; an
// empty one where the host refuses the rules and one network is all that there is, which is a
// warning in `log`. The error: as before.
Result<policy::FirewallTable, tun::HostError> isolate(tun::Host& host, const policy::Plan& plan,
                                                      const std::string& run_dir, const Log& log);

// What is no longer as isolate() left it (policy/firewall_faults); nullopt when that cannot be
// read.
std::optional<std::vector<std::string>> isolation_faults(tun::Host& host,
                                                         const policy::FirewallTable& installed);

// Packets that the instance's rules have dropped, by chain; empty where they cannot be read.
std::map<std::string, policy::FirewallDrops> isolation_drops(tun::Host& host);

// Ends the claim: host.flush(), and behind it the isolation. The error: its rules are still there.
Result<void, tun::HostError> flush_host(tun::Host& host, const std::string& run_dir);

}  // namespace twinspan::tools
