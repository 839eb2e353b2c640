#include "ike/exchange/ike_followup_ke.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/rekey_ike.h"

namespace twinspan::ike {
namespace {

constexpr size_t kLinkSize = 8;  // Of ours: guessing one is for an authenticated peer alone.

Payload link_notify(const Bytes& link) {
  return NotifyPayload{.protocol = ProtocolId::None,
                       .spi = {},
                       .type = NotifyType::AdditionalKeyExchange,
                       .value = link};
}

DhGroupId next_method(const Followup& followup) {
  CHECK(!followup.is_complete());
  return followup.methods[followup.done];
}

// SK(n) goes behind those before it.
void add_secret(Followup& followup, const SecretBytes& secret) {
  SecretBytes joined(followup.additional.size() + secret.size());
  const auto end = std::ranges::copy(followup.additional.view(), joined.data()).out;
  std::ranges::copy(secret.view(), end);
  followup.additional = std::move(joined);
  ++followup.done;
}

// Which child, or that it is the IKE SA; a new child is neither.
bool replaces(const Followup& followup, std::optional<ChildId> rekeyed) {
  const auto* child = std::get_if<AgreedChild>(&followup.agreed);
  if (child == nullptr) return !rekeyed;
  return rekeyed && child->child.replaces == rekeyed;
}

}  // namespace

const Bytes* find_link(const std::vector<Payload>& payloads) {
  const auto* notify = find_notify(payloads, NotifyType::AdditionalKeyExchange);
  if (notify == nullptr || notify->value.empty() || notify->value.size() > kLinkSizeMax)
    return nullptr;
  return &notify->value;
}

// --- Initiator ---

void start_ike_followup_ke(Context& context, IkeSa& sa, FollowupExchange own) {
  const DhGroupId method = next_method(own.followup);
  own.dh = context.provider.make_dh(method);
  CHECK(own.dh != nullptr);  // The configuration admits only methods that we have.
  const std::vector<Payload> payloads = {
      KePayload{static_cast<uint16_t>(method), own.dh->public_value()}, link_notify(own.link)};
  sa.active = std::move(own);
  send_request(context, sa, ExchangeType::IkeFollowupKe, payloads, kRetransmitNormal);
}

namespace {

void handle_refusal(Context& context, IkeSa& sa, const FollowupExchange& own,
                    const NotifyPayload& error) {
  if (const auto* child = std::get_if<ChildExchange>(&own.own))
    return handle_child_refusal(context, sa, *child, error);
  handle_rekey_ike_refusal(context, sa, std::get<RekeyIkeExchange>(own.own), error);
}

// What the peer may have made of it by now has to go.
void handle_broken_answer(Context& context, IkeSa& sa, const FollowupExchange& own) {
  if (const auto* child = std::get_if<ChildExchange>(&own.own)) {
    return disown_child(context, sa, *child,
                        diagnose(Cause::BadMessage, sa.peer->name,
                                 "no fitting KE or no link in its answer to IKE_FOLLOWUP_KE"));
  }
  handle_broken_rekey_ike(context, sa);
}

void finish(Context& context, IkeSa& sa, FollowupExchange& own) {
  if (const auto* child = std::get_if<ChildExchange>(&own.own))
    return finish_child(context, sa, *child, own.followup);
  finish_rekey_ike(context, sa, std::get<RekeyIkeExchange>(own.own), own.followup);
}

}  // namespace

void complete_ike_followup_ke(Context& context, IkeSa& sa, FollowupExchange& own,
                              const std::vector<Payload>& payloads) {
  const auto* ke = find_payload<KePayload>(payloads);
  if (const auto* error = find_error(payloads); error != nullptr && ke == nullptr)
    return handle_refusal(context, sa, own, *error);
  const bool fits = ke != nullptr && ke->group == static_cast<uint16_t>(next_method(own.followup));
  const auto shared = fits ? own.dh->compute(ke->public_value) : std::nullopt;
  if (!shared) return handle_broken_answer(context, sa, own);
  add_secret(own.followup, *shared);
  if (own.followup.is_complete()) return finish(context, sa, own);
  const Bytes* link = find_link(payloads);
  if (link == nullptr) return handle_broken_answer(context, sa, own);
  own.link = *link;
  start_ike_followup_ke(context, sa, std::move(own));
}

// --- Responder ---

namespace {

void arm(IkeSa& sa) {
  std::optional<Instant> next;
  for (const AwaitedFollowup& awaited : sa.awaited_followups) next = earlier(next, awaited.until);
  if (next) {
    sa.timers.arm(SaTimer::Followup, *next);
  } else {
    sa.timers.cancel(SaTimer::Followup);
  }
}

// A new link for the next request.
Payload renew_link(Context& context, AwaitedFollowup& awaited) {
  awaited.link.resize(kLinkSize);
  context.provider.fill(awaited.link);
  awaited.until = context.now + kFollowupMax;
  return link_notify(awaited.link);
}

// An exchange of ours for the same, whose request is in flight: its answer decides.
void note_crossing(IkeSa& sa, const Followup& followup) {
  if (const auto* agreed = std::get_if<AgreedChild>(&followup.agreed)) {
    auto* own = std::get_if<ChildExchange>(&sa.active);
    if (own == nullptr || !own->rekeys || own->rekeys != agreed->child.replaces) return;
    own->crosses_followup = true;
    own->crossing_nonces = agreed->nonces;
  } else if (auto* own = std::get_if<RekeyIkeExchange>(&sa.active)) {
    own->crosses_followup = true;
    own->crossing_nonces = followup.nonces();
  }
}

// The child that it should replace went meanwhile.
bool is_obsolete(IkeSa& sa, const Followup& followup) {
  const auto* agreed = std::get_if<AgreedChild>(&followup.agreed);
  if (agreed == nullptr || !agreed->child.replaces) return false;
  const ChildSa* old = sa.find_child(*agreed->child.replaces);
  return old == nullptr || !old->is_usable() ||
         (old->replaced_by && sa.find_child(*old->replaced_by) != nullptr);
}

// The entry leaves the list.
Followup take(IkeSa& sa, std::vector<AwaitedFollowup>::iterator awaited) {
  Followup followup = std::move(awaited->followup);
  sa.awaited_followups.erase(awaited);
  arm(sa);
  return followup;
}

void accept(Context& context, IkeSa& sa, Followup followup) {
  if (std::holds_alternative<AgreedChild>(followup.agreed))
    return accept_child_agreement(context, sa, followup);
  accept_rekey_ike(context, sa, followup);
}

}  // namespace

Payload await_followup(Context& context, IkeSa& sa, Followup followup) {
  const auto* child = std::get_if<AgreedChild>(&followup.agreed);
  if (child == nullptr || child->child.replaces)
    forget_followup(sa, child == nullptr ? std::nullopt : child->child.replaces);
  if (sa.awaited_followups.size() == kAwaitedFollowupsMax)
    sa.awaited_followups.erase(sa.awaited_followups.begin());
  note_crossing(sa, followup);
  sa.awaited_followups.push_back({.followup = std::move(followup), .link = {}, .until = {}});
  Payload notify = renew_link(context, sa.awaited_followups.back());
  arm(sa);
  return notify;
}

std::vector<Payload> answer_ike_followup_ke(Context& context, IkeSa& sa,
                                            const std::vector<Payload>& payloads) {
  const Bytes* link = find_link(payloads);
  const auto awaited = link == nullptr
                           ? sa.awaited_followups.end()
                           : std::ranges::find(sa.awaited_followups, *link, &AwaitedFollowup::link);
  if (awaited == sa.awaited_followups.end()) return {error_notify(NotifyType::StateNotFound)};
  if (is_obsolete(sa, awaited->followup)) {
    take(sa, awaited);
    return {error_notify(NotifyType::StateNotFound)};
  }
  const KePayload& ke = *find_payload<KePayload>(payloads);
  const DhGroupId method = next_method(awaited->followup);
  auto answered = ke.group == static_cast<uint16_t>(method)
                      ? context.provider.answer_dh(method, ke.public_value)
                      : std::nullopt;
  if (!answered) return {error_notify(NotifyType::InvalidSyntax)};
  add_secret(awaited->followup, answered->shared);
  std::vector<Payload> answer = {KePayload{ke.group, std::move(answered->public_value)}};
  if (awaited->followup.is_complete()) {
    accept(context, sa, take(sa, awaited));
  } else {
    answer.push_back(renew_link(context, *awaited));
    arm(sa);
  }
  return answer;
}

bool awaits_followup(const IkeSa& sa, std::optional<ChildId> rekeyed) {
  return std::ranges::any_of(sa.awaited_followups, [&](const AwaitedFollowup& awaited) {
    return replaces(awaited.followup, rekeyed);
  });
}

void forget_followup(IkeSa& sa, std::optional<ChildId> rekeyed) {
  std::erase_if(sa.awaited_followups, [&](const AwaitedFollowup& awaited) {
    return replaces(awaited.followup, rekeyed);
  });
  arm(sa);
}

void drop_late_followups(Context& context, IkeSa& sa) {
  std::erase_if(sa.awaited_followups,
                [&](const AwaitedFollowup& awaited) { return awaited.until <= context.now; });
  arm(sa);
  run_queue(context, sa);
}

}  // namespace twinspan::ike
