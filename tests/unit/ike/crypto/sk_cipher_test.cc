#include "ike/crypto/sk_cipher.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

// A suite with keys of its own; `view` is what the functions take.
struct Suite {
  std::string name;
  Encryption encryption;
  IntegrityId integrity = IntegrityId::None;
  Bytes key;
  Bytes integrity_key;

  SkKeys view() const { return {encryption, integrity, key, integrity_key}; }
  bool is_aead() const { return integrity == IntegrityId::None; }
};

Bytes counted(size_t size, uint8_t start) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(start + i);
  return bytes;
}

std::vector<Suite> all_suites() {
  std::vector<Suite> suites;
  for (const EncryptionProperties& cipher : all_encryptions()) {
    Suite suite{.name = cipher.name,
                .encryption = cipher.encryption,
                .key = counted(size_t{cipher.key_size} + cipher.salt_size, 1)};
    if (cipher.is_aead()) {
      suites.push_back(suite);
      continue;
    }
    for (const IntegrityProperties& integrity : all_integrities()) {
      suite.name = std::string(cipher.name) + " " + integrity.name;
      suite.integrity = integrity.id;
      suite.integrity_key = counted(integrity.key_size, 101);
      suites.push_back(suite);
    }
  }
  return suites;
}

class SkCipher : public testing::Test {
 protected:
  Bytes seal(const Suite& suite, uint64_t counter, ByteView prefix, ByteView plaintext) {
    return seal_sk(*provider_, suite.view(), counter, prefix, plaintext);
  }
  std::optional<Bytes> open(const Suite& suite, ByteView prefix, ByteView body) {
    return open_sk(*provider_, suite.view(), prefix, body);
  }

  // Encrypts `padded` (block-aligned, its last byte the pad length) with valid protection.
  Bytes seal_padded(const Suite& suite, ByteView prefix, ByteView padded) {
    Bytes body = counted(find_encryption(suite.encryption)->iv_size, 7);
    const Bytes ciphertext = provider_->encrypt(suite.encryption, suite.key, body, prefix, padded);
    body.insert(body.end(), ciphertext.begin(), ciphertext.end());
    if (!suite.is_aead()) {
      const Bytes icv = provider_->hmac(suite.integrity, suite.integrity_key, {prefix, body});
      body.insert(body.end(), icv.begin(), icv.end());
    }
    return body;
  }

  std::unique_ptr<Provider> provider_ = make_system_provider();
  const Bytes prefix_ = counted(32, 200);
};

TEST_F(SkCipher, OpensTheMessageOfRfc7634AppendixB) {
  for (const VectorCase& test : read_vectors("chacha20_poly1305.vec")) {
    if (test.name() != "RFC 7634 B") continue;
    const Bytes nonce = test.bytes("iv");
    Suite suite{.name = test.name(),
                .encryption = {EncryptionId::ChaCha20Poly1305, 256},
                .key = test.bytes("key")};
    suite.key.insert(suite.key.end(), nonce.begin(), nonce.begin() + 4);
    Bytes body(nonce.begin() + 4, nonce.end());
    for (const char* field : {"ciphertext", "tag"}) {
      const Bytes part = test.bytes(field);
      body.insert(body.end(), part.begin(), part.end());
    }
    const Bytes prefix = test.bytes("aad");
    const auto payloads = open(suite, prefix, body);
    ASSERT_TRUE(payloads);
    EXPECT_EQ(to_hex(*payloads),
              "0000000c0000400100"
              "00000a");
    EXPECT_EQ(to_hex(seal(suite, load_be64(nonce.data() + 4), prefix, *payloads)), to_hex(body));
    return;
  }
  FAIL() << "the vector is missing";
}

TEST_F(SkCipher, OpensMessagesOfAnotherImplementationWithPaddingOfItsOwn) {
  size_t opened = 0;
  for (const VectorCase& test : read_vectors("ike_keys.vec")) {
    if (!test.has("sk_body")) continue;
    SCOPED_TRACE(test.name());
    const Suite suite{.name = test.name(),
                      .encryption = {static_cast<EncryptionId>(test.number("encryption")),
                                     static_cast<uint16_t>(test.number("key_bits"))},
                      .integrity = static_cast<IntegrityId>(test.number("integrity")),
                      .key = test.bytes("ei"),
                      .integrity_key = test.bytes("ai")};
    const auto plaintext = open(suite, test.bytes("sk_prefix"), test.bytes("sk_body"));
    ASSERT_TRUE(plaintext);
    EXPECT_EQ(to_hex(*plaintext), to_hex(test.bytes("sk_plaintext")));
    ++opened;
  }
  EXPECT_EQ(opened, 8u);
}

TEST_F(SkCipher, EveryLengthComesBackAndHasTheAnnouncedSize) {
  for (const Suite& suite : all_suites()) {
    SCOPED_TRACE(suite.name);
    const EncryptionProperties& cipher = *find_encryption(suite.encryption);
    for (size_t size = 0; size <= 65; ++size) {
      const Bytes plaintext = counted(size, 3);
      const Bytes body = seal(suite, size, prefix_, plaintext);
      EXPECT_EQ(body.size(), sk_body_size(suite.view(), size));
      if (suite.is_aead()) {
        EXPECT_EQ(body.size(), 8 + size + 1 + 16);  // RFC 5282 3: no padding, one length octet.
      } else {
        const size_t icv = find_integrity(suite.integrity)->icv_size;
        EXPECT_EQ((body.size() - icv) % cipher.block_size, 0u);
        EXPECT_LT(body.size() - icv - 16 - size, 17u);  // At most one block of padding.
      }
      const auto opened = open(suite, prefix_, body);
      ASSERT_TRUE(opened);
      EXPECT_EQ(*opened, plaintext);
    }
  }
}

TEST_F(SkCipher, AnAeadsIvIsTheCounter) {
  for (const Suite& suite : all_suites()) {
    if (!suite.is_aead()) continue;
    for (const uint64_t counter :
         {uint64_t{0}, uint64_t{1}, uint64_t{0x0102030405060708}, ~uint64_t{0}}) {
      const Bytes body = seal(suite, counter, prefix_, counted(5, 0));
      EXPECT_EQ(load_be64(body.data()), counter) << suite.name;
    }
  }
}

TEST_F(SkCipher, ACbcIvIsNeverTheSame) {
  for (const Suite& suite : all_suites()) {
    if (suite.is_aead()) continue;
    std::set<Bytes> ivs;
    for (int i = 0; i < 50; ++i) {
      const Bytes body = seal(suite, 1, prefix_, counted(5, 0));
      ivs.emplace(body.begin(), body.begin() + 16);
    }
    EXPECT_EQ(ivs.size(), 50u) << suite.name;
  }
}

TEST_F(SkCipher, AnyFlippedBitIsRefused) {
  for (const Suite& suite : all_suites()) {
    SCOPED_TRACE(suite.name);
    const Bytes body = seal(suite, 9, prefix_, counted(21, 0));
    for (size_t bit = 0; bit < body.size() * 8; ++bit) {
      Bytes flipped = body;
      flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      EXPECT_FALSE(open(suite, prefix_, flipped)) << "body bit " << bit;
    }
    for (size_t bit = 0; bit < prefix_.size() * 8; ++bit) {
      Bytes flipped = prefix_;
      flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      EXPECT_FALSE(open(suite, flipped, body)) << "prefix bit " << bit;
    }
  }
}

TEST_F(SkCipher, EveryShortOrLongBodyIsRefused) {
  for (const Suite& suite : all_suites()) {
    SCOPED_TRACE(suite.name);
    Bytes body = seal(suite, 9, prefix_, counted(40, 0));
    for (size_t size = 0; size < body.size(); ++size) {
      EXPECT_FALSE(open(suite, prefix_, ByteView(body).first(size))) << size;
      EXPECT_FALSE(open(suite, prefix_, ByteView(body).subspan(body.size() - size))) << size;
      EXPECT_FALSE(open(suite, prefix_, Bytes(size))) << size;
    }
    for (int extra = 0; extra < 33; ++extra) {
      body.push_back(0);
      EXPECT_FALSE(open(suite, prefix_, body)) << extra;
    }
  }
}

TEST_F(SkCipher, BytesMovedBetweenPrefixAndBodyAreRefused) {
  // The ICV of CBC covers prefix | body as one string, so only the lengths inside tell them apart.
  for (const Suite& suite : all_suites()) {
    const Bytes body = seal(suite, 9, prefix_, counted(40, 0));
    Bytes longer = prefix_;
    longer.insert(longer.end(), body.begin(), body.begin() + 16);
    const auto opened = open(suite, longer, ByteView(body).subspan(16));
    if (suite.is_aead()) {
      EXPECT_FALSE(opened) << suite.name;
    } else {
      EXPECT_NE(opened, counted(40, 0)) << suite.name;
    }
  }
}

TEST_F(SkCipher, AuthenticPaddingMustFitIntoThePlaintext) {
  for (const Suite& suite : all_suites()) {
    SCOPED_TRACE(suite.name);
    Bytes padded = counted(32, 50);
    for (int pad = 0; pad < 256; ++pad) {
      padded.back() = static_cast<uint8_t>(pad);
      const auto opened = open(suite, prefix_, seal_padded(suite, prefix_, padded));
      ASSERT_EQ(opened.has_value(), pad <= 31) << pad;
      if (opened) {
        EXPECT_EQ(opened->size(), 31 - static_cast<size_t>(pad));
      }
    }
  }
}

TEST_F(SkCipher, AnAuthenticBodyWithoutAPadLengthIsRefused) {
  for (const Suite& suite : all_suites()) {
    EXPECT_FALSE(open(suite, prefix_, seal_padded(suite, prefix_, {}))) << suite.name;
  }
}

TEST_F(SkCipher, AnAuthenticBodyOfBrokenBlocksIsRefused) {
  for (const Suite& suite : all_suites()) {
    if (suite.is_aead()) continue;
    for (size_t size = 17; size < 32; ++size) {
      Bytes body = counted(16 + size, 1);
      const Bytes icv = provider_->hmac(suite.integrity, suite.integrity_key, {prefix_, body});
      body.insert(body.end(), icv.begin(), icv.end());
      EXPECT_FALSE(open(suite, prefix_, body)) << suite.name << " " << size;
    }
  }
}

// The system provider, counting what is asked of it.
class CountingProvider final : public Provider {
 public:
  void fill(ByteSpan out) override { real_->fill(out); }
  std::unique_ptr<DhExchange> make_dh(DhGroupId group) override { return real_->make_dh(group); }
  SecretBytes prf(PrfId id, ByteView key, std::initializer_list<ByteView> parts) override {
    return real_->prf(id, key, parts);
  }
  Bytes hmac(IntegrityId id, ByteView key, std::initializer_list<ByteView> parts) override {
    ++hmacs;
    return real_->hmac(id, key, parts);
  }
  Bytes sha1(std::initializer_list<ByteView> parts) override { return real_->sha1(parts); }
  Bytes encrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                ByteView plaintext) override {
    return real_->encrypt(encryption, key, iv, aad, plaintext);
  }
  std::optional<Bytes> decrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                               ByteView ciphertext) override {
    ++decrypts;
    return real_->decrypt(encryption, key, iv, aad, ciphertext);
  }

  int hmacs = 0;
  int decrypts = 0;

 private:
  std::unique_ptr<Provider> real_ = make_system_provider();
};

TEST_F(SkCipher, AForgedCbcBodyIsNeverDecrypted) {
  for (const Suite& suite : all_suites()) {
    if (suite.is_aead()) continue;
    Bytes body = seal(suite, 9, prefix_, counted(40, 0));
    CountingProvider provider;
    ASSERT_TRUE(open_sk(provider, suite.view(), prefix_, body));
    EXPECT_EQ(provider.decrypts, 1) << suite.name;
    body.back() ^= 1;
    EXPECT_FALSE(open_sk(provider, suite.view(), prefix_, body));
    EXPECT_EQ(provider.decrypts, 1) << suite.name;
    EXPECT_EQ(provider.hmacs, 2) << suite.name;
  }
}

TEST_F(SkCipher, AnImpossibleLayoutCostsNoCryptography) {
  for (const Suite& suite : all_suites()) {
    const size_t least = sk_body_size(suite.view(), 0);
    CountingProvider provider;
    for (size_t size = 0; size < least; ++size) {
      EXPECT_FALSE(open_sk(provider, suite.view(), prefix_, Bytes(size)));
    }
    for (size_t size = least + 1; !suite.is_aead() && size < least + 16; ++size) {
      EXPECT_FALSE(open_sk(provider, suite.view(), prefix_, Bytes(size)));
    }
    EXPECT_EQ(provider.hmacs + provider.decrypts, 0) << suite.name;
  }
}

TEST_F(SkCipher, OtherKeysDoNotOpen) {
  for (const Suite& suite : all_suites()) {
    const Bytes body = seal(suite, 9, prefix_, counted(40, 0));
    Suite other = suite;
    (suite.is_aead() ? other.key : other.integrity_key).front() ^= 1;
    EXPECT_FALSE(open(other, prefix_, body)) << suite.name;
    if (!suite.is_aead()) continue;
    other = suite;
    other.key.back() ^= 1;  // The salt.
    EXPECT_FALSE(open(other, prefix_, body)) << suite.name;
  }
}

}  // namespace
}  // namespace twinspan::ike
