#include "base/bytes.h"

#include <gtest/gtest.h>

namespace twinspan {
namespace {

TEST(Bytes, IntegersAreBigEndian) {
  const uint8_t bytes[] = {0x81, 0x02, 0x03, 0x04, 0x85, 0x06, 0x07, 0xf8};
  EXPECT_EQ(load_be16(bytes), 0x8102);
  EXPECT_EQ(load_be32(bytes), 0x81020304u);
  EXPECT_EQ(load_be64(bytes), 0x81020304850607f8u);
}

TEST(Bytes, LoadUndoesStore) {
  for (int shift = 0; shift < 64; ++shift) {
    const uint64_t value = 0x8000000000000001u >> shift | uint64_t{1} << shift;
    uint8_t bytes[8] = {};
    store_be64(bytes, value);
    EXPECT_EQ(load_be64(bytes), value);
    store_be32(bytes, static_cast<uint32_t>(value));
    EXPECT_EQ(load_be32(bytes), static_cast<uint32_t>(value));
    store_be16(bytes, static_cast<uint16_t>(value));
    EXPECT_EQ(load_be16(bytes), static_cast<uint16_t>(value));
  }
}

TEST(Bytes, HexIsLowerCaseWithoutSeparators) {
  EXPECT_EQ(to_hex({}), "");
  const Bytes bytes{0x00, 0x0f, 0xa0, 0xff};
  EXPECT_EQ(to_hex(bytes), "000fa0ff");
}

}  // namespace
}  // namespace twinspan
