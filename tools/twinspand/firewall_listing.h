// What libnftables says of the host's table `inet twinspan` (libnftables-json(5)), read. What is
// not understood is passed over. Thread: the control thread.
#pragma once

#include <string>

#include "policy/firewall_text.h"

namespace twinspan::tools {

// What tun::Host::read_firewall() gave.
policy::FirewallTable parse_firewall_table(const std::string& json_text);

}  // namespace twinspan::tools
