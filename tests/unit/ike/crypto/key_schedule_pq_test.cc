// What RFC 8784, RFC 9242 and RFC 9370 add to the key schedule, against an independent calculation
// (reference.py).
#include <gtest/gtest.h>

#include "ike/crypto/key_schedule.h"
#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

PrfId prf_of(const VectorCase& test) {
  return static_cast<PrfId>(test.number("prf"));
}

TEST(KeySchedulePq, ThePpkChangesTheThreeKeysOfRfc8784) {
  const auto provider = make_system_provider();
  const auto cases = read_vectors("ike_pq.vec");
  ASSERT_EQ(cases.size(), 3u);
  for (const VectorCase& test : cases) {
    SCOPED_TRACE(test.name());
    IkeKeys keys;
    keys.d = SecretBytes(test.bytes("k2_d"));
    keys.pi = SecretBytes(test.bytes("k2_pi"));
    keys.pr = SecretBytes(test.bytes("k2_pr"));
    const PpkSubkeys mixed = derive_ppk_keys(*provider, prf_of(test), test.bytes("ppk"), keys);
    EXPECT_EQ(to_hex(mixed.d.view()), to_hex(test.bytes("ppk_d")));
    EXPECT_EQ(to_hex(mixed.pi.view()), to_hex(test.bytes("ppk_pi")));
    EXPECT_EQ(to_hex(mixed.pr.view()), to_hex(test.bytes("ppk_pr")));
  }
}

IkeSuite suite_of(const VectorCase& test) {
  return {.encryption = {static_cast<EncryptionId>(test.number("encryption")),
                         static_cast<uint16_t>(test.number("key_bits"))},
          .integrity = static_cast<IntegrityId>(test.number("integrity")),
          .prf = prf_of(test)};
}

IkeSpiPair spis_of(const VectorCase& test) {
  return {IkeSpi{load_be64(test.bytes("spi_i").data())},
          IkeSpi{load_be64(test.bytes("spi_r").data())}};
}

void expect_keys(const IkeKeys& keys, const VectorCase& test, const std::string& prefix) {
  const std::pair<const char*, const SecretBytes*> parts[] = {
      {"d", &keys.d},   {"ai", &keys.ai}, {"ar", &keys.ar}, {"ei", &keys.ei},
      {"er", &keys.er}, {"pi", &keys.pi}, {"pr", &keys.pr}};
  for (const auto& [name, key] : parts)
    EXPECT_EQ(to_hex(key->view()), to_hex(test.bytes(prefix + name))) << prefix << name;
}

TEST(KeySchedulePq, EachIntermediateKeyExchangeRenewsAllKeys) {
  const auto provider = make_system_provider();
  for (const VectorCase& test : read_vectors("ike_pq.vec")) {
    SCOPED_TRACE(test.name());
    const IkeSuite suite = suite_of(test);
    const Bytes ni = test.bytes("nonce_i"), nr = test.bytes("nonce_r");
    const Bytes first = test.bytes("shared_0");
    IkeKeys keys = derive_ike_keys(*provider, suite, {ni, nr, first}, spis_of(test));
    expect_keys(keys, test, "k0_");
    for (const std::string round : {"1", "2"}) {
      const Bytes shared = test.bytes("shared_" + round);
      keys = derive_rekeyed_ike_keys(*provider, suite, {suite.prf, keys.d.view()}, {ni, nr, shared},
                                     spis_of(test));
      expect_keys(keys, test, "k" + round + "_");
    }
  }
}

// RFC 9370 2.2.4: SK(0) | Ni | Nr | SK(1) | SK(2).
TEST(KeySchedulePq, FollowupKeyExchangesStandBehindTheNonces) {
  const auto provider = make_system_provider();
  for (const VectorCase& test : read_vectors("ike_pq.vec")) {
    SCOPED_TRACE(test.name());
    const Bytes ni = test.bytes("nonce_i"), nr = test.bytes("nonce_r"), d = test.bytes("ppk_d");
    const Bytes shared = test.bytes("shared_0");
    Bytes additional = test.bytes("shared_1");
    for (const uint8_t byte : test.bytes("shared_2")) additional.push_back(byte);
    const ExchangeSecrets secrets{ni, nr, shared, additional};
    const IkeSuite suite = suite_of(test);
    expect_keys(derive_rekeyed_ike_keys(*provider, suite, {suite.prf, d}, secrets, spis_of(test)),
                test, "rekeyed_");
    const EspTransforms esp{.encryption = {static_cast<EncryptionId>(test.number("esp_encryption")),
                                           static_cast<uint16_t>(test.number("esp_key_bits"))},
                            .integrity = static_cast<IntegrityId>(test.number("esp_integrity"))};
    const ChildKeys child = derive_child_keys(*provider, suite.prf, d, esp, secrets);
    EXPECT_EQ(to_hex(child.initiator_to_responder.encryption.view()), to_hex(test.bytes("e_ir")));
    EXPECT_EQ(to_hex(child.initiator_to_responder.integrity.view()), to_hex(test.bytes("a_ir")));
    EXPECT_EQ(to_hex(child.responder_to_initiator.encryption.view()), to_hex(test.bytes("e_ri")));
    EXPECT_EQ(to_hex(child.responder_to_initiator.integrity.view()), to_hex(test.bytes("a_ri")));
  }
}

TEST(KeySchedulePq, AuthCoversIntAuthBehindTheIdentity) {
  const auto provider = make_system_provider();
  for (const VectorCase& test : read_vectors("ike_pq.vec")) {
    SCOPED_TRACE(test.name());
    const Bytes message = test.bytes("signed_message"), nr = test.bytes("nonce_r");
    const Bytes sk_p = test.bytes("ppk_pi"), id = test.bytes("id_body");
    const Bytes int_auth = test.bytes("int_auth");
    const SignedOctets octets{message, nr, sk_p, id, int_auth};
    const SecretBytes auth = psk_auth(*provider, prf_of(test), test.bytes("psk"), octets);
    EXPECT_EQ(to_hex(auth.view()), to_hex(test.bytes("auth_i")));
    const Bytes signed_bytes = signed_octets(*provider, prf_of(test), octets);
    EXPECT_EQ(to_hex(ByteView(signed_bytes).last(int_auth.size())), to_hex(int_auth));
  }
}

}  // namespace
}  // namespace twinspan::ike
