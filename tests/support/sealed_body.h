// ESP frames whose plaintext the test writes itself, trailer and all, sealed with the SA's own
// keys.
#pragma once

#include "base/bytes.h"
#include "esp/outbound_sa.h"
#include "esp/seal.h"

namespace twinspan::esp {

// `body` is a multiple of the cipher's alignment; nothing is added to it. The IV is the sequence
// number.
inline Bytes seal_body(OutboundState& state, uint64_t sequence, const Bytes& body) {
  const EspLayout& layout = state.layout;
  Bytes frame(layout.header_size() + body.size() + layout.icv_size);
  store_be32(&frame[0], state.spi);
  store_be32(&frame[4], static_cast<uint32_t>(sequence));
  store_be64(&frame[8], sequence);
  uint8_t aad[kAadSizeMax];
  store_be32(aad, state.spi);
  store_be64(aad + 4, sequence);
  kernels::Packet packet{.input = body.data(),
                         .output = &frame[layout.header_size()],
                         .input_length = static_cast<uint32_t>(body.size()),
                         .trailer_length = 0,
                         .iv = &frame[8],
                         .aad = state.is_extended ? aad : frame.data(),
                         .aad_length = state.is_extended ? kAadSizeMax : kAadSizeMin,
                         .icv = &frame[layout.header_size() + body.size()],
                         .authentic = false};
  state.cipher->seal(&packet, 1);
  return frame;
}

}  // namespace twinspan::esp
