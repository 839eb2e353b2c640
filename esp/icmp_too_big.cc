#include "esp/icmp_too_big.h"

#include <algorithm>

#include "base/check.h"
#include "esp/inner_packet.h"
#include "esp/ip_checksum.h"

namespace twinspan::esp {
namespace {

constexpr size_t kIpv4HeaderSize = 20;
constexpr size_t kIpv6HeaderSize = 40;
constexpr size_t kIcmpHeaderSize = 8;
constexpr size_t kIpv4AnswerMax = 576;  // RFC 1812 4.3.2.3.
constexpr uint8_t kIcmp = 1, kIcmpv6 = 58;
constexpr uint8_t kTtl = 64;
constexpr uint8_t kInternetworkControl = 0xc0;  // RFC 1812 4.3.2.5: precedence of ICMP errors.

// RFC 1122 3.2.2: only a host can be told, and 0.0.0.0, 127/8, multicast and broadcast are none.
bool is_host_ipv4(uint64_t address) {
  const uint64_t first = address >> 24;
  return first != 0 && first != 127 && first < 224;
}

bool is_host_ipv6(const AddressNumber& address) {
  const bool is_multicast = address.high >> 56 == 0xff;
  const bool is_loopback_or_none = address.high == 0 && address.low <= 1;
  return !is_multicast && !is_loopback_or_none;
}

// Echoes, timestamps and the like may be answered; errors may not.
bool is_icmp_error(const InnerPacket& packet, const UpperLayer& upper) {
  const auto type = static_cast<uint8_t>(upper.source_port >> 8);
  if (packet.family == IpFamily::V6) return upper.protocol == kIcmpv6 && type < 128;
  return upper.protocol == kIcmp &&
         (type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

bool may_be_answered(const InnerPacket& packet) {
  const auto upper = find_upper_layer(packet);
  if (!upper || (upper->has_ports && is_icmp_error(packet, *upper))) return false;
  if (packet.family == IpFamily::V6) return is_host_ipv6(packet.source);
  const bool is_later_fragment = (load_be16(&packet.bytes[6]) & 0x1fff) != 0;
  return !is_later_fragment && is_host_ipv4(packet.source.low) &&
         is_host_ipv4(packet.destination.low);
}

size_t write_ipv4(ByteView packet, size_t mtu, ByteSpan out) {
  const size_t quoted = std::min(packet.size(), kIpv4AnswerMax - kIpv4HeaderSize - kIcmpHeaderSize);
  const size_t length = kIpv4HeaderSize + kIcmpHeaderSize + quoted;
  uint8_t* const ip = out.data();
  std::memset(ip, 0, kIpv4HeaderSize + kIcmpHeaderSize);
  ip[0] = 0x45;
  ip[1] = kInternetworkControl;
  store_be16(ip + 2, static_cast<uint16_t>(length));
  ip[6] = 0x40;  // DF: with it the identification means nothing (RFC 6864 4.1).
  ip[8] = kTtl;
  ip[9] = kIcmp;
  std::memcpy(ip + 12, &packet[16], 4);
  std::memcpy(ip + 16, &packet[12], 4);
  store_ip4_checksum(ip, kIpv4HeaderSize);
  uint8_t* const icmp = ip + kIpv4HeaderSize;
  icmp[0] = 3;
  icmp[1] = 4;
  store_be16(icmp + 6, static_cast<uint16_t>(mtu));
  std::memcpy(icmp + kIcmpHeaderSize, packet.data(), quoted);
  store_be16(icmp + 2, checksum_of(checksum_sum({icmp, kIcmpHeaderSize + quoted})));
  return length;
}

size_t write_ipv6(ByteView packet, size_t mtu, ByteSpan out) {
  const size_t quoted = std::min(packet.size(), kTooBigSizeMax - kIpv6HeaderSize - kIcmpHeaderSize);
  const size_t payload = kIcmpHeaderSize + quoted;
  uint8_t* const ip = out.data();
  std::memset(ip, 0, kIpv6HeaderSize + kIcmpHeaderSize);
  ip[0] = 0x60;
  store_be16(ip + 4, static_cast<uint16_t>(payload));
  ip[6] = kIcmpv6;
  ip[7] = kTtl;
  std::memcpy(ip + 8, &packet[24], 16);
  std::memcpy(ip + 24, &packet[8], 16);
  uint8_t* const icmp = ip + kIpv6HeaderSize;
  icmp[0] = 2;
  store_be32(icmp + 4, static_cast<uint32_t>(std::max(mtu, kIpv6MtuMin)));
  std::memcpy(icmp + kIcmpHeaderSize, packet.data(), quoted);
  // RFC 4443 2.3, RFC 8200 8.1: over addresses, length and protocol as well.
  const uint32_t pseudo =
      checksum_sum({ip + 8, 32}, static_cast<uint32_t>(payload) + uint32_t{kIcmpv6});
  store_be16(icmp + 2, checksum_of(checksum_sum({icmp, payload}, pseudo)));
  return kIpv6HeaderSize + payload;
}

}  // namespace

size_t write_too_big(ByteView packet, size_t mtu, ByteSpan out) {
  DCHECK(out.size() >= kTooBigSizeMax);
  const auto parsed = parse_inner(packet);
  if (!parsed || !may_be_answered(*parsed)) return 0;
  if (parsed->family == IpFamily::V4) return write_ipv4(parsed->bytes, mtu, out);
  return write_ipv6(parsed->bytes, mtu, out);
}

}  // namespace twinspan::esp
