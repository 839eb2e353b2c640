// Takes what waits on a socket with one recvmmsg into buffers of its own. A buffer holds one
// datagram, or with UDP_GRO a train of them. Thread: the one that owns it.
#pragma once

#include <array>
#include <span>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "esp/ecn.h"
#include "tun/packet_io.h"
#include "tun/packet_pool.h"
#include "tun/socket_address.h"

namespace twinspan::tun {

struct Received {
  ByteSpan bytes;
  size_t segment_size = 0;  // Every segment but the last has this length.
  Endpoint remote;
  esp::Ecn ecn = esp::Ecn::NotEct;  // Of all: GRO joins no datagrams whose traffic class differs.
};

class DatagramReceiver {
 public:
  // 8 x 64 KB stay in a 1 MiB second-level cache until they are opened, and one call in eight is
  // already little beside the rest when datagrams come singly.
  static constexpr size_t kSlots = 8;
  // The largest IP packet: also the most that GRO collects, and an outer packet reassembled from
  // fragments.
  static constexpr size_t kSlotSize = 65536;

  explicit DatagramReceiver(PacketIo& io);

  // Valid until the next call. Empty: nothing waits, or the socket reported an error, which is
  // thereby consumed: an ICMP message about what we sent is no reason to stop.
  // At most `most` datagrams or trains, no more than kSlots.
  std::span<const Received> receive(int fd, size_t most = kSlots);
  uint64_t truncated() const { return truncated_; }

 private:
  struct alignas(cmsghdr) Control {
    std::array<uint8_t, 64> bytes;
  };

  PacketIo& io_;
  PacketPool pool_;
  uint64_t truncated_ = 0;
  std::array<mmsghdr, kSlots> messages_{};
  std::array<iovec, kSlots> pieces_{};
  std::array<sockaddr_storage, kSlots> names_{};
  std::array<Control, kSlots> controls_{};
  std::array<Received, kSlots> received_;
};

}  // namespace twinspan::tun
