// Attached networks kept apart on the host: the instance's nftables rules (policy/firewall_text),
// changed under a lock in the run directory's parent. They are put up before any route, and stay
// through crash, exit and restart until flush_host(). Thread: the control thread.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "policy/firewall_text.h"
#include "policy/plan.h"
#include "tun/host.h"

namespace twinspan::tools {

inline constexpr const char* kFirewallLockName = "twinspan-firewall.lock";

// Makes the host's table hold the rules of the plan; after claim(). The error: as before. That the
// host refuses the rules is an error where they keep something apart, and a warning in `log` where
// one network is all that there is.
Result<void, tun::HostError> isolate(tun::Host& host, const policy::Plan& plan,
                                     const std::string& run_dir, const Log& log);

// Whether the rules are there; true also when that cannot be read.
bool is_isolated(tun::Host& host);

// Ends the claim: host.flush(), and behind it the isolation. The error: its rules are still there.
Result<void, tun::HostError> flush_host(tun::Host& host, const std::string& run_dir);

// What tun::Host::read_firewall() gave.
policy::FirewallTable parse_firewall_table(const std::string& json_text);

}  // namespace twinspan::tools
