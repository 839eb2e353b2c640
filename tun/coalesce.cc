#include "tun/coalesce.h"

#include "base/check.h"
#include "tun/checksum.h"
#include "tun/ip_layout.h"

namespace twinspan::tun {
namespace {

uint8_t protocol_of(const uint8_t* ip) {
  return ip_version(ip) == 4 ? ip[9] : ip[6];
}
size_t layer4_of(const uint8_t* ip) {
  return ip_version(ip) == 4 ? kIp4HeaderMin : kIp6Header;
}

// IPv4 without options and not a fragment, or IPv6 without extension headers, whose length field
// says what is there.
bool is_plain_ip(ByteView packet) {
  if (packet.empty()) return false;
  const uint8_t* ip = packet.data();
  if (ip_version(ip) == 4) {
    constexpr uint16_t kMoreFragmentsAndOffset = 0x3fff;
    return packet.size() >= kIp4HeaderMin && ip4_header_length(ip) == kIp4HeaderMin &&
           (load_be16(ip + 6) & kMoreFragmentsAndOffset) == 0 && load_be16(ip + 2) == packet.size();
  }
  return ip_version(ip) == 6 && packet.size() >= kIp6Header &&
         load_be16(ip + 4) + kIp6Header == packet.size();
}

bool has_dont_fragment(const uint8_t* ip4) {
  return (ip4[6] & 0x40) != 0;
}

// Everything of the IP header that segments share: TOS, TTL, DF and the reserved bit; addresses are
// the flow's.
bool ip_headers_match(const uint8_t* a, const uint8_t* b) {
  if (ip_version(a) == 4) return a[1] == b[1] && a[8] == b[8] && ((a[6] ^ b[6]) & 0xe0) == 0;
  return std::memcmp(a, b, 4) == 0 && a[7] == b[7];
}

// Acknowledgement, data offset, flags without PSH, window, urgent pointer and options.
bool tcp_headers_match(const uint8_t* a, const uint8_t* b) {
  const size_t length = tcp_header_length(a);
  return std::memcmp(a + 8, b + 8, 5) == 0 && ((a[13] ^ b[13]) & ~kTcpPsh) == 0 &&
         std::memcmp(a + 14, b + 14, 2) == 0 && std::memcmp(a + 18, b + 18, length - 18) == 0;
}

}  // namespace

void Coalescer::clear() {
  packet_count_ = 0;
  group_count_ = 0;
  flow_count_ = 0;
  current_flow_ = 0;
}

void Coalescer::add(TunPort& device, ByteSpan bytes, CoalesceKinds kinds) {
  DCHECK(!full());
  const auto index = static_cast<uint16_t>(packet_count_++);
  packets_[index] = {bytes.data(), static_cast<uint32_t>(bytes.size()), kNone};
  const Candidate candidate = classify(bytes, kinds);
  if (candidate.flow != Candidate::Flow::Known) {
    // A fragment, or options in the way: it may belong to any flow, so none may be joined past it.
    if (candidate.flow == Candidate::Flow::Unknown) flow_count_ = 0;
    begin_group(device, candidate, index);
    return;
  }
  OpenFlow* flow = find_flow(device, bytes.data());
  if (flow != nullptr && flow->group != kNone && join(groups_[flow->group], candidate, index))
    return;
  const uint16_t group = begin_group(device, candidate, index);
  const uint16_t open = candidate.kind == GroupKind::Single ? kNone : group;
  if (flow != nullptr) {
    flow->group = open;
  } else if (open != kNone && flow_count_ < kFlowsMax) {
    current_flow_ = flow_count_;
    flows_[flow_count_++] = {&device, open, index};
  }
}

GroupKind Coalescer::kind(size_t group) const {
  return groups_[group].count > 1 ? groups_[group].kind : GroupKind::Single;
}

size_t Coalescer::byte_count(size_t group) const {
  const Group& g = groups_[group];
  return g.count > 1 ? g.header_length + g.payload_length : packets_[g.first].length;
}

Coalescer::Candidate Coalescer::classify(ByteView packet, CoalesceKinds kinds) {
  Candidate candidate;
  if (!is_plain_ip(packet)) return candidate;
  const uint8_t* ip = packet.data();
  const size_t layer4 = layer4_of(ip);
  const uint8_t* l4 = ip + layer4;
  const size_t length = packet.size() - layer4;
  if (protocol_of(ip) == kProtocolTcp && length >= kTcpHeaderMin) {
    candidate.flow = Candidate::Flow::Known;
    const size_t header = tcp_header_length(l4);
    // SYN, FIN, RST, URG, ECE and CWR travel alone, and so do pure acknowledgements.
    if (!kinds.tcp || header < kTcpHeaderMin || header >= length ||
        (l4[13] & ~kTcpPsh) != kTcpAck) {
      return candidate;
    }
    candidate.kind = GroupKind::Tcp;
    candidate.header_length = static_cast<uint16_t>(layer4 + header);
  } else if (protocol_of(ip) == kProtocolUdp && length >= kUdpHeader) {
    candidate.flow = Candidate::Flow::Known;
    // RFC 768: a checksum of zero means there is none. Merging would have to invent one, which
    // breaks tunnels in tunnels (VXLAN).
    if (!kinds.udp || length == kUdpHeader || load_be16(l4 + 4) != length ||
        load_be16(l4 + 6) == 0) {
      return candidate;
    }
    candidate.kind = GroupKind::Udp;
    candidate.header_length = static_cast<uint16_t>(layer4 + kUdpHeader);
  } else {
    constexpr uint8_t kIcmp = 1;
    constexpr uint8_t kIcmp6 = 58;
    const uint8_t protocol = protocol_of(ip);
    if (protocol == kIcmp || protocol == kIcmp6) candidate.flow = Candidate::Flow::None;
    return candidate;
  }
  candidate.payload_length = static_cast<uint32_t>(packet.size() - candidate.header_length);
  return candidate;
}

bool Coalescer::same_flow(const uint8_t* a, const uint8_t* b) {
  if (ip_version(a) != ip_version(b) || protocol_of(a) != protocol_of(b)) return false;
  // Addresses and ports lie side by side: 4 + 4 + 2 + 2, or 16 + 16 + 2 + 2 bytes.
  return ip_version(a) == 4 ? std::memcmp(a + 12, b + 12, 12) == 0
                            : std::memcmp(a + 8, b + 8, 36) == 0;
}

Coalescer::OpenFlow* Coalescer::find_flow(const TunPort& device, const uint8_t* packet) {
  const auto is_it = [&](size_t i) {
    return flows_[i].device == &device && same_flow(packets_[flows_[i].example].bytes, packet);
  };
  if (current_flow_ < flow_count_ && is_it(current_flow_)) return &flows_[current_flow_];
  for (size_t i = 0; i < flow_count_; ++i) {
    if (!is_it(i)) continue;
    current_flow_ = i;
    return &flows_[i];
  }
  return nullptr;
}

bool Coalescer::checksum_holds(ByteView packet) {
  const uint8_t* ip = packet.data();
  const size_t layer4 = layer4_of(ip);
  const size_t length = packet.size() - layer4;
  if (layer4 == kIp4HeaderMin && !checksum_is_valid(checksum_sum(ip, kIp4HeaderMin))) return false;
  return checksum_is_valid(pseudo_header_sum(ip, protocol_of(ip), length) +
                           checksum_sum(ip + layer4, length));
}

bool Coalescer::headers_match(const Group& group, const uint8_t* packet) const {
  const uint8_t* first = packets_[group.first].bytes;
  if (!ip_headers_match(first, packet)) return false;
  if (ip_version(first) == 4) {
    // RFC 6864 4.1: with DF the identification means nothing. Without, segmentation will count up
    // from the first one, so that is what must have come.
    const auto expected = static_cast<uint16_t>(group.first_id + group.count);
    if (!has_dont_fragment(first) && load_be16(packet + 4) != expected) return false;
  }
  return group.kind == GroupKind::Udp ||
         tcp_headers_match(first + layer4_of(first), packet + layer4_of(packet));
}

bool Coalescer::join(Group& group, const Candidate& candidate, uint16_t index) {
  uint8_t* bytes = packets_[index].bytes;
  const uint32_t payload = candidate.payload_length;
  if (candidate.kind == GroupKind::Single || group.is_closed || group.count == kSegmentsMax)
    return false;
  if (candidate.header_length != group.header_length || payload > group.segment_payload)
    return false;
  if (group.header_length + group.payload_length + payload > kIpPacketMax) return false;
  const uint8_t* l4 = bytes + layer4_of(bytes);
  const bool is_tcp = group.kind == GroupKind::Tcp;
  if (is_tcp && load_be32(l4 + 4) != group.next_sequence) return false;
  if (!headers_match(group, bytes)) return false;
  if (!group.is_verified) {
    if (!checksum_holds(packet(group.first))) return false;
    group.is_verified = true;
  }
  if (!checksum_holds(packet(index))) return false;
  packets_[group.last].next = index;
  group.last = index;
  ++group.count;
  group.payload_length += payload;
  group.next_sequence += payload;
  group.is_closed = payload < group.segment_payload || (is_tcp && (l4[13] & kTcpPsh) != 0);
  return true;
}

uint16_t Coalescer::begin_group(TunPort& device, const Candidate& candidate, uint16_t index) {
  const uint8_t* ip = packets_[index].bytes;
  Group group{.device = &device,
              .first = index,
              .last = index,
              .count = 1,
              .kind = candidate.kind,
              .is_verified = false,
              .is_closed = candidate.kind == GroupKind::Single,
              .header_length = candidate.header_length,
              .segment_payload = static_cast<uint16_t>(candidate.payload_length),
              .payload_length = candidate.payload_length,
              .next_sequence = 0,
              .first_id = 0};
  if (candidate.kind != GroupKind::Single && ip_version(ip) == 4)
    group.first_id = load_be16(ip + 4);
  if (candidate.kind == GroupKind::Tcp) {
    const uint8_t* tcp = ip + layer4_of(ip);
    group.next_sequence = load_be32(tcp + 4) + candidate.payload_length;
    group.is_closed = (tcp[13] & kTcpPsh) != 0;
  }
  groups_[group_count_] = group;
  return static_cast<uint16_t>(group_count_++);
}

std::span<iovec> Coalescer::merge(size_t index) {
  const Group& group = groups_[index];
  header_ = {};
  pieces_[0] = {&header_, kVirtioHeaderSize};
  pieces_[1] = {packets_[group.first].bytes, packets_[group.first].length};
  if (group.count == 1) return {pieces_.data(), 2};
  std::memcpy(saved_header_.data(), packets_[group.first].bytes, group.header_length);
  size_t used = 2;
  for (uint16_t i = packets_[group.first].next; i != kNone; i = packets_[i].next) {
    pieces_[used++] = {packets_[i].bytes + group.header_length,
                       packets_[i].length - group.header_length};
  }
  header_ = finish_headers(group);
  return {pieces_.data(), used};
}

VirtioHeader Coalescer::finish_headers(const Group& group) {
  uint8_t* ip = packets_[group.first].bytes;
  const size_t layer4 = layer4_of(ip);
  const size_t length = group.header_length - layer4 + group.payload_length;
  const bool is_tcp = group.kind == GroupKind::Tcp;
  uint8_t* l4 = ip + layer4;
  ip_store_length(ip, layer4 + length);
  if (is_tcp) {
    const uint8_t* last = packets_[group.last].bytes;
    l4[13] |= last[layer4 + 13] & kTcpPsh;
  } else {
    store_be16(l4 + 4, static_cast<uint16_t>(length));
  }
  // The kernel finishes the sum per segment, or takes it as trusted when the packet ends here.
  const uint16_t offset = is_tcp ? kTcpChecksumOffset : kUdpChecksumOffset;
  checksum_store_folded(l4 + offset,
                        pseudo_header_sum(ip, is_tcp ? kProtocolTcp : kProtocolUdp, length));
  const uint8_t tcp_type = ip_version(ip) == 4 ? kVirtioGsoTcp4 : kVirtioGsoTcp6;
  return {.flags = kVirtioNeedsChecksum,
          .gso_type = is_tcp ? tcp_type : kVirtioGsoUdp,
          .header_length = group.header_length,
          .gso_size = group.segment_payload,
          .checksum_start = static_cast<uint16_t>(layer4),
          .checksum_offset = offset};
}

void Coalescer::restore(size_t index) {
  const Group& group = groups_[index];
  if (group.count == 1) return;
  std::memcpy(packets_[group.first].bytes, saved_header_.data(), group.header_length);
}

}  // namespace twinspan::tun
