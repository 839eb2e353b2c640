// Keys that sign AUTH and keys that verify it (RFC 7427, RFC 8420): opaque handles, made from bytes
// that somebody else has read.
//
// Immutable and shared; the library behind them stands in provider_openssl_signature.cc. SHA-1 is
// neither announced nor made nor accepted. Thread: control.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace twinspan::ike {

// What SIGNATURE_HASH_ALGORITHMS names (RFC 7427 4, RFC 8420 2). Identity is Ed25519's.
enum class SignatureHash : uint16_t { Sha256 = 2, Sha384 = 3, Sha512 = 4, Identity = 5 };
inline constexpr SignatureHash kSignatureHashes[] = {
    SignatureHash::Sha256, SignatureHash::Sha384, SignatureHash::Sha512, SignatureHash::Identity};

inline constexpr int kRsaBitsMin = 2048;
inline constexpr int kRsaBitsMax = 8192;  // Of a peer's key: verifying costs time.

enum class SignatureVerdict : uint8_t {
  Verified,
  Malformed,         // No AlgorithmIdentifier, or bytes behind it that cannot be a signature.
  UnknownAlgorithm,  // None of ours; SHA-1 is none.
  OtherKey,          // Of another kind than the key at hand.
  Wrong,             // Other octets, or made with another key.
};

class PublicKey {
 public:
  virtual ~PublicKey() = default;
  virtual const std::string& kind() const = 0;  // "RSA 3072", "ECDSA P-256", "Ed25519"
  virtual const Bytes& info() const = 0;  // SubjectPublicKeyInfo in DER: what RFC 7670 carries.
  // Whether `value`, the data of an AUTH payload of method 14 (RFC 7427 3), signs `octets`:
  // RSASSA-PSS or RSASSA-PKCS1-v1_5, ECDSA, each with SHA-2, or Ed25519.
  virtual SignatureVerdict verify(ByteView value, ByteView octets) const = 0;
};

class PrivateKey {
 public:
  virtual ~PrivateKey() = default;
  virtual const PublicKey& public_key() const = 0;
  // The data of an AUTH payload of method 14, with the best hash for this key that the peer names:
  // RSASSA-PSS, ECDSA or Ed25519. nullopt: it names none that this key can use.
  virtual std::optional<Bytes> sign(std::span<const SignatureHash> peer_hashes,
                                    ByteView octets) const = 0;
};

// From the bytes of a file, PEM or DER. The error says what is wrong with them, in words that go
// behind a file's name. Admitted: RSA of kRsaBitsMin to kRsaBitsMax with an exponent of at least
// 65537, ECDSA on P-256, P-384 or P-521, Ed25519. A key under a passphrase is refused.
Result<std::shared_ptr<const PrivateKey>, std::string> load_private_key(ByteView file);
Result<std::shared_ptr<const PublicKey>, std::string> load_public_key(ByteView file);

}  // namespace twinspan::ike
