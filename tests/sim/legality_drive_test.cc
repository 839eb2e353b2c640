// An endpoint in every state and both roles, and every message that its peer's place could send:
// all 256 exchange types, requests and responses, sets of payloads, sealed with the live keys, with
// wrong ones, or not at all.
//
// What is shown: without a verified AUTH nothing is established or installed, whoever knows the
// session keys; and what is not authenticated leaves the whole state byte for byte as it was.
#include <algorithm>
#include <functional>

#include "ike/core/cookie.h"
#include "ike/core/proposal.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"
#include "tests/support/forger.h"

namespace twinspan::ike {
namespace {

constexpr uint8_t kInitType = static_cast<uint8_t>(ExchangeType::IkeSaInit);
constexpr uint8_t kCreateType = static_cast<uint8_t>(ExchangeType::CreateChildSa);
constexpr uint32_t kIdsTried = 4;

// How an endpoint is brought into a state; the wire is held.
struct Stage {
  const char* name;
  IkeSaState state;
  size_t victim;
  Role role;  // The victim's in the IKE SA that is attacked.
  bool is_authenticated;
  std::function<void(SimPair&)> reach;
  bool attacks_first_session = false;      // Of several; otherwise the newest.
  std::vector<DhGroupId> additional = {};  // Of both sides (RFC 9370).
  uint32_t first_id = 0;                   // So many message IDs were used up on the way.
};

void deliver_one(SimPair& pair) {
  ASSERT_FALSE(pair.world.held().empty()) << pair.world.picture();
  pair.world.deliver(0);
}

void begin(SimPair& pair) {
  pair.world.hold_wire();
  pair.start();
  pair.world.run_for(1ms);
}

void deliver_from(SimPair& pair, size_t side) {
  const auto index = pair.world.find_held([side](const WireMessage& m) { return m.from == side; });
  ASSERT_TRUE(index.has_value()) << pair.world.picture();
  pair.world.deliver(*index);
}

void stand(SimPair& pair) {
  pair.establish();
  pair.world.hold_wire();
}

// `rekeyer` asks, the other side has answered: its old IKE SA is Replaced.
void rekey_half(SimPair& pair, size_t rekeyer) {
  stand(pair);
  pair.rekey_ike(rekeyer);
  deliver_from(pair, rekeyer);
}

// Both ask, `victim` has answered: what it answered is a Candidate.
void cross_half(SimPair& pair, size_t victim) {
  stand(pair);
  pair.rekey_ike(kA);
  pair.rekey_ike(kB);
  deliver_from(pair, 1 - victim);
}

void delete_at(SimPair& pair, size_t side) {
  stand(pair);
  pair.world.command(side, CommandDown{kTunnel});
}

void linger_at(SimPair& pair, size_t side) {
  delete_at(pair, 1 - side);
  deliver_from(pair, 1 - side);
}

const std::vector<DhGroupId> kAdditional = {DhGroupId::Curve25519, DhGroupId::Ecp521};

// RFC 9242 and RFC 9370: the states of a negotiation and of a rekey with more key exchanges.
std::vector<Stage> stages_of_additional_exchanges() {
  using enum IkeSaState;
  constexpr auto kInitiator = Role::Initiator, kResponder = Role::Responder;
  return {
      {"IntermediateSent", IntermediateSent, kA, kInitiator, false,
       [](SimPair& p) {
         begin(p);
         deliver_one(p);
         deliver_one(p);
       },
       false, kAdditional},
      {"SecondIntermediateSent", IntermediateSent, kA, kInitiator, false,
       [](SimPair& p) {
         begin(p);
         for (unsigned i = 0; i < 4; ++i) deliver_one(p);
       },
       false, kAdditional},
      {"IntermediateDue", IntermediateDue, kB, kResponder, false,
       [](SimPair& p) {
         begin(p);
         deliver_one(p);
       },
       false, kAdditional},
      {"SecondIntermediateDue", IntermediateDue, kB, kResponder, false,
       [](SimPair& p) {
         begin(p);
         for (unsigned i = 0; i < 3; ++i) deliver_one(p);
       },
       false, kAdditional},
      {"LastIntermediateAnswered", InitAnswered, kB, kResponder, false,
       [](SimPair& p) {
         begin(p);
         for (unsigned i = 0; i < 5; ++i) deliver_one(p);
       },
       false, kAdditional},
      {"FollowupSent", Established, kA, kInitiator, true,
       [](SimPair& p) {
         stand(p);
         p.rekey_child(kA);
         deliver_one(p);
         deliver_one(p);
       },
       false, kAdditional, 3},
      {"FollowupAwaited", Established, kB, kResponder, true,
       [](SimPair& p) {
         stand(p);
         p.rekey_child(kA);
         deliver_one(p);
       },
       false, kAdditional, 3},
  };
}

std::vector<Stage> stages() {
  using enum IkeSaState;
  constexpr auto kInitiator = Role::Initiator, kResponder = Role::Responder;
  return {
      {"InitSent", InitSent, kA, kInitiator, false, begin},
      {"AuthSent", AuthSent, kA, kInitiator, false,
       [](SimPair& p) {
         begin(p);
         deliver_one(p);
         deliver_one(p);
       }},
      {"InitAnswered", InitAnswered, kB, kResponder, false,
       [](SimPair& p) {
         begin(p);
         deliver_one(p);
       }},
      {"EstablishedInitiator", Established, kA, kInitiator, true, stand},
      {"EstablishedResponder", Established, kB, kResponder, true, stand},
      {"CandidateAtA", Candidate, kA, kResponder, true, [](SimPair& p) { cross_half(p, kA); }},
      {"CandidateAtB", Candidate, kB, kResponder, true, [](SimPair& p) { cross_half(p, kB); }},
      {"ReplacedInitiator", Replaced, kA, kInitiator, true, [](SimPair& p) { rekey_half(p, kB); },
       true},
      {"ReplacedResponder", Replaced, kB, kResponder, true, [](SimPair& p) { rekey_half(p, kA); },
       true},
      {"DeletingInitiator", Deleting, kA, kInitiator, true, [](SimPair& p) { delete_at(p, kA); }},
      {"DeletingResponder", Deleting, kB, kResponder, true, [](SimPair& p) { delete_at(p, kB); }},
      {"LingeringInitiator", Lingering, kA, kInitiator, true, [](SimPair& p) { linger_at(p, kA); }},
      {"LingeringResponder", Lingering, kB, kResponder, true, [](SimPair& p) { linger_at(p, kB); }},
  };
}

// --- Payloads ---

Bytes filled(size_t size) {
  return Bytes(size, 0x5a);
}

std::vector<Payload> payloads_of(PayloadSet set, const SimPair& pair, ProtocolId offered) {
  const PeerConfig& peer = pair.config[kA];
  std::vector<Payload> list;
  if (set & kSetIdi) list.push_back(IdPayload{true, IdType::Fqdn, peer.local_identity.value});
  if (set & kSetIdr) list.push_back(IdPayload{false, IdType::Fqdn, peer.remote_identity.value});
  if (set & kSetAuth) list.push_back(AuthPayload{AuthMethod::SharedKey, filled(48)});
  if (set & kSetSa) {
    list.push_back(offered == ProtocolId::Ike
                       ? offer_ike(peer.ike_proposals, IkeSpi{0x1234567890})
                       : offer_esp(peer_config(kA).children.front().proposals, Spi{0x11223344},
                                   ChildDh::With));
  }
  if (set & kSetNonce) list.push_back(NoncePayload{filled(32)});
  if (set & kSetKe) {
    FakeCrypto crypto{7};
    const auto group = peer.ike_proposals.front().group;
    list.push_back(KePayload{static_cast<uint16_t>(group), crypto.make_dh(group)->public_value()});
  }
  if (set & kSetTsi) list.push_back(TsPayload{true, selectors({"0.0.0.0/0", "::/0"})});
  if (set & kSetTsr) list.push_back(TsPayload{false, selectors({"0.0.0.0/0", "::/0"})});
  if (set & kSetDelete) list.push_back(DeletePayload{ProtocolId::Ike, {}});
  return list;
}

// Nothing, each kind alone, each one missing from all, and what the exchanges really hold.
std::vector<std::vector<Payload>> payload_lists(const SimPair& pair) {
  constexpr PayloadSet kAll = 0x1ff;
  std::vector<std::vector<Payload>> lists;
  const auto add = [&](unsigned set, ProtocolId offered = ProtocolId::Esp) {
    lists.push_back(payloads_of(static_cast<PayloadSet>(set), pair, offered));
  };
  add(0);
  for (unsigned bit = 0; bit < 9; ++bit) {
    add(1u << bit);
    add(kAll & ~(1u << bit));
  }
  constexpr unsigned kTs = kSetTsi | kSetTsr;
  add(kSetSa | kSetKe | kSetNonce);
  add(kSetSa | kSetKe | kSetNonce, ProtocolId::Ike);
  add(kSetSa | kSetNonce | kTs);
  add(kSetSa | kSetNonce | kSetKe | kTs);
  add(kSetIdi | kSetAuth | kSetSa | kTs);
  add(kSetIdi | kSetIdr | kSetAuth | kSetSa | kTs);
  add(kSetIdr | kSetAuth | kSetSa | kTs);
  add(kSetIdr | kSetAuth);
  add(kSetIdi | kSetAuth);
  FakeCrypto crypto{8};
  for (const DhGroupId method : kAdditional) {
    const Payload ke =
        KePayload{static_cast<uint16_t>(method), crypto.make_dh(method)->public_value()};
    lists.push_back({ke});
    lists.push_back(
        {ke, NotifyPayload{.type = NotifyType::AdditionalKeyExchange, .value = filled(8)}});
  }
  lists.push_back({DeletePayload{ProtocolId::Esp, {Spi{0x11223344}}}});
  lists.push_back({error_notify(NotifyType::AuthenticationFailed)});
  lists.push_back({error_notify(NotifyType::TemporaryFailure)});
  lists.push_back({status_notify(NotifyType::InitialContact)});
  return lists;
}

// Exchange types that nobody has defined are told apart by nothing but their number: a few lists
// are enough.
size_t lists_tried(unsigned exchange, size_t all) {
  constexpr unsigned kDefinedFirst = 34, kDefinedLast = 44;
  constexpr size_t kFew = 3;
  return exchange >= kDefinedFirst && exchange <= kDefinedLast ? all : kFew;
}

// --- The attack ---

class Scene {
 public:
  explicit Scene(const Stage& stage) : stage_(stage) { build(); }

  void build() {
    pair_ = std::make_unique<SimPair>();
    for (const size_t side : {kA, kB}) {
      SimHost& host = pair_->world.host(side);
      host.options.export_keys = true;
      host.restart(side + 5);
      for (IkeProposal& p : pair_->config[side].ike_proposals) p.additional = stage_.additional;
      for (EspProposal& p : pair_->config[side].children[0].proposals)
        p.additional = stage_.additional;
    }
    pair_->world.record(false);
    stage_.reach(*pair_);
    forger_ = std::make_unique<Forger>(aim());
    before_ = victim().endpoint().dump_state();
    ASSERT_NE(before_.find(std::string(" ") + to_string(stage_.state) + " "), std::string::npos)
        << stage_.name << "\n"
        << before_;
  }
  SimPair& pair() { return *pair_; }
  SimHost& victim() { return pair_->world.host(stage_.victim); }
  bool is_unchanged() { return victim().endpoint().dump_state() == before_; }
  // Of the victim's SAs each stands as it stood, whatever stands beside them.
  bool is_sa_unchanged() {
    const std::string sas = before_.substr(before_.find("\nike "));
    const std::string now = victim().endpoint().dump_state();
    for (size_t begin = 0; begin < sas.size();) {
      const size_t end = std::min(sas.find("\nike ", begin + 1), sas.size());
      if (now.find(sas.substr(begin, end - begin)) == std::string::npos) return false;
      begin = end;
    }
    return true;
  }
  // What the victim sends on, as INVALID_SPI names it.
  Bytes outbound_spi() {
    Bytes spi(4);
    const auto* pair = victim().outbound(kTunnel);
    if (pair != nullptr) store_be32(spi.data(), pair->params.outbound_spi.value);
    return spi;
  }

  void send(const Forger::Message& message, const std::vector<Payload>& payloads, Sealing sealing) {
    handle(forger_->make(message, payloads, sealing));
  }
  // From the peer's address, in the name of an IKE SA that does not exist yet.
  void send_as_stranger(const Forger::Message& message, const std::vector<Payload>& payloads) {
    Forger::Victim target = aim();
    target.role = Role::Responder;
    target.initiator_spi = IkeSpi{0xabcdef};
    target.responder_spi = IkeSpi{0};
    handle(Forger(target).make(message, payloads, Sealing::None));
  }
  size_t take_installed() { return std::exchange(installed_, 0); }
  size_t take_established() { return std::exchange(established_, 0); }

 private:
  void handle(const Datagram& datagram) {
    victim().endpoint().handle_datagram(pair_->world.now(), datagram);
    while (auto event = victim().endpoint().poll_event()) {
      installed_ += std::holds_alternative<EventInstallPair>(*event) ? 1 : 0;
      established_ += std::holds_alternative<EventIkeEstablished>(*event) ? 1 : 0;
    }
    while (victim().endpoint().poll_datagram()) continue;
  }

  Forger::Victim aim() {
    const auto& sessions = victim().session_keys;
    const EventIkeKeys* session = nullptr;
    if (!sessions.empty())
      session = stage_.attacks_first_session ? &sessions.front() : &sessions.back();
    Forger::Victim target{.victim = {victim().address(), 4500},
                          .peer = {pair_->world.host(1 - stage_.victim).address(), 4500},
                          .role = stage_.role,
                          .session = session};
    // The port floats with the first message after IKE_SA_INIT.
    if (stage_.state == IkeSaState::InitSent || is_half_open(stage_.state))
      target.victim.port = target.peer.port = 500;
    if (session != nullptr) {
      target.initiator_spi = session->initiator_spi;
      target.responder_spi = session->responder_spi;
    } else {
      target.initiator_spi = pair_->world.held().front().header.initiator_spi;
      target.responder_spi = IkeSpi{0x77};
    }
    return target;
  }

  const Stage& stage_;
  std::unique_ptr<SimPair> pair_;
  std::unique_ptr<Forger> forger_;
  std::string before_;
  size_t installed_ = 0, established_ = 0;
};

std::vector<Stage> all_stages() {
  std::vector<Stage> all = stages();
  for (Stage& stage : stages_of_additional_exchanges()) all.push_back(std::move(stage));
  return all;
}

class EveryStage : public testing::TestWithParam<Stage> {};
INSTANTIATE_TEST_SUITE_P(Reached, EveryStage, testing::ValuesIn(all_stages()),
                         [](const auto& tested) { return std::string(tested.param.name); });

// IKE_SA_INIT is what starts without keys, so it is left out here; corruption_test has it.
TEST_P(EveryStage, InputThatIsNotAuthenticatedChangesNothing) {
  Scene scene(GetParam());
  if (HasFatalFailure()) return;
  const auto lists = payload_lists(scene.pair());
  const bool has_keys = GetParam().state != IkeSaState::InitSent;
  const uint32_t first = GetParam().first_id;
  for (unsigned exchange = 0; exchange < 256; ++exchange) {
    if (exchange == kInitType) continue;
    for (const Direction direction : {Direction::Request, Direction::Response}) {
      for (uint32_t id = first; id < first + kIdsTried; ++id) {
        const Forger::Message message{static_cast<uint8_t>(exchange), direction, MessageId{id}};
        for (size_t i = 0; i < lists_tried(exchange, lists.size()); ++i) {
          scene.send(message, lists[i], Sealing::None);
          if (has_keys) scene.send(message, lists[i], Sealing::WrongKeys);
        }
      }
    }
    ASSERT_TRUE(scene.is_unchanged()) << GetParam().name << ", exchange " << exchange;
  }
  EXPECT_EQ(scene.take_installed() + scene.take_established(), 0u);
}

// What strangers may say in clear: requests of IKE_SA_INIT make a half-open SA of their own, hints
// a negotiation of our own; the SA at hand stays as it is, byte for byte.
TEST_P(EveryStage, WhatIsSaidInClearDoesNotReachTheSa) {
  Scene scene(GetParam());
  if (HasFatalFailure()) return;
  const bool awaits_init = GetParam().state == IkeSaState::InitSent;
  auto lists = payload_lists(scene.pair());
  for (const NotifyType type : {NotifyType::InvalidSpi, NotifyType::InvalidIkeSpi,
                                NotifyType::NoProposalChosen, NotifyType::InvalidMajorVersion}) {
    lists.push_back({NotifyPayload{.type = type, .value = scene.outbound_spi()}});
  }
  lists.push_back({cookie_payload(filled(16))});
  for (const uint8_t exchange : {kInitType, static_cast<uint8_t>(ExchangeType::Informational)}) {
    for (const Direction direction : {Direction::Request, Direction::Response}) {
      if (awaits_init && exchange == kInitType && direction == Direction::Response) continue;
      for (uint32_t id = 0; id < kIdsTried; ++id) {
        for (const auto& list : lists) {
          scene.send({exchange, direction, MessageId{id}}, list, Sealing::None);
          scene.send_as_stranger({exchange, direction, MessageId{id}}, list);
          ASSERT_TRUE(scene.is_sa_unchanged()) << GetParam().name << ", exchange " << exchange;
        }
      }
    }
  }
  EXPECT_EQ(scene.take_installed() + scene.take_established(), 0u);
}

TEST_P(EveryStage, NothingIsInstalledUnlessAuthWasVerified) {
  Scene scene(GetParam());
  if (HasFatalFailure()) return;
  const uint32_t first = GetParam().first_id;
  const auto lists = payload_lists(scene.pair());
  for (unsigned exchange = 0; exchange < 256; ++exchange) {
    for (const Direction direction : {Direction::Request, Direction::Response}) {
      for (size_t i = 0; i < lists_tried(exchange, lists.size()); ++i) {
        for (uint32_t id = first; id < first + kIdsTried; ++id) {
          scene.send({static_cast<uint8_t>(exchange), direction, MessageId{id}}, lists[i],
                     Sealing::LiveKeys);
        }
        const size_t installed = scene.take_installed(), established = scene.take_established();
        if (!GetParam().is_authenticated) {
          ASSERT_EQ(installed + established, 0u) << "exchange " << exchange << " list " << i;
        }
        if (exchange != kCreateType) {
          ASSERT_EQ(installed, 0u) << "exchange " << exchange << " list " << i;
        }
        if (!scene.is_unchanged()) scene.build();
        if (HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace twinspan::ike
