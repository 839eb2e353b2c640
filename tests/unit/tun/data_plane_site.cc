#include "tests/unit/tun/data_plane_site.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/check.h"
#include "tun/socket_address.h"

namespace twinspan::tun {
namespace {

void wait_readable(int fd) {
  pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
  ::poll(&wanted, 1, -1);
}

EspKeys keys_of(uint32_t spi) {
  Bytes bytes(36);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(spi * 7 + i);
  return {.encryption = SecretBytes(bytes), .integrity = {}};
}

}  // namespace

TestSocket bind_udp(const std::string& address, uint16_t port) {
  TestSocket out{.fd = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
                 .local = {*IpAddress::parse(address), port}};
  const int one = 1;
  ::setsockopt(out.fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  const int bytes = 1 << 20;
  ::setsockopt(out.fd.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  SocketAddress at = to_socket_address(out.local);
  CHECK(::bind(out.fd.get(), reinterpret_cast<sockaddr*>(&at.storage), at.length) == 0);
  CHECK(::getsockname(out.fd.get(), reinterpret_cast<sockaddr*>(&at.storage), &at.length) == 0);
  out.local = to_endpoint(at.storage);
  return out;
}

Site::Site(const SiteOptions& options) : options_(options) {
  auto kernels = esp::kernels::KernelSet::choose("", esp::kernels::probe_cpu({}));
  CHECK(kernels.has_value());
  kernels_ = std::make_unique<esp::kernels::KernelSet>(*kernels);
  plane_ = std::make_unique<DataPlane>(DataPlaneOptions{.workers = options.workers,
                                                        .shape = options.shape,
                                                        .udp_gso = options.udp_gso,
                                                        .udp_gro = options.udp_gro,
                                                        .log = {},
                                                        .io = options.io,
                                                        .busy_poll = options.busy_poll},
                                       *kernels_, random_);
  // A group without steering: most frames of a tunnel arrive at a worker that does not own it.
  std::vector<UniqueFd> sockets;
  for (unsigned i = 0; i < options.workers; ++i) {
    TestSocket socket = bind_udp(options.address, local_.port);
    local_ = socket.local;
    sockets.push_back(std::move(socket.fd));
  }
  plane_->add_udp(local_, std::move(sockets));
  if (options.senders) add_senders();
  if (options.second_address.empty()) return;
  TestSocket second = bind_udp(options.second_address);
  second_local_ = second.local;
  std::vector<UniqueFd> second_group;
  second_group.push_back(std::move(second.fd));
  plane_->add_udp(second_local_, std::move(second_group));
}

void Site::add_senders() {
  std::vector<UniqueFd> sockets;
  for (unsigned i = 0; i < options_.workers; ++i) {
    TestSocket socket = bind_udp(options_.address);
    senders_.push_back(socket.local);
    sockets.push_back(std::move(socket.fd));
  }
  plane_->add_udp_senders(local_, std::move(sockets));
}

int Site::add_tunnel(TunnelId tunnel) {
  FakeQueues none;
  return add_tunnel(tunnel, 1, none).front();
}

std::vector<int> Site::add_tunnel(TunnelId tunnel, unsigned queues, FakeQueues& kernel) {
  TunDevice device;
  device.vnet_header = device.tso = device.uso = options_.tun_offload;
  device.mtu = options_.device_mtu;
  std::vector<FakeQueues::Queue> ends;
  for (unsigned queue = 0; queue < queues; ++queue) {
    int pair[2];
    CHECK(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    if (queue == 0) {
      device.fd = UniqueFd(pair[0]);
    } else {
      device.further.emplace_back(pair[0]);
    }
    ends.push_back({.plane = pair[0], .inner = pair[1]});
    inner_.emplace(tunnel, UniqueFd(pair[1]));
  }
  kernel.add_device(ends);
  plane_->add_tunnel(tunnel, std::move(device), {}, {.copy_dscp = options_.copy_dscp});
  std::vector<int> inner;
  for (const auto& end : ends) inner.push_back(end.inner);
  return inner;
}

void Site::remove_tunnel(TunnelId tunnel) {
  plane_->remove_tunnel(tunnel);
  inner_.erase(tunnel);
}

DataPlaneRecord Site::wait_record() {
  for (;;) {
    if (auto record = plane_->next_record()) return *std::move(record);
    wait_readable(plane_->record_fd());
  }
}

ChildId child_id(TunnelId tunnel, uint32_t generation, uint16_t resource) {
  return ChildId{(uint64_t{generation} * 16 + resource) * 8 + tunnel.value};
}

Spi inbound_spi(const Site& own, TunnelId tunnel, uint32_t generation, uint16_t resource) {
  const uint32_t side = own.local().address.bytes()[3] & 1u;
  // Congruent to the tunnel and its resource.
  return Spi{4096 + ((generation * 16 + resource) * 2 + side) * 16 + tunnel.value + resource};
}

SaPairParams pair_params(const Site& own, const Site& other, TunnelId tunnel, uint32_t generation,
                         uint16_t resource) {
  SaPairParams params;
  params.child = child_id(tunnel, generation, resource);
  params.tunnel = tunnel;
  params.resource = resource;
  params.own_source_port = own.has_senders();
  params.transforms.encryption = {EncryptionId::AesGcm16, 256};
  params.inbound_spi = inbound_spi(own, tunnel, generation, resource);
  params.outbound_spi = inbound_spi(other, tunnel, generation, resource);
  params.inbound_keys = keys_of(params.inbound_spi.value);
  params.outbound_keys = keys_of(params.outbound_spi.value);
  params.local = own.local();
  params.remote = other.local();
  for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
    params.local_selectors.push_back(TrafficSelector::any(family));
    params.remote_selectors.push_back(TrafficSelector::any(family));
  }
  return params;
}

void write_packet(int inner, ByteView packet, const VirtioHeader& header) {
  const iovec pieces[2] = {{const_cast<VirtioHeader*>(&header), kVirtioHeaderSize},
                           {const_cast<uint8_t*>(packet.data()), packet.size()}};
  CHECK(::writev(inner, pieces, 2) > 0);
}

Bytes read_packet(int inner, VirtioHeader& header) {
  wait_readable(inner);
  Bytes packet(65536);
  const iovec pieces[2] = {{&header, kVirtioHeaderSize}, {packet.data(), packet.size()}};
  const ssize_t length = ::readv(inner, pieces, 2);
  CHECK(length >= static_cast<ssize_t>(kVirtioHeaderSize));
  packet.resize(static_cast<size_t>(length) - kVirtioHeaderSize);
  return packet;
}

}  // namespace twinspan::tun
