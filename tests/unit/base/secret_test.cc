#include "base/secret.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace twinspan {
namespace {

static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(std::is_nothrow_move_assignable_v<SecretBytes>);

const Bytes kKey{1, 2, 3, 4, 5, 6, 7, 8};

TEST(SecretBytes, ANewSecretIsZeroed) {
  const SecretBytes secret(size_t{64});
  EXPECT_EQ(secret.size(), 64u);
  EXPECT_TRUE(secret.equals(Bytes(64)));
}

TEST(SecretBytes, HoldsACopyOfItsBytes) {
  Bytes key = kKey;
  SecretBytes secret{ByteView(key)};
  key[0] = 99;
  EXPECT_TRUE(secret.equals(kKey));
  secret.span()[0] = 42;
  EXPECT_EQ(secret.view()[0], 42);
}

TEST(SecretBytes, CopyIsExplicitAndSeparate) {
  SecretBytes original{ByteView(kKey)};
  const SecretBytes copy = original.copy();
  original.span()[0] ^= 0xff;
  EXPECT_TRUE(copy.equals(kKey));
  EXPECT_FALSE(original.equals(kKey));
}

TEST(SecretBytes, MovingTakesTheBytesAndLeavesNothing) {
  SecretBytes from{ByteView(kKey)};
  const uint8_t* const where = from.data();
  SecretBytes to(std::move(from));
  EXPECT_EQ(to.data(), where);
  EXPECT_TRUE(to.equals(kKey));
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is what is tested.
  EXPECT_EQ(from.data(), nullptr);
}

TEST(SecretBytes, MoveAssignmentReplacesAndSurvivesItself) {
  SecretBytes a{ByteView(kKey)};
  SecretBytes b(size_t{3});
  b = std::move(a);
  EXPECT_TRUE(b.equals(kKey));
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
  SecretBytes& same = b;
  b = std::move(same);
  EXPECT_TRUE(b.equals(kKey));
  b = SecretBytes();
  EXPECT_TRUE(b.empty());
}

TEST(SecretBytes, EqualityNeedsSameSizeAndEveryByte) {
  const SecretBytes secret{ByteView(kKey)};
  EXPECT_TRUE(secret.equals(kKey));
  for (size_t i = 0; i < kKey.size(); ++i) {
    Bytes other = kKey;
    other[i] ^= 0x80;
    EXPECT_FALSE(secret.equals(other)) << i;
    EXPECT_FALSE(secret.equals(ByteView(kKey).first(i))) << i;
  }
  Bytes longer = kKey;
  longer.push_back(0);
  EXPECT_FALSE(secret.equals(longer));
  EXPECT_TRUE(SecretBytes().equals({}));
  EXPECT_FALSE(SecretBytes().equals(kKey));
}

TEST(Secret, WipeLeavesOnlyZeros) {
  Bytes bytes(100, 0xa5);
  wipe(ByteSpan(bytes).subspan(10, 80));
  EXPECT_EQ(Bytes(bytes.begin() + 10, bytes.begin() + 90), Bytes(80));
  EXPECT_EQ(bytes[9], 0xa5);
  EXPECT_EQ(bytes[90], 0xa5);
  wipe({});
}

TEST(Secret, ConstantTimeEqualOfNothingIsTrue) {
  EXPECT_TRUE(constant_time_equal({}, {}));
  EXPECT_FALSE(constant_time_equal({}, kKey));
  EXPECT_TRUE(constant_time_equal(kKey, Bytes(kKey)));
}

}  // namespace
}  // namespace twinspan
