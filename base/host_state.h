// What the host answers when it is asked how things are at the moment: where the kernel sends a
// packet, and what became of a device.
#pragma once

#include <cstdint>
#include <string>

namespace twinspan {

struct FoundRoute {
  enum class Kind : uint8_t {
    Device,       // By `device`.
    Local,        // An address of this host.
    Unreachable,  // Refused by a route, or there is none.
    Refused,      // The packet itself is, for its source: reverse path filter, martian.
  };
  Kind kind = Kind::Unreachable;
  std::string device;
  std::string text;  // The kernel's word for what is no device.
};

struct DeviceState {
  bool exists = false;
  bool is_up = false;
  bool has_carrier = false;
  unsigned mtu = 0;
  // IPv4; 1: strict, 2: loose. As the kernel has it: the larger of the device's own and of
  // net.ipv4.conf.all.rp_filter.
  int reverse_path_filter = 0;
};

}  // namespace twinspan
