// How the two sides of a connection prove who they are (RFC 7296 2.15, RFC 7427), as a value.
//
// Both sides use the same kind. ike/exchange/authentication.cc is the only place that looks inside.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/secret.h"
#include "base/time.h"
#include "ike/crypto/certificate.h"

namespace twinspan::ike {

// A key that was replaced, for as long as the peer may still have it alone.
struct PreviousPsk {
  std::shared_ptr<const SecretBytes> secret;
  Instant until{};
};

struct PskAuthentication {
  std::shared_ptr<const SecretBytes> secret;
  // Accepted from the peer as well; ours only when the peer does not take the other one.
  std::optional<PreviousPsk> previous{};
  Duration
      overlap{};  // For how long the one that a later CommandSetCredentials replaces is `previous`.
};

// Of X.509, bound to the identities by their subjectAltNames.
struct CertificateAuthentication {
  std::shared_ptr<const OwnCertificate> own;
  std::shared_ptr<const TrustStore> trusted;
  std::string peer_common_name;  // What the subject of the peer's must end in; empty: anything.
};

// Keys without certificates (RFC 7670): each side has the other's on its disk, and that binds it to
// the identity.
struct RawKeyAuthentication {
  std::shared_ptr<const PrivateKey> own;
  std::shared_ptr<const PublicKey> peer;
};

using Authentication =
    std::variant<PskAuthentication, CertificateAuthentication, RawKeyAuthentication>;

// What a peer has proven itself by.
enum class ProofKind : uint8_t { None, Psk, PreviousPsk, Certificate, RawPublicKey };
const char* to_string(ProofKind kind);

struct PeerProof {
  ProofKind kind = ProofKind::None;
  std::optional<Validity> certificate;  // The peer's, where it was one.
};

}  // namespace twinspan::ike
