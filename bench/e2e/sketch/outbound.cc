#include "bench/e2e/sketch/outbound.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace twinspan::sketch {
namespace {

constexpr size_t kDatagramMax = 65507;
constexpr uint8_t kFin = 0x01, kPush = 0x08, kCwr = 0x80;

void complete_checksum(const tun::VirtioHeader& offload, uint8_t* packet, size_t size) {
  uint8_t* const segment = packet + offload.checksum_start;
  const auto sum = static_cast<uint16_t>(~fold(add_words(segment, size - offload.checksum_start)));
  store_native16(segment + offload.checksum_offset, sum == 0 ? uint16_t{0xffff} : sum);
}

// One segment's share of the payload.
struct Piece {
  size_t index, offset, size;
  bool is_last;
};

// The headers of a TCP super-packet, and the part of the checksum that its segments share.
struct Template {
  explicit Template(const uint8_t* packet)
      : ip_size(ipv4_header_size(packet)),
        size(ip_size + tcp_header_size(packet + ip_size)),
        identification(load_be16(packet + 4)),
        number(load_be32(packet + ip_size + 4)),
        flags(packet[ip_size + 13]) {
    std::memcpy(bytes.data(), packet, size);
    uint8_t* const tcp = &bytes[ip_size];
    store_be32(tcp + 4, 0);
    tcp[13] = 0;
    store_be16(tcp + 16, 0);
    shared_sum = add_words(tcp, size - ip_size) + add_words(packet + 12, 8) + to_native(kTcp);
  }

  void stamp(uint8_t* packet, const Piece& piece, uint64_t payload_sum) const;

  size_t ip_size, size;
  uint16_t identification;
  uint32_t number;
  uint8_t flags;
  uint64_t shared_sum;
  std::array<uint8_t, 128> bytes;
};

// Completes the headers in front of a payload whose words add up to `payload_sum`.
void Template::stamp(uint8_t* packet, const Piece& piece, uint64_t payload_sum) const {
  uint8_t* const tcp = packet + ip_size;
  std::memcpy(packet, bytes.data(), size);
  store_be16(packet + 4, static_cast<uint16_t>(identification + piece.index));
  finish_ipv4(packet, ip_size, size + piece.size);
  store_be32(tcp + 4, number + static_cast<uint32_t>(piece.offset));
  // RFC 3168 6.1.2: CWR goes with the first segment; FIN and PSH with the last.
  const int first = piece.index == 0 ? 0xff : 0xff & ~kCwr;
  const int last = piece.is_last ? 0xff : 0xff & ~(kFin | kPush);
  tcp[13] = static_cast<uint8_t>(flags & first & last);
  // The flags are the low half of a word, whose high half (the header's size) is in shared_sum.
  const uint64_t sum = shared_sum + payload_sum + add_words(tcp + 4, 4) + to_native(tcp[13]) +
                       to_native(static_cast<uint16_t>(size - ip_size + piece.size));
  store_native16(tcp + 16, static_cast<uint16_t>(~fold(sum)));
}

}  // namespace

void Outbound::run() {
  for (;;) {
    const ssize_t size = ::read(tun_, input_->bytes, kReadMax);
    if (size < 0 && errno == EINTR) continue;
    if (size < static_cast<ssize_t>(tun::kVirtioHeaderSize)) return;
    tun::VirtioHeader offload;
    std::memcpy(&offload, input_->bytes, tun::kVirtioHeaderSize);
    forward(offload, &input_->bytes[tun::kVirtioHeaderSize],
            static_cast<size_t>(size) - tun::kVirtioHeaderSize);
  }
}

void Outbound::forward(const tun::VirtioHeader& offload, uint8_t* packet, size_t size) {
  if ((offload.gso_type & ~tun::kVirtioGsoEcn) == tun::kVirtioGsoTcp4) {
    return cut(packet, size, offload.gso_size);
  }
  if (offload.flags & tun::kVirtioNeedsChecksum) complete_checksum(offload, packet, size);
  write_head(frames_->bytes);
  std::memcpy(&frames_->bytes[kHeadSize], packet, size);
  const size_t frame = kHeadSize + size + kTailSize;
  send(frames_->bytes, frame, frame);
}

void Outbound::cut(const uint8_t* packet, size_t size, size_t payload_max) {
  const Template headers(packet);
  const size_t total = size - headers.size;
  const size_t stride = kHeadSize + headers.size + payload_max + kTailSize;
  const size_t per_send = std::min(kSegmentsMax, kDatagramMax / stride);
  size_t bytes = 0;
  for (Piece piece{}; !piece.is_last; piece.offset += piece.size, ++piece.index) {
    piece.size = std::min(payload_max, total - piece.offset);
    piece.is_last = piece.offset + piece.size == total;
    uint8_t* const frame = &frames_->bytes[bytes];
    uint8_t* const payload = frame + kHeadSize + headers.size;
    std::memcpy(payload, packet + headers.size + piece.offset, piece.size);
    headers.stamp(frame + kHeadSize, piece, add_words(payload, piece.size));
    write_head(frame);
    bytes += kHeadSize + headers.size + piece.size + kTailSize;
    if ((piece.index + 1) % per_send == 0 || piece.is_last) {
      send(frames_->bytes, bytes, stride);
      bytes = 0;
    }
  }
}

void Outbound::write_head(uint8_t* frame) {
  store_be32(frame, 0x1001);
  store_be32(frame + 4, number_);
  store_be64(frame + 8, number_++);
}

void Outbound::send(const uint8_t* frames, size_t size, size_t frame_size) const {
  iovec vector{.iov_base = const_cast<uint8_t*>(frames), .iov_len = size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (frame_size < size) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const auto segment = static_cast<uint16_t>(frame_size);
    std::memcpy(CMSG_DATA(header), &segment, sizeof segment);
  }
  (void)::sendmsg(udp_, &message, 0);  // What a full queue refuses is lost, as on any link.
}

}  // namespace twinspan::sketch
