// What OpenSSL 3 does for IKE: MODP and ECP Diffie-Hellman, ML-KEM, PRF and HMAC, SHA-1, AEAD and
// CBC. No OpenSSL type leaves the provider_openssl*.cc files. Control thread only.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>

#include "base/random.h"
#include "ike/crypto/provider.h"

namespace twinspan::ike {

// A key pair of a MODP or ECP group with a fresh private key; nullptr for other groups.
std::unique_ptr<DhExchange> make_openssl_dh(DhGroupId group, RandomSource& random);

// The pair that belongs to a given private key, a big-endian integer. nullptr for other groups, and
// for a key outside 1..p-2 (MODP) or 1..n-1 (ECP).
std::unique_ptr<DhExchange> make_openssl_dh(DhGroupId group, ByteView private_key);

// ML-KEM (FIPS 203), whose key pairs and encapsulations OpenSSL draws by itself. nullptr and
// nullopt for other methods, and where OpenSSL is older than 3.5; nullopt also for a public key of
// the wrong size or form.
std::unique_ptr<DhExchange> make_openssl_kem(DhGroupId kem);
std::optional<AnsweredDh> answer_openssl_kem(DhGroupId kem, ByteView public_key);

// The symmetric algorithms, fetched from OpenSSL once.
class OpenSslSymmetric {
 public:
  OpenSslSymmetric();
  ~OpenSslSymmetric();

  SecretBytes prf(PrfId id, ByteView key, std::initializer_list<ByteView> parts) const;
  Bytes hmac(IntegrityId id, ByteView key, std::initializer_list<ByteView> parts) const;
  Bytes sha1(std::initializer_list<ByteView> parts) const;
  Bytes encrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                ByteView plaintext) const;
  std::optional<Bytes> decrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                               ByteView ciphertext) const;

 private:
  struct Algorithms;
  std::unique_ptr<Algorithms> algorithms_;
};

}  // namespace twinspan::ike
