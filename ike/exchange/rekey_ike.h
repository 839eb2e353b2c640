// CREATE_CHILD_SA that replaces the IKE SA itself (RFC 7296 1.3.2, 2.8.2, 2.18, 2.25.2).
//
// The new SA begins as Candidate beside the old one. Adopting it moves the children over; the side
// whose exchange won then deletes the old SA, and the side whose exchange lost deletes its own new
// one.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

void start_rekey_ike(Context& context, IkeSa& sa, const Task& task);
void complete_rekey_ike(Context& context, IkeSa& sa, RekeyIkeExchange& own,
                        const std::vector<Payload>& payloads);
// Every key exchange of `own` is done: the new SA is made.
void finish_rekey_ike(Context& context, IkeSa& sa, const RekeyIkeExchange& own, Followup& agreed);
// The peer does not go on with `own`: tried again later, or given up.
void handle_rekey_ike_refusal(Context& context, IkeSa& sa, const RekeyIkeExchange& own,
                              const NotifyPayload& error);
// The peer may have moved the children to an SA that we do not have: only a new start helps.
void handle_broken_rekey_ike(Context& context, IkeSa& sa);
std::vector<Payload> answer_rekey_ike(Context& context, IkeSa& sa,
                                      const std::vector<Payload>& payloads);
// As responder: every key exchange is done, the new SA is made.
void accept_rekey_ike(Context& context, IkeSa& sa, const Followup& agreed);
// The peer uses this candidate already, so it has decided: its predecessor's children move over.
void adopt_candidate(Context& context, IkeSa& fresh);
// The old SA ends while our rekey of it is in flight: what the peer's crossing rekey made takes
// over.
bool settle_for_crossing(Context& context, IkeSa& sa, const RekeyIkeExchange& own);

}  // namespace twinspan::ike
