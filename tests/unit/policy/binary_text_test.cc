#include "policy/binary_text.h"

#include <gtest/gtest.h>

namespace twinspan::policy {
namespace {

std::optional<std::string> text_of(const std::optional<SecretBytes>& bytes) {
  if (!bytes) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// RFC 4648 10.
struct Vector {
  const char *bytes, *base64, *hex;
};
constexpr Vector kVectors[] = {
    {"f", "Zg==", "66"},
    {"fo", "Zm8=", "666f"},
    {"foo", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "666f6f62"},
    {"fooba", "Zm9vYmE=", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "666f6f626172"},
};

TEST(BinaryText, TheVectorsOfRfc4648) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(base64_of(as_bytes(std::string(vector.bytes))), vector.base64);
    EXPECT_EQ(to_hex(as_bytes(std::string(vector.bytes))), vector.hex);
    EXPECT_EQ(text_of(read_base64(vector.base64)), vector.bytes);
    EXPECT_EQ(text_of(read_hex(vector.hex)), vector.bytes);
  }
}

TEST(BinaryText, EveryByteComesBack) {
  Bytes all;
  for (unsigned byte = 0; byte < 256; ++byte) all.push_back(static_cast<uint8_t>(byte));
  EXPECT_TRUE(read_base64(base64_of(all))->equals(all));
  EXPECT_TRUE(read_hex(to_hex(all))->equals(all));
}

TEST(BinaryText, LinesBlanksAndCapitalsAreNoMatter) {
  EXPECT_EQ(text_of(read_base64(" Zm9v\r\nYm Fy\n")), "foobar");
  EXPECT_EQ(text_of(read_base64("Zm9vYg")), "foob");  // Padding is a matter of taste.
  EXPECT_EQ(text_of(read_hex("66 6F\n6f\t")), "foo");
}

TEST(BinaryText, WhatIsNoneIsRefused) {
  // Nothing, padding alone, a letter too few, too little padding, padding inside, bits that belong
  // to no byte, and the letters of another alphabet.
  for (const char* const text :
       {"", "\n", "=", "Z", "Zg=", "Zg===", "Zg==Zg==", "Zh==", "Zm9=", "Zm-_", "Zm9v\x01"})
    EXPECT_EQ(read_base64(text), std::nullopt) << text;
  for (const char* const text : {"", "\n", "6", "666", "0x66", "6g", "66:6f", "\x06\x06"})
    EXPECT_EQ(read_hex(text), std::nullopt) << text;
}

}  // namespace
}  // namespace twinspan::policy
