// A bounds-checked cursor over received bytes; integers are big-endian. Every read either succeeds
// whole or leaves the cursor where it was. Lengths are trusted once: take() hands out a sub-view.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace twinspan {

class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  size_t remaining() const { return bytes_.size() - position_; }
  bool empty() const { return remaining() == 0; }
  size_t position() const { return position_; }
  ByteView rest() const { return bytes_.subspan(position_); }

  std::optional<uint8_t> u8() {
    if (remaining() < 1) return std::nullopt;
    return bytes_[position_++];
  }
  std::optional<uint16_t> u16() {
    if (remaining() < 2) return std::nullopt;
    const uint16_t value = load_be16(&bytes_[position_]);
    position_ += 2;
    return value;
  }
  std::optional<uint32_t> u32() {
    if (remaining() < 4) return std::nullopt;
    const uint32_t value = load_be32(&bytes_[position_]);
    position_ += 4;
    return value;
  }
  std::optional<uint64_t> u64() {
    if (remaining() < 8) return std::nullopt;
    const uint64_t value = load_be64(&bytes_[position_]);
    position_ += 8;
    return value;
  }
  std::optional<ByteView> take(size_t length) {
    if (remaining() < length) return std::nullopt;
    const ByteView view = bytes_.subspan(position_, length);
    position_ += length;
    return view;
  }

 private:
  ByteView bytes_;
  size_t position_ = 0;
};

}  // namespace twinspan
