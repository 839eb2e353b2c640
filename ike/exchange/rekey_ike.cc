#include "ike/exchange/rekey_ike.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "ike/core/key_export.h"
#include "ike/core/lifetime.h"
#include "ike/core/offer_comparison.h"
#include "ike/core/proposal.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/refusals.h"

namespace twinspan::ike {
namespace {

constexpr Duration kRekeyRetryAfter = 10s;
// Replaced SAs live on until their DELETE; a peer that rekeys faster than that has to wait.
constexpr size_t kIkeSasPerTunnelMax = 64;

void succeed(Context& context, const IkeSa& sa) {
  context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::RekeyIke, std::nullopt);
}

bool offers_group(const std::vector<IkeProposal>& offered, uint16_t group) {
  return std::ranges::any_of(
      offered, [group](const IkeProposal& p) { return static_cast<uint16_t>(p.group) == group; });
}

struct NewIkeSa {
  Role role{};
  IkeSpi own_spi{}, peer_spi{};
  IkeSuite suite;
  ExchangeNonces nonces;
  SecretBytes shared;
};

IkeSa& make_candidate(Context& context, IkeSa& old, const NewIkeSa& agreed) {
  auto made = std::make_unique<IkeSa>(agreed.role, old.peer, old.log);
  const bool is_initiator = agreed.role == Role::Initiator;
  made->spi_i = is_initiator ? agreed.own_spi : agreed.peer_spi;
  made->spi_r = is_initiator ? agreed.peer_spi : agreed.own_spi;
  made->local = old.local;
  made->remote = old.remote;
  made->nat = old.nat;
  made->encapsulation = old.encapsulation;
  made->has_fragmentation = old.has_fragmentation;
  made->suite = agreed.suite;
  made->ppk.is_in_use = old.ppk.is_in_use;  // RFC 8784 3: through SK_d.
  // RFC 7296 2.18: with the PRF of the old SA.
  made->keys = derive_rekeyed_ike_keys(
      context.provider, agreed.suite, {.prf = old.suite.prf, .d = old.keys.d.view()},
      {agreed.nonces.initiator, agreed.nonces.responder, agreed.shared.view()},
      {made->spi_i, made->spi_r});
  made->created_at = old.created_at;
  made->established_at = old.established_at;
  made->predecessor = old.own_spi();
  IkeSa& fresh = context.sas.add(std::move(made));
  fresh.enter(IkeSaState::Candidate);
  fresh.timers.arm(SaTimer::Reap, context.now + kReapAfter);
  export_keys(context, fresh);
  return fresh;
}

// The children, and what waits to be done to them, move over. `old` keeps its window for the
// DELETE.
void adopt(Context& context, IkeSa& old, IkeSa& fresh) {
  fresh.timers.cancel(SaTimer::Reap);
  std::ranges::move(old.children, std::back_inserter(fresh.children));
  old.children.clear();
  for (const Task& task : std::exchange(old.queue, {})) {
    if (task.kind != Task::Kind::RekeyIke && task.kind != Task::Kind::Liveness)
      fresh.queue.push_back(task);
  }
  old.successor = fresh.own_spi();
  for (const SaTimer timer : {SaTimer::SoftLifetime, SaTimer::HardLifetime, SaTimer::Liveness,
                              SaTimer::Keepalive, SaTimer::Queue, SaTimer::Hold}) {
    old.timers.cancel(timer);
  }
  fresh.is_redundant = std::exchange(old.is_redundant, false);
  if (fresh.is_redundant) fresh.timers.arm(SaTimer::Reap, context.now + kRedundantReapAfter);
  establish(context, fresh, true);
  succeed(context, old);
}

// `old` is replaced by an SA that the peer's exchange made: the peer deletes it, else the reaper
// does.
void leave_to_peer(Context& context, IkeSa& old, IkeSa& fresh) {
  adopt(context, old, fresh);
  // The peer learns the new SA only with our answer; a request before that would find no SA there.
  fresh.timers.arm(SaTimer::Hold, context.now + kHoldAfterRekey);
  old.active = std::monostate{};
  old.enter(IkeSaState::Replaced);
  old.timers.arm(SaTimer::Reap, context.now + kReapAfter);
}

}  // namespace

// --- Initiator ---

void start_rekey_ike(Context& context, IkeSa& sa, const Task& task) {
  RekeyIkeExchange own;
  own.attempt = task.attempt;
  own.new_spi = context.sas.fresh_ike_spi(context.provider);
  own.offered = established_first(sa.peer->ike_proposals, sa.suite);
  own.is_second_group = task.group != DhGroupId::None;
  own.group = own.is_second_group ? task.group : own.offered.front().group;
  own.dh = context.provider.make_dh(own.group);
  CHECK(own.dh != nullptr);
  own.nonce.resize(kNonceSize);
  context.provider.fill(own.nonce);
  const std::vector<Payload> payloads = {
      offer_ike(own.offered, own.new_spi), NoncePayload{own.nonce},
      KePayload{static_cast<uint16_t>(own.group), own.dh->public_value()}};
  sa.active = std::move(own);
  send_request(context, sa, ExchangeType::CreateChildSa, payloads, kRetransmitNormal);
}

bool settle_for_crossing(Context& context, IkeSa& sa, const RekeyIkeExchange& own) {
  IkeSa* theirs = own.crossing ? context.sas.find(*own.crossing) : nullptr;
  if (theirs == nullptr || theirs->state() != IkeSaState::Candidate) return false;
  leave_to_peer(context, sa, *theirs);
  return true;
}

namespace {

void handle_rekey_refusal(Context& context, IkeSa& sa, const RekeyIkeExchange& own,
                          const NotifyPayload& error) {
  if (settle_for_crossing(context, sa, own)) return;
  if (const auto group = wanted_group(error);
      group && !own.is_second_group && offers_group(own.offered, *group)) {
    return queue_task(context, sa,
                      {.kind = Task::Kind::RekeyIke,
                       .attempt = own.attempt,
                       .group = static_cast<DhGroupId>(*group)});
  }
  if (error.type == NotifyType::TemporaryFailure && own.attempt < kTemporaryFailureMax) {
    const Duration wait = around(1s * (own.attempt + 1), context.provider);
    return queue_task(context, sa,
                      {.kind = Task::Kind::RekeyIke,
                       .attempt = own.attempt + 1,
                       .not_before = context.now + wait});
  }
  const Diagnosis why = ike_refused(*sa.peer, own.offered, error);
  sa.log.warning("{}: IKE rekey: {}", sa.peer->name, why.message);
  context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::RekeyIke, why);
  sa.timers.arm(SaTimer::SoftLifetime, context.now + around(kRekeyRetryAfter, context.provider));
}

std::optional<NewIkeSa> read_agreement(RekeyIkeExchange& own,
                                       const std::vector<Payload>& payloads) {
  const auto* answer = find_payload<SaPayload>(payloads);
  const auto* nonce = find_payload<NoncePayload>(payloads);
  const auto* ke = find_payload<KePayload>(payloads);
  if (answer == nullptr || nonce == nullptr || ke == nullptr) return std::nullopt;
  const auto choice = accept_ike(*answer, own.offered);
  if (!choice || choice->spi.value == 0 || choice->suite.group != own.group ||
      ke->group != static_cast<uint16_t>(own.group)) {
    return std::nullopt;
  }
  auto shared = own.dh->compute(ke->public_value);
  if (!shared) return std::nullopt;
  return NewIkeSa{Role::Initiator,           own.new_spi,       choice->spi, choice->suite,
                  {own.nonce, nonce->value}, *std::move(shared)};
}

}  // namespace

void complete_rekey_ike(Context& context, IkeSa& sa, RekeyIkeExchange& own,
                        const std::vector<Payload>& payloads) {
  const auto* error = find_error(payloads);
  if (error != nullptr && find_payload<SaPayload>(payloads) == nullptr) {
    return handle_rekey_refusal(context, sa, own, *error);
  }
  const auto agreed = read_agreement(own, payloads);
  if (!agreed) {
    // The peer has moved the children to an SA that we do not have: only a new start helps.
    const Diagnosis why =
        diagnose(Cause::BadMessage, sa.peer->name, "an answer to our IKE rekey that we cannot use");
    context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::RekeyIke, why);
    context.supervisor.fail(sa.tunnel(), why);
    return close_with_delete(context, sa, why, InboundFate::Now);
  }
  IkeSa* theirs = own.crossing ? context.sas.find(*own.crossing) : nullptr;
  if (theirs != nullptr && theirs->state() != IkeSaState::Candidate) theirs = nullptr;
  const Diagnosis replaced = diagnose(Cause::Replaced, sa.peer->name, "rekeyed");
  IkeSa& ours = make_candidate(context, sa, *agreed);
  if (theirs != nullptr &&
      resolve_collision(agreed->nonces, own.crossing_nonces) == CollisionOutcome::KeepTheirs) {
    leave_to_peer(context, sa, *theirs);
    return close_with_delete(context, ours, replaced, InboundFate::Now);
  }
  adopt(context, sa, ours);
  close_with_delete(context, sa, replaced, InboundFate::Grace);
  run_queue(context, ours);
}

// --- Responder ---

namespace {

bool has_candidate(Context& context, const IkeSa& old) {
  return std::ranges::any_of(context.sas.all(), [&](const auto& entry) {
    const IkeSa& other = *entry.second;
    return other.predecessor == old.own_spi() && other.state() == IkeSaState::Candidate;
  });
}

}  // namespace

std::vector<Payload> answer_rekey_ike(Context& context, IkeSa& sa,
                                      const std::vector<Payload>& payloads) {
  const auto crossing =
      answer_crossing({.ours = kind_of(sa.active), .theirs = TheirRequest::RekeyIke});
  if (crossing != CrossingAnswer::Proceed || has_candidate(context, sa) ||
      context.sas.of_tunnel(sa.tunnel()).size() >= kIkeSasPerTunnelMax) {
    return {error_notify(NotifyType::TemporaryFailure)};
  }
  const SaPayload& offer = *find_payload<SaPayload>(payloads);
  const auto* ke = find_payload<KePayload>(payloads);
  const auto choice = select_ike(offer, established_first(sa.peer->ike_proposals, sa.suite),
                                 ke == nullptr ? uint16_t{0} : ke->group);
  if (!choice || choice->spi.value == 0) {
    const Diagnosis why = compared(
        diagnose(Cause::NoIkeProposal, sa.peer->name, explain_ike(offer, sa.peer->ike_proposals)),
        compare_ike(&offer, sa.peer->ike_proposals));
    sa.log.warning("{}: {}", sa.peer->name, why.message);
    context.supervisor.record(sa.tunnel(), why);
    return {error_notify(NotifyType::NoProposalChosen)};
  }
  const auto group = static_cast<uint16_t>(choice->suite.group);
  if (ke == nullptr || ke->group != group) return {invalid_ke_notify(group)};
  const auto dh = context.provider.make_dh(choice->suite.group);
  auto shared = dh ? dh->compute(ke->public_value) : std::nullopt;
  if (!shared) return {error_notify(NotifyType::InvalidSyntax)};
  ExchangeNonces nonces{find_payload<NoncePayload>(payloads)->value, Bytes(kNonceSize)};
  context.provider.fill(nonces.responder);
  IkeSa& fresh = make_candidate(context, sa,
                                {Role::Responder, context.sas.fresh_ike_spi(context.provider),
                                 choice->spi, choice->suite, nonces, *std::move(shared)});
  if (auto* own = std::get_if<RekeyIkeExchange>(&sa.active)) {
    // RFC 7296 2.8.2: both asked; our own answer decides.
    own->crossing = fresh.own_spi();
    own->crossing_nonces = nonces;
  } else {
    leave_to_peer(context, sa, fresh);
  }
  return {answer_ike(*choice, fresh.own_spi()), NoncePayload{nonces.responder},
          KePayload{group, dh->public_value()}};
}

void adopt_candidate(Context& context, IkeSa& fresh) {
  IkeSa* old = fresh.predecessor ? context.sas.find(*fresh.predecessor) : nullptr;
  if (old == nullptr || old->state() != IkeSaState::Established) {
    establish(context, fresh, true);
    return;
  }
  leave_to_peer(context, *old, fresh);
}

}  // namespace twinspan::ike
