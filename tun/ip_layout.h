// Offsets and small accessors of the inner IP, TCP and UDP headers that segmentation and coalescing
// share. Unchecked: callers have made sure that the bytes are there.
#pragma once

#include "base/bytes.h"
#include "tun/checksum.h"

namespace twinspan::tun {

inline constexpr uint8_t kProtocolTcp = 6;
inline constexpr uint8_t kProtocolUdp = 17;
inline constexpr size_t kIp4HeaderMin = 20;
inline constexpr size_t kIp6Header = 40;
inline constexpr size_t kTcpHeaderMin = 20;
inline constexpr size_t kUdpHeader = 8;
inline constexpr size_t kIpPacketMax = 65535;

// TCP flags
inline constexpr uint8_t kTcpFin = 0x01;
inline constexpr uint8_t kTcpPsh = 0x08;
inline constexpr uint8_t kTcpAck = 0x10;
inline constexpr uint8_t kTcpCwr = 0x80;

inline unsigned ip_version(const uint8_t* ip) {
  return ip[0] >> 4;
}
inline size_t ip4_header_length(const uint8_t* ip) {
  return (ip[0] & 15u) * 4u;
}
inline size_t tcp_header_length(const uint8_t* tcp) {
  return (tcp[12] >> 4) * 4u;
}

// Source and destination address (RFC 9293 3.1, RFC 8200 8.1), without protocol and length.
inline uint64_t address_sum(const uint8_t* ip) {
  return ip_version(ip) == 4 ? checksum_sum(ip + 12, 8) : checksum_sum(ip + 8, 32);
}
inline uint64_t pseudo_header_sum(const uint8_t* ip, uint8_t protocol, size_t length) {
  return address_sum(ip) + checksum_word(protocol) + checksum_word(static_cast<uint16_t>(length));
}

inline void ip4_store_header_checksum(uint8_t* ip) {
  store_be16(ip + 10, 0);
  const uint16_t checksum =
      static_cast<uint16_t>(~checksum_fold(checksum_sum(ip, ip4_header_length(ip))));
  std::memcpy(ip + 10, &checksum, sizeof checksum);
}

// Makes the length fields of the IP header, and the IPv4 header checksum, those of a packet of
// `length`.
inline void ip_store_length(uint8_t* ip, size_t length) {
  if (ip_version(ip) == 4) {
    store_be16(ip + 2, static_cast<uint16_t>(length));
    ip4_store_header_checksum(ip);
  } else {
    store_be16(ip + 4, static_cast<uint16_t>(length - kIp6Header));
  }
}

}  // namespace twinspan::tun
