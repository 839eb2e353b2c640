#include "tools/twinspand/probe_packet.h"

#include <algorithm>

#include "base/check.h"

namespace twinspan::tools {
namespace {

constexpr size_t kIp4Header = 20;
constexpr size_t kIp6Header = 40;
constexpr uint16_t kUpperSize = 8;  // Ports, or type and code.
constexpr uint8_t kIcmp = 1, kIcmpv6 = 58;
constexpr uint8_t kEchoRequest = 8, kEchoRequestV6 = 128;

void write_upper(const policy::Flow& flow, uint8_t protocol, uint8_t* upper) {
  if (protocol == kIcmp || protocol == kIcmpv6) {
    upper[0] = protocol == kIcmp ? kEchoRequest : kEchoRequestV6;
    return;
  }
  store_be16(upper, flow.source_port);
  store_be16(upper + 2, flow.destination_port);
}

}  // namespace

Bytes probe_packet(const policy::Flow& flow) {
  CHECK(flow.source.family() == flow.destination.family());
  const bool is_v4 = flow.source.is_v4();
  const uint8_t protocol = flow.protocol != 0 ? flow.protocol : is_v4 ? kIcmp : kIcmpv6;
  const size_t header = is_v4 ? kIp4Header : kIp6Header;
  Bytes packet(header + kUpperSize);
  uint8_t* const at = packet.data();
  if (is_v4) {
    at[0] = 0x45;
    store_be16(at + 2, static_cast<uint16_t>(packet.size()));
    at[8] = 64;  // TTL
    at[9] = protocol;
  } else {
    at[0] = 0x60;
    store_be16(at + 4, kUpperSize);
    at[6] = protocol;
    at[7] = 64;  // Hop limit
  }
  const size_t addresses = is_v4 ? 12 : 8;
  std::ranges::copy(flow.source.bytes(), at + addresses);
  std::ranges::copy(flow.destination.bytes(), at + addresses + flow.source.size());
  write_upper(flow, protocol, at + header);
  return packet;
}

}  // namespace twinspan::tools
