#include "tun/tun_port.h"

#include <cerrno>

namespace twinspan::tun {

TunPort::TunPort(TunnelId tunnel, TunDevice device, PacketIo& io, bool copies_dscp)
    : TunPort(tunnel, 0, std::move(device.fd),
              {.vnet_header = device.vnet_header,
               .tso = device.tso,
               .uso = device.uso,
               .copies_dscp = copies_dscp},
              io) {}

TunPort::TunPort(TunnelId tunnel, unsigned queue, UniqueFd fd, const PortOptions& options,
                 PacketIo& io)
    : tunnel_(tunnel),
      queue_(queue),
      fd_(std::move(fd)),
      options_(options),
      io_(io),
      write_fd_(fd_.get()),
      copies_dscp_(options.copies_dscp),
      tso_(options.vnet_header && options.tso),
      uso_(options.vnet_header && options.uso) {}

ssize_t TunPort::read(VirtioHeader& header, ByteSpan buffer) {
  header = {};
  const iovec pieces[2] = {{&header, kVirtioHeaderSize}, {buffer.data(), buffer.size()}};
  if (!vnet_header()) return io_.readv(fd(), {&pieces[1], 1});
  const ssize_t length = io_.readv(fd(), pieces);
  if (length < 0) return length;
  constexpr auto kHeader = static_cast<ssize_t>(kVirtioHeaderSize);
  return length < kHeader ? 0 : length - kHeader;
}

size_t TunPort::write(Coalescer& coalescer, size_t group) {
  const GroupKind kind = coalescer.kind(group);
  if (write_pieces(coalescer.merge(group))) return 0;
  if (errno != EINVAL || kind == GroupKind::Single) return coalescer.packet_count(group);
  // Some kernels refuse groups that others take (short tails in 6.6.44 and 6.10.3). The packets
  // themselves are fine; this device gets no more groups of the kind.
  (kind == GroupKind::Tcp ? tso_ : uso_).store(false, std::memory_order_relaxed);
  coalescer.restore(group);
  return write_singly(coalescer, group);
}

bool TunPort::write_packet(ByteView packet) {
  VirtioHeader none{};
  const iovec pieces[2] = {{&none, kVirtioHeaderSize},
                           {const_cast<uint8_t*>(packet.data()), packet.size()}};
  return write_pieces(pieces);
}

size_t TunPort::write_singly(Coalescer& coalescer, size_t group) {
  size_t failed = 0;
  size_t packet = coalescer.first_packet(group);
  for (size_t i = 0; i < coalescer.packet_count(group); ++i) {
    if (!write_packet(coalescer.packet(packet))) ++failed;
    packet = coalescer.next_packet(packet);
  }
  return failed;
}

// `pieces` begin with the virtio header.
bool TunPort::write_pieces(std::span<const iovec> pieces) {
  if (!vnet_header()) pieces = pieces.subspan(1);
  return io_.writev(write_fd_.load(std::memory_order_relaxed), pieces) >= 0;
}

}  // namespace twinspan::tun
