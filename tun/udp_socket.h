// One UDP socket of a worker: its endpoint and which offloads it still uses.
// Threads: the outbound loop and the control thread send, the inbound loop receives; the kernel
// serialises them. `gso` may be cleared by a sender, the flags are read by any thread.
#pragma once

#include <atomic>

#include "base/endpoint.h"
#include "tun/packet_io.h"
#include "tun/socket_address.h"
#include "tun/unique_fd.h"

namespace twinspan::tun {

struct UdpOffloads {
  bool gso = true;
  bool gro = true;
};

class UdpSocket {
 public:
  // Sets the options of the packet path; what the kernel refuses is off.
  UdpSocket(UniqueFd fd, const Endpoint& local, UdpOffloads wanted, PacketIo& io);

  int fd() const { return fd_.get(); }
  const Endpoint& local() const { return local_; }
  bool gso() const { return gso_.load(std::memory_order_relaxed); }
  bool gro() const { return gro_; }
  // The kernel or the device behind the route cannot: this socket sends datagrams one by one from
  // here on.
  void disable_gso() { gso_.store(false, std::memory_order_relaxed); }

 private:
  UniqueFd fd_;
  Endpoint local_;
  std::atomic<bool> gso_;
  bool gro_;
};

// What sockets of either kind have in common: packets go without DF, their size is never decided by
// what an ICMP message says to the kernel, and the traffic class of what arrives is told.
void set_outer_options(int fd, IpFamily family, PacketIo& io);
// Errors about what was sent come up through the error queue, which must be emptied then.
void report_errors(int fd, IpFamily family, PacketIo& io);
// While it is on, packets go with DF and never in pieces, up to the size that the link takes.
void set_probing(int fd, IpFamily family, bool is_on, PacketIo& io);
// Datagrams that the kernel dropped because the socket's queue was full. Modulo 2^32.
uint32_t queue_drops(int fd);

}  // namespace twinspan::tun
