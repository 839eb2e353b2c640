#include "esp/flow_hash.h"

namespace twinspan::esp {
namespace {

constexpr size_t kIpv4HeaderSize = 20;
constexpr size_t kIpv6HeaderSize = 40;
constexpr uint16_t kFragmentMask = 0x3fff;  // More fragments, and the offset.
constexpr uint8_t kTcp = 6, kUdp = 17, kSctp = 132;

// `at`: where the ports are, if the protocol has any.
uint32_t finish(uint32_t sum, uint8_t protocol, ByteView packet, size_t at) {
  if (protocol == kTcp || protocol == kUdp || protocol == kSctp) {
    if (packet.size() < at + 4) return 0;
    sum += uint32_t{load_be16(&packet[at])} + load_be16(&packet[at + 2]);
  }
  return sum * kFlowHashFactor;
}

}  // namespace

uint32_t flow_hash(ByteView packet) {
  if (packet.empty()) return 0;
  const unsigned version = packet[0] >> 4;
  if (version == 4 && packet.size() >= kIpv4HeaderSize) {
    const uint32_t sum = load_be32(&packet[12]) + load_be32(&packet[16]);
    if ((load_be16(&packet[6]) & kFragmentMask) != 0) return sum * kFlowHashFactor;
    return finish(sum, packet[9], packet, size_t{packet[0] & 15u} * 4);
  }
  if (version == 6 && packet.size() >= kIpv6HeaderSize) {
    uint32_t sum = 0;
    for (size_t at = 8; at < kIpv6HeaderSize; at += 4) sum += load_be32(&packet[at]);
    return finish(sum, packet[6], packet, kIpv6HeaderSize);
  }
  return 0;
}

}  // namespace twinspan::esp
