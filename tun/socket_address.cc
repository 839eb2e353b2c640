#include "tun/socket_address.h"

#include <arpa/inet.h>

#include <cstring>

namespace twinspan::tun {

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress out{};
  if (endpoint.address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.address.bytes().data(), 4);
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  } else {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(endpoint.port);
    std::memcpy(&in6.sin6_addr, endpoint.address.bytes().data(), 16);
    std::memcpy(&out.storage, &in6, sizeof in6);
    out.length = sizeof in6;
  }
  return out;
}

Endpoint to_endpoint(const sockaddr_storage& storage) {
  uint8_t address[16];
  if (storage.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &storage, sizeof in);
    std::memcpy(address, &in.sin_addr, 4);
    return {IpAddress::v4(address), ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &storage, sizeof in6);
    std::memcpy(address, &in6.sin6_addr, 16);
    return {IpAddress::v6(address), ntohs(in6.sin6_port)};
  }
  return {};
}

}  // namespace twinspan::tun
