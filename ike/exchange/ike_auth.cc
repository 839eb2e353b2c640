#include "ike/exchange/ike_auth.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ike/core/offer_comparison.h"
#include "ike/core/resources.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/authentication.h"
#include "ike/exchange/child_options.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/ppk_proof.h"
#include "ike/exchange/refusals.h"
#include "ike/exchange/signature_proof.h"

namespace twinspan::ike {
namespace {

bool is_only_sa(Context& context, const IkeSa& sa) {
  const auto sas = context.sas.of_tunnel(sa.tunnel());
  return std::ranges::none_of(sas, [&](const IkeSa* other) {
    return other != &sa &&
           (other->state() == IkeSaState::Established || other->state() == IkeSaState::Replaced);
  });
}

ChildKeys first_child_keys(Context& context, const IkeSa& sa, const EspTransforms& transforms) {
  return derive_child_keys(context.provider, sa.suite.prf, sa.keys.d.view(), transforms,
                           {.nonce_i = sa.nonce_i, .nonce_r = sa.nonce_r});
}

ChildSa first_child(Context& context, const IkeSa& sa, const ChildTerms& terms, Spi inbound) {
  ChildSa child = make_child(context, sa, terms, inbound);
  child.is_initiator = sa.role == Role::Initiator;
  child.origin = {child.id, child.is_initiator, lowest_nonce({sa.nonce_i, sa.nonce_r})};
  return child;
}

std::vector<Payload> first_child_options(bool aggfrag, bool shows_resource) {
  return option_notifies(aggfrag, shows_resource ? std::optional<uint16_t>{0} : std::nullopt);
}

// Ours depends on nothing that the peer says.
void note_announcements(IkeSa& sa, const std::vector<Payload>& payloads) {
  sa.has_source_ports =
      announces_source_ports(sa) && has_announcement(payloads, Ability::SourcePorts);
  sa.admits_size_probes =
      announces_size_probes(sa) && (sa.peer->size_probing == SizeProbing::Always ||
                                    has_announcement(payloads, Ability::SizeProbes));
}

// A negotiation of ours that has not reached IKE_AUTH is moot once the peer's own SA stands.
void abandon_own_attempts(Context& context, const IkeSa& established) {
  const Diagnosis why = diagnose(Cause::Replaced, established.peer->name);
  for (IkeSa* other : context.sas.of_tunnel(established.tunnel())) {
    const bool is_early =
        other->state() == IkeSaState::InitSent || other->state() == IkeSaState::IntermediateSent;
    if (other != &established && is_early) close_silently(context, *other, why);
  }
}

}  // namespace

// --- Initiator ---

void start_ike_auth(Context& context, IkeSa& sa) {
  const PeerConfig& peer = *sa.peer;
  AuthExchange own;
  if (!sa.admits_childless || !context.supervisor.goes_childless(peer.tunnel))
    own.inbound_spi = fresh_inbound_spi(context, peer.tunnel, 0);
  const IdPayload id = id_payload(peer.local_identity, true);
  auto proof = prove_with_ppk(context, sa, id);
  if (!proof) {
    context.supervisor.fail(sa.tunnel(), proof.error());
    return close_silently(context, sa, proof.error());
  }
  std::vector<Payload> payloads = {id};
  if (is_only_sa(context, sa)) payloads.push_back(status_notify(NotifyType::InitialContact));
  payloads.push_back(id_payload(peer.remote_identity, false));
  std::ranges::move(certificate_requests({sa.peer}), std::back_inserter(payloads));
  std::ranges::move(*proof, std::back_inserter(payloads));
  std::ranges::move(announcements(sa), std::back_inserter(payloads));
  if (own.inbound_spi) {
    const ChildConfig& first = peer.children.front();
    std::ranges::move(first_child_options(peer.aggfrag, wants_resources(peer)),
                      std::back_inserter(payloads));
    payloads.push_back(offer_esp(first.proposals, *own.inbound_spi, ChildDh::Without));
    std::ranges::move(selector_payloads(first.local, first.remote), std::back_inserter(payloads));
  }
  sa.active = own;
  sa.enter(IkeSaState::AuthSent);
  send_request(context, sa, ExchangeType::IkeAuth, payloads, kRetransmitSetup);
}

namespace {

std::optional<Diagnosis> check_responder(Context& context, IkeSa& sa, const IdPayload& id,
                                         const std::vector<Payload>& payloads) {
  const PeerConfig& peer = *sa.peer;
  if (identity_of(id) != peer.remote_identity) {
    return compared(diagnose(Cause::IdentityMismatch, peer.name,
                             fmt::format("it says {}, we expect {}", identity_of(id).to_string(),
                                         peer.remote_identity.to_string())),
                    compare_identities(peer, {.remote = identity_of(id)}));
  }
  return refute_identity(context, sa, id, payloads);
}

// The peer does not take the new pre-shared key; while the former one is remembered, it may have
// that.
bool tries_previous_psk(Context& context, IkeSa& sa, const NotifyPayload* error) {
  if (error == nullptr || error->type != NotifyType::AuthenticationFailed || sa.uses_previous_psk ||
      !has_previous_psk(context, sa)) {
    return false;
  }
  const Diagnosis why =
      diagnose(Cause::AuthRefused, sa.peer->name, "trying the pre-shared key that was replaced");
  context.supervisor.record(sa.tunnel(), why);
  IkeSa& next = initiate(context, sa.peer, sa.remote.address);
  next.recovers = sa.recovers;
  next.uses_previous_psk = true;
  close_silently(context, sa, why);
  return true;
}

std::string refusal_text(const IkeSa& sa, NotifyType type) {
  std::string said = "the peer answered " + notify_text(type);
  if (sa.uses_previous_psk) said += " to the pre-shared key that was replaced, too";
  if (!sa.ppk.unmixed) return said;
  return fmt::format("{}; our AUTH depends on the post-quantum pre-shared key '{}' as well", said,
                     sa.peer->ppk->id);
}

void complete_first_child(Context& context, IkeSa& sa, Spi inbound_spi,
                          const std::vector<Payload>& payloads) {
  const PeerConfig& peer = *sa.peer;
  const ChildConfig& first = peer.children.front();
  const auto* error = find_error(payloads);
  const ChildOffer offer{first.name, first.proposals, first.local, first.remote, ChildDh::Without};
  if (error != nullptr && find_payload<SaPayload>(payloads) == nullptr) {
    context.supervisor.note_auth_child(context, peer.tunnel, false);
    return context.supervisor.fail_child(context, peer.tunnel, {.config = first.name},
                                         child_refused(peer, offer, *error));
  }
  const auto terms = accept_child(peer, offer, payloads);
  if (!terms) {
    context.supervisor.fail_child(context, peer.tunnel, {.config = first.name}, terms.error());
    return queue_task(context, sa, {.kind = Task::Kind::DeleteChild, .inbound_spi = inbound_spi});
  }
  note_resource_answer(sa, wants_resources(peer) && terms->shows_resource);
  ChildKeys keys = first_child_keys(context, sa, terms->choice.transforms);
  ChildSa child = first_child(context, sa, *terms, inbound_spi);
  const bool asks_again =
      has_rest(sa, child, find_notify(payloads, NotifyType::AdditionalTsPossible) != nullptr);
  install_child(context, sa, std::move(child), std::move(keys), Activation::Now);
  if (asks_again)
    queue_task(context, sa,
               {.kind = Task::Kind::CreateChild, .config = first.name, .is_rest = true});
  context.supervisor.note_auth_child(context, peer.tunnel, true);
}

}  // namespace

void complete_ike_auth(Context& context, IkeSa& sa, const AuthExchange& own,
                       const std::vector<Payload>& payloads) {
  const auto* id = find_identity(payloads, false);
  const auto* auth = find_payload<AuthPayload>(payloads);
  if (id == nullptr || auth == nullptr) {
    const auto* error = find_error(payloads);
    if (tries_previous_psk(context, sa, error)) return;
    const Diagnosis why =
        error != nullptr
            ? ike_refused(*sa.peer, sa.peer->ike_proposals, *error, refusal_text(sa, error->type))
            : diagnose(Cause::AuthMethod, sa.peer->name, "no AUTH in the answer");
    if (own.inbound_spi) context.supervisor.note_auth_child(context, sa.tunnel(), false);
    context.supervisor.fail(sa.tunnel(), why);
    return close_silently(context, sa, why);
  }
  auto failure = settle_ppk(sa, payloads);
  if (!failure) failure = check_responder(context, sa, *id, payloads);
  if (failure) {
    context.supervisor.fail(sa.tunnel(), *failure);
    return close_with_delete(context, sa, *failure, InboundFate::Now);
  }
  note_announcements(sa, payloads);
  establish(context, sa, false);
  if (own.inbound_spi) return complete_first_child(context, sa, *own.inbound_spi, payloads);
  queue_task(context, sa,
             {.kind = Task::Kind::CreateChild, .config = sa.peer->children.front().name});
}

// --- Responder ---

namespace {

// Which of the connections that the addresses admit the identities mean.
std::shared_ptr<const PeerConfig> find_peer(const IkeSa& sa, const Identity& theirs,
                                            const std::optional<Identity>& ours) {
  for (const auto& candidate : sa.candidates) {
    const bool admits_suite = std::ranges::any_of(
        candidate->ike_proposals, [&](const IkeProposal& p) { return p.suite() == sa.suite; });
    if (admits_suite && candidate->remote_identity == theirs &&
        (!ours || candidate->local_identity == *ours)) {
      return candidate;
    }
  }
  return nullptr;
}

// RFC 7296 2.21.2: AUTHENTICATION_FAILED inside SK; the SA lives only to repeat it.
std::vector<Payload> refuse_auth(Context& context, IkeSa& sa, const Diagnosis& why) {
  sa.log.warning("{}: {}", sa.peer->name, why.message);
  context.supervisor.fail(sa.tunnel(), why, Supervisor::Blame::Stranger);
  linger(context, sa, why);
  return {error_notify(NotifyType::AuthenticationFailed)};
}

// It came from an address at which nobody is expected, and is none of those who may call from
// anywhere: no connection has failed.
std::vector<Payload> refuse_stranger(Context& context, IkeSa& sa, const Identity& theirs) {
  const std::string remote = sa.remote.to_string();
  sa.log.warning("{} says it is {}, which no connection admits from there", remote,
                 theirs.to_string());
  linger(context, sa, diagnose(Cause::IdentityMismatch, sa.peer->name, "a stranger"));
  return {error_notify(NotifyType::AuthenticationFailed)};
}

// RFC 7296 2.4: the peer has no other SA with us. Those that were negotiated beside this one are
// meant by the duplicates' rule instead: the peer may not have known them when it wrote this.
void honour_initial_contact(Context& context, const IkeSa& fresh) {
  const Diagnosis why =
      diagnose(Cause::Replaced, fresh.peer->name, "the peer made initial contact");
  for (IkeSa* other : context.sas.of_tunnel(fresh.tunnel())) {
    if (other == &fresh || other->established_at > fresh.created_at) continue;
    switch (other->state()) {
      case IkeSaState::Established:
      case IkeSaState::Candidate:
      case IkeSaState::Replaced:
      case IkeSaState::Deleting:
        close_silently(context, *other, why);
        break;
      default:
        break;
    }
  }
}

// Whether an SA stays that was made beside this one although the peer made initial contact: then
// the peer receives on that one until our answer arrives.
bool has_older_that_stays(Context& context, const IkeSa& fresh) {
  const auto sas = context.sas.of_tunnel(fresh.tunnel());
  return std::ranges::any_of(sas, [&](const IkeSa* other) {
    return other != &fresh && other->state() == IkeSaState::Established &&
           other->established_at > fresh.created_at;
  });
}

void answer_first_child(Context& context, IkeSa& sa, const std::vector<Payload>& payloads,
                        std::vector<Payload>& answer) {
  const auto terms = agree_child(sa, payloads, ChildDh::Without, std::nullopt);
  if (!terms) {
    sa.log.warning("{}: {}", sa.peer->name, terms.error().why.message);
    context.supervisor.fail(sa.tunnel(), terms.error().why);
    answer.push_back(terms.error().notify);
    return;
  }
  const bool is_first_contact = find_notify(payloads, NotifyType::InitialContact) != nullptr;
  ChildKeys keys = first_child_keys(context, sa, terms->choice.transforms);
  ChildSa fresh = first_child(context, sa, *terms, fresh_inbound_spi(context, sa.tunnel(), 0));
  note_resource_answer(sa, terms->shows_resource);
  const Activation activation = is_first_contact && !has_older_that_stays(context, sa)
                                    ? Activation::Now
                                    : responder_activation(context, sa, fresh);
  const ChildSa& child = install_child(context, sa, std::move(fresh), std::move(keys), activation);
  std::ranges::move(first_child_options(terms->aggfrag, terms->shows_resource),
                    std::back_inserter(answer));
  answer.push_back(answer_esp(terms->choice, child.inbound));
  for (Payload& ts : selector_payloads(child.remote, child.local)) answer.push_back(std::move(ts));
  if (terms->more_possible) answer.push_back(status_notify(NotifyType::AdditionalTsPossible));
}

}  // namespace

std::vector<Payload> answer_ike_auth(Context& context, IkeSa& sa,
                                     const std::vector<Payload>& payloads) {
  const IdPayload& id = *find_identity(payloads, true);
  const auto* wanted = find_identity(payloads, false);
  const auto ours = wanted == nullptr ? std::nullopt : std::optional{identity_of(*wanted)};
  const auto peer = find_peer(sa, identity_of(id), ours);
  if (peer == nullptr && !context.supervisor.expects(*sa.peer, sa.remote.address)) {
    return refuse_stranger(context, sa, identity_of(id));
  }
  if (peer == nullptr) {
    const Identity& expected = sa.candidates.front()->remote_identity;
    return refuse_auth(
        context, sa,
        compared(diagnose(Cause::IdentityMismatch, sa.peer->name,
                          fmt::format("it says {} and asks for {}; we expect {} and are {}",
                                      identity_of(id).to_string(),
                                      ours ? ours->to_string() : "anybody", expected.to_string(),
                                      sa.candidates.front()->local_identity.to_string())),
                 compare_identities(*sa.candidates.front(),
                                    {.local = ours, .remote = identity_of(id)})));
  }
  sa.peer = peer;
  sa.peer_asks_raw_key = asks_for_raw_key(payloads);
  if (const auto failure = refute_with_ppk(context, sa, id, payloads)) {
    return refuse_auth(context, sa, *failure);
  }
  const Tunnel* tunnel = context.supervisor.find(peer->tunnel);
  // Held down, removed, or configured anew while the SA was half open.
  if (tunnel == nullptr || tunnel->is_held_down || tunnel->peer != peer) {
    const bool has_changed = tunnel != nullptr && !tunnel->is_held_down;
    return refuse_auth(context, sa,
                       diagnose(has_changed ? Cause::Reconfigured : Cause::HeldDown, peer->name));
  }
  const IdPayload own_id = id_payload(peer->local_identity, false);
  auto proof = prove_identity(context, sa, own_id);
  if (!proof) return refuse_auth(context, sa, proof.error());
  sa.candidates.clear();
  sa.encapsulation = decide_encapsulation(sa.nat, peer->encapsulation);
  note_announcements(sa, payloads);
  establish(context, sa, false);
  abandon_own_attempts(context, sa);
  std::vector<Payload> answer = {own_id};
  std::ranges::move(*proof, std::back_inserter(answer));
  // RFC 8784 3: empty, it says that the PPK is in use.
  if (sa.ppk.is_in_use) answer.push_back(ppk_identity(""));
  std::ranges::move(announcements(sa), std::back_inserter(answer));
  if (find_payload<SaPayload>(payloads) != nullptr)
    answer_first_child(context, sa, payloads, answer);
  if (find_notify(payloads, NotifyType::InitialContact) != nullptr)
    honour_initial_contact(context, sa);
  return answer;
}

}  // namespace twinspan::ike
