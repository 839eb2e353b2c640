#include "tun/worker_handover.h"

#include <cstring>
#include <type_traits>

namespace twinspan::tun {

size_t HandoverRing::entry_size(size_t length) {
  return kAlignment * 2 + (length + kAlignment - 1) / kAlignment * kAlignment;
}

bool HandoverRing::push(const FrameSource& source, ByteView frame) {
  // Where the ring ends there is room for a wrap mark, if only for one cache line.
  static_assert(std::is_trivially_copyable_v<Entry> && sizeof(Entry) <= kAlignment);
  const size_t needed = entry_size(frame.size());
  const size_t tail = tail_.load(std::memory_order_relaxed);
  const size_t used = tail - head_.load(std::memory_order_acquire);
  const size_t offset = tail % kBytesMax;
  const size_t skipped = offset + needed > kBytesMax ? kBytesMax - offset : 0;
  if (used + skipped + needed > kBytesMax) return false;
  if (skipped != 0) {
    const Entry wrap{.source = {}, .length = kWrap};
    std::memcpy(&bytes_[offset], &wrap, sizeof wrap);
  }
  uint8_t* at = &bytes_[(tail + skipped) % kBytesMax];
  const Entry entry{.source = source, .length = frame.size()};
  std::memcpy(at, &entry, sizeof entry);
  std::memcpy(at + kAlignment * 2, frame.data(), frame.size());
  tail_.store(tail + skipped + needed, std::memory_order_release);
  return true;
}

std::optional<HandoverFrame> HandoverRing::peek() {
  while (looked_at_ != tail_.load(std::memory_order_acquire)) {
    uint8_t* at = &bytes_[looked_at_ % kBytesMax];
    Entry entry;
    std::memcpy(&entry, at, sizeof entry);
    if (entry.length == kWrap) {
      looked_at_ += kBytesMax - looked_at_ % kBytesMax;
      continue;
    }
    looked_at_ += entry_size(entry.length);
    return HandoverFrame{entry.source, {at + kAlignment * 2, entry.length}};
  }
  return std::nullopt;
}

void HandoverRing::release() {
  head_.store(looked_at_, std::memory_order_release);
}

}  // namespace twinspan::tun
