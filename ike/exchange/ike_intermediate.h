// IKE_INTERMEDIATE between IKE_SA_INIT and IKE_AUTH, both roles (RFC 9242): one additional key
// exchange each, in the agreed order (RFC 9370 2.2.2).
//
// Every exchange renews all keys. Its request and its answer stand under the keys before it, and
// count into IntAuth under the SK_pi and SK_pr of those (RFC 9242 3.3.2). How many there are and
// when IKE_AUTH may come is for the states to say: IntermediateSent and IntermediateDue.
#pragma once

#include "ike/core/fragments.h"

namespace twinspan::ike {

// The IntAuth of AUTH: empty when there was no IKE_INTERMEDIATE.
Bytes int_auth(const IkeSa& sa);

// --- Initiator ---
// The next exchange that was agreed; after the last one IKE_AUTH.
void start_ike_intermediate(Context& context, IkeSa& sa);
void complete_ike_intermediate(Context& context, IkeSa& sa, const IntermediateExchange& own,
                               const Arrival& response, const std::vector<Payload>& payloads);

// --- Responder ---
std::vector<Payload> answer_ike_intermediate(Context& context, IkeSa& sa, const Arrival& request,
                                             const std::vector<Payload>& payloads);
// The answer has been sealed and sent: it counts, and IkeSa::next_keys become the keys.
void conclude_ike_intermediate(Context& context, IkeSa& sa, const std::vector<Payload>& answer);

}  // namespace twinspan::ike
