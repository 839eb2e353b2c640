// One raw socket for IP protocol 50 of a worker. It has neither segmentation nor coalescing.
// Threads: as for UdpSocket.
#pragma once

#include <optional>

#include "base/ip_address.h"
#include "tun/udp_socket.h"

namespace twinspan::tun {

class RawEspSocket {
 public:
  RawEspSocket(UniqueFd fd, const IpAddress& local, PacketIo& io);

  int fd() const { return fd_.get(); }
  const Endpoint& local() const { return local_; }  // Port 0.

 private:
  UniqueFd fd_;
  Endpoint local_;
};

// The ESP frame of what a raw socket received: IPv4 delivers the IP header too, IPv6 does not.
std::optional<ByteSpan> strip_outer_header(ByteSpan received, IpFamily family);

}  // namespace twinspan::tun
