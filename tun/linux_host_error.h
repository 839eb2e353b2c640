// From errno and the kernel's words to a HostError that says what to do.
#pragma once

#include <string>

#include "tun/host.h"
#include "tun/netlink.h"

namespace twinspan::tun {

std::string errno_text(int code);
std::string remedy_for(int code);  // Empty when there is no general one.
HostError host_error(std::string what, const NetlinkError& error);
HostError host_error(std::string what, int code);

}  // namespace twinspan::tun
