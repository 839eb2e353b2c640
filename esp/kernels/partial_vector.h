// Pieces of a vector, for CPUs whose loads and stores cannot be masked by the byte.
#pragma once

#include <cstdint>

namespace twinspan::esp::kernels {
namespace {

// A text that is read from `input` up to `joint` and from `output` from there on.
struct JoinedText {
  const uint8_t* input;
  const uint8_t* output;
  uint32_t offset;
  uint32_t joint;
  uint32_t length;
};

// The `size` bytes of the text from its offset, zeros behind its end.
static inline void copy_joined(uint8_t* bytes, uint32_t size, const JoinedText& text) {
  const uint32_t left = text.length - text.offset;
  const uint32_t count = left < size ? left : size;
  uint32_t head = text.joint > text.offset ? text.joint - text.offset : 0;
  if (head > count) head = count;
  if (head != 0) __builtin_memcpy(bytes, text.input + text.offset, head);
  if (count != head) __builtin_memcpy(bytes + head, text.output + text.offset + head, count - head);
  if (size != count) __builtin_memset(bytes + count, 0, size - count);
}

// Copies the first `count` of `size` bytes to `output` and makes the others zero. The compiler is
// told the range of `count`, which it cannot see.
static inline void keep_front(uint8_t* bytes, uint32_t size, uint8_t* output, uint32_t count) {
  if (count > size) __builtin_unreachable();
  __builtin_memcpy(output, bytes, count);
  __builtin_memset(bytes + count, 0, size - count);
}

}  // namespace
}  // namespace twinspan::esp::kernels
