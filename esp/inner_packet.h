// The inner IP packet of a tunnel: lengths checked, addresses and ports in a form that compares
// fast.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ip_address.h"

namespace twinspan::esp {

// An address as one 128-bit number; IPv4 lies in `low`.
struct AddressNumber {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const AddressNumber&) const = default;
};
AddressNumber to_number(const IpAddress& address);

struct InnerPacket {
  IpFamily family = IpFamily::V4;
  AddressNumber source;
  AddressNumber destination;
  ByteView bytes;  // Exactly as long as its header says.
};

// What RFC 4301 4.4.1.1 selects by beside the addresses. For ICMP both ports are type * 256 + code.
struct UpperLayer {
  uint8_t protocol = 0;
  // False: the protocol has no ports, or they are out of reach (a fragment that is not the first).
  bool has_ports = false;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
};

// nullopt: neither IPv4 nor IPv6, header incomplete, or `bytes` is shorter than the packet. Bytes
// behind the packet (RFC 4303 2.7: TFC padding) are trimmed. Jumbograms (RFC 2675) are refused.
std::optional<InnerPacket> parse_inner(ByteView bytes);

// nullopt: IPv6 extension headers that are broken or too many.
std::optional<UpperLayer> find_upper_layer(const InnerPacket& packet);

inline constexpr unsigned kExtensionHeadersMax = 8;

}  // namespace twinspan::esp
