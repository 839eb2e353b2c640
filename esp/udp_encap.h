// UDP encapsulation of ESP (RFC 3948): what a datagram of the encapsulation port carries.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace twinspan::esp {

inline constexpr uint16_t kUdpEncapPort = 4500;
inline constexpr size_t kUdpHeaderSize = 8;
inline constexpr size_t kNonEspMarkerSize =
    4;  // RFC 3948 2.2: four zero bytes where ESP has its SPI.
inline constexpr uint8_t kNatKeepalive = 0xff;  // RFC 3948 2.3: the datagram's only byte.

enum class UdpPayload : uint8_t { Ike, Esp, Keepalive, Runt };

// RFC 3948 3.3-3.5. A runt is too short for any of them.
inline UdpPayload classify_udp_payload(ByteView payload) {
  if (payload.size() == 1 && payload[0] == kNatKeepalive) return UdpPayload::Keepalive;
  if (payload.size() < kNonEspMarkerSize) return UdpPayload::Runt;
  return load_be32(payload.data()) == 0 ? UdpPayload::Ike : UdpPayload::Esp;
}

}  // namespace twinspan::esp
