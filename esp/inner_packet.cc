#include "esp/inner_packet.h"

namespace twinspan::esp {
namespace {

constexpr size_t kIpv4HeaderSize = 20;
constexpr size_t kIpv6HeaderSize = 40;

constexpr uint8_t kHopByHop = 0, kIcmp = 1, kTcp = 6, kUdp = 17, kDccp = 33, kRouting = 43,
                  kFragment = 44, kAuthentication = 51, kIcmpv6 = 58, kDestinationOptions = 60,
                  kSctp = 132, kUdpLite = 136;

AddressNumber ipv6_number(const uint8_t* p) {
  return {.high = load_be64(p), .low = load_be64(p + 8)};
}

std::optional<InnerPacket> parse_ipv4(ByteView bytes) {
  if (bytes.size() < kIpv4HeaderSize) return std::nullopt;
  const size_t header_size = size_t{bytes[0] & 0x0fu} * 4;
  const size_t total_length = load_be16(&bytes[2]);
  if (header_size < kIpv4HeaderSize || total_length < header_size || total_length > bytes.size()) {
    return std::nullopt;
  }
  return InnerPacket{.family = IpFamily::V4,
                     .source = {.low = load_be32(&bytes[12])},
                     .destination = {.low = load_be32(&bytes[16])},
                     .bytes = bytes.first(total_length)};
}

std::optional<InnerPacket> parse_ipv6(ByteView bytes) {
  if (bytes.size() < kIpv6HeaderSize) return std::nullopt;
  const size_t payload_length = load_be16(&bytes[4]);
  // RFC 2675 3: a jumbogram has payload length 0 and a Hop-by-Hop header.
  if (payload_length == 0 && bytes[6] == kHopByHop) return std::nullopt;
  if (kIpv6HeaderSize + payload_length > bytes.size()) return std::nullopt;
  return InnerPacket{.family = IpFamily::V6,
                     .source = ipv6_number(&bytes[8]),
                     .destination = ipv6_number(&bytes[24]),
                     .bytes = bytes.first(kIpv6HeaderSize + payload_length)};
}

// `rest` starts behind the IP headers.
UpperLayer read_ports(uint8_t protocol, ByteView rest) {
  UpperLayer upper{.protocol = protocol};
  switch (protocol) {
    case kTcp:
    case kUdp:
    case kDccp:
    case kSctp:
    case kUdpLite:
      if (rest.size() < 4) return upper;
      upper.source_port = load_be16(&rest[0]);
      upper.destination_port = load_be16(&rest[2]);
      break;
    case kIcmp:
    case kIcmpv6:
      if (rest.size() < 2) return upper;
      upper.source_port = upper.destination_port = load_be16(&rest[0]);
      break;
    default:
      return upper;
  }
  upper.has_ports = true;
  return upper;
}

UpperLayer upper_layer_ipv4(ByteView bytes) {
  const uint8_t protocol = bytes[9];
  const bool is_later_fragment = (load_be16(&bytes[6]) & 0x1fff) != 0;
  if (is_later_fragment) return {.protocol = protocol};
  return read_ports(protocol, bytes.subspan(size_t{bytes[0] & 0x0fu} * 4));
}

bool is_extension(uint8_t header) {
  return header == kHopByHop || header == kRouting || header == kFragment ||
         header == kAuthentication || header == kDestinationOptions;
}

size_t extension_size(uint8_t header, ByteView rest) {
  if (header == kFragment) return 8;
  if (header == kAuthentication) return (size_t{rest[1]} + 2) * 4;
  return (size_t{rest[1]} + 1) * 8;
}

std::optional<UpperLayer> upper_layer_ipv6(ByteView bytes) {
  uint8_t header = bytes[6];
  ByteView rest = bytes.subspan(kIpv6HeaderSize);
  for (unsigned count = 0; is_extension(header); ++count) {
    if (count == kExtensionHeadersMax || rest.size() < 8) return std::nullopt;
    const size_t size = extension_size(header, rest);
    if (size > rest.size()) return std::nullopt;
    const bool is_later_fragment = header == kFragment && (load_be16(&rest[2]) & 0xfff8) != 0;
    header = rest[0];
    rest = rest.subspan(size);
    if (is_later_fragment) {
      // What follows is the middle of the packet. Behind further extension headers of the
      // fragmented part the protocol itself is out of reach.
      if (is_extension(header)) return std::nullopt;
      return UpperLayer{.protocol = header};
    }
  }
  return read_ports(header, rest);
}

}  // namespace

AddressNumber to_number(const IpAddress& address) {
  const uint8_t* const bytes = address.bytes().data();
  return address.is_v4() ? AddressNumber{.low = load_be32(bytes)} : ipv6_number(bytes);
}

std::optional<InnerPacket> parse_inner(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  switch (bytes[0] >> 4) {
    case 4:
      return parse_ipv4(bytes);
    case 6:
      return parse_ipv6(bytes);
    default:
      return std::nullopt;
  }
}

std::optional<UpperLayer> find_upper_layer(const InnerPacket& packet) {
  if (packet.family == IpFamily::V4) return upper_layer_ipv4(packet.bytes);
  return upper_layer_ipv6(packet.bytes);
}

}  // namespace twinspan::esp
