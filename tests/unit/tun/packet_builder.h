// Inner packets for tests, and a slow reference for what the packet path does to them. Written from
// the RFCs, byte by byte, sharing nothing with the code under test.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace twinspan::tun {

struct PacketSpec {
  unsigned version = 4;
  uint8_t protocol = 6;  // 6: TCP, 17: UDP, anything else: the payload follows the IP header.
  size_t payload = 100;
  uint8_t payload_seed = 1;
  uint8_t traffic_class = 0;
  uint8_t ttl = 64;
  bool dont_fragment = true;
  uint16_t id = 7;
  uint8_t host = 1;  // Last byte of the source address.
  uint16_t source_port = 40000;
  uint16_t destination_port = 443;
  uint32_t sequence = 1000;
  uint32_t acknowledgement = 5000;
  uint8_t flags = 0x10;
  uint16_t window = 1000;
  size_t option_words = 3;  // Of TCP: 12 bytes, a timestamp.
  uint8_t option_seed = 9;

  size_t header_length() const {
    const size_t ip = version == 4 ? 20 : 40;
    return ip + (protocol == 6 ? 20 + 4 * option_words : protocol == 17 ? 8 : 0);
  }
};

Bytes build_packet(const PacketSpec& spec);

// RFC 1071, one byte at a time.
uint16_t reference_checksum(ByteView bytes);
// Whether IPv4 header, TCP and UDP checksums and all lengths are right.
bool is_sound(ByteView packet);
// Recomputes the layer-4 checksum after a test has changed a packet.
void repair_checksum(Bytes& packet);

// What the sender's stack would have sent instead of a super-packet with `segment_payload`.
std::vector<Bytes> reference_segments(ByteView super_packet, size_t segment_payload);

}  // namespace twinspan::tun
