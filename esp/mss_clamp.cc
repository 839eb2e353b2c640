#include "esp/mss_clamp.h"

#include "esp/inner_packet.h"
#include "esp/ip_checksum.h"

namespace twinspan::esp {
namespace {

constexpr size_t kIpv4HeaderSize = 20;
constexpr size_t kIpv6HeaderSize = 40;
constexpr size_t kTcpHeaderSize = 20;
constexpr uint8_t kHopByHop = 0, kTcp = 6, kRouting = 43, kDestinationOptions = 60;
constexpr uint8_t kSyn = 0x02;
constexpr uint8_t kOptionEnd = 0, kOptionNop = 1, kOptionMss = 2;
constexpr size_t kMssOptionSize = 4;

// 0: no TCP header within the packet, or out of reach.
size_t tcp_offset_ipv4(ByteView packet) {
  const size_t header = (packet[0] & 15u) * 4u;
  const bool is_later_fragment = (load_be16(&packet[6]) & 0x1fff) != 0;
  return packet[9] == kTcp && !is_later_fragment && header >= kIpv4HeaderSize ? header : 0;
}

size_t tcp_offset_ipv6(ByteView packet) {
  uint8_t header = packet[6];
  size_t offset = kIpv6HeaderSize;
  for (unsigned count = 0; header != kTcp; ++count) {
    const bool is_passed =
        header == kHopByHop || header == kRouting || header == kDestinationOptions;
    if (!is_passed || count == kExtensionHeadersMax || offset + 8 > packet.size()) return 0;
    header = packet[offset];
    offset += (packet[offset + 1] + 1u) * 8u;
  }
  return offset;
}

size_t tcp_offset(ByteView packet) {
  if (packet.size() >= kIpv4HeaderSize && packet[0] >> 4 == 4) return tcp_offset_ipv4(packet);
  if (packet.size() >= kIpv6HeaderSize && packet[0] >> 4 == 6) return tcp_offset_ipv6(packet);
  return 0;
}

// Offset of the option inside the TCP header; 0: there is none.
size_t find_mss_option(ByteView tcp) {
  size_t at = kTcpHeaderSize;
  while (at < tcp.size() && tcp[at] != kOptionEnd) {
    if (tcp[at] == kOptionNop) {
      ++at;
      continue;
    }
    if (at + 1 >= tcp.size() || tcp[at + 1] < 2 || at + tcp[at + 1] > tcp.size()) return 0;
    if (tcp[at] == kOptionMss) return tcp[at + 1] == kMssOptionSize ? at : 0;
    at += tcp[at + 1];
  }
  return 0;
}

uint16_t swap_bytes(uint16_t value) {
  return static_cast<uint16_t>(value << 8 | value >> 8);
}

}  // namespace

bool clamp_mss(ByteSpan packet, size_t mtu) {
  const size_t offset = tcp_offset(packet);
  if (offset == 0 || offset + kTcpHeaderSize > packet.size()) return false;
  if ((packet[offset + 13] & kSyn) == 0) return false;
  const size_t header = (packet[offset + 12] >> 4) * 4u;
  if (header < kTcpHeaderSize || offset + header > packet.size()) return false;
  const ByteSpan tcp = packet.subspan(offset, header);
  const size_t option = find_mss_option(tcp);
  const size_t fixed = (packet[0] >> 4 == 4 ? kIpv4HeaderSize : kIpv6HeaderSize) + kTcpHeaderSize;
  if (option == 0 || mtu <= fixed) return false;
  const uint16_t before = load_be16(&tcp[option + 2]);
  if (before <= mtu - fixed) return false;
  const auto after = static_cast<uint16_t>(mtu - fixed);
  store_be16(&tcp[option + 2], after);
  // RFC 1071 2 (B): at an odd offset the two bytes lie in two words, each in the other's half.
  const bool is_odd = option % 2 != 0;
  update_checksum(&tcp[16], is_odd ? swap_bytes(before) : before,
                  is_odd ? swap_bytes(after) : after);
  return true;
}

}  // namespace twinspan::esp
