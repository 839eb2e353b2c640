// AUTH by a digital signature (RFC 7427, RFC 8420), with certificates or raw public keys, and the
// payloads around it. authentication.h decides when; which octets are signed is decided there too.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// --- IKE_SA_INIT ---

using PeerConfigs = std::vector<std::shared_ptr<const PeerConfig>>;

// Our SIGNATURE_HASH_ALGORITHMS, where one of `peers` signs; else nothing.
std::vector<Payload> hash_notifies(const PeerConfigs& peers);
// What the peer's says, as far as we know the numbers; empty without one.
std::vector<SignatureHash> read_hash_notify(const std::vector<Payload>& payloads);
// CERTREQ for the CAs of `peers` (RFC 7296 3.7), and one for raw public keys (RFC 7670).
std::vector<Payload> certificate_requests(const PeerConfigs& peers);
// Whether the peer wants to see our raw public key.
bool asks_for_raw_key(const std::vector<Payload>& payloads);

// --- IKE_AUTH ---

// CERTs and AUTH over `octets`.
Result<std::vector<Payload>, Diagnosis> prove_by_certificate(const IkeSa& sa,
                                                             const CertificateAuthentication& own,
                                                             ByteView octets);
Result<std::vector<Payload>, Diagnosis> prove_by_raw_key(const IkeSa& sa,
                                                         const RawKeyAuthentication& own,
                                                         ByteView octets);

// What the peer's AUTH has to answer for.
struct SignedClaim {
  const IdPayload& id;
  const std::vector<Payload>& payloads;
  const Bytes& octets;
};
// Whether its certificate is to be believed, names `claim.id`, and signs.
Result<PeerProof, Diagnosis> verify_certificate(const Context& context, const IkeSa& sa,
                                                const CertificateAuthentication& ours,
                                                const SignedClaim& claim);
Result<PeerProof, Diagnosis> verify_raw_key(const IkeSa& sa, const RawKeyAuthentication& ours,
                                            const SignedClaim& claim);

}  // namespace twinspan::ike
