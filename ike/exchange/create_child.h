// CREATE_CHILD_SA for Child SAs, and what IKE_AUTH shares with it (RFC
// 7296 1.3.1, 1.3.3, 2.9, 2.17).
//
// child_terms.h has the decisions; the functions here carry them out. rekey_child.h has what is
// special about replacing a child.
#pragma once

#include "ike/exchange/child_terms.h"

namespace twinspan::ike {

// RFC 7296 2.9: whether the peer, whose answer made `fresh`, would take more than it narrowed to.
bool has_rest(const IkeSa& sa, const ChildSa& fresh, bool more_possible);

// --- Both roles ---
// At least 256, unused, and congruent to tunnel + resource as EndpointOptions::spi_modulus asks.
Spi fresh_inbound_spi(Context& context, TunnelId tunnel, uint16_t resource);
// RFC 9611 4: with the first child for its traffic the peer said whether there may be more.
void note_resource_answer(IkeSa& sa, bool shown);
// `is_initiator`: we initiated the exchange.
ChildSa make_child(Context& context, const IkeSa& sa, const ChildTerms& terms, Spi inbound);
std::vector<Payload> selector_payloads(const TrafficSelectors& of_initiator,
                                       const TrafficSelectors& of_responder);
// Two children for the same traffic, neither of them rekeyed into the other: crossing requests, or
// a peer that asked twice. Both ends know what the two began with and keep the same one.
void resolve_duplicate_children(Context& context, IkeSa& sa, ChildId fresh_id);
// Now, unless the tunnel already sends some of its traffic on another child.
Activation responder_activation(Context& context, const IkeSa& own, const ChildSa& fresh);

// --- Initiator ---
void start_create_child(Context& context, IkeSa& sa, const Task& task);
// Sends the request that `own` describes (its group, offer and selectors are set).
void send_child_request(Context& context, IkeSa& sa, ChildExchange own,
                        std::vector<Payload> leading);
// `own`'s answer, for a new child as for a rekey.
void complete_child(Context& context, IkeSa& sa, ChildExchange& own,
                    const std::vector<Payload>& payloads);
// Every key exchange of `own` is done: the child is made.
void finish_child(Context& context, IkeSa& sa, const ChildExchange& own, Followup& agreed);
// The peer does not go on with `own`: tried again later, or given up.
void handle_child_refusal(Context& context, IkeSa& sa, const ChildExchange& own,
                          const NotifyPayload& error);
// The peer believes in a child that we cannot accept.
void disown_child(Context& context, IkeSa& sa, const ChildExchange& own, const Diagnosis& why);

// --- Responder ---
// Any CREATE_CHILD_SA request: tells apart new child, child rekey and IKE rekey.
std::vector<Payload> answer_create_child_sa(Context& context, IkeSa& sa,
                                            const std::vector<Payload>& payloads);
// A new child, or with `old` a replacement.
std::vector<Payload> answer_child(Context& context, IkeSa& sa, const std::vector<Payload>& payloads,
                                  std::optional<ChildId> old);
// Every key exchange is done: the child is made.
void accept_child_agreement(Context& context, IkeSa& sa, Followup& agreed);

}  // namespace twinspan::ike
