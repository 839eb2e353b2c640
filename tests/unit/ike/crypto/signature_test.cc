#include "ike/crypto/signature.h"

#include <gtest/gtest.h>

#include "tests/support/test_pki.h"
#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

const Bytes kOctets(300, 0x5a);

std::shared_ptr<const PublicKey> key_of(const Bytes& info) {
  auto key = load_public_key(info);
  EXPECT_TRUE(key.has_value()) << (key ? "" : key.error());
  return key.value_or(nullptr);
}

bool is_weak(const VectorCase& test) {
  return test.name().find("sha1") != std::string::npos;
}

TEST(Signature, AcceptsWhatPythonCalculatedAndNeverSha1) {
  for (const VectorCase& test : read_vectors("ike_signatures.vec")) {
    const auto key = key_of(test.bytes("key"));
    EXPECT_EQ(key->verify(test.bytes("value"), test.bytes("octets")),
              is_weak(test) ? SignatureVerdict::UnknownAlgorithm : SignatureVerdict::Verified)
        << test.name();
    EXPECT_EQ(key->info(), test.bytes("key"));
  }
}

TEST(Signature, AnyOtherOctetIsRefused) {
  for (const VectorCase& test : read_vectors("ike_signatures.vec")) {
    if (is_weak(test)) continue;
    const auto key = key_of(test.bytes("key"));
    Bytes octets = test.bytes("octets");
    octets.back() ^= 1;
    EXPECT_EQ(key->verify(test.bytes("value"), octets), SignatureVerdict::Wrong) << test.name();
    EXPECT_EQ(key->verify(test.bytes("value"), {}), SignatureVerdict::Wrong) << test.name();
  }
}

TEST(Signature, NoFlippedBitVerifies) {
  for (const VectorCase& test : read_vectors("ike_signatures.vec")) {
    if (is_weak(test)) continue;
    const auto key = key_of(test.bytes("key"));
    const Bytes value = test.bytes("value");
    for (size_t i = 0; i < value.size(); ++i) {
      Bytes changed = value;
      changed[i] ^= static_cast<uint8_t>(1 << (i % 8));
      EXPECT_NE(key->verify(changed, test.bytes("octets")), SignatureVerdict::Verified)
          << test.name() << " byte " << i;
    }
  }
}

TEST(Signature, NothingShorterOrLongerVerifies) {
  for (const VectorCase& test : read_vectors("ike_signatures.vec")) {
    if (is_weak(test)) continue;
    const auto key = key_of(test.bytes("key"));
    Bytes value = test.bytes("value");
    value.push_back(0);
    EXPECT_EQ(key->verify(value, test.bytes("octets")), SignatureVerdict::Wrong) << test.name();
    value.pop_back();
    while (!value.empty()) {
      value.resize(value.size() * 3 / 4);
      EXPECT_NE(key->verify(value, test.bytes("octets")), SignatureVerdict::Verified);
    }
    EXPECT_EQ(key->verify({}, test.bytes("octets")), SignatureVerdict::Malformed);
  }
}

TEST(Signature, AKeyOfAnotherKindIsNoneOfThem) {
  const TestIdentity rsa({.key = TestKey::Rsa2048}), ecdsa({.key = TestKey::P256}), edwards({});
  const std::vector<const TestIdentity*> all = {&rsa, &ecdsa, &edwards};
  for (const auto* signer : all) {
    const auto value = private_key(*signer)->sign(kSignatureHashes, kOctets);
    for (const auto* verifier : all) {
      EXPECT_EQ(public_key(*verifier)->verify(*value, kOctets),
                signer == verifier ? SignatureVerdict::Verified : SignatureVerdict::OtherKey);
    }
  }
}

TEST(Signature, AnotherKeyOfTheSameKindDoesNotVerify) {
  for (const TestKey kind : kAdmittedKeys) {
    const TestIdentity own({.key = kind}), other({.key = kind});
    const auto value = private_key(own)->sign(kSignatureHashes, kOctets);
    EXPECT_EQ(public_key(own)->verify(*value, kOctets), SignatureVerdict::Verified);
    EXPECT_EQ(public_key(other)->verify(*value, kOctets), SignatureVerdict::Wrong);
  }
}

// RFC 7427 A.3 and A.4, RFC 8420 A.
TEST(Signature, WritesTheIdentifiersThatTheRfcPrints) {
  const auto vectors = read_vectors("ike_signatures.vec");
  const auto identifier = [&](std::string_view name) {
    for (const VectorCase& test : vectors)
      if (test.name() == name) return test.bytes("identifier");
    return Bytes{};
  };
  struct Row {
    TestKey key;
    SignatureHash hash;
    const char* expected;
  };
  for (const Row& row : {Row{TestKey::Rsa2048, SignatureHash::Sha256, "RSA 2048, PSS, sha256"},
                         Row{TestKey::Rsa2048, SignatureHash::Sha384, "RSA 2048, PSS, sha384"},
                         Row{TestKey::Rsa2048, SignatureHash::Sha512, "RSA 2048, PSS, sha512"},
                         Row{TestKey::P256, SignatureHash::Sha256, "ECDSA P-256, sha256"},
                         Row{TestKey::P256, SignatureHash::Sha384, "ECDSA P-256, sha384"},
                         Row{TestKey::P521, SignatureHash::Sha512, "ECDSA P-521, sha512"},
                         Row{TestKey::Ed25519, SignatureHash::Identity, "Ed25519"}}) {
    const TestIdentity own({.key = row.key});
    const SignatureHash hashes[] = {row.hash};
    const auto value = private_key(own)->sign(hashes, kOctets);
    ASSERT_TRUE(value) << row.expected;
    const Bytes expected = identifier(row.expected);
    ASSERT_FALSE(expected.empty()) << row.expected;
    EXPECT_EQ((*value)[0], expected.size());
    EXPECT_EQ(Bytes(value->begin() + 1, value->begin() + 1 + (*value)[0]), expected);
    EXPECT_EQ(public_key(own)->verify(*value, kOctets), SignatureVerdict::Verified);
  }
}

TEST(Signature, TakesTheHashAsLongAsTheKeyWherePossible) {
  const auto chosen = [](TestKey kind, std::vector<SignatureHash> hashes) {
    const TestIdentity own({.key = kind});
    const auto value = private_key(own)->sign(hashes, kOctets);
    return value ? (*value)[1 + value->at(2) + 1] : 0;
  };
  const std::vector<SignatureHash> all(std::begin(kSignatureHashes), std::end(kSignatureHashes));
  // The last byte of the object identifier of ecdsa-with-SHA2.
  EXPECT_EQ(chosen(TestKey::P256, all), 2);
  EXPECT_EQ(chosen(TestKey::P384, all), 3);
  EXPECT_EQ(chosen(TestKey::P521, all), 4);
  EXPECT_EQ(chosen(TestKey::P521, {SignatureHash::Sha256}), 2);
}

TEST(Signature, WithoutACommonHashThereIsNone) {
  const TestIdentity rsa({.key = TestKey::Rsa2048}), edwards({});
  const SignatureHash identity[] = {SignatureHash::Identity};
  const SignatureHash sha2[] = {SignatureHash::Sha256, SignatureHash::Sha512};
  EXPECT_FALSE(private_key(rsa)->sign({}, kOctets));
  EXPECT_FALSE(private_key(rsa)->sign(identity, kOctets));
  EXPECT_FALSE(private_key(edwards)->sign(sha2, kOctets));
  EXPECT_TRUE(private_key(edwards)->sign(identity, kOctets));
}

std::string refusal(const Result<std::shared_ptr<const PrivateKey>, std::string>& loaded) {
  return loaded ? "accepted" : loaded.error();
}

TEST(PrivateKeyFile, SaysWhatIsWrongWithIt) {
  const TestIdentity own({});
  const auto load = [](const std::string& text) {
    return refusal(load_private_key(as_bytes(text)));
  };
  EXPECT_EQ(load(own.key()), "accepted");
  EXPECT_NE(load("").find("no private key"), std::string::npos);
  EXPECT_NE(load("correct horse").find("no private key"), std::string::npos);
  EXPECT_NE(load(own.certificate()).find("no private key"), std::string::npos);
  EXPECT_NE(load(own.public_key()).find("no private key"), std::string::npos);
  EXPECT_NE(load(own.locked_key("secret")).find("under a passphrase"), std::string::npos);
  EXPECT_NE(load(TestIdentity({.key = TestKey::Rsa1024}).key()).find("1024 bits"),
            std::string::npos);
  EXPECT_NE(load(TestIdentity({.key = TestKey::Ed448}).key()).find("ED448"), std::string::npos);
  std::string cut = own.key();
  cut.erase(60, 10);
  EXPECT_NE(load(cut), "accepted");
}

TEST(PublicKeyFile, SaysWhatIsWrongWithIt) {
  const TestIdentity own({});
  const auto load = [](const std::string& text) {
    const auto key = load_public_key(as_bytes(text));
    return key ? (*key)->kind() : key.error();
  };
  EXPECT_EQ(load(own.public_key()), "Ed25519");
  EXPECT_EQ(load(TestIdentity({.key = TestKey::P384}).public_key()), "ECDSA P-384");
  EXPECT_EQ(load(TestIdentity({.key = TestKey::Rsa2048}).public_key()), "RSA 2048");
  EXPECT_NE(load("").find("no public key"), std::string::npos);
  EXPECT_NE(load(own.key()).find("no public key"), std::string::npos);
  EXPECT_NE(load(TestIdentity({.key = TestKey::Rsa1024}).public_key()).find("1024 bits"),
            std::string::npos);
}

TEST(PublicKeyFile, AnExponentBelow65537IsNotAdmitted) {
  // RSA 2048 with e = 3: the vector's key with another exponent.
  Bytes info;
  for (const VectorCase& test : read_vectors("ike_signatures.vec"))
    if (test.name() == "RSA 2048, PSS, sha256") info = test.bytes("key");
  ASSERT_EQ(Bytes(info.end() - 5, info.end()), (Bytes{0x02, 0x03, 0x01, 0x00, 0x01}));
  info[info.size() - 3] = 0x00;
  info[info.size() - 2] = 0x80;
  info[info.size() - 1] = 0x03;
  const auto key = load_public_key(info);
  ASSERT_FALSE(key);
  EXPECT_NE(key.error().find("65537"), std::string::npos);
}

}  // namespace
}  // namespace twinspan::ike
