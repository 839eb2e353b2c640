// The Internet checksum (RFC 1071). Sums are kept unfolded in 64 bits and in memory order: the
// ones' complement sum does not depend on byte order (RFC 1071 2 (B)), so words are added as they
// lie in memory and the result is stored as it is.
#pragma once

#include <cstring>
#include <span>

#include "base/bytes.h"

namespace twinspan::tun {

// The sum of a piece of at most 65535 bytes that starts at an even offset of what is summed.
uint64_t checksum_sum(const uint8_t* bytes, size_t length);

// The same of what it copies to `out` on the way, which does not overlap.
uint64_t checksum_copy(uint8_t* out, const uint8_t* bytes, size_t length);

// What the two are made of.
struct ChecksumCode {
  uint64_t (*sum)(const uint8_t* bytes, size_t length);
  uint64_t (*copy)(uint8_t* out, const uint8_t* bytes, size_t length);
};

// All that this CPU can run and TWINSPAN_CPU_MASK leaves; the last one is the one in use.
std::span<const ChecksumCode> checksum_codes();

// What a 16-bit field with this value adds.
inline uint64_t checksum_word(uint16_t value) {
  uint8_t field[2];
  store_be16(field, value);
  uint16_t word;
  std::memcpy(&word, field, sizeof word);
  return word;
}

// What the four bytes at `bytes` add.
inline uint64_t checksum_four(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

inline uint16_t checksum_fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

inline void checksum_store_folded(uint8_t* field, uint64_t sum) {
  const uint16_t folded = checksum_fold(sum);
  std::memcpy(field, &folded, sizeof folded);
}

// The finished checksum. Zero becomes 0xffff, the same number, which UDP needs because its zero
// means "no checksum" (RFC 768) and which nobody else minds.
inline void checksum_store(uint8_t* field, uint64_t sum) {
  const uint16_t complement = static_cast<uint16_t>(~checksum_fold(sum));
  const uint16_t stored = complement == 0 ? uint16_t{0xffff} : complement;
  std::memcpy(field, &stored, sizeof stored);
}

// Whether everything under a checksum, the checksum included, adds up.
inline bool checksum_is_valid(uint64_t sum) {
  return checksum_fold(sum) == 0xffff;
}

}  // namespace twinspan::tun
