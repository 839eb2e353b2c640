// DELETE of Child SAs and of the IKE SA, both roles and crossing (RFC 7296 1.4.1, 2.25).
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

void start_delete_child(Context& context, IkeSa& sa, Spi inbound_spi);
void complete_delete_child(Context& context, IkeSa& sa, const DeleteChildExchange& own);
// In Deleting. Waits behind a request in flight: the window has room for one.
void start_delete_ike(Context& context, IkeSa& sa);
void complete_delete_ike(Context& context, IkeSa& sa);

// --- Responder: the DELETE payloads of an INFORMATIONAL request ---
// The answer's payloads: our SPIs of the pairs that go.
std::vector<Payload> answer_delete_children(Context& context, IkeSa& sa,
                                            const std::vector<Spi>& spis);
void answer_delete_ike(Context& context, IkeSa& sa, const Diagnosis& why);

}  // namespace twinspan::ike
