// The Internet checksum (RFC 1071) of the few packets that this folder changes or makes itself, and
// its repair after 16 bits have changed (RFC 1624).
#pragma once

#include "base/bytes.h"

namespace twinspan::esp {

// Big-endian words; an odd last byte is the high one of its word. At most 64 KB, so that 32 bits
// hold the carries.
inline uint32_t checksum_sum(ByteView bytes, uint32_t sum = 0) {
  size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) sum += load_be16(&bytes[i]);
  if (i < bytes.size()) sum += uint32_t{bytes[i]} << 8;
  return sum;
}

inline uint16_t checksum_of(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// RFC 1624 3: HC' = ~(~HC + ~m + m').
inline void update_checksum(uint8_t* field, uint16_t before, uint16_t after) {
  const uint32_t sum =
      uint32_t{static_cast<uint16_t>(~load_be16(field))} + static_cast<uint16_t>(~before) + after;
  store_be16(field, checksum_of(sum));
}

inline void store_ip4_checksum(uint8_t* ip, size_t header_length) {
  store_be16(ip + 10, 0);
  store_be16(ip + 10, checksum_of(checksum_sum({ip, header_length})));
}

}  // namespace twinspan::esp
