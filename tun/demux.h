// What a datagram on one of our UDP ports is. GRO may put datagrams of every kind of one 4-tuple
// into one buffer, so this is asked for each segment.
#pragma once

#include "base/bytes.h"
#include "esp/udp_encap.h"

namespace twinspan::tun {

inline constexpr uint16_t kIkePort = 500;

enum class DatagramKind : uint8_t { Keepalive, Ike, Esp, Malformed };

struct Datagram {
  DatagramKind kind;
  ByteSpan content;  // IKE: the message without the marker. ESP: from the SPI, at least the SPI.
};

inline bool is_keepalive(ByteView bytes) {
  return bytes.size() == 1 && bytes[0] == esp::kNatKeepalive;
}

inline Datagram classify_datagram(ByteSpan bytes, uint16_t local_port) {
  // RFC 7296 3.1: on port 500 there is no marker and no ESP.
  if (local_port == kIkePort && !bytes.empty() && !is_keepalive(bytes)) {
    return {DatagramKind::Ike, bytes};
  }
  switch (esp::classify_udp_payload(bytes)) {
    case esp::UdpPayload::Keepalive:
      return {DatagramKind::Keepalive, {}};
    case esp::UdpPayload::Ike:
      return {DatagramKind::Ike, bytes.subspan(esp::kNonEspMarkerSize)};
    case esp::UdpPayload::Esp:
      return {DatagramKind::Esp, bytes};
    case esp::UdpPayload::Runt:
      break;
  }
  return {DatagramKind::Malformed, {}};
}

}  // namespace twinspan::tun
