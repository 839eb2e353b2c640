#include "tests/unit/esp/tunnel_pair.h"

#include "tests/support/sealed_body.h"

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

Bytes seal_body(TunnelPair& pair, const Bytes& body) {
  OutboundState& state = pair.left.outbound().state();
  return seal_body(state, state.sequence.reserve(1).first, body);
}

Bytes with_trailer(Bytes payload, size_t padding, uint8_t next_header) {
  for (size_t i = 1; i <= padding; ++i) payload.push_back(static_cast<uint8_t>(i));
  payload.push_back(static_cast<uint8_t>(padding));
  payload.push_back(next_header);
  return payload;
}

Bytes padded_body(const EspLayout& layout, Bytes payload, uint8_t next_header) {
  const size_t over = (payload.size() + kTrailerSize) % layout.alignment;
  const size_t padding = over == 0 ? 0 : layout.alignment - over;
  return with_trailer(std::move(payload), padding, next_header);
}

}  // namespace twinspan::esp
