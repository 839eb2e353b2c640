#include "tun/packet_io.h"

#include <poll.h>

#include "tun/flow_steering.h"

namespace twinspan::tun {

ssize_t PacketIo::readv(int fd, std::span<const iovec> pieces) {
  return ::readv(fd, pieces.data(), static_cast<int>(pieces.size()));
}

ssize_t PacketIo::writev(int fd, std::span<const iovec> pieces) {
  return ::writev(fd, pieces.data(), static_cast<int>(pieces.size()));
}

int PacketIo::sendmmsg(int fd, std::span<mmsghdr> messages) {
  return ::sendmmsg(fd, messages.data(), static_cast<unsigned>(messages.size()), MSG_DONTWAIT);
}

int PacketIo::recvmmsg(int fd, std::span<mmsghdr> messages) {
  return ::recvmmsg(fd, messages.data(), static_cast<unsigned>(messages.size()), MSG_DONTWAIT,
                    nullptr);
}

ssize_t PacketIo::receive_error(int fd, msghdr& message) {
  return ::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
}

int PacketIo::setsockopt(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value);
}

void PacketIo::wait_writable(int fd, int milliseconds) {
  pollfd wanted{.fd = fd, .events = POLLOUT, .revents = 0};
  ::poll(&wanted, 1, milliseconds);
}

int PacketIo::set_tun_queue(int fd, bool is_attached) {
  return tun::set_tun_queue(fd, is_attached);
}

int PacketIo::set_tun_steering(int fd, uint32_t slots) {
  return tun::set_tun_steering(fd, slots);
}

void PacketIo::await_packets_under_way() {
  tun::await_packets_under_way();
}

PacketIo& system_packet_io() {
  static PacketIo io;
  return io;
}

}  // namespace twinspan::tun
