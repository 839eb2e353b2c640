// Encapsulation (RFC 4303 3.3): inner packets in, ESP frames out, a batch at a time, all of one SA.
// A frame starts at the SPI; UDP or IP around it is the socket's business.
// Thread: the one that owns the SA's tunnel for sending.
#pragma once

#include <span>

#include "esp/outbound_sa.h"
#include "esp/sa_table.h"

namespace twinspan::esp {

struct SealItem {
  const uint8_t* inner =
      nullptr;  // The inner IP packet; may be frame + esp_header_size(sa) (in place).
  uint32_t inner_length = 0;
  uint8_t* frame = nullptr;   // Room for frame_size(sa, inner_length) bytes.
  bool is_dummy = false;      // RFC 4303 2.6: `inner` is filling that the peer discards.
  uint32_t frame_length = 0;  // Out.
};

// SPI, sequence number and IV: where the ciphertext begins.
size_t esp_header_size(const OutboundSa& sa);
// The whole frame for an inner packet of this length.
size_t frame_size(const OutboundSa& sa, size_t inner_length);

// Seals all items with consecutive sequence numbers and counts inner packets and bytes in
// `counters`. Returns how many were sealed, from the front; fewer than all only when the sequence
// number space or the byte limit is used up: those are counted as SequenceExhausted or Expired.
size_t seal(OutboundSa& sa, std::span<SealItem> items, DirectionCounters& counters);

}  // namespace twinspan::esp
