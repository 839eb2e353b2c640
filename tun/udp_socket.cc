#include "tun/udp_socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>

#include "tun/demux.h"

namespace twinspan::tun {

namespace {

int discovery_mode(IpFamily family, bool is_probing) {
  if (family == IpFamily::V4) return is_probing ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT;
  return is_probing ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT;
}

}  // namespace

void set_outer_options(int fd, IpFamily family, PacketIo& io) {
  // Where the path is narrower than is known, a fragmented outer packet arrives (RFC 4301 8.1
  // allows clearing DF), one with DF is lost. OMIT: no DF, and the kernel takes no size from an
  // ICMP message, whose quoted SPI it does not check. IPv6 packets are cut by their sender alone,
  // so there the kernel has to know.
  set_probing(fd, family, false, io);
  if (family == IpFamily::V4) {
    io.setsockopt(fd, IPPROTO_IP, IP_RECVTOS, 1);
  } else {
    io.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  }
}

void report_errors(int fd, IpFamily family, PacketIo& io) {
  if (family == IpFamily::V4) {
    io.setsockopt(fd, IPPROTO_IP, IP_RECVERR, 1);
  } else {
    io.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  }
}

void set_probing(int fd, IpFamily family, bool is_on, PacketIo& io) {
  const bool is_v4 = family == IpFamily::V4;
  io.setsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
                discovery_mode(family, is_on));
}

uint32_t queue_drops(int fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> values{};
  socklen_t size = sizeof values;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values.data(), &size) != 0) return 0;
  return values[SK_MEMINFO_DROPS];
}

UdpSocket::UdpSocket(UniqueFd fd, const Endpoint& local, UdpOffloads wanted, PacketIo& io)
    : fd_(std::move(fd)), local_(local) {
  set_outer_options(fd_.get(), local.address.family(), io);
  // On IKE's own port nothing is large: what does not fit there, IKE cuts itself (RFC 7383).
  if (local.port != kIkePort) report_errors(fd_.get(), local.address.family(), io);
  // A size of 0 means no segmentation unless a message asks for it: accepted wherever UDP_SEGMENT
  // is known.
  gso_ = wanted.gso && io.setsockopt(fd_.get(), IPPROTO_UDP, UDP_SEGMENT, 0) == 0;
  gro_ = io.setsockopt(fd_.get(), IPPROTO_UDP, UDP_GRO, wanted.gro ? 1 : 0) == 0 && wanted.gro;
}

}  // namespace twinspan::tun
