// The system calls of the packet path, and those that spread it over queues, behind a seam: tests
// give the loops a kernel that refuses. One virtual call per system call is nothing beside it.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <span>

namespace twinspan::tun {

// Results and errno are those of the system calls of the same name.
class PacketIo {
 public:
  virtual ~PacketIo() = default;
  virtual ssize_t readv(int fd, std::span<const iovec> pieces);
  virtual ssize_t writev(int fd, std::span<const iovec> pieces);
  virtual int sendmmsg(int fd, std::span<mmsghdr> messages);  // MSG_DONTWAIT
  virtual int recvmmsg(int fd, std::span<mmsghdr> messages);  // MSG_DONTWAIT
  // Of the error queue: MSG_ERRQUEUE | MSG_DONTWAIT.
  virtual ssize_t receive_error(int fd, msghdr& message);
  virtual int setsockopt(int fd, int level, int option, int value);
  // Waits until the socket takes more, at most `milliseconds`.
  virtual void wait_writable(int fd, int milliseconds);

  // tun/flow_steering.h.
  virtual int set_tun_queue(int fd, bool is_attached);
  virtual int set_tun_steering(int fd, uint32_t slots);
  virtual void await_packets_under_way();
};

PacketIo& system_packet_io();

}  // namespace twinspan::tun
