// The error queue of a socket (IP_RECVERR, IPV6_RECVERR): what routers on the way, and our own
// host, say about the size of what was sent. Other errors are taken off and dropped: that a peer
// cannot be reached is for IKE to find out, who can tell a forgery.
//
// Nothing here is believed: an ICMP message has no sender that could be trusted. It is for the
// caller to compare the quoted SPI with those that are in use.
// Thread: the inbound loop of the worker that owns the socket.
#pragma once

#include <sys/socket.h>

#include <array>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "tun/packet_io.h"

namespace twinspan::tun {

// RFC 1191 4, RFC 4443 3.2.
struct TooBigReport {
  IpAddress destination;        // Of the packet that did not fit.
  uint32_t mtu = 0;             // 0: a router from before RFC 1191.
  bool is_local = false;        // Our own host says so, about its own link.
  std::optional<uint32_t> spi;  // The first word that was quoted; nullopt: too little was quoted.
};

// nullopt: an error of another kind. `quoted` begins at the ESP header, or at what UDP carries.
std::optional<TooBigReport> parse_error(msghdr& message, ByteView quoted);

class ErrorQueue {
 public:
  static constexpr size_t kReportsMax =
      16;  // Of one drain(); the loop comes back when there is more.

  explicit ErrorQueue(PacketIo& io) : io_(io) {}

  // Valid until the next call.
  std::span<const TooBigReport> drain(int fd);

 private:
  PacketIo& io_;
  std::array<TooBigReport, kReportsMax> reports_;
};

}  // namespace twinspan::tun
