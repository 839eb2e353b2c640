#include "base/byte_reader.h"

#include <gtest/gtest.h>

namespace twinspan {
namespace {

TEST(ByteReader, ReadsInOrderAndEndsEmpty) {
  const Bytes bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u32(), 0x04050607u);
  EXPECT_EQ(reader.u64(), 0x08090a0b0c0d0e0fu);
  EXPECT_EQ(reader.position(), 15u);
  EXPECT_EQ(reader.remaining(), 2u);
  const auto tail = reader.take(2);
  ASSERT_TRUE(tail);
  EXPECT_EQ(to_bytes(*tail), (Bytes{16, 17}));
  EXPECT_TRUE(reader.empty());
}

TEST(ByteReader, AReadThatDoesNotFitLeavesTheCursor) {
  const Bytes bytes(8, 0xab);
  for (size_t size = 0; size < 8; ++size) {
    ByteReader reader(ByteView(bytes).first(size));
    EXPECT_EQ(reader.u64(), std::nullopt);
    EXPECT_EQ(reader.take(size + 1), std::nullopt);
    EXPECT_EQ(reader.take(SIZE_MAX), std::nullopt);
    EXPECT_EQ(reader.u32().has_value(), size >= 4);
    const size_t position = size >= 4 ? 4 : 0;
    EXPECT_EQ(reader.position(), position);
    EXPECT_EQ(reader.u16().has_value(), size - position >= 2);
  }
}

TEST(ByteReader, NothingCanBeReadFromNothing) {
  ByteReader reader{ByteView()};
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(reader.u8(), std::nullopt);
  EXPECT_EQ(reader.u16(), std::nullopt);
  EXPECT_EQ(reader.u32(), std::nullopt);
  EXPECT_EQ(reader.u64(), std::nullopt);
  const auto nothing = reader.take(0);
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->empty());
  EXPECT_TRUE(reader.rest().empty());
}

TEST(ByteReader, TakeGivesAViewIntoTheSameBytes) {
  const Bytes bytes{1, 2, 3, 4};
  ByteReader reader(bytes);
  ASSERT_TRUE(reader.u8());
  EXPECT_EQ(reader.rest().data(), bytes.data() + 1);
  const auto view = reader.take(3);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->data(), bytes.data() + 1);
}

}  // namespace
}  // namespace twinspan
