#include "tun/checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/tun/packet_builder.h"

namespace twinspan::tun {
namespace {

uint16_t stored(uint64_t sum) {
  uint8_t field[2];
  checksum_store(field, sum);
  return load_be16(field);
}

uint16_t stored(ByteView bytes) {
  return stored(checksum_sum(bytes.data(), bytes.size()));
}

TEST(Checksum, Rfc1071ExampleAddsUp) {
  const Bytes example = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  uint8_t field[2];
  checksum_store_folded(field, checksum_sum(example.data(), example.size()));
  EXPECT_EQ(load_be16(field), 0xddf2);  // RFC 1071 3
}

TEST(Checksum, AgreesWithByteByByteAtEveryLengthAndAlignment) {
  std::mt19937_64 random(1);
  Bytes bytes(1600 + 32);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random());
  for (size_t start = 0; start < 17; ++start) {
    for (size_t length = 0; length <= 200; ++length) {
      const ByteView piece = ByteView(bytes).subspan(start, length);
      const uint16_t expected = reference_checksum(piece);
      ASSERT_EQ(stored(piece), expected == 0 ? 0xffff : expected) << start << "+" << length;
    }
  }
}

// What every CPU can run must agree with what this one prefers, and touch nothing beside.
TEST(Checksum, EveryCodeSumsAndCopiesAtEveryLengthAndAlignment) {
  std::mt19937_64 random(2);
  Bytes bytes(400);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random());
  for (const ChecksumCode& code : checksum_codes()) {
    for (size_t start = 0; start < 33; ++start) {
      for (size_t length = 0; length <= 300; ++length) {
        const ByteView piece = ByteView(bytes).subspan(start, length);
        const uint16_t expected = checksum_fold(checksum_sum(piece.data(), piece.size()));
        ASSERT_EQ(checksum_fold(code.sum(piece.data(), length)), expected);
        Bytes out(length + 2, 0xa5);
        ASSERT_EQ(checksum_fold(code.copy(out.data() + 1, piece.data(), length)), expected);
        ASSERT_TRUE(std::ranges::equal(ByteView(out).subspan(1, length), piece));
        ASSERT_EQ(out.front(), 0xa5);
        ASSERT_EQ(out.back(), 0xa5);
      }
    }
  }
}

TEST(Checksum, ACopySumsWhatItCopies) {
  const Bytes packet = build_packet({.payload = 333});
  for (size_t length = 0; length <= packet.size(); ++length) {
    Bytes out(length);
    ASSERT_EQ(checksum_fold(checksum_copy(out.data(), packet.data(), length)),
              checksum_fold(checksum_sum(packet.data(), length)));
    ASSERT_TRUE(std::ranges::equal(out, ByteView(packet).first(length)));
  }
}

TEST(Checksum, DoesNotOverflowOnTheLargestPacketOfOnes) {
  const Bytes ones(65535, 0xff);
  const uint16_t expected = reference_checksum(ones);
  ASSERT_NE(expected, 0);
  EXPECT_EQ(stored(ones), expected);
  for (const ChecksumCode& code : checksum_codes())
    EXPECT_EQ(stored(code.sum(ones.data(), ones.size())), expected);
}

TEST(Checksum, PiecesAtEvenOffsetsAddUpToTheWhole) {
  const Bytes packet = build_packet({.payload = 333});
  const uint64_t whole = checksum_sum(packet.data(), packet.size());
  const uint64_t parts = checksum_sum(packet.data(), 20) + checksum_sum(packet.data() + 20, 32) +
                         checksum_sum(packet.data() + 52, packet.size() - 52);
  EXPECT_EQ(checksum_fold(whole), checksum_fold(parts));
}

TEST(Checksum, ZeroIsStoredAsItsOtherForm) {
  const Bytes ones = {0xff, 0xff};
  EXPECT_EQ(stored(ones), 0xffff);  // RFC 768
}

TEST(Checksum, AWordCountsAsItsBytesDo) {
  const uint8_t bytes[2] = {0x12, 0x34};
  EXPECT_EQ(checksum_fold(checksum_word(0x1234)), checksum_fold(checksum_sum(bytes, 2)));
}

TEST(Checksum, AnyChangedBitIsNoticed) {
  Bytes packet = build_packet({.payload = 64});
  ASSERT_TRUE(checksum_is_valid(checksum_sum(packet.data(), 20)));
  for (size_t bit = 0; bit < 160; ++bit) {
    packet[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(checksum_is_valid(checksum_sum(packet.data(), 20))) << bit;
    packet[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
}

}  // namespace
}  // namespace twinspan::tun
