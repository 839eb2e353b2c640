#include "tests/unit/tun/packet_builder.h"

#include <algorithm>

namespace twinspan::tun {
namespace {

size_t ip_length(ByteView packet) {
  return packet[0] >> 4 == 4 ? (packet[0] & 15u) * 4u : 40;
}
uint8_t protocol_of(ByteView packet) {
  return packet[0] >> 4 == 4 ? packet[9] : packet[6];
}

// RFC 9293 3.1, RFC 8200 8.1: the pseudo header, then the TCP or UDP packet.
Bytes checksummed(ByteView packet) {
  const size_t ip = ip_length(packet);
  const size_t length = packet.size() - ip;
  Bytes out;
  if (packet[0] >> 4 == 4) {
    out.insert(out.end(), &packet[12], &packet[12] + 8);
    out.push_back(0);
    out.push_back(protocol_of(packet));
    out.push_back(static_cast<uint8_t>(length >> 8));
    out.push_back(static_cast<uint8_t>(length));
  } else {
    out.insert(out.end(), &packet[8], &packet[8] + 32);
    for (int shift = 24; shift >= 0; shift -= 8)
      out.push_back(static_cast<uint8_t>(length >> shift));
    out.insert(out.end(), {0, 0, 0, protocol_of(packet)});
  }
  out.insert(out.end(), packet.begin() + static_cast<ptrdiff_t>(ip), packet.end());
  return out;
}

void put16(Bytes& packet, size_t at, size_t value) {
  packet[at] = static_cast<uint8_t>(value >> 8);
  packet[at + 1] = static_cast<uint8_t>(value);
}

void finish_lengths(Bytes& packet) {
  const size_t ip = ip_length(packet);
  if (packet[0] >> 4 == 4) {
    put16(packet, 2, packet.size());
    put16(packet, 10, 0);
    put16(packet, 10, reference_checksum(ByteView(packet).first(ip)));
  } else {
    put16(packet, 4, packet.size() - 40);
  }
  if (protocol_of(packet) == 17) put16(packet, ip + 4, packet.size() - ip);
}

void append_ip(Bytes& packet, const PacketSpec& spec) {
  if (spec.version == 4) {
    packet.assign(20, 0);
    packet[0] = 0x45;
    packet[1] = spec.traffic_class;
    put16(packet, 4, spec.id);
    packet[6] = spec.dont_fragment ? 0x40 : 0;
    packet[8] = spec.ttl;
    packet[9] = spec.protocol;
    const uint8_t addresses[8] = {10, 1, 0, spec.host, 10, 2, 0, 9};
    std::copy_n(addresses, 8, &packet[12]);
  } else {
    packet.assign(40, 0);
    packet[0] = static_cast<uint8_t>(0x60 | spec.traffic_class >> 4);
    packet[1] = static_cast<uint8_t>(spec.traffic_class << 4);
    packet[6] = spec.protocol;
    packet[7] = spec.ttl;
    packet[8] = packet[24] = 0xfd;
    packet[23] = spec.host;
    packet[39] = 9;
  }
}

void append_layer4(Bytes& packet, const PacketSpec& spec) {
  const size_t at = packet.size();
  if (spec.protocol == 6) {
    packet.resize(at + 20 + 4 * spec.option_words);
    for (int i = 0; i < 4; ++i) {
      packet[at + 4 + static_cast<size_t>(i)] = static_cast<uint8_t>(spec.sequence >> (24 - 8 * i));
      packet[at + 8 + static_cast<size_t>(i)] =
          static_cast<uint8_t>(spec.acknowledgement >> (24 - 8 * i));
    }
    packet[at + 12] = static_cast<uint8_t>((5 + spec.option_words) << 4);
    packet[at + 13] = spec.flags;
    put16(packet, at + 14, spec.window);
    for (size_t i = 0; i < 4 * spec.option_words; ++i) {
      packet[at + 20 + i] = static_cast<uint8_t>(spec.option_seed + i);
    }
  } else if (spec.protocol == 17) {
    packet.resize(at + 8);
  } else {
    return;
  }
  put16(packet, at, spec.source_port);
  put16(packet, at + 2, spec.destination_port);
}

}  // namespace

uint16_t reference_checksum(ByteView bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? uint32_t{bytes[i]} << 8 : bytes[i];
    if (sum > 0xffff) sum = (sum & 0xffff) + 1;
  }
  return static_cast<uint16_t>(~sum);
}

Bytes build_packet(const PacketSpec& spec) {
  Bytes packet;
  append_ip(packet, spec);
  append_layer4(packet, spec);
  for (size_t i = 0; i < spec.payload; ++i) {
    packet.push_back(static_cast<uint8_t>(spec.payload_seed * 31 + i * 7 + i / 256));
  }
  finish_lengths(packet);
  repair_checksum(packet);
  return packet;
}

void repair_checksum(Bytes& packet) {
  const uint8_t protocol = protocol_of(packet);
  if (protocol != 6 && protocol != 17) return;
  const size_t field = ip_length(packet) + (protocol == 6 ? 16 : 6);
  put16(packet, field, 0);
  const uint16_t checksum = reference_checksum(checksummed(packet));
  put16(packet, field, checksum == 0 ? 0xffff : checksum);
}

bool is_sound(ByteView packet) {
  const size_t ip = ip_length(packet);
  if (packet[0] >> 4 == 4) {
    if (reference_checksum(packet.first(ip)) != 0) return false;
    if (load_be16(&packet[2]) != packet.size()) return false;
  } else if (load_be16(&packet[4]) + 40u != packet.size()) {
    return false;
  }
  const uint8_t protocol = protocol_of(packet);
  if (protocol == 17 && load_be16(&packet[ip + 4]) != packet.size() - ip) return false;
  return (protocol != 6 && protocol != 17) || reference_checksum(checksummed(packet)) == 0;
}

std::vector<Bytes> reference_segments(ByteView super_packet, size_t segment_payload) {
  const size_t ip = ip_length(super_packet);
  const bool is_tcp = protocol_of(super_packet) == 6;
  const size_t header = ip + (is_tcp ? (super_packet[ip + 12] >> 4) * 4u : 8);
  std::vector<Bytes> segments;
  for (size_t at = header; at < super_packet.size(); at += segment_payload) {
    const size_t length = std::min(segment_payload, super_packet.size() - at);
    const bool is_first = at == header;
    const bool is_last = at + length == super_packet.size();
    Bytes segment(super_packet.begin(), super_packet.begin() + static_cast<ptrdiff_t>(header));
    segment.insert(segment.end(), &super_packet[at], &super_packet[at] + length);
    if (super_packet[0] >> 4 == 4) {
      put16(segment, 4, load_be16(&super_packet[4]) + segments.size());
    }
    if (is_tcp) {
      const uint32_t sequence =
          load_be32(&super_packet[ip + 4]) + static_cast<uint32_t>(at - header);
      store_be32(&segment[ip + 4], sequence);
      if (!is_last) segment[ip + 13] &= 0xf6;   // FIN, PSH
      if (!is_first) segment[ip + 13] &= 0x7f;  // CWR
    }
    finish_lengths(segment);
    repair_checksum(segment);
    segments.push_back(std::move(segment));
  }
  return segments;
}

}  // namespace twinspan::tun
