#include "ike/crypto/provider_openssl.h"

#include <gtest/gtest.h>

#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

Bytes joined(ByteView a, ByteView b) {
  Bytes all = to_bytes(a);
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

// One cipher case in the shape the provider takes.
struct CipherCase {
  std::string name;
  Encryption encryption;
  Bytes key;  // With the salt.
  Bytes iv;   // Explicit.
  Bytes aad;
  Bytes plaintext;
  Bytes output;  // With the tag.
};

CipherCase aead_case(const VectorCase& test, Encryption encryption) {
  const Bytes nonce = test.bytes("iv");
  const ByteView view = nonce;
  return {test.name(),
          encryption,
          joined(test.bytes("key"), view.first(4)),
          to_bytes(view.subspan(4)),
          test.bytes("aad"),
          test.bytes("plaintext"),
          joined(test.bytes("ciphertext"), test.bytes("tag"))};
}

std::vector<CipherCase> all_cipher_cases() {
  std::vector<CipherCase> cases;
  for (const VectorCase& test : read_vectors("aes_gcm.vec")) {
    cases.push_back(
        aead_case(test, {EncryptionId::AesGcm16, static_cast<uint16_t>(test.number("key_bits"))}));
  }
  for (const VectorCase& test : read_vectors("chacha20_poly1305.vec")) {
    cases.push_back(aead_case(test, {EncryptionId::ChaCha20Poly1305, 256}));
  }
  for (const VectorCase& test : read_vectors("aes_cbc.vec")) {
    cases.push_back({test.name(),
                     {EncryptionId::AesCbc, static_cast<uint16_t>(test.number("key_bits"))},
                     test.bytes("key"),
                     test.bytes("iv"),
                     {},
                     test.bytes("plaintext"),
                     test.bytes("ciphertext")});
  }
  return cases;
}

bool is_aead(const CipherCase& test) {
  return find_encryption(test.encryption)->is_aead();
}

TEST(OpenSslSymmetric, CiphersMatchTheirPublishedVectors) {
  const OpenSslSymmetric symmetric;
  const auto cases = all_cipher_cases();
  EXPECT_EQ(cases.size(), 20u);
  for (const CipherCase& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(
        to_hex(symmetric.encrypt(test.encryption, test.key, test.iv, test.aad, test.plaintext)),
        to_hex(test.output));
    const auto opened =
        symmetric.decrypt(test.encryption, test.key, test.iv, test.aad, test.output);
    ASSERT_TRUE(opened);
    EXPECT_EQ(to_hex(*opened), to_hex(test.plaintext));
  }
}

TEST(OpenSslSymmetric, AnyFlippedBitOfAnAeadIsRefused) {
  const OpenSslSymmetric symmetric;
  const auto flipped = [](Bytes bytes, size_t bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    return bytes;
  };
  for (const CipherCase& test : all_cipher_cases()) {
    if (!is_aead(test)) continue;
    SCOPED_TRACE(test.name);
    for (size_t bit = 0; bit < test.output.size() * 8; ++bit) {
      EXPECT_FALSE(symmetric.decrypt(test.encryption, test.key, test.iv, test.aad,
                                     flipped(test.output, bit)));
    }
    for (size_t bit = 0; bit < test.aad.size() * 8; ++bit) {
      EXPECT_FALSE(symmetric.decrypt(test.encryption, test.key, test.iv, flipped(test.aad, bit),
                                     test.output));
    }
    for (size_t bit = 0; bit < test.key.size() * 8; bit += 7) {
      EXPECT_FALSE(symmetric.decrypt(test.encryption, flipped(test.key, bit), test.iv, test.aad,
                                     test.output));
    }
    for (size_t bit = 0; bit < test.iv.size() * 8; ++bit) {
      EXPECT_FALSE(symmetric.decrypt(test.encryption, test.key, flipped(test.iv, bit), test.aad,
                                     test.output));
    }
  }
}

TEST(OpenSslSymmetric, TruncatedCiphertextsAreRefused) {
  const OpenSslSymmetric symmetric;
  for (const CipherCase& test : all_cipher_cases()) {
    SCOPED_TRACE(test.name);
    const ByteView output = test.output;
    for (size_t size = 0; size < output.size(); ++size) {
      const auto opened =
          symmetric.decrypt(test.encryption, test.key, test.iv, test.aad, output.first(size));
      // CBC alone cannot notice whole blocks missing; the ICV does (sk_cipher_test.cc).
      EXPECT_EQ(opened.has_value(), !is_aead(test) && size % 16 == 0) << size;
    }
  }
}

TEST(OpenSslSymmetric, KeysAndIvsOfOtherSizesAreRefused) {
  const OpenSslSymmetric symmetric;
  for (const CipherCase& test : all_cipher_cases()) {
    SCOPED_TRACE(test.name);
    const ByteView key = test.key;
    const ByteView iv = test.iv;
    const Bytes long_key = joined(key, Bytes{0});
    const Bytes long_iv = joined(iv, Bytes{0});
    for (const ByteView wrong : {ByteView(), key.first(key.size() - 1), ByteView(long_key)}) {
      EXPECT_FALSE(symmetric.decrypt(test.encryption, wrong, iv, test.aad, test.output));
    }
    for (const ByteView wrong : {ByteView(), iv.first(iv.size() - 1), ByteView(long_iv)}) {
      EXPECT_FALSE(symmetric.decrypt(test.encryption, key, wrong, test.aad, test.output));
    }
  }
}

TEST(OpenSslSymmetric, UnknownCiphersAreRefused) {
  const OpenSslSymmetric symmetric;
  for (const Encryption unknown :
       {Encryption{EncryptionId::AesGcm16, 192}, Encryption{EncryptionId::AesCbc, 192},
        Encryption{EncryptionId::ChaCha20Poly1305, 128}, Encryption{EncryptionId{11}, 0}}) {
    EXPECT_FALSE(symmetric.decrypt(unknown, Bytes(28), Bytes(8), {}, Bytes(32)));
  }
}

TEST(OpenSslSymmetricDeathTest, SealingWithAWrongSizeStopsTheProgram) {
  // Only our own code chooses these sizes.
  const OpenSslSymmetric symmetric;
  const Encryption gcm{EncryptionId::AesGcm16, 128};
  const Encryption cbc{EncryptionId::AesCbc, 128};
  EXPECT_DEATH(symmetric.encrypt(gcm, Bytes(16), Bytes(8), {}, {}), "CHECK failed");
  EXPECT_DEATH(symmetric.encrypt(gcm, Bytes(20), Bytes(12), {}, {}), "CHECK failed");
  EXPECT_DEATH(symmetric.encrypt(cbc, Bytes(16), Bytes(16), {}, Bytes(15)), "CHECK failed");
  EXPECT_DEATH(symmetric.hmac(IntegrityId::None, Bytes(32), {}), "CHECK failed");
}

struct HashNames {
  const char* field;
  PrfId prf;
  IntegrityId integrity;
};
constexpr HashNames kHashes[] = {
    {"sha256", PrfId::HmacSha256, IntegrityId::HmacSha256_128},
    {"sha384", PrfId::HmacSha384, IntegrityId::HmacSha384_192},
    {"sha512", PrfId::HmacSha512, IntegrityId::HmacSha512_256},
};

TEST(OpenSslSymmetric, PrfAndTruncatedHmacMatchRfc4231) {
  const OpenSslSymmetric symmetric;
  const auto cases = read_vectors("hmac_sha2.vec");
  EXPECT_EQ(cases.size(), 6u);
  for (const VectorCase& test : cases) {
    for (const HashNames& hash : kHashes) {
      SCOPED_TRACE(test.name() + " " + hash.field);
      const Bytes key = test.bytes("key");
      const Bytes message = test.bytes("message");
      const Bytes expected = test.bytes(hash.field);
      EXPECT_EQ(to_hex(symmetric.prf(hash.prf, key, {message}).view()), to_hex(expected));
      // RFC 4868 2.1.2: the ICV is the first half.
      EXPECT_EQ(to_hex(symmetric.hmac(hash.integrity, key, {message})),
                to_hex(ByteView(expected).first(expected.size() / 2)));
    }
  }
}

TEST(OpenSslSymmetric, HmacSha1MatchesRfc2202) {
  const OpenSslSymmetric symmetric;
  const auto cases = read_vectors("hmac_sha1.vec");
  EXPECT_EQ(cases.size(), 7u);
  for (const VectorCase& test : cases) {
    SCOPED_TRACE(test.name());
    const Bytes key = test.bytes("key");
    const Bytes message = test.bytes("message");
    const Bytes expected = test.bytes("sha1");
    EXPECT_EQ(to_hex(symmetric.prf(PrfId::HmacSha1, key, {message}).view()), to_hex(expected));
    // RFC 2404 3: the ICV is the first 96 bits.
    EXPECT_EQ(to_hex(symmetric.hmac(IntegrityId::HmacSha1_96, key, {message})),
              to_hex(ByteView(expected).first(12)));
  }
}

TEST(OpenSslSymmetric, PartsAreOneMessage) {
  const OpenSslSymmetric symmetric;
  const Bytes message = to_bytes(as_bytes("what do ya want for nothing?"));
  const ByteView view = message;
  const Bytes key(32, 0x0b);
  const auto whole = symmetric.prf(PrfId::HmacSha256, key, {view});
  for (size_t cut = 0; cut <= view.size(); ++cut) {
    EXPECT_TRUE(symmetric.prf(PrfId::HmacSha256, key, {view.first(cut), {}, view.subspan(cut)})
                    .equals(whole.view()));
    EXPECT_EQ(symmetric.sha1({view.first(cut), {}, view.subspan(cut)}), symmetric.sha1({view}));
  }
}

TEST(OpenSslSymmetric, AnEmptyKeyIsAKey) {
  // HMAC_SHA256("", "") as in many places, for example the Wikipedia article on HMAC.
  const OpenSslSymmetric symmetric;
  EXPECT_EQ(to_hex(symmetric.prf(PrfId::HmacSha256, {}, {}).view()),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(OpenSslSymmetric, Sha1MatchesItsPublishedExamples) {
  const OpenSslSymmetric symmetric;
  const auto cases = read_vectors("sha1.vec");
  EXPECT_EQ(cases.size(), 3u);
  for (const VectorCase& test : cases) {
    EXPECT_EQ(to_hex(symmetric.sha1({test.bytes("message")})), to_hex(test.bytes("digest")));
  }
}

}  // namespace
}  // namespace twinspan::ike
