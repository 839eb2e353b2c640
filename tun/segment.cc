#include "tun/segment.h"

#include <algorithm>
#include <optional>

#include "tun/checksum.h"
#include "tun/ip_layout.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

enum class GsoKind : uint8_t { Tcp4, Tcp6, Udp };

std::optional<GsoKind> gso_kind(uint8_t gso_type) {
  switch (gso_type & ~kVirtioGsoEcn) {
    case kVirtioGsoTcp4:
      return GsoKind::Tcp4;
    case kVirtioGsoTcp6:
      return GsoKind::Tcp6;
    case kVirtioGsoUdp:
      return GsoKind::Udp;
    default:
      return std::nullopt;
  }
}

std::optional<size_t> ip4_layer4_offset(ByteView packet, uint8_t protocol) {
  if (packet.size() < kIp4HeaderMin) return std::nullopt;
  const size_t length = ip4_header_length(packet.data());
  if (length < kIp4HeaderMin || length > packet.size() || packet[9] != protocol)
    return std::nullopt;
  return length;
}

// RFC 8200 4: hop-by-hop and destination options may stand between. A routing header changes the
// address of the pseudo header, and a fragment is no super-packet: both are refused.
std::optional<size_t> ip6_layer4_offset(ByteView packet, uint8_t protocol) {
  constexpr uint8_t kHopByHop = 0;
  constexpr uint8_t kDestinationOptions = 60;
  if (packet.size() < kIp6Header) return std::nullopt;
  uint8_t next = packet[6];
  size_t offset = kIp6Header;
  while (next == kHopByHop || next == kDestinationOptions) {
    if (offset + 2 > packet.size()) return std::nullopt;
    next = packet[offset];
    offset += (packet[offset + 1] + 1u) * 8u;
  }
  if (next != protocol || offset > packet.size()) return std::nullopt;
  return offset;
}

std::optional<size_t> layer4_offset(GsoKind kind, ByteView packet) {
  if (packet.empty()) return std::nullopt;
  const unsigned version = ip_version(packet.data());
  const uint8_t protocol = kind == GsoKind::Udp ? kProtocolUdp : kProtocolTcp;
  if (version == 4 && kind != GsoKind::Tcp6) return ip4_layer4_offset(packet, protocol);
  if (version == 6 && kind != GsoKind::Tcp4) return ip6_layer4_offset(packet, protocol);
  return std::nullopt;
}

std::optional<size_t> header_length(GsoKind kind, ByteView packet, size_t layer4) {
  if (kind == GsoKind::Udp) {
    return layer4 + kUdpHeader <= packet.size() ? std::optional(layer4 + kUdpHeader) : std::nullopt;
  }
  if (layer4 + kTcpHeaderMin > packet.size()) return std::nullopt;
  const size_t tcp = tcp_header_length(&packet[layer4]);
  if (tcp < kTcpHeaderMin || layer4 + tcp > packet.size()) return std::nullopt;
  return layer4 + tcp;
}

}  // namespace

Result<Segmenter, Verdict> Segmenter::make(const VirtioHeader& header, ByteView packet) {
  const auto kind = gso_kind(header.gso_type);
  if (!kind || header.gso_size == 0 || packet.size() > kIpPacketMax)
    return Err{Verdict::BadOffload};
  const auto layer4 = layer4_offset(*kind, packet);
  if (!layer4) return Err{Verdict::BadOffload};
  if ((header.flags & kVirtioNeedsChecksum) != 0 && header.checksum_start != *layer4) {
    return Err{Verdict::BadOffload};
  }
  // header.header_length is a hint that forwarded packets have wrong, so the headers themselves are
  // asked.
  const auto length = tun::header_length(*kind, packet, *layer4);
  if (!length) return Err{Verdict::BadOffload};
  return Segmenter(packet, *layer4, *length, header.gso_size);
}

Segmenter::Segmenter(ByteView packet, size_t layer4, size_t header_length, size_t segment_payload)
    : packet_(packet),
      is_tcp_(header_length - layer4 != kUdpHeader),
      layer4_(layer4),
      header_length_(header_length),
      segment_payload_(segment_payload) {
  const size_t payload = packet.size() - header_length;
  count_ = std::max<size_t>(1, (payload + segment_payload - 1) / segment_payload);
  const uint8_t* l4 = &packet[layer4];
  fixed_sum_ = address_sum(packet.data()) + checksum_word(is_tcp_ ? kProtocolTcp : kProtocolUdp);
  if (is_tcp_) {
    // Without sequence number (4..7), flags (13) and checksum (16, 17).
    fixed_sum_ += checksum_sum(l4, 4) + checksum_sum(l4 + 8, 4) +
                  checksum_word(uint16_t(l4[12] << 8)) + checksum_sum(l4 + 14, 2) +
                  checksum_sum(l4 + 18, header_length - layer4 - 18);
  } else {
    fixed_sum_ += checksum_sum(l4, 4);  // The ports.
  }
}

size_t Segmenter::payload_length(size_t index) const {
  const size_t done = index * segment_payload_;
  return std::min(segment_payload_, packet_.size() - header_length_ - done);
}

size_t Segmenter::length(size_t index) const {
  return header_length_ + payload_length(index);
}

void Segmenter::write(size_t index, uint8_t* out) const {
  const size_t payload = payload_length(index);
  std::memcpy(out, packet_.data(), header_length_);
  if (ip_version(out) == 4) {
    // RFC 6864 4: identifications of what may be fragmented must differ.
    store_be16(out + 4, static_cast<uint16_t>(load_be16(out + 4) + index));
  }
  ip_store_length(out, header_length_ + payload);
  const uint64_t sum =
      checksum_copy(out + header_length_,
                    packet_.data() + header_length_ + index * segment_payload_, payload) +
      checksum_word(static_cast<uint16_t>(header_length_ - layer4_ + payload));
  if (is_tcp_) {
    finish_tcp(index, out, sum);
  } else {
    finish_udp(index, out, sum);
  }
}

void Segmenter::finish_tcp(size_t index, uint8_t* out, uint64_t payload_sum) const {
  uint8_t* tcp = out + layer4_;
  const auto advance = static_cast<uint32_t>(index * segment_payload_);
  store_be32(tcp + 4, load_be32(tcp + 4) + advance);
  uint8_t flags = tcp[13];
  // RFC 3168 6.1.2: CWR goes with the first new data only. FIN and PSH belong to the end.
  if (index != 0) flags &= static_cast<uint8_t>(~kTcpCwr);
  if (index + 1 != count_) flags &= static_cast<uint8_t>(~(kTcpFin | kTcpPsh));
  tcp[13] = flags;
  checksum_store(tcp + kTcpChecksumOffset,
                 fixed_sum_ + payload_sum + checksum_four(tcp + 4) + checksum_word(flags));
}

void Segmenter::finish_udp(size_t index, uint8_t* out, uint64_t payload_sum) const {
  uint8_t* udp = out + layer4_;
  const auto length = static_cast<uint16_t>(kUdpHeader + payload_length(index));
  store_be16(udp + 4, length);
  checksum_store(udp + kUdpChecksumOffset, fixed_sum_ + payload_sum + checksum_word(length));
}

Verdict complete_checksum(const VirtioHeader& header, ByteSpan packet) {
  if ((header.flags & kVirtioNeedsChecksum) == 0) return Verdict::Accept;
  const size_t start = header.checksum_start;
  const size_t field = start + header.checksum_offset;
  // An odd start has no meaning in 16-bit words; IP and its extension headers are multiples of
  // four.
  if (start % 2 != 0 || field % 2 != 0 || field + 2 > packet.size()) return Verdict::BadOffload;
  // The field holds the pseudo header's sum, so it is summed with the rest.
  const uint64_t sum = checksum_sum(&packet[start], packet.size() - start);
  checksum_store(&packet[field], sum);
  return Verdict::Accept;
}

}  // namespace twinspan::tun
