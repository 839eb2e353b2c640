#include "esp/open.h"

#include <array>
#include <cstring>

#include "base/bytes.h"
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

// Order of RFC 4303 3.4 behind the cipher, and of RFC 4301 5.2. `body` is authentic plaintext.
Verdict judge_body(InboundSa& sa, ByteSpan body, OpenItem& item) {
  const uint8_t next_header = body[body.size() - 1];
  const size_t padding = body[body.size() - 2];
  if (padding + kTrailerSize > body.size()) return Verdict::BadPadding;
  const ByteSpan payload = body.first(body.size() - kTrailerSize - padding);
  if (!is_padding(body.subspan(payload.size(), padding))) return Verdict::BadPadding;
  if (next_header == kNextHeaderNone) return Verdict::Dummy;

  const auto packet = parse_inner(payload);
  if (!packet) return Verdict::BadInnerPacket;
  if (next_header != (packet->family == IpFamily::V4 ? kNextHeaderIpv4 : kNextHeaderIpv6)) {
    return Verdict::BadInnerPacket;
  }
  if (!sa.state().selectors->admits_inbound(*packet)) return Verdict::SelectorMismatch;
  if (sa.source_filter().refuses(packet->family, packet->source)) return Verdict::SourceRefused;
  const ByteSpan inner = payload.first(packet->bytes.size());
  if (!decapsulate_ecn(inner, item.outer_ecn)) return Verdict::EcnIllegal;
  clamp_mss(inner, sa.mss_mtu());
  item.inner_length = static_cast<uint32_t>(inner.size());
  return Verdict::Accept;
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
  item.inner = packet.output;
  state.counters->inbound.packets.add(1);
  state.counters->inbound.bytes.add(item.inner_length);
}

}  // namespace

void open(const SaTable& table, std::span<OpenItem> items, DirectionCounters& orphans) {
  OpenBatch batch;
  for (OpenItem& item : items) {
    item.sa = nullptr;
    item.inner = nullptr;
    item.inner_length = 0;
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

}  // namespace twinspan::esp
