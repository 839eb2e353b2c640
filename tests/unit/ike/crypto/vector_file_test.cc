#include "tests/support/vector_file.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace twinspan {
namespace {

TEST(VectorFile, OddOrForeignDigitsAreRefused) {
  EXPECT_EQ(from_hex("00fFA5"), (Bytes{0x00, 0xff, 0xa5}));
  EXPECT_THROW(from_hex("0"), std::runtime_error);
  EXPECT_THROW(from_hex("0g"), std::runtime_error);
  EXPECT_THROW(from_hex("0 1 "), std::runtime_error);
}

TEST(VectorFile, MissingFilesAndFieldsAreRefused) {
  EXPECT_THROW(read_vectors("there_is_no_such.vec"), std::runtime_error);
  const VectorCase test("a case");
  EXPECT_THROW(test.bytes("key"), std::runtime_error);
  EXPECT_THROW(test.number("size"), std::runtime_error);
}

TEST(VectorFile, ValuesAreHexTextOrNumber) {
  VectorCase test("a case");
  test.add("key", "0102");
  test.continue_last("03");
  test.add("text", "\"Hi\"");
  test.add("size", "42");
  EXPECT_EQ(test.bytes("key"), (Bytes{1, 2, 3}));
  EXPECT_EQ(test.bytes("text"), (Bytes{'H', 'i'}));
  EXPECT_EQ(test.number("size"), 42u);
  EXPECT_THROW(test.number("text"), std::runtime_error);
  EXPECT_THROW(test.add("key", "04"), std::runtime_error);
}

}  // namespace
}  // namespace twinspan
