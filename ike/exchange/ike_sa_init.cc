#include "ike/exchange/ike_sa_init.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "ike/core/cookie.h"
#include "ike/core/key_export.h"
#include "ike/core/offer_comparison.h"
#include "ike/core/proposal.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/ike_intermediate.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/refusals.h"
#include "ike/exchange/signature_proof.h"

namespace twinspan::ike {
namespace {

Bytes random_bytes(RandomSource& random, size_t size) {
  Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

// --- Initiator ---

// Writes the request anew from what the exchange remembers, and sends it.
void send_init(Context& context, IkeSa& sa) {
  const InitExchange& own = std::get<InitExchange>(sa.active);
  std::vector<Payload> payloads;
  if (!own.cookie.empty()) payloads.push_back(cookie_payload(own.cookie));
  payloads.push_back(offer_ike(sa.peer->ike_proposals, std::nullopt));
  payloads.push_back(KePayload{static_cast<uint16_t>(own.group), own.dh->public_value()});
  payloads.push_back(NoncePayload{sa.nonce_i});
  for (Payload& notify : nat_notifies(context.provider, {sa.spi_i, IkeSpi{0}}, sa.local, sa.remote,
                                      sa.peer->encapsulation)) {
    payloads.push_back(std::move(notify));
  }
  if (sa.peer->ppk) payloads.push_back(status_notify(NotifyType::UsePpk));
  // RFC 9370 2.2.1: whoever offers additional key exchanges says so.
  if (has_additional(sa.peer->ike_proposals))
    payloads.push_back(status_notify(NotifyType::IntermediateExchangeSupported));
  payloads.push_back(status_notify(NotifyType::FragmentationSupported));
  std::ranges::move(hash_notifies({sa.peer}), std::back_inserter(payloads));
  const Header header = make_header(sa, ExchangeType::IkeSaInit, MessageId{0}, Direction::Request);
  sa.init_request = write_message(header, payloads);
  if (sa.window.in_flight()) {
    sa.window.restart_request(sa.init_request);
  } else {
    sa.window.begin_request(ExchangeType::IkeSaInit, {sa.init_request}, kRetransmitSetup);
  }
  sa.timers.arm(SaTimer::Retransmit, context.now + *retransmit_wait(kRetransmitSetup, 1));
  sa.enter(IkeSaState::InitSent);
  report_message(context, sa, "sent", header, payloads);
  context.outbox.send({.local = sa.local, .remote = sa.remote, .bytes = sa.init_request});
}

void give_up(Context& context, IkeSa& sa, const Diagnosis& why) {
  context.supervisor.fail(sa.tunnel(), why);
  close_silently(context, sa, why);
}

// RFC 7296 2.7: the responder wants another of the groups that we offered.
bool restart_with_group(Context& context, IkeSa& sa, InitExchange& own, uint16_t group) {
  const auto offered = std::ranges::any_of(sa.peer->ike_proposals, [group](const IkeProposal& p) {
    return static_cast<uint16_t>(p.group) == group;
  });
  if (!offered || static_cast<uint16_t>(own.group) == group) return false;
  auto dh = context.provider.make_dh(static_cast<DhGroupId>(group));
  if (!dh) return false;
  own.group = static_cast<DhGroupId>(group);
  own.dh = std::move(dh);
  send_init(context, sa);
  return true;
}

// An answer without an agreement. Unauthenticated: at worst it costs this attempt.
void handle_refusal(Context& context, IkeSa& sa, InitExchange& own, const NotifyPayload& error) {
  if (const auto group = wanted_group(error); group && own.restart_count < kInitRestartsMax) {
    ++own.restart_count;
    if (restart_with_group(context, sa, own, *group)) return;
  }
  own.hint = error;
  if (error.type != NotifyType::NoProposalChosen) return;
  give_up(context, sa, ike_refused(*sa.peer, sa.peer->ike_proposals, error));
}

struct InitAgreement {
  IkeChoice choice;
  SecretBytes shared;
  Bytes nonce;
};

bool supports_intermediate(const std::vector<Payload>& payloads) {
  return find_notify(payloads, NotifyType::IntermediateExchangeSupported) != nullptr;
}

std::optional<InitAgreement> read_agreement(const IkeSa& sa, InitExchange& own,
                                            const std::vector<Payload>& payloads) {
  const auto* answer = find_payload<SaPayload>(payloads);
  const auto* ke = find_payload<KePayload>(payloads);
  const auto* nonce = find_payload<NoncePayload>(payloads);
  if (answer == nullptr || ke == nullptr || nonce == nullptr) return std::nullopt;
  // Our own message sent back to us is no agreement with anybody.
  if (nonce->value == sa.nonce_i || ke->public_value == own.dh->public_value()) return std::nullopt;
  auto choice = accept_ike(*answer, sa.peer->ike_proposals);
  if (!choice || choice->suite.group != own.group ||
      ke->group != static_cast<uint16_t>(own.group)) {
    return std::nullopt;
  }
  auto shared = own.dh->compute(ke->public_value);
  if (!shared) return std::nullopt;
  return InitAgreement{*choice, *std::move(shared), nonce->value};
}

void float_to_nat_port(const Context& context, IkeSa& sa) {
  sa.encapsulation = decide_encapsulation(sa.nat, sa.peer->encapsulation);
  if (sa.encapsulation != Encapsulation::Udp) return;
  // RFC 7296 2.23: from IKE_AUTH on.
  sa.local.port = context.options.nat_port;
  sa.remote.port = context.options.nat_port;
}

}  // namespace

void start_ike_sa_init(Context& context, IkeSa& sa) {
  InitExchange own;
  own.group = sa.peer->ike_proposals.front().group;
  own.dh = context.provider.make_dh(own.group);
  CHECK(own.dh != nullptr);  // The configuration admits only groups that we have.
  sa.nonce_i = random_bytes(context.provider, kNonceSize);
  sa.active = std::move(own);
  send_init(context, sa);
  context.supervisor.touch(sa.tunnel());
}

void complete_ike_sa_init(Context& context, IkeSa& sa, const Datagram& datagram,
                          const Message& message) {
  const auto verdict = judge({sa.state(), message.header.exchange, sa.role, Direction::Response},
                             payload_set(message.payloads));
  auto* own = std::get_if<InitExchange>(&sa.active);
  if (verdict != Legality::Legal || own == nullptr || message.encrypted) {
    ++context.counters.illegal;
    return;
  }
  report_message(context, sa, "received", message.header, message.payloads);
  if (auto cookie = find_cookie(message.payloads);
      cookie && own->restart_count < kInitRestartsMax) {
    ++own->restart_count;
    own->cookie = *std::move(cookie);
    return send_init(context, sa);
  }
  if (const auto* error = find_error(message.payloads)) {
    return handle_refusal(context, sa, *own, *error);
  }
  auto agreement = read_agreement(sa, *own, message.payloads);
  if (!agreement || message.header.responder_spi.value == 0 ||
      message.header.responder_spi == sa.spi_i) {
    ++context.counters.illegal;  // Perhaps not from the peer: its real answer may still come.
    return;
  }
  sa.ppk.is_agreed = sa.peer->ppk && find_notify(message.payloads, NotifyType::UsePpk) != nullptr;
  // RFC 8784 3: as unauthenticated as any refusal; it costs this attempt.
  if (lacks_required_ppk(sa))
    return give_up(context, sa, diagnose(Cause::PpkRequired, sa.peer->name));
  if (!agreement->choice.suite.additional.empty() && !supports_intermediate(message.payloads)) {
    return give_up(context, sa,
                   diagnose(Cause::AdditionalKeRequired, sa.peer->name,
                            "it agreed to them without IKE_INTERMEDIATE"));
  }
  sa.spi_r = message.header.responder_spi;
  sa.nonce_r = std::move(agreement->nonce);
  sa.suite = agreement->choice.suite;
  sa.keys =
      derive_ike_keys(context.provider, sa.suite,
                      {sa.nonce_i, sa.nonce_r, agreement->shared.view()}, {sa.spi_i, sa.spi_r});
  export_keys(context, sa);
  sa.init_response = datagram.bytes;
  sa.nat = read_nat_notifies(context.provider, {sa.spi_i, sa.spi_r}, datagram.local,
                             datagram.remote, message.payloads);
  sa.has_fragmentation =
      find_notify(message.payloads, NotifyType::FragmentationSupported) != nullptr;
  sa.peer_hashes = read_hash_notify(message.payloads);
  sa.peer_asks_raw_key = asks_for_raw_key(message.payloads);
  sa.admits_childless = sa.peer->admits_childless &&
                        find_notify(message.payloads, NotifyType::ChildlessSupported) != nullptr;
  float_to_nat_port(context, sa);
  sa.window.response_accepted();
  start_ike_intermediate(context, sa);
}

// --- Responder ---

namespace {

void refuse(Context& context, const Datagram& datagram, const Header& asked, Payload notify) {
  Header header = asked;
  header.is_response = true;
  header.from_initiator = false;
  context.outbox.send({.local = datagram.local,
                       .remote = datagram.remote,
                       .bytes = write_message(header, {std::move(notify)})});
}

bool is_well_formed(const Message& message) {
  const Header& header = message.header;
  return !message.encrypted && header.from_initiator && header.message_id.value == 0 &&
         header.initiator_spi.value != 0 && header.responder_spi.value == 0 &&
         judge({IkeSaState::Idle, header.exchange, Role::Responder, Direction::Request},
               payload_set(message.payloads)) == Legality::Legal;
}

using PeerList = std::vector<std::shared_ptr<const PeerConfig>>;

struct InitRequest {
  const Datagram& datagram;
  const Header& header;
  const SaPayload& offer;
  const KePayload& ke;
  const Bytes& nonce;
  const std::vector<Payload>& payloads;
};

std::optional<IkeChoice> choose(const PeerList& peers, const InitRequest& request) {
  const bool may_add = supports_intermediate(request.payloads);
  for (const auto& peer : peers) {
    const auto& ours = peer->ike_proposals;
    if (auto choice = select_ike(request.offer, may_add ? ours : without_additional(ours),
                                 request.ke.group)) {
      return choice;
    }
  }
  return std::nullopt;
}

Diagnosis explain_refusal(const InitRequest& request, const PeerConfig& peer) {
  const auto& ours = peer.ike_proposals;
  if (!supports_intermediate(request.payloads) && without_additional(ours).empty())
    return diagnose(Cause::AdditionalKeRequired, peer.name);
  return compared(diagnose(Cause::NoIkeProposal, peer.name, explain_ike(request.offer, ours)),
                  compare_ike(&request.offer, ours));
}

void refuse_offer(Context& context, const InitRequest& request, const PeerList& peers) {
  const PeerConfig& first = *peers.front();
  // Who is nowhere expected may be anybody: no connection has failed.
  if (context.supervisor.expects(first, request.datagram.remote.address) &&
      context.supervisor.admits_complaint(context, first.tunnel)) {
    const Diagnosis why = explain_refusal(request, first);
    context.options.log.warning("{}: {}", first.name, why.message);
    context.supervisor.fail(first.tunnel, why, Supervisor::Blame::Stranger);
  }
  refuse(context, request.datagram, request.header, error_notify(NotifyType::NoProposalChosen));
}

void answer_agreed(Context& context, IkeSa& sa, const InitRequest& request, const IkeChoice& choice,
                   const Bytes& public_value) {
  std::vector<Payload> payloads = {
      answer_ike(choice, std::nullopt),
      KePayload{static_cast<uint16_t>(choice.suite.group), public_value}, NoncePayload{sa.nonce_r}};
  for (Payload& notify : nat_notifies(context.provider, {sa.spi_i, sa.spi_r}, sa.local, sa.remote,
                                      sa.peer->encapsulation)) {
    payloads.push_back(std::move(notify));
  }
  if (sa.ppk.is_agreed) payloads.push_back(status_notify(NotifyType::UsePpk));
  // Only where such exchanges were agreed: we know no other use of IKE_INTERMEDIATE.
  if (!choice.suite.additional.empty())
    payloads.push_back(status_notify(NotifyType::IntermediateExchangeSupported));
  // RFC 7383 2.3: the responder says so only to an initiator that did.
  if (sa.has_fragmentation) {
    payloads.push_back(status_notify(NotifyType::FragmentationSupported));
  }
  std::ranges::move(hash_notifies(sa.candidates), std::back_inserter(payloads));
  std::ranges::move(certificate_requests(sa.candidates), std::back_inserter(payloads));
  if (sa.admits_childless) payloads.push_back(status_notify(NotifyType::ChildlessSupported));
  const Header header = make_header(sa, ExchangeType::IkeSaInit, MessageId{0}, Direction::Response);
  sa.init_response = write_message(header, payloads);
  sa.window.answered(request.datagram.bytes, {sa.init_response});
  report_message(context, sa, "sent", header, payloads);
  context.outbox.send({.local = sa.local, .remote = sa.remote, .bytes = sa.init_response});
}

void open_half(Context& context, const InitRequest& request, const PeerList& peers,
               const IkeChoice& choice) {
  ++context.counters.key_exchanges_answered;
  const auto answered = context.provider.answer_dh(choice.suite.group, request.ke.public_value);
  if (!answered) {
    context.wasted.note(context.now, request.datagram.remote.address);
    return refuse(context, request.datagram, request.header,
                  error_notify(NotifyType::InvalidSyntax));
  }
  auto made = std::make_unique<IkeSa>(Role::Responder, peers.front(), context.options.log);
  made->candidates = peers;
  made->spi_i = request.header.initiator_spi;
  made->origin = made->spi_i;
  made->spi_r = context.sas.fresh_ike_spi(context.provider);
  made->local = request.datagram.local;
  made->remote = request.datagram.remote;
  made->created_at = context.now;
  made->suite = choice.suite;
  made->nonce_i = request.nonce;
  made->nonce_r = random_bytes(context.provider, kNonceSize);
  made->init_request = request.datagram.bytes;
  made->nat = read_nat_notifies(context.provider, {made->spi_i, IkeSpi{0}}, made->local,
                                made->remote, request.payloads);
  made->encapsulation = decide_encapsulation(made->nat, peers.front()->encapsulation);
  made->ppk.is_agreed =
      find_notify(request.payloads, NotifyType::UsePpk) != nullptr &&
      std::ranges::any_of(peers, [](const auto& p) { return p->ppk.has_value(); });
  made->has_fragmentation =
      find_notify(request.payloads, NotifyType::FragmentationSupported) != nullptr;
  made->peer_hashes = read_hash_notify(request.payloads);
  made->admits_childless =
      std::ranges::all_of(peers, [](const auto& p) { return p->admits_childless; });
  made->keys = derive_ike_keys(context.provider, made->suite,
                               {made->nonce_i, made->nonce_r, answered->shared.view()},
                               {made->spi_i, made->spi_r});
  IkeSa& sa = context.sas.add(std::move(made));
  sa.enter(sa.suite.additional.empty() ? IkeSaState::InitAnswered : IkeSaState::IntermediateDue);
  sa.timers.arm(SaTimer::HalfOpen, context.now + kHalfOpenMax);
  report_message(context, sa, "received", request.header, request.payloads);
  export_keys(context, sa);
  answer_agreed(context, sa, request, choice, answered->public_value);
}

// Before anything is computed for a stranger.
bool may_open(Context& context, const Datagram& datagram, const Message& message) {
  const CookieOwner owner{.remote = datagram.remote,
                          .initiator_spi = message.header.initiator_spi,
                          .nonce = find_payload<NoncePayload>(message.payloads)->value};
  CookieState state = CookieState::Absent;
  if (const auto cookie = find_cookie(message.payloads)) {
    const bool right = context.cookies.accepts(context.provider, context.now, owner, *cookie);
    state = right ? CookieState::Right : CookieState::Wrong;
    if (!right) ++context.counters.cookies_wrong;
  }
  HalfOpenLoad load = context.sas.half_open(datagram.remote.address);
  context.wasted.add_to(load, context.now, datagram.remote.address);
  switch (admit(load, context.options.cookie_threshold, state)) {
    case Admission::Admit:
      return true;
    case Admission::Challenge:
      ++context.counters.cookies_sent;
      refuse(context, datagram, message.header,
             cookie_payload(context.cookies.make(context.provider, context.now, owner)));
      return false;
    case Admission::Refuse:
      ++context.counters.half_open_refused;
      return false;
  }
  return false;
}

}  // namespace

void answer_ike_sa_init(Context& context, const Datagram& datagram, const Message& message) {
  const Header& header = message.header;
  // The second: our own request came back to us.
  if (!is_well_formed(message) || context.sas.find(header.initiator_spi) != nullptr ||
      context.supervisor.is_shutting_down()) {
    ++context.counters.illegal;
    return;
  }
  if (IkeSa* known =
          context.sas.find_by_init(datagram.remote, header.initiator_spi, datagram.bytes)) {
    ++context.counters.replayed_or_late;
    if (!is_half_open(known->state()) || known->init_repeat_count == kInitRepeatsMax) return;
    ++known->init_repeat_count;
    return context.outbox.send(
        {.local = datagram.local, .remote = datagram.remote, .bytes = known->init_response});
  }
  const auto candidates =
      context.supervisor.candidates(datagram.local.address, datagram.remote.address);
  if (candidates.peers.empty()) {
    ++context.counters.no_peer;
    if (!candidates.is_held_down) return;
    return refuse(context, datagram, header, error_notify(NotifyType::NoProposalChosen));
  }
  if (!may_open(context, datagram, message)) return;
  const InitRequest request{.datagram = datagram,
                            .header = header,
                            .offer = *find_payload<SaPayload>(message.payloads),
                            .ke = *find_payload<KePayload>(message.payloads),
                            .nonce = find_payload<NoncePayload>(message.payloads)->value,
                            .payloads = message.payloads};
  const auto choice = choose(candidates.peers, request);
  if (!choice) return refuse_offer(context, request, candidates.peers);
  const auto group = static_cast<uint16_t>(choice->suite.group);
  if (request.ke.group != group) return refuse(context, datagram, header, invalid_ke_notify(group));
  open_half(context, request, candidates.peers, *choice);
}

}  // namespace twinspan::ike
