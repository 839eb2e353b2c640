#include "tun/gso_self_test.h"

#include <poll.h>

#include <algorithm>
#include <vector>

#include "tun/datagram_receiver.h"
#include "tun/frame_sender.h"
#include "tun/udp_socket.h"

namespace twinspan::tun {
namespace {

constexpr int kWaitMilliseconds = 200;

// Trains as the packet path makes them: one of the super-packet's size, one of small packets.
struct Train {
  size_t count;
  size_t size;
  size_t tail;  // The size of the last one.
};
constexpr Train kTrains[] = {{21, 1452, 333}, {64, 104, 104}};

// Neighbours differ, and so do the same places of two datagrams.
Bytes train_bytes(const Train& train) {
  Bytes bytes((train.count - 1) * train.size + train.tail);
  uint32_t state = 1;
  for (uint8_t& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(state >> 24);
  }
  return bytes;
}

std::vector<ByteView> split(ByteView bytes, size_t size) {
  std::vector<ByteView> datagrams;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(size, bytes.size()))) {
    datagrams.push_back(bytes.first(std::min(size, bytes.size())));
  }
  return datagrams;
}

// nullopt: this host has no such loopback.
std::optional<UdpSocket> loopback_socket(IpFamily family, UdpOffloads offloads, PacketIo& io) {
  const bool is_v4 = family == IpFamily::V4;
  const IpAddress loopback = *IpAddress::parse(is_v4 ? "127.0.0.1" : "::1");
  UniqueFd fd(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  SocketAddress address = to_socket_address({loopback, 0});
  auto* const name = reinterpret_cast<sockaddr*>(&address.storage);
  if (!fd || ::bind(fd.get(), name, address.length) != 0) return std::nullopt;
  if (::getsockname(fd.get(), name, &address.length) != 0) return std::nullopt;
  return std::optional<UdpSocket>(std::in_place, std::move(fd), to_endpoint(address.storage),
                                  offloads, io);
}

// What came, datagram by datagram, until there are `count` or nothing comes any more.
std::vector<Bytes> collect(DatagramReceiver& receiver, int fd, size_t count) {
  std::vector<Bytes> datagrams;
  while (datagrams.size() < count) {
    pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, kWaitMilliseconds) <= 0) break;
    for (const Received& received : receiver.receive(fd)) {
      for (const ByteView datagram : split(received.bytes, received.segment_size)) {
        datagrams.emplace_back(datagram.begin(), datagram.end());
      }
    }
  }
  return datagrams;
}

std::optional<std::string> compare(const std::vector<ByteView>& sent,
                                   const std::vector<Bytes>& received) {
  // What a firewall drops as a whole says nothing about trains.
  if (received.empty()) return std::nullopt;
  const std::string all = std::to_string(sent.size());
  for (size_t i = 0; i < std::min(sent.size(), received.size()); ++i) {
    const std::string which = "datagram " + std::to_string(i + 1) + " of " + all;
    if (received[i].size() != sent[i].size()) {
      return which + " has " + std::to_string(received[i].size()) + " bytes instead of " +
             std::to_string(sent[i].size());
    }
    if (!std::ranges::equal(sent[i], received[i])) return which + " has other bytes";
  }
  if (received.size() == sent.size()) return std::nullopt;
  return std::to_string(received.size()) + " of " + all + " datagrams came";
}

std::optional<std::string> try_trains(IpFamily family, bool has_gro, PacketIo& io) {
  auto from = loopback_socket(family, {.gso = true, .gro = false}, io);
  auto to = loopback_socket(family, {.gso = false, .gro = has_gro}, io);
  if (!from || !to || !from->gso()) return std::nullopt;
  FrameSender sender(io);
  DatagramReceiver receiver(io);
  for (const Train& train : kTrains) {
    const Bytes bytes = train_bytes(train);
    const std::vector<ByteView> datagrams = split(bytes, train.size);
    sender.send(*from, to->local(), datagrams);
    // A refusal is not a flaw: the packet path hears it as well, and sends one by one.
    if (!from->gso()) return std::nullopt;
    const auto flaw = compare(datagrams, collect(receiver, to->fd(), datagrams.size()));
    if (!flaw) continue;
    return std::string(family == IpFamily::V4 ? "IPv4" : "IPv6") + ", UDP_GRO " +
           (has_gro ? "on: " : "off: ") + *flaw;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_gso_flaw(PacketIo& io) {
  for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
    for (const bool has_gro : {false, true}) {
      if (auto flaw = try_trains(family, has_gro, io)) return flaw;
    }
  }
  return std::nullopt;
}

}  // namespace twinspan::tun
