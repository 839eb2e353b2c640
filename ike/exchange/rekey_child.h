// CREATE_CHILD_SA with REKEY_SA: replacing one Child SA (RFC 7296 1.3.3, 2.8, 2.8.1, 2.25.1).
//
//   initiator: request ... answer: install new (send on it), old outbound goes, DELETE old
//   responder: install new (receive only); on proof send on it, old outbound goes; old goes by
//   DELETE
// When both ask at once, each side sees all four nonces and the exchange with the lowest one loses.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// A negotiated replacement that is not installed yet.
struct Replacement {
  ChildSa child;
  ChildKeys keys;
  ExchangeNonces nonces;
};

// --- Initiator ---
// What is offered for a child that shall be as `old`: its algorithms first.
std::vector<EspProposal> renewal_offer(const IkeSa& sa, const ChildSa& old);
void start_rekey_child(Context& context, IkeSa& sa, const Task& task);
void finish_rekey(Context& context, IkeSa& sa, const ChildExchange& own, Replacement replacement);
void rekey_child_failed(Context& context, IkeSa& sa, const ChildExchange& own,
                        const Diagnosis& why);
// Ours came to nothing, but the peer's crossing one made a child: true, and that is the outcome.
bool settle_for_crossing(Context& context, IkeSa& sa, const ChildExchange& own);

// --- Responder ---
std::vector<Payload> answer_rekey_child(Context& context, IkeSa& sa, const NotifyPayload& rekey,
                                        const std::vector<Payload>& payloads);
void accept_rekey(Context& context, IkeSa& sa, ChildId old, Replacement replacement);
// The peer repeats its request: it has not seen our answer, so it cannot receive on the new SA yet.
void defer_activation(Context& context, IkeSa& sa);

}  // namespace twinspan::ike
