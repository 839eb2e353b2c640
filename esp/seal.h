// Encapsulation (RFC 4303 3.3): inner packets in, ESP frames out, a batch at a time, all of one SA.
// A frame starts at the SPI; UDP or IP around it is the socket's business.
// Thread: the one that owns the SA's tunnel for sending.
#pragma once

#include <span>

#include "esp/outbound_sa.h"
#include "esp/sa_table.h"

namespace twinspan::esp {

// What goes into one frame.
struct SealItem {
  // The inner IP packet; may be frame + inner_offset(sa) (in place), which with AGGFRAG saves a
  // copy.
  const uint8_t* inner = nullptr;
  uint32_t inner_length = 0;
  uint8_t* frame = nullptr;  // Room for frame_size(sa, inner_length) bytes.
  // RFC 4303 2.6: `inner` is filling that the peer discards. With AGGFRAG an all-pad payload (RFC
  // 9347 2.2.3), whose filling has one byte at the least.
  bool is_dummy = false;
  // With AGGFRAG there may be several, one right behind the other; `inner_length` is that of all.
  uint32_t packet_count = 1;
  uint32_t frame_length = 0;  // Out.
};

// Where in a frame the inner packet begins: behind SPI, sequence number and IV, and the header of
// an AGGFRAG payload.
size_t inner_offset(const OutboundSa& sa);
// The whole frame for inner packets of this length.
size_t frame_size(const OutboundSa& sa, size_t inner_length);

// Seals all items with consecutive sequence numbers and counts inner packets and bytes in
// `counters`. Returns how many were sealed, from the front; fewer than all only when the sequence
// number space or the byte limit is used up: the packets of those are counted as SequenceExhausted
// or Expired.
size_t seal(OutboundSa& sa, std::span<SealItem> items, DirectionCounters& counters);

}  // namespace twinspan::esp
