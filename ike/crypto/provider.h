// Cryptographic primitives for IKE behind one interface, so that the simulator can use cheap ones.
// ike/crypto/README.md says which library does what. Not thread-safe; the control thread owns it.
#pragma once

#include <memory>
#include <optional>

#include "base/algorithm.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/secret.h"

namespace twinspan::ike {

// One ephemeral key pair of a key exchange method: the side that speaks first. The other side
// answers in one step (Provider::answer_dh), so that a method whose answer depends on the first
// value, a KEM, fits as well as Diffie-Hellman does.
class DhExchange {
 public:
  virtual ~DhExchange() = default;
  virtual DhGroupId group() const = 0;
  virtual const Bytes& public_value()
      const = 0;  // KE payload data, exactly the group's public_size.
  // The shared secret g^ir as RFC 7296 2.14 wants it (MODP: padded to the modulus; ECP: x alone,
  // RFC 5903). nullopt: the peer's value has the wrong length or fails the checks of RFC 6989
  // (range, on curve, not the identity; an all-zero X25519 result too, RFC 8031).
  virtual std::optional<SecretBytes> compute(ByteView peer_public_value) = 0;
};

// What the side that answers gets: its KE payload data and the shared secret.
struct AnsweredDh {
  Bytes public_value;
  SecretBytes shared;
};

class Provider : public RandomSource {
 public:
  virtual std::unique_ptr<DhExchange> make_dh(
      DhGroupId group) = 0;  // nullptr: group not supported.
  // nullopt: group not supported, or as DhExchange::compute(). Diffie-Hellman unless overridden.
  virtual std::optional<AnsweredDh> answer_dh(DhGroupId group, ByteView peer_public_value);
  virtual SecretBytes prf(PrfId id, ByteView key, std::initializer_list<ByteView> parts) = 0;
  virtual Bytes hmac(IntegrityId id, ByteView key,
                     std::initializer_list<ByteView> parts) = 0;  // Truncated.
  virtual Bytes sha1(
      std::initializer_list<ByteView> parts) = 0;  // NAT detection only (RFC 7296 2.23).

  // One AEAD or CBC operation of an SK payload; `key` includes the AEAD's salt. AEAD: output is
  // ciphertext | tag. CBC: plaintext length is a multiple of 16, no padding is added.
  virtual Bytes encrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                        ByteView plaintext) = 0;
  virtual std::optional<Bytes> decrypt(Encryption encryption, ByteView key, ByteView iv,
                                       ByteView aad, ByteView ciphertext) = 0;
};

// OpenSSL 3 and libsodium.
std::unique_ptr<Provider> make_system_provider();

}  // namespace twinspan::ike
