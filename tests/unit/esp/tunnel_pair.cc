#include "tests/unit/esp/tunnel_pair.h"

#include <algorithm>

namespace twinspan::esp {

Bytes make_inner(const InnerSpec& spec) {
  const IpAddress source = *IpAddress::parse(spec.source);
  const IpAddress destination = *IpAddress::parse(spec.destination);
  const size_t header_size = source.is_v4() ? 20 : 40;
  Bytes packet(header_size + spec.payload_length);
  if (source.is_v4()) {
    packet[0] = 0x45;
    store_be16(&packet[2], static_cast<uint16_t>(packet.size()));
    packet[8] = 64;
    packet[9] = spec.protocol;
  } else {
    packet[0] = 0x60;
    store_be16(&packet[4], static_cast<uint16_t>(spec.payload_length));
    packet[6] = spec.protocol;
    packet[7] = 64;
  }
  const size_t addresses = source.is_v4() ? 12 : 8;
  std::ranges::copy(source.bytes(), packet.begin() + static_cast<ptrdiff_t>(addresses));
  std::ranges::copy(destination.bytes(),
                    packet.begin() + static_cast<ptrdiff_t>(addresses + source.size()));
  for (size_t i = 0; i < spec.payload_length; ++i) {
    packet[header_size + i] = static_cast<uint8_t>(i * 31 + 7);
  }
  if (spec.payload_length >= 4) {
    store_be16(&packet[header_size], spec.source_port);
    store_be16(&packet[header_size + 2], spec.destination_port);
  }
  return packet;
}

}  // namespace twinspan::esp
