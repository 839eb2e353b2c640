// One queue of a tunnel's TUN device as the loops of its worker see it: reads with the virtio
// header apart, writes of coalesced groups with the fall-back for kernels that refuse one. Most
// devices have one queue.
// Threads: the outbound loop reads, the inbound loop writes, the control thread says which
// descriptor to write by, any thread asks for the offload state.
#pragma once

#include <atomic>

#include "base/strong_id.h"
#include "tun/coalesce.h"
#include "tun/host.h"
#include "tun/packet_io.h"

namespace twinspan::tun {

// What a device takes and gives.
struct PortOptions {
  bool vnet_header = false;  // Packets carry a virtio header.
  bool tso = false;
  bool uso = false;
  bool copies_dscp = false;  // To the outer header.
};

class TunPort {
 public:
  TunPort(TunnelId tunnel, TunDevice device, PacketIo& io, bool copies_dscp = false);
  TunPort(TunnelId tunnel, unsigned queue, UniqueFd fd, const PortOptions& options, PacketIo& io);

  TunnelId tunnel() const { return tunnel_; }
  unsigned queue() const { return queue_; }
  int fd() const { return fd_.get(); }
  bool copies_dscp() const { return copies_dscp_.load(std::memory_order_relaxed); }
  bool vnet_header() const { return options_.vnet_header; }
  bool tso() const { return tso_.load(std::memory_order_relaxed); }
  bool uso() const { return uso_.load(std::memory_order_relaxed); }

  // One packet or super-packet; the result and errno of read(2), without the virtio header.
  ssize_t read(VirtioHeader& header, ByteSpan buffer);

  CoalesceKinds kinds() const { return {.tcp = tso(), .udp = uso()}; }
  // A packet of our own. False: the kernel did not take it. Either loop may call it.
  bool write_packet(ByteView packet);
  // Returns how many of the group's packets the kernel did not take.
  size_t write(Coalescer& coalescer, size_t group);

  // Control thread.
  void set_copies_dscp(bool on) { copies_dscp_.store(on, std::memory_order_relaxed); }
  // Control thread. A queue out of use takes no packets; to the kernel it is the same by which
  // queue of the device they come.
  void write_by(const TunPort& other) { write_fd_.store(other.fd(), std::memory_order_relaxed); }

 private:
  bool write_pieces(std::span<const iovec> pieces);
  size_t write_singly(Coalescer& coalescer, size_t group);

  TunnelId tunnel_;
  unsigned queue_ = 0;
  UniqueFd fd_;
  PortOptions options_;
  PacketIo& io_;
  std::atomic<int> write_fd_;
  std::atomic<bool> copies_dscp_;
  std::atomic<bool> tso_;
  std::atomic<bool> uso_;
};

}  // namespace twinspan::tun
