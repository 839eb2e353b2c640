#include "esp/aggfrag.h"

#include <algorithm>

namespace twinspan::esp {
namespace {

// RFC 9347 6.1.3: the type of a data block, which is the version of an IP packet.
constexpr unsigned kTypePad = 0, kTypeIpv4 = 4, kTypeIpv6 = 6;

size_t header_size(uint8_t sub_type) {
  switch (sub_type) {
    case 0:
      return kAggfragHeaderSize;
    case 1:
      return kAggfragCongestionHeaderSize;
    default:
      return 0;
  }
}

// What the packet at the front says of its own length (RFC 9347 6.1.3.1, 6.1.3.2); nullopt: the
// field itself lies behind the end.
std::optional<size_t> packet_length(ByteView blocks) {
  if (blocks[0] >> 4 == kTypeIpv4) {
    if (blocks.size() < 4) return std::nullopt;
    return load_be16(&blocks[2]);
  }
  if (blocks.size() < 6) return std::nullopt;
  return size_t{40} + load_be16(&blocks[4]);
}

}  // namespace

void write_aggfrag_header(uint8_t* out) {
  store_be32(out, 0);
}

std::optional<AggfragPayload> parse_aggfrag(ByteSpan payload) {
  if (payload.empty()) return std::nullopt;
  const size_t header = header_size(payload[0]);
  if (header == 0 || payload.size() < header) return std::nullopt;
  // The octet between, and all that sub-type 1 says of congestion, does not concern a receiver that
  // has not asked for it (RFC 9347 6.1.4, C).
  const size_t block_offset = load_be16(&payload[2]);
  const ByteSpan blocks = payload.subspan(header);
  return AggfragPayload{.continues_packet = block_offset != 0,
                        .blocks = blocks.subspan(std::min(block_offset, blocks.size()))};
}

DataBlock read_block(ByteView blocks) {
  if (blocks.empty()) return {};
  const unsigned type = blocks[0] >> 4;
  if (type == kTypePad) return {};
  if (type != kTypeIpv4 && type != kTypeIpv6) return {.kind = BlockKind::Malformed, .packet = {}};
  const auto length = packet_length(blocks);
  if (!length || *length > blocks.size()) return {.kind = BlockKind::Fragment, .packet = {}};
  const auto packet = parse_inner(blocks.first(*length));
  if (!packet) return {.kind = BlockKind::Malformed, .packet = {}};
  return {.kind = BlockKind::Packet, .packet = *packet};
}

}  // namespace twinspan::esp
