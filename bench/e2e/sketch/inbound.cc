#include "bench/e2e/sketch/inbound.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace twinspan::sketch {
namespace {

constexpr size_t kSuperPacketMax = 65500;
constexpr uint8_t kPush = 0x08, kAck = 0x10;

void write_packet(int tun, tun::VirtioHeader offload, iovec* vector, size_t count) {
  vector[0] = {.iov_base = &offload, .iov_len = tun::kVirtioHeaderSize};
  // What the device refuses is lost, as on any link.
  [[maybe_unused]] const ssize_t written = ::writev(tun, vector, static_cast<int>(count));
}

// What the kernel joined: the size of each datagram in the buffer, the last may be shorter.
size_t datagram_size(msghdr& message, size_t received) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(c), sizeof size);
    return static_cast<size_t>(size);
  }
  return received;
}

// Headers of a TCP segment that may join a run: IPv4 without options or fragments, payload, no
// flag but ACK and PSH, a correct checksum. 0: it may not.
size_t joinable_header_size(const uint8_t* packet, size_t size) {
  if (size < 40 || packet[0] != 0x45 || packet[9] != kTcp || load_be16(packet + 2) != size ||
      (load_be16(packet + 6) & 0x3fff) != 0) {
    return 0;
  }
  const uint8_t* const tcp = packet + kIpv4Size;
  const size_t header_size = kIpv4Size + tcp_header_size(tcp);
  if (header_size >= size || (tcp[13] & ~kPush) != kAck) return 0;
  const size_t segment = size - kIpv4Size;
  const bool is_intact =
      fold(add_pseudo_header(packet, segment) + add_words(tcp, segment)) == 0xffff;
  return is_intact ? header_size : 0;
}

}  // namespace

bool Run::extend(uint8_t* packet, size_t header_size, size_t payload) {
  if (!continues(packet, header_size, payload)) return false;
  vector_[vectors_++] = {.iov_base = packet + header_size, .iov_len = payload};
  payload_ += payload;
  next_number_ += static_cast<uint32_t>(payload);
  const uint8_t push = packet[kIpv4Size + 13] & kPush;
  head_[kIpv4Size + 13] |= push;
  is_closed_ = payload < segment_max_ || push != 0;
  return true;
}

bool Run::continues(const uint8_t* packet, size_t header_size, size_t payload) const {
  if (head_ == nullptr || is_closed_ || header_size != header_size_ || payload > segment_max_ ||
      header_size_ + payload_ + payload > kSuperPacketMax || vectors_ == vector_.size()) {
    return false;
  }
  const auto same = [&](size_t offset, size_t size) {
    return std::memcmp(head_ + offset, packet + offset, size) == 0;
  };
  const uint8_t* const tcp = packet + kIpv4Size;
  return load_be32(tcp + 4) == next_number_ && same(1, 1) && same(6, 3) &&
         same(12, 8) &&                                          // DSCP, DF and TTL, addresses.
         same(kIpv4Size, 4) && same(kIpv4Size + 8, 4) &&         // Ports, acknowledgement.
         same(kIpv4Size + 14, 2) && same(40, header_size - 40);  // Window, options.
}

void Run::begin(uint8_t* packet, size_t header_size, size_t payload) {
  head_ = packet;
  header_size_ = header_size;
  segment_max_ = payload_ = payload;
  next_number_ = load_be32(packet + kIpv4Size + 4) + static_cast<uint32_t>(payload);
  is_closed_ = (packet[kIpv4Size + 13] & kPush) != 0;
  vector_[1] = {.iov_base = packet, .iov_len = header_size + payload};
  vectors_ = 2;
}

void Run::flush() {
  if (head_ == nullptr) return;
  tun::VirtioHeader offload;
  if (vectors_ > 2) {
    const size_t tcp_size = header_size_ - kIpv4Size + payload_;
    finish_ipv4(head_, kIpv4Size, kIpv4Size + tcp_size);
    store_native16(head_ + kIpv4Size + tun::kTcpChecksumOffset,
                   fold(add_pseudo_header(head_, tcp_size)));
    offload = {.flags = tun::kVirtioNeedsChecksum,
               .gso_type = tun::kVirtioGsoTcp4,
               .header_length = static_cast<uint16_t>(header_size_),
               .gso_size = static_cast<uint16_t>(segment_max_),
               .checksum_start = kIpv4Size,
               .checksum_offset = tun::kTcpChecksumOffset};
  }
  write_packet(tun_, offload, vector_.data(), vectors_);
  head_ = nullptr;
}

void Inbound::run() {
  for (;;) {
    iovec vector{.iov_base = buffer_->bytes, .iov_len = kReadMax};
    alignas(cmsghdr) char control[64];
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t received = ::recvmsg(udp_, &message, 0);
    if (received < 0 && errno != EINTR && errno != ECONNREFUSED) return;
    if (received <= 0) continue;
    const auto size = static_cast<size_t>(received);
    const size_t step = datagram_size(message, size);
    for (size_t offset = 0; offset < size; offset += step) {
      const size_t frame = std::min(step, size - offset);
      if (frame < kHeadSize + kIpv4Size + kTailSize) continue;
      take(&buffer_->bytes[offset + kHeadSize], frame - kHeadSize - kTailSize);
    }
    run_.flush();
  }
}

void Inbound::take(uint8_t* packet, size_t size) {
  const size_t header_size = joinable_header_size(packet, size);
  if (header_size != 0 && run_.extend(packet, header_size, size - header_size)) return;
  run_.flush();
  if (header_size != 0) return run_.begin(packet, header_size, size - header_size);
  iovec vector[2];
  vector[1] = {.iov_base = packet, .iov_len = size};
  write_packet(tun_, {}, vector, 2);
}

}  // namespace twinspan::sketch
