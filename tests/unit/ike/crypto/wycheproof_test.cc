// Project Wycheproof through the providers. Each test counts what it ran and how, and demands a
// minimum, so that a changed file cannot turn it into a test of nothing.
#include <gtest/gtest.h>

#include <cstdio>

#include "ike/crypto/provider_openssl.h"
#include "ike/crypto/provider_sodium.h"
#include "tests/support/wycheproof.h"

namespace twinspan::ike {
namespace {

struct Tally {
  size_t computed = 0;  // Went through the primitive.
  size_t refused = 0;   // Has a size or form that the provider does not take, and was refused.

  void print(std::string_view file) const {
    std::printf("%.*s: %zu computed, %zu refused for their form\n", static_cast<int>(file.size()),
                file.data(), computed, refused);
  }
};

Bytes joined(ByteView a, ByteView b) {
  Bytes all = to_bytes(a);
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

// ---- AEAD ----

void run_aead_case(EncryptionId id, const WycheproofCase& test, Tally& tally) {
  SCOPED_TRACE(test.name());
  const OpenSslSymmetric symmetric;
  const Encryption encryption{id, static_cast<uint16_t>(test.sizes.at("keySize"))};
  const Bytes& nonce = test.bytes.at("iv");
  const size_t salt_size = std::min<size_t>(4, nonce.size());
  const ByteView view = nonce;
  const Bytes key = joined(test.bytes.at("key"), view.first(salt_size));
  const ByteView iv = view.subspan(salt_size);
  const Bytes sealed = joined(test.bytes.at("ct"), test.bytes.at("tag"));
  const auto opened = symmetric.decrypt(encryption, key, iv, test.bytes.at("aad"), sealed);
  if (nonce.size() != 12 || find_encryption(encryption) == nullptr) {
    EXPECT_FALSE(opened);
    ++tally.refused;
    return;
  }
  ++tally.computed;
  ASSERT_EQ(opened.has_value(), test.result == WycheproofResult::Valid);
  if (!opened) return;
  EXPECT_EQ(*opened, test.bytes.at("msg"));
  EXPECT_EQ(symmetric.encrypt(encryption, key, iv, test.bytes.at("aad"), *opened), sealed);
}

Tally run_aead(EncryptionId id, std::string_view file) {
  Tally tally;
  for (const WycheproofCase& test : read_wycheproof(file)) run_aead_case(id, test, tally);
  tally.print(file);
  return tally;
}

TEST(Wycheproof, AesGcm) {
  const Tally tally = run_aead(EncryptionId::AesGcm16, "aes_gcm_test.json");
  EXPECT_GT(tally.computed, 100u);
  EXPECT_GT(tally.refused, 100u);
}

TEST(Wycheproof, ChaCha20Poly1305) {
  const Tally tally = run_aead(EncryptionId::ChaCha20Poly1305, "chacha20_poly1305_test.json");
  EXPECT_GT(tally.computed, 300u);
  EXPECT_GT(tally.refused, 5u);
}

// ---- AES-CBC: the file pads as PKCS #5, which is outside the primitive ----

Bytes pkcs5_padded(const Bytes& message) {
  const size_t padding = 16 - message.size() % 16;
  return joined(message, Bytes(padding, static_cast<uint8_t>(padding)));
}

void run_cbc_case(const WycheproofCase& test, Tally& tally) {
  SCOPED_TRACE(test.name());
  const OpenSslSymmetric symmetric;
  const Encryption encryption{EncryptionId::AesCbc,
                              static_cast<uint16_t>(test.sizes.at("keySize"))};
  const auto opened = symmetric.decrypt(encryption, test.bytes.at("key"), test.bytes.at("iv"), {},
                                        test.bytes.at("ct"));
  if (find_encryption(encryption) == nullptr || test.bytes.at("ct").size() % 16 != 0) {
    EXPECT_FALSE(opened);
    ++tally.refused;
    return;
  }
  ++tally.computed;
  ASSERT_TRUE(opened);
  const Bytes padded = pkcs5_padded(test.bytes.at("msg"));
  EXPECT_EQ(*opened == padded, test.result == WycheproofResult::Valid);
  EXPECT_EQ(symmetric.encrypt(encryption, test.bytes.at("key"), test.bytes.at("iv"), {}, *opened),
            test.bytes.at("ct"));
}

TEST(Wycheproof, AesCbc) {
  Tally tally;
  for (const WycheproofCase& test : read_wycheproof("aes_cbc_pkcs5_test.json")) {
    run_cbc_case(test, tally);
  }
  tally.print("aes_cbc_pkcs5_test.json");
  EXPECT_GT(tally.computed, 100u);
  EXPECT_GT(tally.refused, 50u);
}

// ---- HMAC: full tags through the PRF, half tags through the integrity transform ----

struct HmacNames {
  const char* file;
  PrfId prf;
  IntegrityId integrity;
};
constexpr HmacNames kHmacs[] = {
    {"hmac_sha256_test.json", PrfId::HmacSha256, IntegrityId::HmacSha256_128},
    {"hmac_sha384_test.json", PrfId::HmacSha384, IntegrityId::HmacSha384_192},
    {"hmac_sha512_test.json", PrfId::HmacSha512, IntegrityId::HmacSha512_256},
};

bool hmac_matches(const HmacNames& names, const WycheproofCase& test) {
  const OpenSslSymmetric symmetric;
  const Bytes& key = test.bytes.at("key");
  const Bytes& message = test.bytes.at("msg");
  const Bytes& tag = test.bytes.at("tag");
  if (tag.size() == find_prf(names.prf)->key_size) {
    return symmetric.prf(names.prf, key, {message}).equals(tag);
  }
  return constant_time_equal(symmetric.hmac(names.integrity, key, {message}), tag);
}

TEST(Wycheproof, HmacSha2) {
  for (const HmacNames& names : kHmacs) {
    Tally tally;
    for (const WycheproofCase& test : read_wycheproof(names.file)) {
      SCOPED_TRACE(test.name());
      EXPECT_EQ(hmac_matches(names, test), test.result == WycheproofResult::Valid);
      ++tally.computed;
    }
    tally.print(names.file);
    EXPECT_GT(tally.computed, 150u);
  }
}

// ---- X25519 ----

TEST(Wycheproof, X25519) {
  start_sodium();
  Tally tally;
  size_t zero_secrets = 0;
  for (const WycheproofCase& test : read_wycheproof("x25519_test.json")) {
    SCOPED_TRACE(test.name());
    const auto shared = make_x25519(test.bytes.at("private"))->compute(test.bytes.at("public"));
    ++tally.computed;
    if (test.bytes.at("shared") == Bytes(32)) {
      EXPECT_FALSE(shared);  // RFC 8031 4.
      ++zero_secrets;
      continue;
    }
    ASSERT_TRUE(shared);
    EXPECT_TRUE(shared->equals(test.bytes.at("shared")));
  }
  tally.print("x25519_test.json");
  EXPECT_GT(tally.computed, 500u);
  EXPECT_GT(zero_secrets, 20u);
}

// ---- ECDH: raw points. IKE has no form octet, so compressed points and infinity have no IKE form
// ----

struct EcdhNames {
  const char* file;
  DhGroupId group;
};

// Private keys in the files are signed integers of any length.
Bytes without_leading_zeros(Bytes number) {
  while (!number.empty() && number.front() == 0) number.erase(number.begin());
  return number;
}

void run_ecdh_case(DhGroupId group, const WycheproofCase& test, Tally& tally) {
  SCOPED_TRACE(test.name());
  const auto exchange = make_openssl_dh(group, without_leading_zeros(test.bytes.at("private")));
  ASSERT_TRUE(exchange);
  const Bytes& point = test.bytes.at("public");
  if (point.empty() || point.front() != 4) {
    EXPECT_FALSE(exchange->compute(point));
    ++tally.refused;
    return;
  }
  const auto shared = exchange->compute(ByteView(point).subspan(1));
  ++tally.computed;
  ASSERT_EQ(shared.has_value(), test.result == WycheproofResult::Valid);
  if (shared) {
    EXPECT_TRUE(shared->equals(test.bytes.at("shared")));
  }
}

TEST(Wycheproof, EcdhOnThePrimeCurves) {
  constexpr EcdhNames kCurves[] = {
      {"ecdh_secp256r1_ecpoint_test.json", DhGroupId::Ecp256},
      {"ecdh_secp384r1_ecpoint_test.json", DhGroupId::Ecp384},
      {"ecdh_secp521r1_ecpoint_test.json", DhGroupId::Ecp521},
  };
  for (const EcdhNames& curve : kCurves) {
    Tally tally;
    for (const WycheproofCase& test : read_wycheproof(curve.file)) {
      run_ecdh_case(curve.group, test, tally);
    }
    tally.print(curve.file);
    EXPECT_GT(tally.computed, 300u);
    EXPECT_GT(tally.refused, 2u);
  }
}

}  // namespace
}  // namespace twinspan::ike
