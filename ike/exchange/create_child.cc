#include "ike/exchange/create_child.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ike/core/lifetime.h"
#include "ike/core/offer_comparison.h"
#include "ike/core/resources.h"
#include "ike/core/sa_registry.h"
#include "ike/core/selector_narrowing.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/child_options.h"
#include "ike/exchange/ike_followup_ke.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/refusals.h"
#include "ike/exchange/rekey_child.h"
#include "ike/exchange/rekey_ike.h"

namespace twinspan::ike {
namespace {

constexpr uint32_t kSpiMin = 256;  // RFC 4303 2.1.

}  // namespace

// --- Both roles ---

Spi fresh_inbound_spi(Context& context, TunnelId tunnel, uint16_t resource) {
  const uint32_t modulus = std::max<uint32_t>(context.options.spi_modulus, 1);
  const uint64_t residue = (uint64_t{tunnel.value} + resource) % modulus;
  for (;;) {
    const uint32_t random = context.provider.u32();
    const uint64_t value = uint64_t{random} - random % modulus + residue;
    if (value < kSpiMin || value > UINT32_MAX) continue;
    const Spi spi{static_cast<uint32_t>(value)};
    if (!context.sas.inbound_in_use(spi) && !context.supervisor.grace_holds(spi)) return spi;
  }
}

ChildSa make_child(Context& context, const IkeSa& sa, const ChildTerms& terms, Spi inbound) {
  ChildSa child;
  child.id = context.sas.fresh_child_id();
  child.config = terms.config;
  child.inbound = inbound;
  child.outbound = terms.choice.spi;
  child.transforms = terms.choice.transforms;
  child.group = terms.choice.group;
  child.additional = terms.choice.additional_methods();
  child.encapsulation = sa.encapsulation;
  child.local = terms.local;
  child.remote = terms.remote;
  child.narrowed = terms.narrowed;
  child.aggfrag = terms.aggfrag;
  return child;
}

void note_resource_answer(IkeSa& sa, bool shown) {
  sa.has_resources = shown;
  sa.resources_max.reset();
  if (wants_resources(*sa.peer) && !shown)
    sa.log.info("{}: the peer does not say SA_RESOURCE_INFO: there will be one Child SA",
                sa.peer->name);
}

std::vector<Payload> selector_payloads(const TrafficSelectors& of_initiator,
                                       const TrafficSelectors& of_responder) {
  return {TsPayload{.of_initiator = true, .selectors = of_initiator, .unknown_count = 0},
          TsPayload{.of_initiator = false, .selectors = of_responder, .unknown_count = 0}};
}

Activation responder_activation(Context& context, const IkeSa& own, const ChildSa& fresh) {
  for (const IkeSa* sa : context.sas.of_tunnel(own.tunnel())) {
    const bool has_older = std::ranges::any_of(sa->children, [&](const ChildSa& child) {
      // What was made under other settings may have another name.
      const bool is_older =
          child.config == fresh.config || child.former || sa->is_outdated || sa->peer != own.peer;
      return is_older && child.outbound_half == Outbound::Active &&
             narrow_selectors({fresh.local, fresh.remote}, {child.local, child.remote});
    });
    if (has_older) return Activation::WhenProven;
  }
  return Activation::Now;
}

namespace {

Bytes fresh_nonce(Context& context) {
  Bytes nonce(kNonceSize);
  context.provider.fill(nonce);
  return nonce;
}

bool same_selectors(const ChildSa& a, const ChildSa& b) {
  return a.local == b.local && a.remote == b.remote;
}

ChildOrigin origin_of(const ChildSa& fresh, const ChildSa* replaced, const ExchangeNonces& nonces) {
  if (replaced != nullptr) return replaced->origin;
  return {fresh.id, fresh.is_initiator, lowest_nonce(nonces)};
}

// Crossing requests: the lowest nonce loses, as in RFC 7296 2.8.1. Who asked twice means the
// second.
bool outranks(const ChildOrigin& a, const ChildOrigin& b) {
  if (a.is_ours == b.is_ours) return a.id > b.id;
  return nonce_is_lower(b.lowest_nonce, a.lowest_nonce);
}

// The side that began with `loser` deletes it.
void settle_duplicates(Context& context, IkeSa& sa, ChildSa& winner, ChildSa& loser) {
  if (!loser.origin.is_ours) {
    loser.is_redundant = true;
    loser.timers.cancel(ChildTimer::Activate);
    loser.timers.arm(ChildTimer::Reap, context.now + kReapAfter);
    return;
  }
  // Our DELETE could overtake the answer that makes the winner, and take the peer's only child, or
  // the one that makes the loser.
  bool is_proven = true;
  for (ChildSa* child : {&winner, &loser}) {
    if (!child->timers.is_armed(ChildTimer::Proof)) continue;
    child->has_duplicate = true;
    is_proven = false;
  }
  if (!is_proven) return;
  activate_child(context, sa, winner);
  queue_child_delete(context, sa, loser);
}

}  // namespace

void resolve_duplicate_children(Context& context, IkeSa& sa, ChildId fresh_id) {
  for (size_t i = 0; i < sa.children.size(); ++i) {
    ChildSa* fresh = sa.find_child(fresh_id);
    ChildSa& other = sa.children[i];
    if (fresh == nullptr || !fresh->is_usable()) return;
    // Crossing rekeys of one child are decided by their own nonces.
    if (other.origin.id == fresh->origin.id || !other.is_usable() || other.replaced_by ||
        other.former || fresh->former || other.resource != fresh->resource ||
        !same_selectors(*fresh, other))
      continue;
    const bool stays = outranks(fresh->origin, other.origin);
    settle_duplicates(context, sa, stays ? *fresh : other, stays ? other : *fresh);
  }
}

// --- Initiator ---

namespace {

// RFC 9611 4: an additional child is negotiated with the properties of the others.
std::vector<EspProposal> equal_offer(const IkeSa& sa, const ChildSa& child) {
  std::vector<EspProposal> offer = renewal_offer(sa, child);
  const auto is_other = [&](const EspProposal& p) {
    return p.encryption != child.transforms.encryption || p.integrity != child.transforms.integrity;
  };
  std::erase_if(offer, is_other);
  return offer;
}

// What is known of the child that stands beside the one that `own` asks for. False: there is no
// place for `own` any more, as when the peer has made it since `own` was put off.
bool join_siblings(const IkeSa& sa, ChildExchange& own) {
  const ChildSa* sibling = newest_child(sa, own.config);
  if (sibling == nullptr) {
    own.resource = 0;
    own.shows_resource = wants_resources(*sa.peer);
    return true;
  }
  if (!sa.has_resources || resources_in_use(sa, own.config).test(own.resource)) return own.is_rest;
  own.is_additional = true;
  own.shows_resource = true;
  own.offered = equal_offer(sa, *sibling);
  own.local = sibling->local;
  own.remote = sibling->remote;
  return true;
}

}  // namespace

void start_create_child(Context& context, IkeSa& sa, const Task& task) {
  const ChildConfig* config = sa.peer->find_child(task.config);
  if (config == nullptr) return;
  ChildExchange own;
  own.config = config->name;
  own.resource = task.resource;
  own.attempt = task.attempt;
  own.is_rest = task.is_rest;
  own.offered = config->proposals;
  own.local = config->local;
  own.remote = config->remote;
  if (!join_siblings(sa, own)) return;
  own.is_second_group = task.group != DhGroupId::None;
  own.group = own.is_second_group ? task.group : own.offered.front().pfs_group;
  send_child_request(context, sa, std::move(own), {});
}

void send_child_request(Context& context, IkeSa& sa, ChildExchange own,
                        std::vector<Payload> leading) {
  own.inbound_spi = fresh_inbound_spi(context, sa.tunnel(), own.resource);
  own.nonce = fresh_nonce(context);
  std::vector<Payload> payloads = std::move(leading);
  const auto shown = own.shows_resource ? std::optional{own.resource} : std::nullopt;
  for (Payload& notify : option_notifies(sa.peer->aggfrag, shown))
    payloads.push_back(std::move(notify));
  payloads.push_back(offer_esp(own.offered, own.inbound_spi, ChildDh::With));
  payloads.push_back(NoncePayload{own.nonce});
  if (own.group != DhGroupId::None) {
    own.dh = context.provider.make_dh(own.group);
    CHECK(own.dh != nullptr);
    payloads.push_back(KePayload{static_cast<uint16_t>(own.group), own.dh->public_value()});
  }
  for (Payload& ts : selector_payloads(own.local, own.remote)) payloads.push_back(std::move(ts));
  sa.active = std::move(own);
  send_request(context, sa, ExchangeType::CreateChildSa, payloads, kRetransmitNormal);
}

namespace {

void try_again(Context& context, IkeSa& sa, const ChildExchange& own, Task task) {
  task.is_probe = own.is_probe;
  const ChildSa* old = own.rekeys ? sa.find_child(*own.rekeys) : nullptr;
  task.kind = own.rekeys ? Task::Kind::RekeyChild : Task::Kind::CreateChild;
  if (old != nullptr) task.inbound_spi = old->inbound;
  if (!own.rekeys) task.config = own.config;
  if (!own.rekeys) task.resource = own.resource;
  task.is_rest = own.is_rest;
  queue_task(context, sa, task);
}

bool offers_group(const ChildExchange& own, uint16_t group) {
  return std::ranges::any_of(own.offered, [group](const EspProposal& p) {
    return p.pfs_group != DhGroupId::None && static_cast<uint16_t>(p.pfs_group) == group;
  });
}

void report_child_failure(Context& context, IkeSa& sa, const ChildExchange& own,
                          const Diagnosis& why) {
  sa.log.warning("{}: {}", sa.peer->name, why.message);
  if (!own.rekeys) return context.supervisor.fail_child(context, sa.tunnel(), own.slot(), why);
  rekey_child_failed(context, sa, own, why);
}

// What IKE_AUTH made shows that the algorithms are agreed: only the group can be in dispute.
bool is_about_group(IkeSa& sa, const ChildExchange& own, const NotifyPayload& error) {
  if (error.type == NotifyType::InvalidKePayload) return true;
  const ChildSa* old = own.rekeys ? sa.find_child(*own.rekeys) : nullptr;
  if (own.is_additional) old = newest_child(sa, own.config);
  return error.type == NotifyType::NoProposalChosen && old != nullptr && !old->group_negotiated;
}

bool is_about_offer(const NotifyPayload& error) {
  return error.type == NotifyType::NoProposalChosen || error.type == NotifyType::InvalidKePayload;
}

// RFC 7296 2.25: the peer does not have it any more. What it had replaced may be all that the peer
// has: a rekey of that is worth more than the end of both.
void lose_child(Context& context, IkeSa& sa, const ChildExchange& own, const Diagnosis& why) {
  const ChildSa* lost = sa.find_child(*own.rekeys);
  const ChildSa* before =
      lost == nullptr || !lost->replaces ? nullptr : sa.find_child(*lost->replaces);
  std::optional<Spi> left;
  if (before != nullptr && before->is_usable()) left = before->inbound;
  if (!left) report_child_failure(context, sa, own, why);
  remove_child(context, sa, *own.rekeys, InboundFate::Grace, why.message);
  if (left) {
    queue_task(context, sa,
               {.kind = Task::Kind::RekeyChild, .inbound_spi = *left, .is_probe = own.is_probe});
  }
}

// RFC 9611 4: the tunnel works with what there is, and more is not asked for before one of them is
// gone.
void stop_asking(IkeSa& sa, const ChildExchange& own) {
  sa.resources_max = places_taken(sa, own.config);
  sa.log.info("{}: the peer has no more than {} Child SAs for the same traffic", sa.peer->name,
              *sa.resources_max);
}

}  // namespace

void handle_child_refusal(Context& context, IkeSa& sa, const ChildExchange& own,
                          const NotifyPayload& error) {
  // RFC 7296 2.8.1: whatever became of ours, the peer's crossing rekey did the work.
  if (settle_for_crossing(context, sa, own)) return;
  if (error.type == NotifyType::TsMaxQueue && own.is_additional) return stop_asking(sa, own);
  if (const auto group = wanted_group(error);
      group && !own.is_second_group && offers_group(own, *group)) {
    return try_again(context, sa, own,
                     {.attempt = own.attempt, .group = static_cast<DhGroupId>(*group)});
  }
  // RFC 9370 2.2.4: STATE_NOT_FOUND asks for a new CREATE_CHILD_SA.
  const bool is_temporary =
      error.type == NotifyType::TemporaryFailure || error.type == NotifyType::StateNotFound;
  if (is_temporary && own.attempt < kTemporaryFailureMax) {
    const Duration wait = around(1s * (own.attempt + 1), context.provider);
    return try_again(context, sa, own,
                     {.attempt = own.attempt + 1, .not_before = context.now + wait});
  }
  const ChildOffer offer{own.config, own.offered, own.local, own.remote, ChildDh::With};
  const Diagnosis why = is_about_group(sa, own, error) ? pfs_refused(*sa.peer, offer, error)
                                                       : child_refused(*sa.peer, offer, error);
  if (is_about_offer(error) &&
      context.supervisor.refuse_renewal(sa, own, pfs_refused(*sa.peer, offer, error))) {
    context.supervisor.record(sa.tunnel(), why);
    return close_with_delete(context, sa, why, InboundFate::Now);
  }
  if (error.type == NotifyType::ChildSaNotFound && own.rekeys)
    return lose_child(context, sa, own, why);
  if (own.is_additional && is_about_offer(error)) stop_asking(sa, own);  // It stays the same.
  report_child_failure(context, sa, own, why);
}

void disown_child(Context& context, IkeSa& sa, const ChildExchange& own, const Diagnosis& why) {
  queue_task(context, sa, {.kind = Task::Kind::DeleteChild, .inbound_spi = own.inbound_spi});
  if (settle_for_crossing(context, sa, own)) return;
  report_child_failure(context, sa, own, why);
}

namespace {

// RFC 9611 4: of an additional child.
std::optional<Diagnosis> refute_additional(IkeSa& sa, const ChildExchange& own,
                                           const ChildTerms& terms) {
  if (!own.is_additional) return std::nullopt;
  if (!terms.shows_resource) {
    // The peer takes it for a second one of the same, of which one is too many.
    stop_asking(sa, own);
    return diagnose(Cause::BadMessage, sa.peer->name,
                    "an additional Child SA without SA_RESOURCE_INFO");
  }
  if (terms.local == own.local && terms.remote == own.remote) return std::nullopt;
  return diagnose(Cause::BadMessage, sa.peer->name,
                  "an additional Child SA with other selectors than the first one");
}

std::optional<SecretBytes> shared_secret(const ChildExchange& own,
                                         const std::vector<Payload>& payloads, DhGroupId chosen) {
  if (chosen == DhGroupId::None) return SecretBytes{};
  const auto* ke = find_payload<KePayload>(payloads);
  if (ke == nullptr || chosen != own.group || ke->group != static_cast<uint16_t>(chosen))
    return std::nullopt;
  return own.dh->compute(ke->public_value);
}

// The peer's rekey of the same child crosses ours and wins. Ours is not made yet, so it just ends.
bool loses_before_it_is_made(IkeSa& sa, const ChildExchange& own, const ExchangeNonces& nonces) {
  const bool crosses =
      own.crosses_followup || (own.crossing && sa.current_child(own.traffic()) != nullptr);
  return crosses && resolve_collision(nonces, own.crossing_nonces) == CollisionOutcome::KeepTheirs;
}

// RFC 9370 2.2.4: the initiator goes on with IKE_FOLLOWUP_KE.
void follow_up(Context& context, IkeSa& sa, ChildExchange& own, Followup agreed,
               const std::vector<Payload>& payloads) {
  const Bytes* link = find_link(payloads);
  if (link == nullptr) {
    return disown_child(context, sa, own,
                        diagnose(Cause::BadMessage, sa.peer->name,
                                 "additional key exchanges without a link to them"));
  }
  if (loses_before_it_is_made(sa, own, agreed.nonces())) {
    settle_for_crossing(context, sa, own);
    return;
  }
  if (own.rekeys) forget_followup(sa, own.rekeys);
  start_ike_followup_ke(context, sa,
                        {.own = std::move(own), .followup = std::move(agreed), .link = *link});
}

}  // namespace

void complete_child(Context& context, IkeSa& sa, ChildExchange& own,
                    const std::vector<Payload>& payloads) {
  const auto* error = find_error(payloads);
  if (error != nullptr && find_payload<SaPayload>(payloads) == nullptr) {
    return handle_child_refusal(context, sa, own, *error);
  }
  const auto terms = accept_child(
      *sa.peer, {own.config, own.offered, own.local, own.remote, ChildDh::With}, payloads);
  if (!terms) return disown_child(context, sa, own, terms.error());
  if (const auto why = refute_additional(sa, own, *terms))
    return disown_child(context, sa, own, *why);
  if (own.shows_resource && !own.is_additional && !own.rekeys)
    note_resource_answer(sa, terms->shows_resource);
  const auto* nonce = find_payload<NoncePayload>(payloads);
  auto shared = shared_secret(own, payloads, terms->choice.group);
  if (nonce == nullptr || !shared) {
    return disown_child(
        context, sa, own,
        diagnose(Cause::BadMessage, sa.peer->name, "no nonce or no fitting KE in the answer"));
  }
  const ExchangeNonces nonces{own.nonce, nonce->value};
  ChildSa child = make_child(context, sa, *terms, own.inbound_spi);
  child.resource = own.resource;
  child.is_initiator = true;
  child.group_negotiated = true;
  child.by_rekey = own.rekeys.has_value();
  child.replaces = own.rekeys;
  child.origin = origin_of(child, own.rekeys ? sa.find_child(*own.rekeys) : nullptr, nonces);
  own.crosses_followup = own.crosses_followup && awaits_followup(sa, own.rekeys);
  const bool more_possible = find_notify(payloads, NotifyType::AdditionalTsPossible) != nullptr;
  Followup agreed{.agreed = AgreedChild{std::move(child), nonces, more_possible},
                  .methods = terms->choice.additional_methods(),
                  .shared = *std::move(shared)};
  if (!agreed.is_complete()) return follow_up(context, sa, own, std::move(agreed), payloads);
  finish_child(context, sa, own, agreed);
}

namespace {

ChildKeys keys_of(Context& context, const IkeSa& sa, const Followup& agreed) {
  const ChildSa& child = std::get<AgreedChild>(agreed.agreed).child;
  return derive_child_keys(context.provider, sa.suite.prf, sa.keys.d.view(), child.transforms,
                           agreed.secrets());
}

}  // namespace

void finish_child(Context& context, IkeSa& sa, const ChildExchange& own, Followup& agreed) {
  ChildKeys keys = keys_of(context, sa, agreed);
  auto& [child, nonces, more_possible] = std::get<AgreedChild>(agreed.agreed);
  if (own.rekeys) {
    return finish_rekey(context, sa, own, {std::move(child), std::move(keys), nonces});
  }
  const ChildId id = child.id;
  const bool asks_again = has_rest(sa, child, more_possible);
  install_child(context, sa, std::move(child), std::move(keys), Activation::Now);
  resolve_duplicate_children(context, sa, id);
  if (asks_again)
    queue_task(context, sa,
               {.kind = Task::Kind::CreateChild, .config = own.config, .is_rest = true});
  // Any further request of ours proves that we hold the child: without one, the responder may name
  // it in no request of its own, such as its rekey, before kActivateAfter. A rekey has its DELETE.
  if (sa.queue.empty()) queue_task(context, sa, {.kind = Task::Kind::Liveness});
}

bool has_rest(const IkeSa& sa, const ChildSa& fresh, bool more_possible) {
  if (!fresh.narrowed || !more_possible || fresh.resource != 0) return false;
  // Whoever answers with what is there already has nothing new to give.
  return sa.children.size() < kChildConfigsMax &&
         std::ranges::none_of(
             sa.children,
             [&](const ChildSa& child) {
               return child.is_usable() && is_same_traffic(child.traffic(), fresh.traffic());
             });
}

// --- Responder ---

std::vector<Payload> answer_create_child_sa(Context& context, IkeSa& sa,
                                            const std::vector<Payload>& payloads) {
  if (sa.state() != IkeSaState::Established) return {error_notify(NotifyType::TemporaryFailure)};
  if (const auto* rekey = find_notify(payloads, NotifyType::RekeySa)) {
    return answer_rekey_child(context, sa, *rekey, payloads);
  }
  const SaPayload& offer = *find_payload<SaPayload>(payloads);
  if (!offer.proposals.empty() && offer.proposals.front().protocol == ProtocolId::Ike) {
    return answer_rekey_ike(context, sa, payloads);
  }
  const auto crossing =
      answer_crossing({.ours = kind_of(sa.active), .theirs = TheirRequest::CreateChild});
  if (crossing != CrossingAnswer::Proceed) return {error_notify(NotifyType::TemporaryFailure)};
  return answer_child(context, sa, payloads, std::nullopt);
}

namespace {

// Empty without PFS.
Result<AnsweredDh, Payload> answer_ke(Context& context, const std::vector<Payload>& payloads,
                                      DhGroupId chosen) {
  if (chosen == DhGroupId::None) return AnsweredDh{};
  const auto group = static_cast<uint16_t>(chosen);
  const auto* ke = find_payload<KePayload>(payloads);
  if (ke == nullptr || ke->group != group) return Err<Payload>{invalid_ke_notify(group)};
  auto answered = context.provider.answer_dh(chosen, ke->public_value);
  if (!answered) return Err<Payload>{error_notify(NotifyType::InvalidSyntax)};
  return *std::move(answered);
}

Payload refuse_child(Context& context, const IkeSa& sa, const ChildSa* replaced,
                     const ChildRefusal& refusal) {
  const Diagnosis& why = refusal.why;
  sa.log.warning("{}: {}", sa.peer->name, why.message);
  context.supervisor.fail(sa.tunnel(), why, Supervisor::Blame::Stranger);
  if (why.cause != cause_id(Cause::PfsMismatch)) return refusal.notify;
  context.supervisor.note_renewal(sa.tunnel(), false);
  // Ours would be refused likewise.
  if (replaced != nullptr) context.supervisor.trouble(context, sa.tunnel(), replaced->config, why);
  return refusal.notify;
}

// RFC 9611: nullopt, and there are enough for this traffic.
std::optional<uint16_t> assign_resource(Context& context, const IkeSa& sa, const ChildTerms& terms,
                                        const ChildSa* replaced) {
  if (replaced != nullptr) return replaced->resource;
  if (!terms.shows_resource) return uint16_t{0};
  const size_t most = resources_accepted(*sa.peer, context.options.spi_modulus);
  const auto resource = free_resource(sa, terms.config, most);
  if (resource) return resource;
  const std::string detail = fmt::format("{} Child SAs for the same traffic", most);
  context.supervisor.record(sa.tunnel(), diagnose(Cause::NoResources, sa.peer->name, detail));
  return std::nullopt;
}

}  // namespace

std::vector<Payload> answer_child(Context& context, IkeSa& sa, const std::vector<Payload>& payloads,
                                  std::optional<ChildId> old) {
  const size_t most = children_max(*sa.peer);
  if (sa.children.size() + sa.awaited_followups.size() >= most) {
    const std::string detail = fmt::format("{} Child SAs on one IKE SA", most);
    context.supervisor.record(sa.tunnel(), diagnose(Cause::NoResources, sa.peer->name, detail));
    return {error_notify(NotifyType::NoAdditionalSas)};
  }
  const ChildSa* replaced = old ? sa.find_child(*old) : nullptr;
  auto terms = agree_child(sa, payloads, ChildDh::With,
                           replaced ? std::optional{replaced->config} : std::nullopt);
  if (!terms) return {refuse_child(context, sa, replaced, terms.error())};
  const auto resource = assign_resource(context, sa, *terms, replaced);
  if (!resource) return {error_notify(NotifyType::TsMaxQueue)};
  auto ke = answer_ke(context, payloads, terms->choice.group);
  if (!ke) return {ke.error()};
  if (!old && newest_child(sa, terms->config) == nullptr)
    note_resource_answer(sa, terms->shows_resource);
  const ExchangeNonces nonces{find_payload<NoncePayload>(payloads)->value, fresh_nonce(context)};
  ChildSa child =
      make_child(context, sa, *terms, fresh_inbound_spi(context, sa.tunnel(), *resource));
  child.resource = *resource;
  child.group_negotiated = true;
  child.by_rekey = old.has_value();
  child.replaces = old;
  child.origin = origin_of(child, replaced, nonces);
  const auto shown = terms->shows_resource ? resource : std::nullopt;
  std::vector<Payload> answer = option_notifies(terms->aggfrag, shown);
  answer.push_back(answer_esp(terms->choice, child.inbound));
  answer.push_back(NoncePayload{nonces.responder});
  if (!ke->public_value.empty()) {
    answer.push_back(KePayload{static_cast<uint16_t>(child.group), ke->public_value});
  }
  for (Payload& ts : selector_payloads(child.remote, child.local)) answer.push_back(std::move(ts));
  if (terms->more_possible) answer.push_back(status_notify(NotifyType::AdditionalTsPossible));
  Followup agreed{.agreed = AgreedChild{std::move(child), nonces},
                  .methods = terms->choice.additional_methods(),
                  .shared = std::move(ke->shared)};
  if (agreed.is_complete()) {
    accept_child_agreement(context, sa, agreed);
  } else {
    answer.push_back(await_followup(context, sa, std::move(agreed)));
  }
  return answer;
}

void accept_child_agreement(Context& context, IkeSa& sa, Followup& agreed) {
  ChildKeys keys = keys_of(context, sa, agreed);
  auto& [child, nonces, more_possible] = std::get<AgreedChild>(agreed.agreed);
  if (const auto old = child.replaces)
    return accept_rekey(context, sa, *old, {std::move(child), std::move(keys), nonces});
  const ChildId id = child.id;
  const Activation activation = responder_activation(context, sa, child);
  install_child(context, sa, std::move(child), std::move(keys), activation);
  resolve_duplicate_children(context, sa, id);
}

}  // namespace twinspan::ike
