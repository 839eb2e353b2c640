// Appends big-endian integers and bytes; lengths that are known only later are patched in place.
#pragma once

#include "base/bytes.h"
#include "base/check.h"

namespace twinspan {

class ByteWriter {
 public:
  size_t size() const { return bytes_.size(); }
  const Bytes& bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

  void u8(uint8_t value) { bytes_.push_back(value); }
  void u16(uint16_t value) { store_be16(grow(2), value); }
  void u32(uint32_t value) { store_be32(grow(4), value); }
  void u64(uint64_t value) { store_be64(grow(8), value); }
  void append(ByteView view) { bytes_.insert(bytes_.end(), view.begin(), view.end()); }
  void zeros(size_t count) { bytes_.insert(bytes_.end(), count, 0); }

  void patch_u8(size_t position, uint8_t value) {
    CHECK(position < bytes_.size());
    bytes_[position] = value;
  }
  void patch_u16(size_t position, uint16_t value) {
    CHECK(position + 2 <= bytes_.size());
    store_be16(&bytes_[position], value);
  }
  void patch_u32(size_t position, uint32_t value) {
    CHECK(position + 4 <= bytes_.size());
    store_be32(&bytes_[position], value);
  }

 private:
  uint8_t* grow(size_t count) {
    const size_t position = bytes_.size();
    bytes_.resize(position + count);
    return &bytes_[position];
  }

  Bytes bytes_;
};

}  // namespace twinspan
