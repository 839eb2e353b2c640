// The network interfaces of this network namespace. Thread: any.
#pragma once

#include <functional>
#include <set>
#include <string>

namespace twinspan::tun {

std::set<std::string, std::less<>> interface_names();

}  // namespace twinspan::tun
