// Words that the codec's tests share: bytes from hexadecimal text, errors out of results.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string_view>

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

// Blanks and line ends between digits are skipped.
inline Bytes hex(std::string_view text) {
  Bytes bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    CHECK(digit >= 0 && digit < 16);
    if (high >= 0) bytes.push_back(static_cast<uint8_t>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  CHECK(high < 0);
  return bytes;
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline void PrintTo(WireError error, std::ostream* out) {
  *out << to_string(error);
}

inline void PrintTo(const WireFailure& failure, std::ostream* out) {
  *out << to_string(failure.error) << " in payload " << int{failure.payload_type};
}

// The error of a result, which must hold one.
template <class T, class E>
E error_of(const Result<T, E>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? E{} : result.error();
}

// A generic payload header before `body`.
inline Bytes framed(uint8_t next_payload, uint8_t flags, const Bytes& body) {
  ByteWriter out;
  out.u8(next_payload);
  out.u8(flags);
  out.u16(static_cast<uint16_t>(body.size() + 4));
  out.append(body);
  return out.take();
}

// An IKE header for what follows it, with the length that fits.
inline Bytes datagram(uint8_t first_payload, const Bytes& chain) {
  ByteWriter out;
  out.u64(0x0102030405060708);
  out.u64(0x1112131415161718);
  out.u8(first_payload);
  out.u8(0x20);
  out.u8(37);
  out.u8(0x08);
  out.u32(2);
  out.u32(static_cast<uint32_t>(kHeaderSize + chain.size()));
  out.append(chain);
  return out.take();
}

}  // namespace twinspan::ike
