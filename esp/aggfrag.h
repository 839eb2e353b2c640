// AGGFRAG payloads (RFC 9347): several inner packets in one ESP packet.
//
//   sub-type 1 | flags 1 | BlockOffset 2 | [congestion information 20] | data blocks
//
// A data block is an inner packet, as long as its own header says, or padding up to the end. Our
// end always asks for whole packets (D in USE_AGGFRAG, RFC 9347 6.1.4), so that nothing is kept
// from one payload for the next, and sends whole packets only. What a peer cuts all the same is
// recognized, and dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "esp/esp_layout.h"
#include "esp/inner_packet.h"

namespace twinspan::esp {

inline constexpr size_t kAggfragCongestionHeaderSize = 24;  // RFC 9347 6.1.2: sub-type 1.

// The header of a payload whose data blocks begin with a new one: kAggfragHeaderSize bytes.
void write_aggfrag_header(uint8_t* out);

// Sending: whether a packet of `length` bytes goes into the payload that holds `used` bytes of
// packets, when it may hold `limit` of them.
inline bool fits_payload(size_t used, size_t length, size_t limit) {
  return used <= limit && length <= limit - used;
}

struct AggfragPayload {
  // What comes before the first block that begins here belongs to a packet of an earlier payload:
  // BlockOffset is not 0.
  bool continues_packet = false;
  ByteSpan blocks;  // From that block on; empty when none begins here.
};

// `payload` is authentic, without the ESP trailer. nullopt: a sub-type that is not assigned, or
// less than its header.
std::optional<AggfragPayload> parse_aggfrag(ByteSpan payload);

enum class BlockKind : uint8_t {
  End,  // Nothing more, or padding.
  Packet,
  Fragment,   // A packet that goes on in the next payload.
  Malformed,  // Where the next block begins is not known either.
};

struct DataBlock {
  BlockKind kind = BlockKind::End;
  InnerPacket packet;  // With BlockKind::Packet; `bytes` is the whole block.
};

// The first of the blocks.
DataBlock read_block(ByteView blocks);

}  // namespace twinspan::esp
