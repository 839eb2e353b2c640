// LinuxHost: the outer sockets, UDP and raw ESP.
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "tun/host_checks.h"
#include "tun/linux_host.h"
#include "tun/linux_host_error.h"
#include "tun/port_owner.h"

namespace twinspan::tun {
namespace {

constexpr unsigned kSocketsMax = 256;
// A burst of 64 KB takes twice that in kernel memory; 8 MB holds some sixty of them.
constexpr int kSocketBufferBytes = 8 << 20;
constexpr int kUdpGro = 104;  // UDP_GRO
constexpr uint16_t kIkePort = 500;
constexpr uint8_t kProtocolEsp = 50;
constexpr int kAddressWaitSteps = 50;
constexpr int kAddressWaitStepMilliseconds =
    100;  // Duplicate address detection takes one to two seconds.

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const Endpoint& endpoint) {
  SocketAddress result;
  if (endpoint.address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.address.bytes().data(), 4);
    std::memcpy(&result.storage, &in, sizeof(in));
    result.length = sizeof(in);
    return result;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(endpoint.port);
  std::memcpy(&in6.sin6_addr, endpoint.address.bytes().data(), 16);
  std::memcpy(&result.storage, &in6, sizeof(in6));
  result.length = sizeof(in6);
  return result;
}

int set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : errno;
}

// A socket of the family with our mark and buffers, not yet bound. Error: errno.
Result<UniqueFd, int> make_socket(IpFamily family, int type, int protocol) {
  const int domain = family == IpFamily::V4 ? AF_INET : AF_INET6;
  UniqueFd fd(::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd) return Err<int>(errno);
  if (type == SOCK_DGRAM && family == IpFamily::V6 &&
      set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0) {
    return Err<int>(errno);
  }
  // Before bind: from the first packet on, nothing may take the tunnels' routes.
  const auto mark = static_cast<int>(kSocketMark);
  if (const int code = set_option(fd.get(), SOL_SOCKET, SO_MARK, mark); code != 0) {
    return Err<int>(code);
  }
  for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE}) {
    if (const int code = set_option(fd.get(), SOL_SOCKET, option, kSocketBufferBytes); code != 0) {
      return Err<int>(code);
    }
  }
  return fd;
}

int bind_socket(const UniqueFd& fd, const Endpoint& local) {
  const SocketAddress address = socket_address(local);
  return ::bind(fd.get(), address.get(), address.length) == 0 ? 0 : errno;
}

template <size_t kLength>
int attach_program(int fd, int option, sock_filter (&code)[kLength]) {
  const sock_fprog program{.len = kLength, .filter = code};
  return ::setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program)) == 0 ? 0 : errno;
}

// The group's socket is the first payload word, host order, modulo the number of sockets: the owner
// of the SPI. The non-ESP marker of IKE is 0 and so is socket 0. A load past the end of a short
// packet, as of a keepalive of one byte, ends the program with 0. Port 500 carries IKE without a
// marker.
int steer_by_spi(int fd, uint16_t port, unsigned sockets) {
  if (port == kIkePort) {
    sock_filter first[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    return attach_program(fd, SO_ATTACH_REUSEPORT_CBPF, first);
  }
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, sockets),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  return attach_program(fd, SO_ATTACH_REUSEPORT_CBPF, code);
}

// A raw socket gets a copy of every packet; the filter keeps those whose SPI belongs to this one.
// IPv4 packets come with their IP header, whose length varies; IPv6 packets without.
int filter_by_spi(int fd, IpFamily family, unsigned index, unsigned sockets) {
  constexpr uint32_t kWholePacket = UINT32_MAX;
  const bool has_header = family == IpFamily::V4;
  const auto load_mode = static_cast<uint16_t>(BPF_LD | BPF_W | (has_header ? BPF_IND : BPF_ABS));
  const sock_filter header_length = has_header ? sock_filter BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
                                               : sock_filter BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0);
  sock_filter code[] = {
      header_length,
      BPF_STMT(load_mode, 0),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, sockets),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, index, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kWholePacket),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  return attach_program(fd, SO_ATTACH_FILTER, code);
}

// For a socket that sends ESP: what answers it is IKE behind a non-ESP marker of four zero bytes,
// such as an INVALID_SPI of who does not know the SPI. Its error queue is no packet, and stays.
int accept_ike_alone(int fd) {
  constexpr uint32_t kUdpHeaderSize = 8;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kUdpHeaderSize),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  return attach_program(fd, SO_ATTACH_FILTER, code);
}

std::string udp_text(const Endpoint& local) {
  return "UDP " + local.to_string();
}

}  // namespace

Result<std::vector<UniqueFd>, HostError> LinuxHost::open_udp(const UdpSocketSpec& spec) {
  CHECK(spec.sockets >= 1 && spec.sockets <= kSocketsMax);
  CHECK(!spec.local.address.is_unspecified());
  wait_until_usable(spec.local.address);
  std::vector<UniqueFd> sockets;
  for (unsigned i = 0; i < spec.sockets; ++i) {
    TRY_ASSIGN(UniqueFd fd, open_one_udp(spec, sockets));
    sockets.push_back(std::move(fd));
  }
  if (spec.sockets > 1) {
    const int code = steer_by_spi(sockets.front().get(), spec.local.port, spec.sockets);
    if (code != 0) return Err<HostError>(host_error(udp_text(spec.local) + " steering", code));
  }
  outer_addresses_.insert(spec.local.address);
  return sockets;
}

// The first of a group is bound without SO_REUSEPORT, which fails when anybody else has the
// address, and joins the group afterwards: there is no moment in which another program could slip
// in.
Result<UniqueFd, HostError> LinuxHost::open_one_udp(const UdpSocketSpec& spec,
                                                    const std::vector<UniqueFd>& group) {
  const auto failed = [&](int code) {
    return Err<HostError>(host_error(udp_text(spec.local), code));
  };
  auto fd = make_socket(spec.local.address.family(), SOCK_DGRAM, 0);
  if (!fd) return failed(fd.error());
  const bool is_first = group.empty();
  const auto share = [&] { return set_option(fd->get(), SOL_SOCKET, SO_REUSEPORT, 1); };
  if (!is_first && share() != 0) return failed(errno);
  const int bound = bind_socket(*fd, spec.local);
  if (bound != 0) return Err<HostError>(udp_refusal(spec.local, bound));
  if (is_first && spec.sockets > 1 && share() != 0) return failed(errno);
  if (spec.gro && set_option(fd->get(), IPPROTO_UDP, kUdpGro, 1) != 0) {
    log_.info("{}: this kernel does not merge received datagrams", udp_text(spec.local));
  }
  return *std::move(fd);
}

HostError LinuxHost::udp_refusal(const Endpoint& local, int code) {
  const std::string what = udp_text(local);
  if (code == EADDRINUSE) {
    return {what, errno_text(code) + " by " + describe_udp_owner(local),
            "stop it, or give this gateway another address in ip_configurations"};
  }
  if (code == EADDRNOTAVAIL) return not_on_this_host(what, local.address);
  if (code == EACCES) {
    return {what, errno_text(code), "run it as root, or give its service CAP_NET_BIND_SERVICE"};
  }
  return host_error(what, code);
}

Result<std::vector<UniqueFd>, HostError> LinuxHost::open_udp_senders(const IpAddress& local,
                                                                     unsigned sockets) {
  CHECK(sockets >= 1 && sockets <= kSocketsMax);
  CHECK(!local.is_unspecified());
  constexpr uint16_t kAnyPort = 0;
  wait_until_usable(local);
  std::vector<UniqueFd> opened;
  for (unsigned i = 0; i < sockets; ++i) {
    const Endpoint free{local, kAnyPort};
    auto fd = make_socket(local.family(), SOCK_DGRAM, 0);
    if (!fd) return Err<HostError>(host_error(udp_text(free), fd.error()));
    // The filter first, as with raw sockets.
    if (const int code = accept_ike_alone(fd->get()); code != 0) {
      return Err<HostError>(host_error(udp_text(free) + " filter", code));
    }
    const int bound = bind_socket(*fd, free);
    if (bound != 0) return Err<HostError>(udp_refusal(free, bound));
    opened.push_back(*std::move(fd));
  }
  return opened;
}

Result<std::vector<UniqueFd>, HostError> LinuxHost::open_raw_esp(const IpAddress& local,
                                                                 unsigned sockets) {
  CHECK(sockets >= 1 && sockets <= kSocketsMax);
  CHECK(!local.is_unspecified());
  const std::string what = "protocol 50 (ESP) on " + local.to_string();
  wait_until_usable(local);
  // Raw sockets never conflict in the kernel, but two gateways on one address would answer each
  // other's peers.
  const std::string owner = describe_raw_owner(local, kProtocolEsp);
  if (!owner.empty()) {
    return Err<HostError>(
        HostError{what, "in use by " + owner,
                  "stop it, or give this gateway another address in ip_configurations"});
  }
  std::vector<UniqueFd> opened;
  for (unsigned i = 0; i < sockets; ++i) {
    auto fd = make_socket(local.family(), SOCK_RAW, IPPROTO_ESP);
    if (!fd) return Err<HostError>(host_error(what, fd.error()));
    // The filter first: between bind and filter every socket would take every packet.
    int code = sockets > 1 ? filter_by_spi(fd->get(), local.family(), i, sockets) : 0;
    if (code == 0) code = bind_socket(*fd, {local, 0});
    if (code == EADDRNOTAVAIL) return Err<HostError>(not_on_this_host(what, local));
    if (code != 0) return Err<HostError>(host_error(what, code));
    opened.push_back(*std::move(fd));
  }
  return opened;
}

HostError LinuxHost::not_on_this_host(const std::string& what, const IpAddress& address) {
  std::vector<InterfaceAddress> present;
  if (const auto socket = netlink()) {
    present = dump_addresses(**socket).value_or(std::vector<InterfaceAddress>{});
  }
  const auto found = std::ranges::find(present, address, &InterfaceAddress::address);
  if (found != present.end()) {
    return {what,
            "the address is on this host, but another one on its link has it too, or the "
            "interface is down (duplicate address detection)",
            "see `ip address show to " + address.to_string() + "`"};
  }
  return {what, "the address is not on this host, which has " + list_addresses(present),
          "add it to an interface, or correct the gateway's ip_configurations"};
}

void LinuxHost::wait_until_usable(const IpAddress& address) {
  if (address.is_v4()) return;
  const auto socket = netlink();
  if (!socket) return;
  for (int step = 0; step < kAddressWaitSteps; ++step) {
    const auto present = dump_addresses(**socket);
    if (!present) return;
    const auto found = std::ranges::find(*present, address, &InterfaceAddress::address);
    if (found == present->end() || found->usable) return;
    ::poll(nullptr, 0, kAddressWaitStepMilliseconds);
  }
}

}  // namespace twinspan::tun
