// IKE_FOLLOWUP_KE after a CREATE_CHILD_SA that agreed on additional key exchanges, both roles
// (RFC 9370 2.2.4): for new and rekeyed children and for the IKE SA.
//
//   CREATE_CHILD_SA  -->   agreed: nothing is made yet
//                    <--   N(ADDITIONAL_KEY_EXCHANGE)(link)
//   IKE_FOLLOWUP_KE  -->   KEi(1), link          one exchange per method, in the agreed order
//                    <--   KEr(1), another link  none after the last: both sides make the SA
//
// The initiator's exchange stays the active one throughout. The responder keeps a bounded list of
// what it awaits, each for kFollowupMax after its last answer; a link that is not in the list is
// answered with STATE_NOT_FOUND.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

inline constexpr size_t kAwaitedFollowupsMax = 8;
inline constexpr Duration kFollowupMax = 20s;  // RFC 9370 2.2.4 names 5 to 20 s.
inline constexpr size_t kLinkSizeMax = 1024;   // Of a peer's.

// The peer's link in an answer or request; nullptr: none that can be used.
const Bytes* find_link(const std::vector<Payload>& payloads);

// --- Initiator ---
// The next key exchange of `own`, whose `link` is the peer's last one.
void start_ike_followup_ke(Context& context, IkeSa& sa, FollowupExchange own);
void complete_ike_followup_ke(Context& context, IkeSa& sa, FollowupExchange& own,
                              const std::vector<Payload>& payloads);

// --- Responder ---
// Keeps what has been agreed; the notify belongs into the answer to CREATE_CHILD_SA. What was
// awaited for the same SA before goes: the peer has begun anew.
Payload await_followup(Context& context, IkeSa& sa, Followup followup);
std::vector<Payload> answer_ike_followup_ke(Context& context, IkeSa& sa,
                                            const std::vector<Payload>& payloads);
// Whether the peer is about to replace this child, or the IKE SA (nullopt).
bool awaits_followup(const IkeSa& sa, std::optional<ChildId> rekeyed);
// The peer will not go on: its exchange lost a crossing.
void forget_followup(IkeSa& sa, std::optional<ChildId> rekeyed);
void drop_late_followups(Context& context, IkeSa& sa);

}  // namespace twinspan::ike
