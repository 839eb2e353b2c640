#include "ike/crypto/key_schedule.h"

#include <gtest/gtest.h>

#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

// The cases that describe a whole IKE SA.
std::vector<VectorCase> sa_cases() {
  std::vector<VectorCase> cases = read_vectors("ike_keys.vec");
  std::erase_if(cases, [](const VectorCase& test) { return !test.has("spi_i"); });
  return cases;
}

IkeSpi spi(const VectorCase& test, std::string_view field) {
  return {load_be64(test.bytes(field).data())};
}

IkeSuite suite_of(const VectorCase& test) {
  return {.encryption = {static_cast<EncryptionId>(test.number("encryption")),
                         static_cast<uint16_t>(test.number("key_bits"))},
          .integrity = static_cast<IntegrityId>(test.number("integrity")),
          .prf = static_cast<PrfId>(test.number("prf"))};
}

EspTransforms esp_of(const VectorCase& test) {
  return {.encryption = {static_cast<EncryptionId>(test.number("esp_encryption")),
                         static_cast<uint16_t>(test.number("esp_key_bits"))},
          .integrity = static_cast<IntegrityId>(test.number("esp_integrity"))};
}

void expect_equal(const SecretBytes& key, const VectorCase& test, const std::string& field) {
  EXPECT_EQ(to_hex(key.view()), to_hex(test.bytes(field))) << field;
}

void expect_keys(const IkeKeys& keys, const VectorCase& test, const std::string& prefix) {
  expect_equal(keys.d, test, prefix + "d");
  expect_equal(keys.ai, test, prefix + "ai");
  expect_equal(keys.ar, test, prefix + "ar");
  expect_equal(keys.ei, test, prefix + "ei");
  expect_equal(keys.er, test, prefix + "er");
  expect_equal(keys.pi, test, prefix + "pi");
  expect_equal(keys.pr, test, prefix + "pr");
}

void expect_child(const ChildKeys& keys, const VectorCase& test, const std::string& prefix) {
  expect_equal(keys.initiator_to_responder.encryption, test, prefix + "e_ir");
  expect_equal(keys.initiator_to_responder.integrity, test, prefix + "a_ir");
  expect_equal(keys.responder_to_initiator.encryption, test, prefix + "e_ri");
  expect_equal(keys.responder_to_initiator.integrity, test, prefix + "a_ri");
}

class KeySchedule : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider_ = make_system_provider();
};

TEST_F(KeySchedule, VectorsCoverEveryCipherIntegrityAndPrf) {
  const auto cases = sa_cases();
  EXPECT_EQ(cases.size(), 8u);
  const auto some = [&](auto matches) { return std::any_of(cases.begin(), cases.end(), matches); };
  for (const EncryptionProperties& row : all_encryptions()) {
    EXPECT_TRUE(some([&](const auto& test) { return suite_of(test).encryption == row.encryption; }))
        << row.name;
  }
  for (const IntegrityProperties& row : all_integrities()) {
    EXPECT_TRUE(some([&](const auto& test) { return suite_of(test).integrity == row.id; }))
        << row.name;
  }
  for (const PrfProperties& row : all_prfs()) {
    EXPECT_TRUE(some([&](const auto& test) { return suite_of(test).prf == row.id; })) << row.name;
  }
}

TEST_F(KeySchedule, IkeKeysMatchThePythonCalculation) {
  for (const VectorCase& test : sa_cases()) {
    SCOPED_TRACE(test.name());
    expect_keys(
        derive_ike_keys(*provider_, suite_of(test),
                        {test.bytes("nonce_i"), test.bytes("nonce_r"), test.bytes("shared")},
                        {spi(test, "spi_i"), spi(test, "spi_r")}),
        test, "");
  }
}

TEST_F(KeySchedule, RekeyedIkeKeysUseTheOldPrfForTheSeedAndTheNewOneForTheKeys) {
  for (const VectorCase& test : sa_cases()) {
    SCOPED_TRACE(test.name());
    IkeSuite suite = suite_of(test);
    const PrfId old_prf = suite.prf;
    suite.prf = static_cast<PrfId>(test.number("rekeyed_prf"));
    ASSERT_NE(suite.prf, old_prf);
    expect_keys(derive_rekeyed_ike_keys(*provider_, suite, {old_prf, test.bytes("d")},
                                        {test.bytes("pfs_nonce_i"), test.bytes("pfs_nonce_r"),
                                         test.bytes("pfs_shared")},
                                        {spi(test, "rekeyed_spi_i"), spi(test, "rekeyed_spi_r")}),
                test, "rekeyed_");
  }
}

TEST_F(KeySchedule, ChildKeysWithAndWithoutPfsMatchThePythonCalculation) {
  for (const VectorCase& test : sa_cases()) {
    SCOPED_TRACE(test.name());
    const PrfId prf = suite_of(test).prf;
    const Bytes d = test.bytes("d");
    expect_child(derive_child_keys(*provider_, prf, d, esp_of(test),
                                   {test.bytes("nonce_i"), test.bytes("nonce_r"), {}}),
                 test, "");
    expect_child(derive_child_keys(*provider_, prf, d, esp_of(test),
                                   {test.bytes("pfs_nonce_i"), test.bytes("pfs_nonce_r"),
                                    test.bytes("pfs_shared")}),
                 test, "pfs_");
  }
}

TEST_F(KeySchedule, AuthMatchesThePythonCalculation) {
  for (const VectorCase& test : sa_cases()) {
    SCOPED_TRACE(test.name());
    const SecretBytes auth = psk_auth(*provider_, suite_of(test).prf, test.bytes("psk"),
                                      {test.bytes("signed_message"), test.bytes("nonce_r"),
                                       test.bytes("pi"), test.bytes("id_body")});
    expect_equal(auth, test, "auth_i");
  }
}

TEST_F(KeySchedule, AuthDependsOnEachOfItsInputs) {
  const VectorCase test = sa_cases().front();
  const PrfId prf = suite_of(test).prf;
  const char* const fields[] = {"psk", "signed_message", "nonce_r", "pi", "id_body"};
  for (size_t changed = 0; changed < std::size(fields); ++changed) {
    std::vector<Bytes> inputs;
    for (const char* field : fields) inputs.push_back(test.bytes(field));
    inputs[changed].back() ^= 1;
    const SecretBytes auth =
        psk_auth(*provider_, prf, inputs[0], {inputs[1], inputs[2], inputs[3], inputs[4]});
    EXPECT_FALSE(auth.equals(test.bytes("auth_i"))) << fields[changed];
  }
}

TEST_F(KeySchedule, ZerosInsideThePskDoNotEndIt) {
  const Bytes one{'k', 0, 'y'}, other{'k', 0, 'z'};
  const auto auth = [&](ByteView psk) { return psk_auth(*provider_, PrfId::HmacSha256, psk, {}); };
  EXPECT_FALSE(auth(one).equals(auth(other).view()));
}

TEST_F(KeySchedule, PrfPlusGivesPrefixesOfOneStream) {
  const Bytes key(32, 1), seed(40, 2);
  const SecretBytes whole = prf_plus(*provider_, PrfId::HmacSha256, key, seed, 200);
  for (size_t size = 0; size <= 200; ++size) {
    const SecretBytes part = prf_plus(*provider_, PrfId::HmacSha256, key, seed, size);
    ASSERT_EQ(part.size(), size);
    EXPECT_TRUE(part.equals(whole.view().first(size)));
  }
}

TEST_F(KeySchedule, PrfPlusReachesRound255AndNoFurther) {
  for (const VectorCase& test : read_vectors("ike_keys.vec")) {
    if (!test.has("last_block")) continue;
    const SecretBytes longest = prf_plus(*provider_, PrfId::HmacSha256, test.bytes("key"),
                                         test.bytes("seed"), size_t{255} * 32);
    EXPECT_EQ(to_hex(longest.view().last(32)), to_hex(test.bytes("last_block")));
    EXPECT_DEATH(prf_plus(*provider_, PrfId::HmacSha256, {}, {}, size_t{255} * 32 + 1),
                 "CHECK failed");
    return;
  }
  FAIL() << "no case for the longest output";
}

}  // namespace
}  // namespace twinspan::ike
