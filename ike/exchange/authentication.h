// Who proves what in IKE_AUTH: our own proof, and the check of the peer's (RFC 7296 2.15, RFC
// 7427).
//
// Both are told apart from the exchange around them: ike_auth.cc decides what a verdict does to the
// SA, this file only which octets are covered and whether they verify. Nothing here changes what
// has been agreed.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

IdPayload id_payload(const Identity& identity, bool of_initiator);
Identity identity_of(const IdPayload& id);

// What follows our ID payload `id`: AUTH over it, made as the connection says, and the certificates
// that belong to it. The error says why
// we cannot prove who we are.
Result<std::vector<Payload>, Diagnosis> prove_identity(Context& context, const IkeSa& sa,
                                                       const IdPayload& id);

// Whether the peer is `id`, by its AUTH among `payloads`. nullopt: verified, and sa.proof says how.
std::optional<Diagnosis> refute_identity(Context& context, IkeSa& sa, const IdPayload& id,
                                         const std::vector<Payload>& payloads);

// The pre-shared key was replaced a short while ago, and the peer may have the former one still.
bool has_previous_psk(const Context& context, const IkeSa& sa);

}  // namespace twinspan::ike
