#include "tun/udp_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>

namespace twinspan::tun {

void allow_outer_fragmentation(int fd, IpFamily family, PacketIo& io) {
  // The inner MTU is chosen so that an outer packet fits the path as it is known. Where the path is
  // narrower than that, a fragmented outer packet arrives (RFC 4301 8.1 allows clearing DF), one
  // with DF set disappears while nobody here listens to the ICMP that says so.
  if (family == IpFamily::V4) {
    io.setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  } else {
    io.setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  }
}

UdpSocket::UdpSocket(UniqueFd fd, const Endpoint& local, UdpOffloads wanted, PacketIo& io)
    : fd_(std::move(fd)), local_(local) {
  allow_outer_fragmentation(fd_.get(), local.address.family(), io);
  // A size of 0 means no segmentation unless a message asks for it: accepted wherever UDP_SEGMENT
  // is known.
  gso_ = wanted.gso && io.setsockopt(fd_.get(), IPPROTO_UDP, UDP_SEGMENT, 0) == 0;
  gro_ = io.setsockopt(fd_.get(), IPPROTO_UDP, UDP_GRO, wanted.gro ? 1 : 0) == 0 && wanted.gro;
}

}  // namespace twinspan::tun
