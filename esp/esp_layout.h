// Where things lie in an ESP frame (RFC 4303 2):
//
//   SPI 4 | sequence number 4 | IV | inner packet, padding, pad length 1, next header 1 | ICV
//   '------- header ---------------' '------------------ body ------------------------'
//
// The body is what the cipher covers. On an SA with AGGFRAG (RFC 9347) it begins with the header
// of an AGGFRAG payload, and one or more inner packets follow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/algorithm.h"

namespace twinspan::esp {

inline constexpr size_t kSpiSize = 4;
inline constexpr size_t kFixedHeaderSize = 8;  // SPI and sequence number.
inline constexpr size_t kTrailerSize = 2;      // Pad length and next header.
// RFC 4106 5, RFC 7634 2.1: SPI and sequence number, which has 64 bits with ESN.
inline constexpr uint32_t kAadSizeMin = 8;
inline constexpr uint32_t kAadSizeMax = 12;
inline constexpr size_t kAggfragHeaderSize = 4;  // RFC 9347 6.1.1: sub-type 0.
inline constexpr size_t kIcvSizeMax = 32;        // HMAC-SHA2-512-256.

inline constexpr uint8_t kNextHeaderIpv4 = 4;
inline constexpr uint8_t kNextHeaderIpv6 = 41;
inline constexpr uint8_t kNextHeaderNone = 59;      // RFC 4303 2.6: a dummy packet.
inline constexpr uint8_t kNextHeaderAggfrag = 144;  // RFC 9347 6.1.

// Reserved by RFC 4303 2.1; also keeps an SPI apart from the non-ESP marker.
inline constexpr uint32_t kReservedSpiMax = 255;

struct EspLayout {
  size_t iv_size = 8;
  size_t icv_size = 16;
  size_t alignment =
      4;  // RFC 4303 2.4: the body ends on 4 bytes at the least, and on the cipher's block.
  size_t payload_header_size = 0;  // kAggfragHeaderSize with AGGFRAG.

  bool is_aggfrag() const { return payload_header_size != 0; }
  size_t header_size() const { return kFixedHeaderSize + iv_size; }
  size_t inner_offset() const { return header_size() + payload_header_size; }
  // `inner_length` is that of all inner packets of the frame together.
  size_t body_size(size_t inner_length) const {
    return (payload_header_size + inner_length + kTrailerSize + alignment - 1) & ~(alignment - 1);
  }
  size_t frame_size(size_t inner_length) const {
    return header_size() + body_size(inner_length) + icv_size;
  }
  bool is_frame_length(size_t length) const {
    const size_t around = header_size() + icv_size;
    return length >= around + alignment && (length - around) % alignment == 0;
  }
};

// `encryption` is one that find_encryption() knows.
inline EspLayout layout_of(const Encryption& encryption, IntegrityId integrity_id,
                           bool aggfrag = false) {
  const EncryptionProperties& cipher = *find_encryption(encryption);
  const IntegrityProperties* const integrity = find_integrity(integrity_id);
  return {.iv_size = cipher.iv_size,
          .icv_size = integrity == nullptr ? cipher.icv_size : integrity->icv_size,
          .alignment = std::max<size_t>(4, cipher.block_size),
          .payload_header_size = aggfrag ? kAggfragHeaderSize : 0};
}

}  // namespace twinspan::esp
