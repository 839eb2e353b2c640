#include "tests/support/scripted_peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ike/core/proposal.h"
#include "ike/core/sealed_message.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

bool is_same_message(const Header& one, const Header& other) {
  return one.initiator_spi == other.initiator_spi && one.is_response == other.is_response &&
         one.message_id == other.message_id;
}

uint32_t next_request_id(const SimWorld& world, size_t side) {
  uint32_t next = 0;
  for (const WireMessage& message : world.sent) {
    if (message.from == side && !message.header.is_response)
      next = std::max(next, message.header.message_id.value + 1);
  }
  return next;
}

SkKeys sk_keys(const EventIkeKeys& of, bool of_initiator) {
  return {of.suite.encryption, of.suite.integrity, (of_initiator ? of.keys.ei : of.keys.er).view(),
          (of_initiator ? of.keys.ai : of.keys.ar).view()};
}

Payload deleted(Spi spi) {
  return DeletePayload{.protocol = ProtocolId::Esp, .spis = {spi}};
}

}  // namespace

void ScriptedPeer::prepare(SimWorld& world, size_t victim) {
  world.host(victim).options.export_keys = true;
  world.restart(victim);
  world.keeps_sent = true;
}

ScriptedPeer::ScriptedPeer(SimWorld& world, size_t victim)
    : config(peer_config(1 - victim)), world_(world), victim_(victim), own_(1 - victim) {
  SimHost& self = world.host(own_);
  self.is_alive = false;
  const EventIkeEstablished& sa = self.ike_established.back();
  sessions_.push_back({.initiator_spi = sa.initiator_spi,
                       .responder_spi = sa.responder_spi,
                       .is_initiator = sa.is_initiator,
                       .next_id = next_request_id(world, own_)});
  world.keeps_sent = false;
  for (const auto& [spi, pair] : self.inbound) {
    children_.push_back({.own = spi,
                         .victims = pair.params.outbound_spi,
                         .inbound_print = pair.inbound_print,
                         .outbound_print = pair.outbound_print});
  }
  world_.filter = [this](const WireMessage& message) {
    if (message.from != victim_) return true;
    if (message.is_request(ExchangeType::IkeSaInit)) {
      was_given_up_ = true;
      return false;
    }
    const bool is_known = std::ranges::any_of(heard_, [&](const WireMessage& other) {
      return is_same_message(other.header, message.header);
    });
    if (!is_known) heard_.push_back(message);
    return false;
  };
}

ScriptedPeer::Session* ScriptedPeer::find(IkeSpi initiator_spi) {
  const auto found = std::ranges::find(sessions_, initiator_spi, &Session::initiator_spi);
  return found == sessions_.end() ? nullptr : &*found;
}

std::vector<IkeSpi> ScriptedPeer::ike_sas() const {
  std::vector<IkeSpi> spis;
  for (const Session& session : sessions_) spis.push_back(session.initiator_spi);
  return spis;
}

const EventIkeKeys* ScriptedPeer::keys_of(const Session& session) {
  const auto& known = victim().session_keys;
  const auto found = std::ranges::find(known, session.initiator_spi, &EventIkeKeys::initiator_spi);
  return found == known.end() ? nullptr : &*found;
}

void ScriptedPeer::send(Session& session, const Header& header,
                        const std::vector<Payload>& payloads) {
  const EventIkeKeys* known = keys_of(session);
  if (known == nullptr) return;
  said_.push_back({.local = {victim().address(), 4500},
                   .remote = {world_.host(own_).address(), 4500},
                   .bytes = seal_message(crypto_, sk_keys(*known, session.is_initiator), next_iv_++,
                                         header, payloads)});
  if (said_.size() > kSaidMax) said_.pop_front();
  world_.inject(victim_, Datagram(said_.back()));
}

std::optional<ScriptedPeer::Heard> ScriptedPeer::open(const WireMessage& message) {
  const Session* session = find(message.header.initiator_spi);
  const auto parsed = parse_message(message.datagram.bytes);
  if (session == nullptr || !parsed || !parsed->encrypted) return std::nullopt;
  const EventIkeKeys* known = keys_of(*session);
  if (known == nullptr) return std::nullopt;
  auto payloads = open_message(crypto_, sk_keys(*known, !session->is_initiator),
                               message.datagram.bytes, *parsed);
  if (!payloads) return std::nullopt;
  return Heard{message.header, *std::move(payloads)};
}

Bytes ScriptedPeer::fresh_nonce() {
  Bytes nonce(32, next_nonce_++);
  nonce[0] = nonce_first_byte;
  return nonce;
}

// --- Asking ---

std::vector<Payload> ScriptedPeer::ask(ExchangeType exchange, const Request& payloads) {
  return ask_on(newest_ike(), exchange, payloads);
}

std::vector<Payload> ScriptedPeer::ask_on(IkeSpi initiator_spi, ExchangeType exchange,
                                          const Request& payloads) {
  Session* session = find(initiator_spi);
  CHECK(session != nullptr);
  Header header;
  header.initiator_spi = session->initiator_spi;
  header.responder_spi = session->responder_spi;
  header.exchange = static_cast<uint8_t>(exchange);
  header.from_initiator = session->is_initiator;
  header.message_id = MessageId{session->next_id++};
  send(*session, header, payloads);
  header.is_response = true;
  const auto answer = std::ranges::find_if(
      heard_, [&](const WireMessage& message) { return is_same_message(message.header, header); });
  if (answer == heard_.end()) return {};
  const WireMessage message = *answer;
  heard_.erase(answer);
  auto opened = open(message);
  last_answer_ = opened ? std::move(opened->payloads) : std::vector<Payload>{};
  return last_answer_;
}

// The child is in the books from here on. Of `secrets` the initiator is that of the exchange.
ScriptedPeer::Child ScriptedPeer::book(const Session& session, const Child& spis,
                                       const EspTransforms& transforms,
                                       const ExchangeSecrets& secrets, bool is_initiator) {
  const EventIkeKeys& known = *keys_of(session);
  const ChildKeys keys =
      derive_child_keys(crypto_, known.suite.prf, known.keys.d.view(), transforms, secrets);
  const uint64_t forth = SimHost::fingerprint(keys.initiator_to_responder);
  const uint64_t back = SimHost::fingerprint(keys.responder_to_initiator);
  children_.push_back({.own = spis.own,
                       .victims = spis.victims,
                       .inbound_print = is_initiator ? back : forth,
                       .outbound_print = is_initiator ? forth : back});
  return children_.back();
}

std::optional<ScriptedPeer::Child> ScriptedPeer::rekey_child(const Child& old) {
  const ChildConfig& wanted = config.children.front();
  const Session session = sessions_.back();
  const Spi own{next_spi_++};
  const Bytes nonce = fresh_nonce();
  const DhGroupId group = wanted.proposals.front().pfs_group;
  const auto dh = crypto_.make_dh(group);
  Request request = {child_notify(NotifyType::RekeySa, old.own),
                     offer_esp(wanted.proposals, own, ChildDh::With),
                     NoncePayload{nonce},
                     KePayload{static_cast<uint16_t>(group), dh->public_value()},
                     TsPayload{.of_initiator = true, .selectors = wanted.local},
                     TsPayload{.of_initiator = false, .selectors = wanted.remote}};
  request.insert(request.end(), extra.begin(), extra.end());
  const auto answer = ask(ExchangeType::CreateChildSa, request);
  refusal_.reset();
  if (const auto* error = find_error(answer)) refusal_ = error->type;
  const auto* sa = find_payload<SaPayload>(answer);
  const auto choice =
      sa == nullptr ? std::nullopt : accept_esp(*sa, wanted.proposals, ChildDh::With);
  if (!choice) return std::nullopt;
  const auto shared = dh->compute(find_payload<KePayload>(answer)->public_value);
  return book(session, {.own = own, .victims = choice->spi}, choice->transforms,
              {nonce, find_payload<NoncePayload>(answer)->value, shared->view()}, true);
}

bool ScriptedPeer::rekey_ike() {
  const auto& offered = config.ike_proposals;
  const IkeSpi own{0xb000'0000'0000'0000 + next_spi_++};
  const auto dh = crypto_.make_dh(offered.front().group);
  const auto answer =
      ask(ExchangeType::CreateChildSa,
          {offer_ike(offered, own), NoncePayload{fresh_nonce()},
           KePayload{static_cast<uint16_t>(offered.front().group), dh->public_value()}});
  refusal_.reset();
  if (const auto* error = find_error(answer)) refusal_ = error->type;
  const auto* sa = find_payload<SaPayload>(answer);
  const auto choice = sa == nullptr ? std::nullopt : accept_ike(*sa, offered);
  if (!choice) return false;
  sessions_.push_back({.initiator_spi = own, .responder_spi = choice->spi, .is_initiator = true});
  return true;
}

std::vector<Payload> ScriptedPeer::say_deleted(const Child& child) {
  return ask(ExchangeType::Informational, {deleted(child.own)});
}

void ScriptedPeer::delete_child(const Child& child) {
  const Spi own = child.own;
  say_deleted(child);
  std::erase_if(children_, [own](const Child& other) { return other.own == own; });
}

void ScriptedPeer::delete_ike(IkeSpi initiator_spi) {
  ask_on(initiator_spi, ExchangeType::Informational,
         {DeletePayload{.protocol = ProtocolId::Ike, .spis = {}}});
  forget_ike(initiator_spi);
}

// --- Being asked ---

std::optional<ScriptedPeer::Heard> ScriptedPeer::heard() {
  for (const WireMessage& message : heard_) {
    if (message.header.is_response) continue;
    if (auto opened = open(message)) return opened;
  }
  return std::nullopt;
}

void ScriptedPeer::answer(const Heard& request, const std::vector<Payload>& payloads) {
  std::erase_if(heard_, [&](const WireMessage& message) {
    return is_same_message(message.header, request.header);
  });
  Session* session = find(request.header.initiator_spi);
  CHECK(session != nullptr);
  Header header = request.header;
  header.is_response = true;
  header.from_initiator = session->is_initiator;
  send(*session, header, payloads);
}

void ScriptedPeer::answer_well(const Heard& request) {
  if (request.header.exchange == static_cast<uint8_t>(ExchangeType::Informational))
    return answer_informational(request);
  const auto* sa = find_payload<SaPayload>(request.payloads);
  if (sa == nullptr || sa->proposals.empty() ||
      find_payload<KePayload>(request.payloads) == nullptr)
    return answer(request, {error_notify(NotifyType::NoProposalChosen)});
  if (sa->proposals.front().protocol == ProtocolId::Ike) return answer_rekey_ike(request);
  return answer_child(request);
}

void ScriptedPeer::answer_child(const Heard& request) {
  const Session session = *find(request.header.initiator_spi);
  const auto* ke = find_payload<KePayload>(request.payloads);
  const auto choice = select_esp(*find_payload<SaPayload>(request.payloads),
                                 config.children.front().proposals, ChildDh::With, ke->group);
  if (!choice) return answer(request, {error_notify(NotifyType::NoProposalChosen)});
  const auto dh = crypto_.make_dh(choice->group);
  const auto shared = dh->compute(ke->public_value);
  const Bytes nonce = fresh_nonce();
  const Spi own{next_spi_++};
  book(session, {.own = own, .victims = choice->spi}, choice->transforms,
       {find_payload<NoncePayload>(request.payloads)->value, nonce, shared->view()}, false);
  std::vector<Payload> agreed = {
      answer_esp(*choice, own), NoncePayload{nonce}, KePayload{ke->group, dh->public_value()},
      *find_selectors(request.payloads, true), *find_selectors(request.payloads, false)};
  agreed.insert(agreed.end(), extra.begin(), extra.end());
  answer(request, agreed);
}

void ScriptedPeer::answer_rekey_ike(const Heard& request) {
  const auto* ke = find_payload<KePayload>(request.payloads);
  const auto choice =
      select_ike(*find_payload<SaPayload>(request.payloads), config.ike_proposals, ke->group);
  if (!choice) return answer(request, {error_notify(NotifyType::NoProposalChosen)});
  const auto dh = crypto_.make_dh(choice->suite.group);
  const IkeSpi own{0xb000'0000'0000'0000 + next_spi_++};
  sessions_.push_back({.initiator_spi = choice->spi, .responder_spi = own});
  answer(request, {answer_ike(*choice, own), NoncePayload{fresh_nonce()},
                   KePayload{ke->group, dh->public_value()}});
}

void ScriptedPeer::answer_informational(const Heard& request) {
  if (deletes_ike(request.payloads)) {
    answer(request, {});
    return forget_ike(request.header.initiator_spi);
  }
  std::vector<Payload> said;
  for (const Spi spi : deleted_esp_spis(request.payloads)) {
    const auto child = std::ranges::find(children_, spi, &Child::victims);
    if (child == children_.end()) continue;  // The DELETEs cross.
    said.push_back(deleted(child->own));
    children_.erase(child);
  }
  answer(request, said);
}

void ScriptedPeer::behave_for(Duration span) {
  const Instant end = world_.now() + span;
  while (world_.now() < end) {
    if (const auto request = heard()) {
      answer_well(*request);
      continue;
    }
    world_.run_until([this] { return heard().has_value(); }, end - world_.now());
  }
}

void ScriptedPeer::hand_back(const PeerConfig& real) {
  world_.filter = nullptr;
  world_.restart(own_);
  world_.command(own_, CommandAddPeer{.peer = real, .started = true});
}

// --- The books ---

void ScriptedPeer::forget_ike(IkeSpi initiator_spi) {
  std::erase_if(sessions_,
                [&](const Session& session) { return session.initiator_spi == initiator_spi; });
}

std::vector<std::string> ScriptedPeer::disagreements() {
  std::vector<std::string> found;
  const auto complain = [&found](std::string what) { found.push_back(std::move(what)); };
  SimHost& host = victim();
  if (host.inbound.size() != children_.size()) {
    complain(fmt::format("{} pairs, the peer has {}", host.inbound.size(), children_.size()));
  }
  for (const Child& child : children_) {
    const auto held = host.inbound.find(child.victims);
    if (held == host.inbound.end()) {
      complain(fmt::format("{:08x} is not held", child.victims.value));
    } else if (held->second.inbound_print != child.outbound_print ||
               held->second.outbound_print != child.inbound_print) {
      complain(fmt::format("the keys of {:08x} differ", child.victims.value));
    }
  }
  const SimHost::Pair* used = host.outbound(kTunnel);
  if (used == nullptr) {
    complain("nothing is sent on");
  } else if (std::ranges::find(children_, used->params.outbound_spi, &Child::own) ==
             children_.end()) {
    complain("what is sent on the peer does not hold");
  }
  const size_t live = host.ike_established.size() - host.ike_gone.size();
  if (live != sessions_.size())
    complain(fmt::format("{} IKE SAs, the peer has {}", live, sessions_.size()));
  if (host.tunnel_state[kTunnel] != TunnelState::Established) complain("the tunnel is down");
  return found;
}

}  // namespace twinspan::ike
