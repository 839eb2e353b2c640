// Names of TUN devices: stable across reloads, readable, and apart from those of other gateways
// that may run on the same host.
#pragma once

#include <string>
#include <string_view>

namespace twinspan::policy {

inline constexpr size_t kDeviceNameMax = 15;  // IFNAMSIZ without its terminator.

struct DeviceOwner {
  std::string_view gateway;
  unsigned instance = 0;
  std::string_view connection;
};

// "ts" and four letters that stand for the gateway instance, "-" and the connection's name; when
// the name is too long, a longer hash of all three and the name's beginning. `attempt` above 0
// gives another name, for the rare case that the first is taken.
std::string device_name(const DeviceOwner& owner, unsigned attempt = 0);

}  // namespace twinspan::policy
