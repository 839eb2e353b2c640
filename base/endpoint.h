// A UDP endpoint.
#pragma once

#include <compare>
#include <string>

#include "base/ip_address.h"

namespace twinspan {

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;  // Host order.

  auto operator<=>(const Endpoint&) const = default;
  std::string to_string() const {
    const std::string host = address.to_string();
    return (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

}  // namespace twinspan

template <>
struct std::hash<twinspan::Endpoint> {
  size_t operator()(const twinspan::Endpoint& endpoint) const noexcept {
    return std::hash<twinspan::IpAddress>{}(endpoint.address) * 31 + endpoint.port;
  }
};
