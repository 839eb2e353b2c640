#include <gtest/gtest.h>

#include "ike/crypto/provider_openssl.h"
#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

constexpr DhGroupId kSafePrimeGroups[] = {DhGroupId::Modp1024, DhGroupId::Modp2048,
                                          DhGroupId::Modp3072, DhGroupId::Modp4096};
constexpr DhGroupId kModpGroups[] = {DhGroupId::Modp1024, DhGroupId::Modp2048, DhGroupId::Modp3072,
                                     DhGroupId::Modp4096, DhGroupId::Modp2048_256};
constexpr DhGroupId kEcpGroups[] = {DhGroupId::Ecp256, DhGroupId::Ecp384, DhGroupId::Ecp521};

// A private key of small numbers; good for every group.
std::unique_ptr<DhExchange> make_exchange(DhGroupId group) {
  const Bytes private_key(20, 0x5a);
  return make_openssl_dh(group, private_key);
}

size_t public_size(DhGroupId group) {
  return find_dh_group(group)->public_size;
}

Bytes modp_prime(DhGroupId group) {
  for (const VectorCase& test : read_vectors("modp.vec")) {
    if (test.number("group") == static_cast<size_t>(group)) return test.bytes("prime");
  }
  return {};
}

// value + delta, of the same size.
Bytes add_small(Bytes value, int delta) {
  for (size_t i = value.size(); i-- > 0 && delta != 0;) {
    const int sum = value[i] + delta;
    value[i] = static_cast<uint8_t>(sum & 0xff);
    delta = sum >> 8;
  }
  return value;
}

Bytes small_number(size_t size, uint8_t value) {
  Bytes bytes(size);
  bytes.back() = value;
  return bytes;
}

void expect_both_sides_agree_with(const VectorCase& test) {
  SCOPED_TRACE(test.name());
  const auto group = static_cast<DhGroupId>(test.number("group"));
  const auto initiator = make_openssl_dh(group, test.bytes("private_i"));
  const auto responder = make_openssl_dh(group, test.bytes("private_r"));
  ASSERT_TRUE(initiator && responder);
  EXPECT_EQ(initiator->group(), group);
  EXPECT_EQ(to_hex(initiator->public_value()), to_hex(test.bytes("public_i")));
  EXPECT_EQ(to_hex(responder->public_value()), to_hex(test.bytes("public_r")));
  const auto shared_i = initiator->compute(test.bytes("public_r"));
  const auto shared_r = responder->compute(test.bytes("public_i"));
  ASSERT_TRUE(shared_i && shared_r);
  EXPECT_EQ(to_hex(shared_i->view()), to_hex(test.bytes("shared")));
  EXPECT_EQ(to_hex(shared_r->view()), to_hex(test.bytes("shared")));
}

TEST(OpenSslDh, ModpExchangesMatchPythonAndThePrimesOfTheRfcs) {
  const auto cases = read_vectors("modp.vec");
  EXPECT_EQ(cases.size(), 10u);
  for (const VectorCase& test : cases) expect_both_sides_agree_with(test);
}

TEST(OpenSslDh, EcpExchangesMatchRfc5903) {
  const auto cases = read_vectors("ecp.vec");
  EXPECT_EQ(cases.size(), 4u);
  for (const VectorCase& test : cases) expect_both_sides_agree_with(test);
}

TEST(OpenSslDh, ASecretThatBeginsWithZeroKeepsTheFullSize) {
  size_t seen = 0;
  for (const char* file : {"modp.vec", "ecp.vec"}) {
    for (const VectorCase& test : read_vectors(file)) {
      if (!test.name().ends_with("leading zero")) continue;
      const auto group = static_cast<DhGroupId>(test.number("group"));
      const auto shared =
          make_openssl_dh(group, test.bytes("private_i"))->compute(test.bytes("public_r"));
      ASSERT_TRUE(shared);
      EXPECT_EQ(shared->view()[0], 0);
      EXPECT_EQ(shared->size(), test.bytes("shared").size());
      ++seen;
    }
  }
  EXPECT_EQ(seen, 6u);
}

TEST(OpenSslDh, RefusesPublicValuesOfAnyOtherLength) {
  for (const std::span<const DhGroupId> groups :
       {std::span<const DhGroupId>(kModpGroups), std::span<const DhGroupId>(kEcpGroups)}) {
    for (const DhGroupId group : groups) {
      const auto exchange = make_exchange(group);
      const Bytes own = exchange->public_value();
      ASSERT_EQ(own.size(), public_size(group));
      ASSERT_TRUE(exchange->compute(own));
      const ByteView view = own;
      Bytes longer = own;
      longer.push_back(0);
      Bytes zero_before{0};
      zero_before.insert(zero_before.end(), own.begin(), own.end());
      for (const ByteView wrong :
           {ByteView(), view.first(1), view.first(own.size() / 2), view.first(own.size() - 1),
            view.subspan(1), ByteView(longer), ByteView(zero_before)}) {
        EXPECT_FALSE(exchange->compute(wrong)) << find_dh_group(group)->name << wrong.size();
      }
    }
  }
}

TEST(OpenSslDh, RefusesModpValuesOutsideTwoToPMinusTwo) {
  // RFC 6989 2.1: 1 < r < p-1.
  for (const DhGroupId group : kSafePrimeGroups) {
    const auto exchange = make_exchange(group);
    const Bytes prime = modp_prime(group);
    ASSERT_EQ(prime.size(), public_size(group));
    const size_t size = prime.size();
    EXPECT_FALSE(exchange->compute(small_number(size, 0)));
    EXPECT_FALSE(exchange->compute(small_number(size, 1)));
    EXPECT_TRUE(exchange->compute(small_number(size, 2)));
    EXPECT_TRUE(exchange->compute(add_small(prime, -2)));
    EXPECT_FALSE(exchange->compute(add_small(prime, -1)));
    EXPECT_FALSE(exchange->compute(prime));
    EXPECT_FALSE(exchange->compute(add_small(prime, 1)));
    EXPECT_FALSE(exchange->compute(add_small(prime, 2)));
    EXPECT_FALSE(exchange->compute(Bytes(size, 0xff)));
  }
}

TEST(OpenSslDh, RefusesValuesOutsideTheSubgroupOfGroup24) {
  // RFC 6989 2.2: r^q = 1 mod p. Of r and -r at most one is in a subgroup of odd order.
  const auto exchange = make_exchange(DhGroupId::Modp2048_256);
  const Bytes prime = modp_prime(DhGroupId::Modp2048_256);
  const Bytes good = exchange->public_value();
  EXPECT_TRUE(exchange->compute(good));
  Bytes negative = prime;
  int borrow = 0;
  for (size_t i = negative.size(); i-- > 0;) {
    const int difference = prime[i] - good[i] - borrow;
    borrow = difference < 0 ? 1 : 0;
    negative[i] = static_cast<uint8_t>(difference & 0xff);
  }
  EXPECT_FALSE(exchange->compute(negative));
  for (const uint8_t small : std::initializer_list<uint8_t>{0, 1, 2, 3, 5})
    EXPECT_FALSE(exchange->compute(small_number(prime.size(), small))) << +small;
  EXPECT_FALSE(exchange->compute(add_small(prime, -1)));
  EXPECT_FALSE(exchange->compute(prime));
}

TEST(OpenSslDh, RefusesPointsOffTheCurveAndTheOrigin) {
  // RFC 6989 2.3. Infinity has no encoding as x | y; implementations that write it as zeros are
  // refused.
  for (const DhGroupId group : kEcpGroups) {
    const auto exchange = make_exchange(group);
    const size_t size = public_size(group);
    const Bytes good = exchange->public_value();
    EXPECT_FALSE(exchange->compute(Bytes(size, 0x00)));
    EXPECT_FALSE(exchange->compute(Bytes(size, 0xff)));
    EXPECT_FALSE(exchange->compute(add_small(good, 1)));
    EXPECT_FALSE(exchange->compute(add_small(good, -1)));
    Bytes swapped(good.begin() + static_cast<ptrdiff_t>(size / 2), good.end());
    swapped.insert(swapped.end(), good.begin(), good.begin() + static_cast<ptrdiff_t>(size / 2));
    EXPECT_FALSE(exchange->compute(swapped));
    for (size_t bit = 0; bit < size * 8; bit += 61) {
      Bytes flipped = good;
      flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      EXPECT_FALSE(exchange->compute(flipped)) << find_dh_group(group)->name << " bit " << bit;
    }
  }
}

TEST(OpenSslDh, RefusesACoordinateThatIsOnlyEqualModuloThePrime) {
  // P-521's coordinates have seven spare bits, so x+p also fits into 66 bytes.
  const auto exchange = make_exchange(DhGroupId::Ecp521);
  Bytes value = exchange->public_value();
  const Bytes x(value.begin(), value.begin() + 66);
  // p = 2^521 - 1: adding it sets bit 521 and subtracts one.
  Bytes raised = add_small(x, -1);
  raised[0] |= 0x02;
  std::copy(raised.begin(), raised.end(), value.begin());
  EXPECT_FALSE(exchange->compute(value));
}

TEST(OpenSslDh, RefusesPrivateKeysOutsideTheGroup) {
  const Bytes p256_order =
      from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  EXPECT_FALSE(make_openssl_dh(DhGroupId::Ecp256, Bytes(32, 0)));
  EXPECT_FALSE(make_openssl_dh(DhGroupId::Ecp256, ByteView()));
  EXPECT_FALSE(make_openssl_dh(DhGroupId::Ecp256, p256_order));
  EXPECT_TRUE(make_openssl_dh(DhGroupId::Ecp256, add_small(p256_order, -1)));
  const Bytes prime = modp_prime(DhGroupId::Modp2048);
  EXPECT_FALSE(make_openssl_dh(DhGroupId::Modp2048, Bytes(32, 0)));
  EXPECT_FALSE(make_openssl_dh(DhGroupId::Modp2048, add_small(prime, -1)));
  EXPECT_FALSE(make_openssl_dh(DhGroupId::Modp2048, prime));
  EXPECT_TRUE(make_openssl_dh(DhGroupId::Modp2048, add_small(prime, -2)));
}

TEST(OpenSslDh, TakesOnlyItsOwnGroups) {
  const Bytes key(32, 1);
  EXPECT_FALSE(make_openssl_dh(DhGroupId::None, key));
  EXPECT_FALSE(make_openssl_dh(DhGroupId::Curve25519, key));
  EXPECT_FALSE(make_openssl_dh(static_cast<DhGroupId>(1), key));
  EXPECT_FALSE(make_openssl_dh(static_cast<DhGroupId>(5), key));
}

// Gives what it is told, then a fixed byte.
class ScriptedRandom final : public RandomSource {
 public:
  explicit ScriptedRandom(std::vector<uint8_t> fills) : fills_(std::move(fills)) {}
  void fill(ByteSpan out) override {
    const uint8_t byte = next_ < fills_.size() ? fills_[next_] : uint8_t{0x11};
    ++next_;
    std::fill(out.begin(), out.end(), byte);
  }
  size_t draws() const { return next_; }

 private:
  std::vector<uint8_t> fills_;
  size_t next_ = 0;
};

TEST(OpenSslDh, DrawsAgainWhenTheScalarIsNotBelowTheOrder) {
  ScriptedRandom random({0xff, 0x00});
  const auto exchange = make_openssl_dh(DhGroupId::Ecp256, random);
  ASSERT_TRUE(exchange);
  EXPECT_EQ(random.draws(), 3u);
  EXPECT_EQ(exchange->public_value(),
            make_openssl_dh(DhGroupId::Ecp256, Bytes(32, 0x11))->public_value());
}

TEST(OpenSslDh, MasksTheScalarOfP521ToItsOrdersBits) {
  ScriptedRandom random({0xa5});
  const auto exchange = make_openssl_dh(DhGroupId::Ecp521, random);
  Bytes masked(66, 0xa5);
  masked[0] = 0x01;
  EXPECT_EQ(exchange->public_value(), make_openssl_dh(DhGroupId::Ecp521, masked)->public_value());
  EXPECT_EQ(random.draws(), 1u);
}

}  // namespace
}  // namespace twinspan::ike
