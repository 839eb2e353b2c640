// The joined provider: every row of the algorithm table works, and each group goes to its library.
#include <gtest/gtest.h>

#include "ike/crypto/provider.h"

namespace twinspan::ike {
namespace {

TEST(SystemProvider, TwoSidesAgreeInEveryGroupOfTheTable) {
  const auto provider = make_system_provider();
  for (const DhGroupProperties& group : all_dh_groups()) {
    SCOPED_TRACE(group.name);
    const auto ours = provider->make_dh(group.id);
    const auto theirs = provider->make_dh(group.id);
    ASSERT_TRUE(ours && theirs);
    EXPECT_EQ(ours->group(), group.id);
    EXPECT_EQ(ours->public_value().size(), group.public_size);
    EXPECT_NE(ours->public_value(), theirs->public_value());
    const auto a = ours->compute(theirs->public_value());
    const auto b = theirs->compute(ours->public_value());
    ASSERT_TRUE(a && b);
    EXPECT_TRUE(a->equals(b->view()));
  }
}

TEST(SystemProvider, UnknownGroupsHaveNoExchange) {
  const auto provider = make_system_provider();
  for (const int number : {0, 1, 5, 13, 17, 18, 22, 25, 32, 65535}) {
    EXPECT_FALSE(provider->make_dh(static_cast<DhGroupId>(number))) << number;
  }
}

TEST(SystemProvider, OneStepAnswersEveryGroupAndRefusesWrongValues) {
  const auto provider = make_system_provider();
  for (const DhGroupProperties& group : all_dh_groups()) {
    SCOPED_TRACE(group.name);
    const auto ours = provider->make_dh(group.id);
    const auto answered = provider->answer_dh(group.id, ours->public_value());
    ASSERT_TRUE(answered.has_value());
    EXPECT_TRUE(ours->compute(answered->public_value)->equals(answered->shared.view()));
    EXPECT_FALSE(provider->answer_dh(group.id, Bytes(group.public_size)));
    EXPECT_FALSE(provider->answer_dh(group.id, Bytes(group.public_size + 1, 2)));
  }
  EXPECT_FALSE(provider->answer_dh(DhGroupId{5}, Bytes(192, 2)));
}

// With OpenSSL 3.5 both sides agree; with an older one there is no such exchange, and no crash.
TEST(SystemProvider, MlKemIsThereExactlyWhereTheBuildSaysSo) {
  const auto provider = make_system_provider();
  for (const KemProperties& kem : all_kems()) {
    SCOPED_TRACE(kem.name);
    const auto ours = provider->make_dh(kem.id);
    ASSERT_EQ(ours != nullptr, kHasMlKem);
    EXPECT_FALSE(provider->answer_dh(kem.id, Bytes(kem.public_size, 0xff)));
    EXPECT_FALSE(provider->answer_dh(kem.id, Bytes(kem.public_size - 1)));
    if (!ours) continue;
    ASSERT_EQ(ours->public_value().size(), kem.public_size);
    const auto answered = provider->answer_dh(kem.id, ours->public_value());
    ASSERT_TRUE(answered.has_value());
    ASSERT_EQ(answered->public_value.size(), kem.ciphertext_size);
    EXPECT_TRUE(ours->compute(answered->public_value)->equals(answered->shared.view()));
    EXPECT_FALSE(ours->compute(ByteView(answered->public_value).first(kem.ciphertext_size - 1)));
  }
}

TEST(SystemProvider, AnExchangeStaysUsableAfterARefusedValue) {
  const auto provider = make_system_provider();
  for (const DhGroupProperties& group : all_dh_groups()) {
    const auto ours = provider->make_dh(group.id);
    const auto theirs = provider->make_dh(group.id);
    EXPECT_FALSE(ours->compute(Bytes(group.public_size)));
    EXPECT_TRUE(ours->compute(theirs->public_value()));
  }
}

TEST(SystemProvider, EveryCipherOfTheTableOpensWhatItSealed) {
  const auto provider = make_system_provider();
  for (const EncryptionProperties& row : all_encryptions()) {
    SCOPED_TRACE(row.name);
    Bytes key(size_t{row.key_size} + row.salt_size), iv(row.iv_size), plaintext(64);
    for (Bytes* bytes : {&key, &iv, &plaintext}) provider->fill(*bytes);
    const Bytes sealed = provider->encrypt(row.encryption, key, iv, {}, plaintext);
    EXPECT_EQ(sealed.size(), plaintext.size() + row.icv_size);
    EXPECT_EQ(provider->decrypt(row.encryption, key, iv, {}, sealed), plaintext);
  }
}

TEST(SystemProvider, PrfAndIntegritySizesAreThoseOfTheTable) {
  const auto provider = make_system_provider();
  for (const PrfProperties& row : all_prfs()) {
    EXPECT_EQ(provider->prf(row.id, {}, {}).size(), row.key_size);
  }
  for (const IntegrityProperties& row : all_integrities()) {
    EXPECT_EQ(provider->hmac(row.id, {}, {}).size(), row.icv_size);
  }
  EXPECT_EQ(provider->sha1({}).size(), 20u);
}

}  // namespace
}  // namespace twinspan::ike
