// AUTH with a post-quantum pre-shared key (RFC 8784 3): what IKE_AUTH carries beside it, and which
// proof counts. Without one, exactly what authentication.h does.
#pragma once

#include "ike/exchange/authentication.h"

namespace twinspan::ike {

// Initiator: AUTH under the mixed keys with PPK_IDENTITY, and where the PPK is optional a
// NO_PPK_AUTH under the others. Afterwards the SA's keys are the mixed ones, until settle_ppk().
Result<std::vector<Payload>, Diagnosis> prove_with_ppk(Context& context, IkeSa& sa,
                                                       const IdPayload& id);

// Responder: whether the peer is `id`. nullopt: verified, and sa.ppk.is_in_use says by which proof.
std::optional<Diagnosis> refute_with_ppk(Context& context, IkeSa& sa, const IdPayload& id,
                                         const std::vector<Payload>& payloads);

}  // namespace twinspan::ike
