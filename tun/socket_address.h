// Endpoint to sockaddr and back.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/endpoint.h"

namespace twinspan::tun {

struct SocketAddress {
  sockaddr_storage storage;
  socklen_t length;
};

SocketAddress to_socket_address(const Endpoint& endpoint);
Endpoint to_endpoint(const sockaddr_storage& storage);  // 0.0.0.0:0 for families other than IP.

}  // namespace twinspan::tun
