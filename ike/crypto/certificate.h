// Certificates of IKE peers (RFC 5280, RFC 4945): who may be believed, and who somebody is.
//
// Everything is judged from bytes at hand at a time that is given: no clock, no file, and no
// address inside of a certificate is ever fetched. OpenSSL builds and verifies the chain
// (provider_openssl_x509.cc). Handles are immutable and shared. Thread: control.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "ike/crypto/signature.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

inline constexpr size_t kCertificatesMax = 8;  // Of one message, or of one file.
inline constexpr size_t kCertificateSizeMax = 16384;
inline constexpr int kIntermediatesMax = 4;    // Between the peer's certificate and our CA.
inline constexpr size_t kAuthoritiesMax = 32;  // CAs that one connection trusts.
inline constexpr size_t kAuthorityHashSize = 20;

// From when to when something of ours or the peer's holds.
struct Validity {
  std::string what;  // "certificate CN=gw-a", "CA CN=Root", "CRL of CN=Root"
  WallTime not_before{}, not_after{};
  bool is_revocation_list = false;
};

class Certificate {
 public:
  virtual ~Certificate() = default;
  virtual const PublicKey& key() const = 0;
  virtual const std::string& subject() const = 0;      // RFC 4514, printable.
  virtual const std::string& common_name() const = 0;  // The last one, printable; empty: none.
  virtual const Validity& validity() const = 0;
  // Whether it speaks for this identity: one of its subjectAltNames (dNSName, rfc822Name,
  // iPAddress; RFC 4945 3.1), without wildcards, or its subject itself (ID_DER_ASN1_DN). Never for
  // an empty one.
  virtual bool names(IdType type, ByteView value) const = 0;
  virtual std::string names_text() const = 0;  // "gw-b.example.net, 192.0.2.2", for people.
};

// Why a certificate is not believed.
struct CertificateFault {
  enum class Kind : uint8_t {
    Malformed,        // None, too many, too large, or no certificate at all.
    UntrustedIssuer,  // No CA of ours stands above it.
    Expired,
    NotYetValid,
    Revoked,
    RevocationUnknown,  // No CRL of an issuer, or one that is out of date.
    Unfit,  // Not made for this: extensions, CA flag, length of the chain, weak algorithms.
  };
  Kind kind{};
  std::string detail;  // Names the certificate and the date or issuer at fault.
};

// What stands above the certificates that a peer may bring.
class TrustStore {
 public:
  virtual ~TrustStore() = default;
  // What CERTREQ lists: the SHA-1 of each CA's SubjectPublicKeyInfo, one after the other (3.7).
  virtual const Bytes& authorities() const = 0;
  virtual const std::vector<Validity>& validities() const = 0;  // Of its CAs and CRLs.
  // The certificate of a peer, `chain.front()`, with what it sent to be put above it, at `now`. Its
  // key has not been proven yet, nor whom it names. Where the store has CRLs, each CA of the chain
  // needs one that is current.
  virtual Result<std::unique_ptr<const Certificate>, CertificateFault> check(
      const std::vector<ByteView>& chain, WallTime now) const = 0;
};

// Our own key and the certificate for it.
struct OwnCertificate {
  std::shared_ptr<const PrivateKey> key;
  std::shared_ptr<const Certificate> leaf;
  std::vector<Bytes> chain;  // DER, the leaf first, then what stands between it and the root.
  std::vector<Validity> validities;  // In the same order.
};

// From the bytes of files, PEM or (one object) DER. The error says what is wrong, in words that go
// behind the file's name. A chain begins with the certificate of `key`; self-signed certificates
// behind it are left out, since the peer has its own.
Result<std::shared_ptr<const OwnCertificate>, std::string> load_own_certificate(
    ByteView file, std::shared_ptr<const PrivateKey> key);

// CAs and CRLs of one trust store, gathered file by file.
class TrustStoreLoader {
 public:
  virtual ~TrustStoreLoader() = default;
  virtual Result<void, std::string> add_authorities(ByteView file) = 0;
  virtual Result<void, std::string> add_revocations(ByteView file) = 0;
  // The error: no self-signed CA among what was added.
  virtual Result<std::shared_ptr<const TrustStore>, std::string> finish() = 0;
};
std::unique_ptr<TrustStoreLoader> make_trust_store_loader();

}  // namespace twinspan::ike
