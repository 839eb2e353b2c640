#include "esp/open.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "esp/aggfrag.h"
#include "esp/inner_packet.h"
#include "esp/mss_clamp.h"

namespace twinspan::esp {
namespace {

using kernels::kBatchMax;
using kernels::Packet;

void drop(DirectionCounters& counters, OpenItem& item, Verdict reason) {
  item.verdict = reason;
  counters.drops[static_cast<size_t>(reason)].add(1);
}

// RFC 4303 2.4: the padding is 1, 2, 3, ...
bool is_padding(ByteView bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != i + 1) return false;
  }
  return true;
}

// Whether the packet, which lies in `bytes`, may leave the tunnel.
Verdict judge_packet(InboundSa& sa, const InnerPacket& packet, ByteSpan bytes,
                     const OpenItem& item) {
  Verdict verdict = sa.judge(packet);
  if (verdict == Verdict::Accept && !decapsulate_ecn(bytes, item.outer_ecn))
    verdict = Verdict::EcnIllegal;
  if (verdict == Verdict::Accept) {
    clamp_mss(bytes, sa.mss_mtu());
  } else if (item.drops != nullptr) {
    item.drops->note_inner(verdict, sa.tunnel(), false, bytes);
  }
  return verdict;
}

void wipe(ByteSpan bytes) {
  std::ranges::fill(bytes, uint8_t{0});
}

Verdict judge_block(InboundSa& sa, const DataBlock& block, ByteSpan bytes, const OpenItem& item) {
  switch (block.kind) {
    case BlockKind::Packet:
      return judge_packet(sa, block.packet, bytes, item);
    case BlockKind::Fragment:
      return Verdict::AggfragFragment;
    default:
      return Verdict::BadAggfrag;
  }
}

// Moves the item to the first packet of `blocks` that may leave the tunnel. If none may, the result
// is the reason of the last one; those of the others, and `refused`, which is that of something
// before the blocks, are counted here.
Verdict judge_blocks(InboundSa& sa, ByteSpan blocks, OpenItem& item,
                     std::optional<Verdict> refused = {}) {
  for (;;) {
    const DataBlock block = read_block(blocks);
    if (block.kind == BlockKind::End) return refused.value_or(Verdict::Dummy);
    // Where it is not a packet, nothing is known of what follows.
    const ByteSpan bytes =
        block.kind == BlockKind::Packet ? blocks.first(block.packet.bytes.size()) : blocks;
    blocks = blocks.subspan(bytes.size());
    if (refused) sa.counters().drops[static_cast<size_t>(*refused)].add(1);
    const Verdict verdict = judge_block(sa, block, bytes, item);
    if (verdict == Verdict::Accept) {
      item.inner = bytes.data();
      item.inner_length = static_cast<uint32_t>(bytes.size());
      item.unread_length = static_cast<uint32_t>(blocks.size());
      return verdict;
    }
    wipe(bytes);
    refused = verdict;
  }
}

Verdict judge_aggfrag(InboundSa& sa, ByteSpan payload, OpenItem& item) {
  const auto parsed = parse_aggfrag(payload);
  if (!parsed) return Verdict::BadAggfrag;
  if (!parsed->continues_packet) return judge_blocks(sa, parsed->blocks, item);
  wipe(payload.first(payload.size() - parsed->blocks.size()));
  return judge_blocks(sa, parsed->blocks, item, Verdict::AggfragFragment);
}

// Order of RFC 4303 3.4 behind the cipher. `body` is authentic plaintext.
Verdict judge_body(InboundSa& sa, ByteSpan body, OpenItem& item) {
  const uint8_t next_header = body[body.size() - 1];
  const size_t padding = body[body.size() - 2];
  if (padding + kTrailerSize > body.size()) return Verdict::BadPadding;
  const ByteSpan payload = body.first(body.size() - kTrailerSize - padding);
  if (!is_padding(body.subspan(payload.size(), padding))) return Verdict::BadPadding;
  if (next_header == kNextHeaderNone) return Verdict::Dummy;
  if (sa.layout().is_aggfrag()) {
    // RFC 9347 2.3 leaves open what else such an SA might carry, so nothing else is taken.
    if (next_header != kNextHeaderAggfrag) return Verdict::BadAggfrag;
    return judge_aggfrag(sa, payload, item);
  }

  const auto packet = parse_inner(payload);
  if (!packet) return Verdict::BadInnerPacket;
  if (next_header != (packet->family == IpFamily::V4 ? kNextHeaderIpv4 : kNextHeaderIpv6)) {
    return Verdict::BadInnerPacket;
  }
  const ByteSpan inner = payload.first(packet->bytes.size());
  const Verdict verdict = judge_packet(sa, *packet, inner, item);
  if (verdict != Verdict::Accept) return verdict;
  item.inner = inner.data();
  item.inner_length = static_cast<uint32_t>(inner.size());
  return verdict;
}

void count_accepted(DirectionCounters& counters, const OpenItem& item) {
  counters.packets.add(1);
  counters.bytes.add(item.inner_length);
}

// The frames of one SA that stand next to each other, on their way through its cipher.
class OpenBatch {
 public:
  // Takes the frame, or drops it before any cipher work.
  void add(InboundSa& sa, OpenItem& item);
  void flush();
  bool accepts_more_of(const InboundSa& sa) const { return sa_ == &sa && count_ < kBatchMax; }

 private:
  struct Pending {
    OpenItem* item;
    uint64_t sequence;
    uint8_t aad[kAadSizeMax];
  };
  Verdict judge_authentic(InboundState& state, const Pending& pending, ByteSpan body);
  void finish(size_t index);

  InboundSa* sa_ = nullptr;
  size_t count_ = 0;
  std::array<Packet, kBatchMax> packets_;
  std::array<Pending, kBatchMax> pending_;
};

void OpenBatch::add(InboundSa& sa, OpenItem& item) {
  InboundState& state = sa.state();
  DirectionCounters& counters = state.counters->inbound;
  if (!state.layout.is_frame_length(item.frame_length)) {
    return drop(counters, item, Verdict::Malformed);
  }
  if (state.lifetime.is_expired()) return drop(counters, item, Verdict::Expired);
  const uint32_t low = load_be32(item.frame + kSpiSize);
  const auto sequence = state.is_extended ? state.window.extend(low) : uint64_t{low};
  if (!sequence || !state.window.looks_fresh(*sequence)) {
    return drop(counters, item, Verdict::Replayed);
  }

  if (!accepts_more_of(sa)) flush();
  sa_ = &sa;
  Pending& pending = pending_[count_];
  pending.item = &item;
  pending.sequence = *sequence;
  store_be32(pending.aad, sa.spi().value);
  store_be64(pending.aad + kSpiSize, *sequence);
  const size_t header_size = state.layout.header_size();
  const size_t body_size = item.frame_length - header_size - state.layout.icv_size;
  packets_[count_++] = {.input = item.frame + header_size,
                        .output = item.frame + header_size,
                        .input_length = static_cast<uint32_t>(body_size),
                        .iv = item.frame + kFixedHeaderSize,
                        .aad = state.is_extended ? pending.aad : item.frame,
                        .aad_length = state.is_extended ? kAadSizeMax : kAadSizeMin,
                        .icv = item.frame + header_size + body_size};
}

void OpenBatch::flush() {
  if (count_ == 0) return;
  InboundState& state = sa_->state();
  state.cipher->open(packets_.data(), count_);
  for (size_t i = 0; i < count_; ++i) finish(i);
  count_ = 0;
}

Verdict OpenBatch::judge_authentic(InboundState& state, const Pending& pending, ByteSpan body) {
  if (!state.window.accept(pending.sequence)) return Verdict::Replayed;
  state.events.raise(kEventFirstPacket);
  if (!state.lifetime.consume(body.size(), state.events)) return Verdict::Expired;
  return judge_body(*sa_, body, *pending.item);
}

void OpenBatch::finish(size_t index) {
  InboundState& state = sa_->state();
  const Packet& packet = packets_[index];
  OpenItem& item = *pending_[index].item;
  const Verdict verdict = packet.authentic ? judge_authentic(state, pending_[index],
                                                             {packet.output, packet.input_length})
                                           : Verdict::BadIcv;
  if (verdict != Verdict::Accept) {
    std::memset(packet.output, 0, packet.input_length);
    return drop(state.counters->inbound, item, verdict);
  }
  item.verdict = verdict;
  count_accepted(state.counters->inbound, item);
}

}  // namespace

void open(const SaTable& table, std::span<OpenItem> items, DirectionCounters& orphans) {
  OpenBatch batch;
  for (OpenItem& item : items) {
    item.sa = nullptr;
    item.inner = nullptr;
    item.inner_length = 0;
    item.unread_length = 0;
    if (item.frame_length < kFixedHeaderSize) {
      drop(orphans, item, Verdict::Malformed);
      continue;
    }
    item.sa = table.find_inbound(load_be32(item.frame));
    if (item.sa == nullptr) {
      drop(orphans, item, Verdict::UnknownSpi);
      continue;
    }
    batch.add(*item.sa, item);
  }
  batch.flush();
}

bool next_inner(OpenItem& item) {
  if (item.unread_length == 0) return false;
  const ByteSpan blocks(item.inner + item.inner_length, item.unread_length);
  item.unread_length = 0;
  const Verdict verdict = judge_blocks(*item.sa, blocks, item);
  DirectionCounters& counters = item.sa->counters();
  if (verdict == Verdict::Accept) {
    count_accepted(counters, item);
    return true;
  }
  // Padding behind a packet is no dummy.
  if (verdict != Verdict::Dummy) counters.drops[static_cast<size_t>(verdict)].add(1);
  return false;
}

}  // namespace twinspan::esp
