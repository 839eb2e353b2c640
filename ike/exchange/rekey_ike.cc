#include "ike/exchange/rekey_ike.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "ike/core/key_export.h"
#include "ike/core/lifetime.h"
#include "ike/core/offer_comparison.h"
#include "ike/core/proposal.h"
#include "ike/core/remote_path.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/ike_followup_ke.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/refusals.h"

namespace twinspan::ike {
namespace {

constexpr Duration kRekeyRetryAfter = 10s;
constexpr Duration kAwaitedRetryAfter = 1s;  // The peer's rekey is agreed and not yet done.
// Replaced SAs live on until their DELETE; a peer that rekeys faster than that has to wait.
constexpr size_t kIkeSasPerTunnelMax = 64;

void succeed(Context& context, const IkeSa& sa) {
  context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::RekeyIke, std::nullopt);
}

bool offers_group(const std::vector<IkeProposal>& offered, uint16_t group) {
  return std::ranges::any_of(
      offered, [group](const IkeProposal& p) { return static_cast<uint16_t>(p.group) == group; });
}

IkeSa& make_candidate(Context& context, IkeSa& old, const Followup& followup) {
  const AgreedIke& agreed = std::get<AgreedIke>(followup.agreed);
  auto made = std::make_unique<IkeSa>(agreed.role, old.peer, old.log);
  const bool is_initiator = agreed.role == Role::Initiator;
  made->spi_i = is_initiator ? agreed.own_spi : agreed.peer_spi;
  made->spi_r = is_initiator ? agreed.peer_spi : agreed.own_spi;
  made->local = old.local;
  made->remote = old.remote;
  made->nat = old.nat;
  made->encapsulation = old.encapsulation;
  made->has_fragmentation = old.has_fragmentation;
  made->has_resources = old.has_resources;
  made->resources_max = old.resources_max;
  made->has_source_ports = old.has_source_ports;
  made->admits_size_probes = old.admits_size_probes;
  made->suite = agreed.suite;
  made->proof = old.proof;
  made->ppk.is_in_use = old.ppk.is_in_use;  // RFC 8784 3: through SK_d.
  // RFC 7296 2.18: with the PRF of the old SA.
  made->keys = derive_rekeyed_ike_keys(context.provider, agreed.suite,
                                       {.prf = old.suite.prf, .d = old.keys.d.view()},
                                       followup.secrets(), {made->spi_i, made->spi_r});
  made->origin = old.origin;
  made->origin_is_ours = old.origin_is_ours;
  made->created_at = old.created_at;
  made->established_at = old.established_at;
  made->predecessor = old.own_spi();
  made->is_outdated = old.is_outdated;
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
  old.awaited_followups.clear();
  for (const SaTimer timer :
       {SaTimer::SoftLifetime, SaTimer::HardLifetime, SaTimer::Liveness, SaTimer::Keepalive,
        SaTimer::Queue, SaTimer::Hold, SaTimer::Followup}) {
    old.timers.cancel(timer);
  }
  fresh.is_redundant = std::exchange(old.is_redundant, false);
  if (fresh.is_redundant) fresh.timers.arm(SaTimer::Reap, context.now + kRedundantReapAfter);
  establish(context, fresh, true);
  // Where the peer is, is found out where requests can still be sent.
  if (old.path.is_running()) note_remote(context, fresh, fresh.local, old.path.candidate());
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
  if (sa.is_outdated) return;  // Another one is to take its place.
  if (awaits_followup(sa, std::nullopt)) {
    Task later = task;
    later.not_before = context.now + kAwaitedRetryAfter;
    return queue_task(context, sa, later);
  }
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
  if (sa.state() == IkeSaState::Established && awaits_followup(sa, std::nullopt)) {
    queue_task(context, sa,
               {.kind = Task::Kind::RekeyIke,
                .attempt = own.attempt,
                .not_before = context.now + kAwaitedRetryAfter});
    return true;
  }
  IkeSa* theirs = own.crossing ? context.sas.find(*own.crossing) : nullptr;
  if (theirs == nullptr || theirs->state() != IkeSaState::Candidate) return false;
  leave_to_peer(context, sa, *theirs);
  return true;
}

namespace {

// Longer and longer: a peer that rekeys a child meanwhile, which is due sooner, is refused by us as
// we are by it, and on a slow path its attempts and ours could meet again and again.
Duration wait_before(unsigned attempt) {
  return 1s * (1 << std::min(attempt - 1, 4u));
}

}  // namespace

void handle_rekey_ike_refusal(Context& context, IkeSa& sa, const RekeyIkeExchange& own,
                              const NotifyPayload& error) {
  if (settle_for_crossing(context, sa, own)) return;
  if (const auto group = wanted_group(error);
      group && !own.is_second_group && offers_group(own.offered, *group)) {
    return queue_task(context, sa,
                      {.kind = Task::Kind::RekeyIke,
                       .attempt = own.attempt,
                       .group = static_cast<DhGroupId>(*group)});
  }
  // RFC 9370 2.2.4: STATE_NOT_FOUND asks for a new CREATE_CHILD_SA.
  const bool is_temporary =
      error.type == NotifyType::TemporaryFailure || error.type == NotifyType::StateNotFound;
  if (is_temporary && own.attempt < kTemporaryFailureMax) {
    const Duration wait = around(wait_before(own.attempt + 1), context.provider);
    return queue_task(context, sa,
                      {.kind = Task::Kind::RekeyIke,
                       .attempt = own.attempt + 1,
                       .not_before = context.now + wait});
  }
  const Diagnosis why = ike_refused(*sa.peer, own.offered, error);
  sa.log.warning("{}: IKE rekey: {}", sa.peer->name, why.message);
  // RFC 7296 1.3: who refuses all of them wants another IKE SA.
  if (error.type == NotifyType::NoAdditionalSas) context.supervisor.recover(context, sa);
  context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::RekeyIke, why);
  sa.timers.arm(SaTimer::SoftLifetime, context.now + around(kRekeyRetryAfter, context.provider));
}

void handle_broken_rekey_ike(Context& context, IkeSa& sa) {
  const Diagnosis why =
      diagnose(Cause::BadMessage, sa.peer->name, "an answer to our IKE rekey that we cannot use");
  context.supervisor.finish(context, sa.tunnel(), Supervisor::Kind::RekeyIke, why);
  context.supervisor.fail(sa.tunnel(), why);
  close_with_delete(context, sa, why, InboundFate::Now);
}

namespace {

std::optional<Followup> read_agreement(RekeyIkeExchange& own,
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
  return Followup{
      .agreed =
          AgreedIke{
              Role::Initiator, own.new_spi, choice->spi, choice->suite, {own.nonce, nonce->value}},
      .methods = choice->suite.additional,
      .shared = *std::move(shared)};
}

// The candidate that the peer's crossing rekey made.
IkeSa* find_crossing(Context& context, const RekeyIkeExchange& own) {
  IkeSa* theirs = own.crossing ? context.sas.find(*own.crossing) : nullptr;
  return theirs != nullptr && theirs->state() == IkeSaState::Candidate ? theirs : nullptr;
}

bool loses_crossing(Context& context, const RekeyIkeExchange& own, const ExchangeNonces& nonces) {
  const bool crosses = own.crosses_followup || find_crossing(context, own) != nullptr;
  return crosses && resolve_collision(nonces, own.crossing_nonces) == CollisionOutcome::KeepTheirs;
}

}  // namespace

void complete_rekey_ike(Context& context, IkeSa& sa, RekeyIkeExchange& own,
                        const std::vector<Payload>& payloads) {
  const auto* error = find_error(payloads);
  if (error != nullptr && find_payload<SaPayload>(payloads) == nullptr) {
    return handle_rekey_ike_refusal(context, sa, own, *error);
  }
  auto agreed = read_agreement(own, payloads);
  const Bytes* link = find_link(payloads);
  if (!agreed || (!agreed->is_complete() && link == nullptr))
    return handle_broken_rekey_ike(context, sa);
  own.crosses_followup = own.crosses_followup && awaits_followup(sa, std::nullopt);
  if (agreed->is_complete()) return finish_rekey_ike(context, sa, own, *agreed);
  // RFC 9370 2.2.4: a crossing is decided here; nothing of ours has been made that must be deleted.
  if (loses_crossing(context, own, agreed->nonces())) {
    settle_for_crossing(context, sa, own);
    return;
  }
  forget_followup(sa, std::nullopt);
  start_ike_followup_ke(context, sa,
                        {.own = std::move(own), .followup = *std::move(agreed), .link = *link});
}

void finish_rekey_ike(Context& context, IkeSa& sa, const RekeyIkeExchange& own, Followup& agreed) {
  const Diagnosis replaced = diagnose(Cause::Replaced, sa.peer->name, "rekeyed");
  IkeSa& ours = make_candidate(context, sa, agreed);
  if (loses_crossing(context, own, agreed.nonces())) {
    settle_for_crossing(context, sa, own);
    return close_with_delete(context, ours, replaced, InboundFate::Now);
  }
  adopt(context, sa, ours);
  close_with_delete(context, sa, replaced, InboundFate::Grace);
  // RFC 7296 2.25.2: a peer that still waited for our answer about a child would have refused. What
  // it rekeys was waited for before we asked. A duplicate is deleted on the IKE SA that has it.
  activate_proven(context, ours);
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
  // What it was negotiated with is not to be prolonged.
  if (sa.is_outdated) return {error_notify(NotifyType::NoAdditionalSas)};
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
  auto answered = context.provider.answer_dh(choice->suite.group, ke->public_value);
  if (!answered) return {error_notify(NotifyType::InvalidSyntax)};
  ExchangeNonces nonces{find_payload<NoncePayload>(payloads)->value, Bytes(kNonceSize)};
  context.provider.fill(nonces.responder);
  const IkeSpi own_spi = context.sas.fresh_ike_spi(context.provider);
  Followup agreed{.agreed = AgreedIke{Role::Responder, own_spi, choice->spi, choice->suite, nonces},
                  .methods = choice->suite.additional,
                  .shared = std::move(answered->shared)};
  std::vector<Payload> answer = {answer_ike(*choice, own_spi), NoncePayload{nonces.responder},
                                 KePayload{group, std::move(answered->public_value)}};
  if (agreed.is_complete()) {
    accept_rekey_ike(context, sa, agreed);
  } else {
    answer.push_back(await_followup(context, sa, std::move(agreed)));
  }
  return answer;
}

void accept_rekey_ike(Context& context, IkeSa& sa, const Followup& agreed) {
  IkeSa& fresh = make_candidate(context, sa, agreed);
  if (auto* own = std::get_if<RekeyIkeExchange>(&sa.active)) {
    // RFC 7296 2.8.2: both asked; our own answer decides.
    own->crossing = fresh.own_spi();
    own->crossing_nonces = agreed.nonces();
  } else {
    leave_to_peer(context, sa, fresh);
  }
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
