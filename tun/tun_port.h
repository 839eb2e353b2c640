// One tunnel's TUN device as the loops see it: reads with the virtio header apart, writes of
// coalesced groups with the fall-back for kernels that refuse one. Threads: the outbound loop
// reads, the inbound loop writes, any thread asks for the offload state.
#pragma once

#include <atomic>

#include "base/strong_id.h"
#include "tun/coalesce.h"
#include "tun/host.h"
#include "tun/packet_io.h"

namespace twinspan::tun {

class TunPort {
 public:
  TunPort(TunnelId tunnel, TunDevice device, PacketIo& io, bool copies_dscp = false);

  TunnelId tunnel() const { return tunnel_; }
  int fd() const { return device_.fd.get(); }
  bool copies_dscp() const { return copies_dscp_; }  // To the outer header.
  bool vnet_header() const { return device_.vnet_header; }
  bool tso() const { return tso_.load(std::memory_order_relaxed); }
  bool uso() const { return uso_.load(std::memory_order_relaxed); }

  // One packet or super-packet; the result and errno of read(2), without the virtio header.
  ssize_t read(VirtioHeader& header, ByteSpan buffer);

  CoalesceKinds kinds() const { return {.tcp = tso(), .udp = uso()}; }
  // A packet of our own. False: the kernel did not take it. Either loop may call it.
  bool write_packet(ByteView packet);
  // Returns how many of the group's packets the kernel did not take.
  size_t write(Coalescer& coalescer, size_t group);

 private:
  bool write_pieces(std::span<const iovec> pieces);
  size_t write_singly(Coalescer& coalescer, size_t group);

  TunnelId tunnel_;
  TunDevice device_;
  bool copies_dscp_;
  PacketIo& io_;
  std::atomic<bool> tso_;
  std::atomic<bool> uso_;
};

}  // namespace twinspan::tun
