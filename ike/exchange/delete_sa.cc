#include "ike/exchange/delete_sa.h"

#include <algorithm>
#include <span>
#include <utility>

#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/rekey_ike.h"

namespace twinspan::ike {

// --- Initiator ---

void start_delete_child(Context& context, IkeSa& sa, Spi inbound_spi) {
  sa.active = DeleteChildExchange{inbound_spi};
  send_request(context, sa, ExchangeType::Informational,
               {DeletePayload{.protocol = ProtocolId::Esp, .spis = {inbound_spi}}},
               kRetransmitNormal);
}

void complete_delete_child(Context& context, IkeSa& sa, const DeleteChildExchange& own) {
  // RFC 7296 1.4.1: with or without a DELETE in it (crossing), the answer says that the pair is
  // gone.
  if (const ChildSa* child = sa.find_child_by_inbound(own.inbound_spi)) {
    remove_child(context, sa, child->id, InboundFate::Grace, "replaced or closed");
  }
}

void start_delete_ike(Context& context, IkeSa& sa) {
  if (sa.window.in_flight()) return;
  sa.active = DeleteIkeExchange{};
  send_request(context, sa, ExchangeType::Informational,
               {DeletePayload{.protocol = ProtocolId::Ike, .spis = {}}}, kRetransmitDelete);
}

void complete_delete_ike(Context& context, IkeSa& sa) {
  sa.timers.cancel_all();
  sa.enter(IkeSaState::Closed);
  context.supervisor.touch(sa.tunnel());
}

// --- Responder ---

namespace {

// One message may end every child of an IKE SA, which are more than a payload holds.
std::vector<Payload> delete_payloads(std::span<const Spi> spis) {
  std::vector<Payload> payloads;
  while (!spis.empty()) {
    const auto part = spis.first(std::min(spis.size(), kDeleteSpisMax));
    payloads.push_back(
        DeletePayload{.protocol = ProtocolId::Esp, .spis = {part.begin(), part.end()}});
    spis = spis.subspan(part.size());
  }
  return payloads;
}

}  // namespace

namespace {

// Another child serves `leaving`'s place: one that lost to it as its duplicate is the only one now.
bool has_stand_in(IkeSa& sa, const ChildSa& leaving) {
  ChildSa* loser = nullptr;
  for (ChildSa& other : sa.children) {
    // Under other settings the two have different names.
    const bool is_same = other.resource == leaving.resource && other.local == leaving.local &&
                         other.remote == leaving.remote;
    if (other.id == leaving.id || other.is_deleting) continue;
    if (other.is_usable() && (is_same || other.slot() == leaving.slot())) return true;
    if (is_same) loser = &other;
  }
  if (loser == nullptr) return false;
  loser->is_redundant = false;
  loser->timers.cancel(ChildTimer::Reap);
  return true;
}

}  // namespace

std::vector<Payload> answer_delete_children(Context& context, IkeSa& sa,
                                            const std::vector<Spi>& spis) {
  std::vector<Spi> own;
  for (const Spi spi : spis) {
    ChildSa* child = sa.find_child_by_outbound(spi);
    if (child == nullptr) continue;
    // RFC 7296 1.4.1: in a crossing of DELETEs each side has named its half already.
    if (!child->is_deleting) own.push_back(child->inbound);
    const ChildId id = child->id;
    const ChildSlot slot = child->slot();
    ChildSa* replacement = child->replaced_by ? sa.find_child(*child->replaced_by) : nullptr;
    const bool is_missed =
        child->is_usable() && replacement == nullptr && !has_stand_in(sa, *child);
    // RFC 7296 2.8: its initiator has the new pair.
    if (replacement != nullptr && replacement->outbound_half == Outbound::Waiting) {
      activate_child(context, sa, *replacement);
    }
    const Diagnosis why = diagnose(Cause::PeerDeleted, sa.peer->name);
    remove_child(context, sa, id, InboundFate::Grace, is_missed ? why.message : "replaced");
    if (is_missed) context.supervisor.fail_child(context, sa.tunnel(), slot, why);
  }
  return delete_payloads(own);
}

void answer_delete_ike(Context& context, IkeSa& sa, const Diagnosis& why) {
  if (auto* own = std::get_if<RekeyIkeExchange>(&sa.active)) {
    const RekeyIkeExchange rekey = std::move(*own);
    settle_for_crossing(context, sa, rekey);
  }
  const bool is_missed = sa.state() == IkeSaState::Established && !sa.is_redundant;
  // The peer has the SA that replaces this one.
  IkeSa* successor = sa.successor ? context.sas.find(*sa.successor) : nullptr;
  if (successor != nullptr) {
    successor->timers.cancel(SaTimer::Hold);
    run_queue(context, *successor);
  }
  linger(context, sa, why);
  if (is_missed) context.supervisor.fail(sa.tunnel(), why);
}

}  // namespace twinspan::ike
