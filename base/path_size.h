// The size of IP packets that every path carries.
#pragma once

#include <cstdint>

#include "base/ip_address.h"

namespace twinspan {

// RFC 1122 3.3.3: what every IPv4 host takes in; links below it are not met. RFC 8200 5.
inline constexpr uint32_t kPathMtuMinIpv4 = 576;
inline constexpr uint32_t kPathMtuMinIpv6 = 1280;

constexpr uint32_t path_mtu_min(IpFamily family) {
  return family == IpFamily::V4 ? kPathMtuMinIpv4 : kPathMtuMinIpv6;
}

}  // namespace twinspan
