// Cookies of a responder under load: bound to one request of one sender, good for a while.
#include "ike/core/cookie.h"

#include <gtest/gtest.h>

#include "ike/core/admission.h"
#include "tests/support/fake_crypto.h"

namespace twinspan::ike {
namespace {

const Endpoint kSender{*IpAddress::parse("192.0.2.2"), 500};
const Bytes kNonce(32, 0x5a);

class Mint : public testing::Test {
 protected:
  CookieOwner owner() const { return {kSender, IkeSpi{0x1122}, kNonce}; }
  Bytes make(Duration at) { return mint_.make(crypto_, Instant(at), owner()); }
  bool accepts(Duration at, const CookieOwner& owner, ByteView cookie) {
    return mint_.accepts(crypto_, Instant(at), owner, cookie);
  }
  FakeCrypto crypto_{1};
  CookieMint mint_;
};

TEST_F(Mint, ACookieIsAcceptedFromItsOwnerAndRepeatable) {
  const Bytes cookie = make(1s);
  EXPECT_LE(cookie.size(), kCookieSizeMax);
  EXPECT_TRUE(accepts(2s, owner(), cookie));
  EXPECT_TRUE(accepts(2s, owner(), cookie));
  EXPECT_EQ(make(3s), cookie);
}

TEST_F(Mint, NobodyElseCanUseIt) {
  const Bytes cookie = make(1s);
  const Endpoint other_address{*IpAddress::parse("192.0.2.3"), 500};
  const Endpoint other_port{kSender.address, 501};
  const Bytes other_nonce(32, 0x5b);
  EXPECT_FALSE(accepts(1s, {other_address, IkeSpi{0x1122}, kNonce}, cookie));
  EXPECT_FALSE(accepts(1s, {other_port, IkeSpi{0x1122}, kNonce}, cookie));
  EXPECT_FALSE(accepts(1s, {kSender, IkeSpi{0x1123}, kNonce}, cookie));
  EXPECT_FALSE(accepts(1s, {kSender, IkeSpi{0x1122}, other_nonce}, cookie));
}

TEST_F(Mint, EveryChangedBitAndEveryOtherLengthIsRefused) {
  const Bytes cookie = make(1s);
  for (size_t bit = 0; bit < cookie.size() * 8; ++bit) {
    Bytes changed = cookie;
    changed[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(accepts(1s, owner(), changed)) << bit;
  }
  for (size_t size = 0; size < cookie.size(); ++size) {
    EXPECT_FALSE(accepts(1s, owner(), ByteView(cookie).first(size))) << size;
  }
  Bytes longer = cookie;
  longer.push_back(0);
  EXPECT_FALSE(accepts(1s, owner(), longer));
}

TEST_F(Mint, SecretsRotateAndTheLastOneIsStillGood) {
  const Bytes first = make(0s);
  const Bytes second = make(kCookieSecretLifetime);
  EXPECT_NE(first, second);
  EXPECT_TRUE(accepts(kCookieSecretLifetime, owner(), first));
  EXPECT_TRUE(accepts(2 * kCookieSecretLifetime - 1s, owner(), first));
  EXPECT_FALSE(accepts(2 * kCookieSecretLifetime, owner(), first));
  EXPECT_TRUE(accepts(2 * kCookieSecretLifetime, owner(), second));
  make(2 * kCookieSecretLifetime);
  make(3 * kCookieSecretLifetime);
  EXPECT_FALSE(accepts(3 * kCookieSecretLifetime, owner(), second));
}

TEST_F(Mint, WithoutASecretNothingIsAccepted) {
  EXPECT_FALSE(accepts(1s, owner(), Bytes(20, 0)));
  EXPECT_FALSE(accepts(1s, owner(), {}));
}

TEST_F(Mint, AnotherGatewaysCookieIsRefused) {
  FakeCrypto other_crypto{2};
  CookieMint other;
  const Bytes cookie = other.make(other_crypto, Instant(1s), owner());
  make(1s);
  EXPECT_FALSE(accepts(1s, owner(), cookie));
}

// --- Admission ---

TEST(Admission, BelowTheThresholdEverybodyMayOpen) {
  for (CookieState state : {CookieState::Absent, CookieState::Wrong, CookieState::Right}) {
    EXPECT_EQ(admit({31, 31}, 32, state), Admission::Admit);
  }
}

TEST(Admission, FromTheThresholdOnOnlyARightCookieOpens) {
  EXPECT_EQ(admit({32, 0}, 32, CookieState::Absent), Admission::Challenge);
  EXPECT_EQ(admit({32, 0}, 32, CookieState::Wrong), Admission::Challenge);
  EXPECT_EQ(admit({32, 32}, 32, CookieState::Right), Admission::Admit);
  EXPECT_EQ(admit({0, 0}, 0, CookieState::Absent), Admission::Challenge);
}

TEST(Admission, OneNetworkCannotTakeAllTheRoom) {
  const size_t full = kHalfOpenPerPrefixMax;
  EXPECT_EQ(admit({full, full}, 32, CookieState::Right), Admission::Refuse);
  EXPECT_EQ(admit({full, full}, 1000, CookieState::Absent), Admission::Refuse);
  EXPECT_EQ(admit({full, full - 1}, 32, CookieState::Right), Admission::Admit);
  EXPECT_EQ(admit({full, 0}, 32, CookieState::Right), Admission::Admit);
  EXPECT_EQ(admit({kHalfOpenMaxCount, 0}, 32, CookieState::Right), Admission::Refuse);
  EXPECT_EQ(admit({kHalfOpenMaxCount, 0}, 32, CookieState::Absent), Admission::Challenge);
}

TEST(Admission, ANetworkIsA24OrA56) {
  EXPECT_EQ(prefix_of(*IpAddress::parse("192.0.2.77")).to_string(), "192.0.2.0/24");
  EXPECT_EQ(prefix_of(*IpAddress::parse("2001:db8:1:2ff::7")).to_string(), "2001:db8:1:200::/56");
}

}  // namespace
}  // namespace twinspan::ike
