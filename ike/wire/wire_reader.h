// base/byte_reader.h in the codec's words: reading past the end is WireError::Truncated. Private to
// ike/wire.
#pragma once

#include "base/byte_reader.h"
#include "base/result.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

class WireReader {
 public:
  explicit WireReader(ByteView bytes) : reader_(bytes) {}

  bool empty() const { return reader_.empty(); }
  size_t position() const { return reader_.position(); }

  Result<uint8_t, WireError> u8() { return or_truncated(reader_.u8()); }
  Result<uint16_t, WireError> u16() { return or_truncated(reader_.u16()); }
  Result<uint32_t, WireError> u32() { return or_truncated(reader_.u32()); }
  Result<uint64_t, WireError> u64() { return or_truncated(reader_.u64()); }
  Result<ByteView, WireError> take(size_t length) { return or_truncated(reader_.take(length)); }

  ByteView take_rest() { return *reader_.take(reader_.remaining()); }

 private:
  template <class T>
  static Result<T, WireError> or_truncated(std::optional<T> value) {
    if (!value) return Err<WireError>(WireError::Truncated);
    return *value;
  }

  ByteReader reader_;
};

}  // namespace twinspan::ike
