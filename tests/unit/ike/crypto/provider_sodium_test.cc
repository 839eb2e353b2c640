#include "ike/crypto/provider_sodium.h"

#include <gtest/gtest.h>

#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

class SodiumProvider : public testing::Test {
 protected:
  static void SetUpTestSuite() { start_sodium(); }
};

TEST_F(SodiumProvider, X25519MatchesRfc7748) {
  const auto cases = read_vectors("x25519.vec");
  EXPECT_EQ(cases.size(), 3u);
  for (const VectorCase& test : cases) {
    SCOPED_TRACE(test.name());
    const auto exchange = make_x25519(test.bytes("private"));
    ASSERT_TRUE(exchange);
    EXPECT_EQ(exchange->group(), DhGroupId::Curve25519);
    if (test.has("public")) {
      EXPECT_EQ(to_hex(exchange->public_value()), to_hex(test.bytes("public")));
    }
    const auto shared = exchange->compute(test.bytes("peer_public"));
    ASSERT_TRUE(shared);
    EXPECT_EQ(to_hex(shared->view()), to_hex(test.bytes("shared")));
  }
}

TEST_F(SodiumProvider, X25519SurvivesRfc7748sThousandIterations) {
  // RFC 7748 5.2: k and u start as the base point, then u = old k, k = X25519(k, u).
  Bytes k(32);
  k[0] = 9;
  Bytes u = k;
  for (int i = 0; i < 1000; ++i) {
    const auto result = make_x25519(k)->compute(u);
    ASSERT_TRUE(result);
    u = k;
    k = to_bytes(result->view());
  }
  EXPECT_EQ(to_hex(k), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST_F(SodiumProvider, X25519RefusesPointsOfSmallOrder) {
  // RFC 7748 6.1: these give an all-zero result; the fourth and fifth are of order 8, the last
  // three are not reduced modulo 2^255-19.
  const auto exchange = make_x25519(Bytes(32, 0x77));
  for (const char* point : {
           "0000000000000000000000000000000000000000000000000000000000000000",
           "0100000000000000000000000000000000000000000000000000000000000000",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
           "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "0000000000000000000000000000000000000000000000000000000000000080",
       }) {
    EXPECT_FALSE(exchange->compute(from_hex(point))) << point;
  }
}

TEST_F(SodiumProvider, X25519RefusesOtherLengths) {
  const auto exchange = make_x25519(Bytes(32, 0x77));
  for (const size_t size : {0u, 1u, 16u, 31u, 33u, 64u}) {
    EXPECT_FALSE(exchange->compute(Bytes(size, 9))) << size;
    EXPECT_FALSE(make_x25519(Bytes(size, 9))) << size;
  }
  EXPECT_TRUE(exchange->compute(Bytes(32, 9)));
}

TEST_F(SodiumProvider, RandomBytesFillAnySizeAndDoNotRepeat) {
  SodiumRandom random;
  random.fill(ByteSpan());
  Bytes first(64), second(64);
  random.fill(first);
  random.fill(second);
  EXPECT_NE(first, second);
  EXPECT_NE(first, Bytes(64));
}

}  // namespace
}  // namespace twinspan::ike
