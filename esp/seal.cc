#include "esp/seal.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "esp/aggfrag.h"

namespace twinspan::esp {
namespace {

using kernels::kBatchMax;
using kernels::Packet;

struct SealBatch {
  std::array<Packet, kBatchMax> packets;
  std::array<uint8_t[kAadSizeMax], kBatchMax> aads;  // With ESN alone; else the header serves.
};

// RFC 4303 2.6: nothing inside makes it a dummy packet. RFC 9347 2.3: an SA with AGGFRAG carries
// nothing else.
uint8_t next_header_of(const EspLayout& layout, const SealItem& item) {
  if (layout.is_aggfrag()) return kNextHeaderAggfrag;
  if (item.inner_length == 0 || item.is_dummy) return kNextHeaderNone;
  return item.inner[0] >> 4 == 6 ? kNextHeaderIpv6 : kNextHeaderIpv4;
}

// The whole payload in its place: the cipher takes it as one piece.
void write_aggfrag_payload(const SealItem& item, uint8_t* body) {
  uint8_t* const inner = body + kAggfragHeaderSize;
  if (inner != item.inner) std::memmove(inner, item.inner, item.inner_length);
  write_aggfrag_header(body);
  if (!item.is_dummy) return;
  DCHECK(item.inner_length != 0);
  inner[0] = 0;  // RFC 9347 6.1.3.3: a pad data block.
}

// RFC 4303 2.4: padding bytes 1, 2, 3, ...
void write_trailer(uint8_t* trailer, size_t padding, uint8_t next_header) {
  for (size_t i = 0; i < padding; ++i) trailer[i] = static_cast<uint8_t>(i + 1);
  trailer[padding] = static_cast<uint8_t>(padding);
  trailer[padding + 1] = next_header;
}

// Everything of the frame but IV, ciphertext and ICV of the cipher's own.
void prepare(const OutboundState& state, SealItem& item, uint64_t sequence, Packet& packet,
             uint8_t* aad) {
  const EspLayout& layout = state.layout;
  const size_t body_size = layout.body_size(item.inner_length);
  const size_t payload_length = layout.payload_header_size + item.inner_length;
  const size_t trailer_length = body_size - payload_length;
  uint8_t* const body = item.frame + layout.header_size();
  store_be32(item.frame, state.spi);
  store_be32(item.frame + 4, static_cast<uint32_t>(sequence));
  // RFC 4106 3.1, RFC 7634 2: any unique value. The CBC kernel overwrites it with an unpredictable
  // one.
  store_be64(item.frame + kFixedHeaderSize, sequence);
  if (layout.is_aggfrag()) write_aggfrag_payload(item, body);
  write_trailer(body + payload_length, trailer_length - kTrailerSize, next_header_of(layout, item));
  if (state.is_extended) {
    store_be32(aad, state.spi);
    store_be64(aad + 4, sequence);
  }
  packet = {.input = layout.is_aggfrag() ? body : item.inner,
            .output = body,
            .input_length = static_cast<uint32_t>(payload_length),
            .trailer_length = static_cast<uint32_t>(trailer_length),
            .iv = item.frame + kFixedHeaderSize,
            .aad = state.is_extended ? aad : item.frame,
            .aad_length = state.is_extended ? kAadSizeMax : kAadSizeMin,
            .icv = body + body_size};
  item.frame_length = static_cast<uint32_t>(layout.header_size() + body_size + layout.icv_size);
}

// How many items from the front the limits admit.
size_t consume_lifetime(OutboundState& state, std::span<const SealItem> items) {
  size_t count = 0;
  while (count < items.size() &&
         state.lifetime.consume(state.layout.body_size(items[count].inner_length), state.events)) {
    ++count;
  }
  return count;
}

void seal_batch(OutboundState& state, std::span<SealItem> items, uint64_t first_sequence) {
  SealBatch batch;
  for (size_t i = 0; i < items.size(); ++i) {
    prepare(state, items[i], first_sequence + i, batch.packets[i], batch.aads[i]);
  }
  state.cipher->seal(batch.packets.data(), items.size());
}

void count_sealed(std::span<const SealItem> items, DirectionCounters& counters) {
  uint64_t packets = 0, bytes = 0;
  for (const SealItem& item : items) {
    if (item.inner_length == 0 || item.is_dummy) continue;
    packets += item.packet_count;
    bytes += item.inner_length;
  }
  counters.packets.add(packets);
  counters.bytes.add(bytes);
}

void drop(DirectionCounters& counters, Verdict reason, std::span<const SealItem> items) {
  size_t count = 0;
  for (const SealItem& item : items) count += item.packet_count;
  if (count != 0) counters.drops[static_cast<size_t>(reason)].add(count);
}

}  // namespace

size_t inner_offset(const OutboundSa& sa) {
  return sa.layout().inner_offset();
}

size_t frame_size(const OutboundSa& sa, size_t inner_length) {
  return sa.layout().frame_size(inner_length);
}

size_t seal(OutboundSa& sa, std::span<SealItem> items, DirectionCounters& counters) {
  OutboundState& state = sa.state();
  const size_t within_lifetime = consume_lifetime(state, items);
  const auto numbers = state.sequence.reserve(within_lifetime);
  if (state.sequence.is_past_soft_limit()) state.events.raise(kEventSoftLimit);
  if (numbers.count < within_lifetime) state.events.raise(kEventHardLimit);

  for (size_t done = 0; done < numbers.count; done += kBatchMax) {
    const size_t count = std::min<size_t>(kBatchMax, numbers.count - done);
    seal_batch(state, items.subspan(done, count), numbers.first + done);
  }
  count_sealed(items.first(numbers.count), counters);
  drop(counters, Verdict::SequenceExhausted, items.first(within_lifetime).subspan(numbers.count));
  drop(counters, Verdict::Expired, items.subspan(within_lifetime));
  return numbers.count;
}

}  // namespace twinspan::esp
