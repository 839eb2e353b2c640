#include "tun/checksum.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tun/packet_builder.h"

namespace twinspan::tun {
namespace {

uint16_t stored(ByteView bytes) {
  uint8_t field[2];
  checksum_store(field, checksum_sum(bytes.data(), bytes.size()));
  return load_be16(field);
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

TEST(Checksum, DoesNotOverflowOnTheLargestPacketOfOnes) {
  const Bytes ones(65535, 0xff);
  const uint16_t expected = reference_checksum(ones);
  EXPECT_EQ(stored(ones), expected == 0 ? 0xffff : expected);
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
