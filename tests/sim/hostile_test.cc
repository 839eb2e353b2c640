// A peer that holds the keys and breaks the protocol, and strangers who hold nothing.
#include "ike/core/child_sa.h"
#include "ike/core/proposal.h"
#include "ike/core/sealed_message.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

// A's keys in the hands of the test: B is attacked from inside the IKE SA that A initiated.
class Insider {
 public:
  explicit Insider(SimPair& pair) : pair_(pair) {
    pair.a().options.export_keys = true;
    pair.a().restart(5);
    pair.config[kB].fragment_size = 0;  // Each answer is one datagram.
  }

  // B's answer to a fresh request of A's that holds `payloads`, opened; empty: there is none.
  std::vector<Payload> ask(ExchangeType exchange, const std::vector<Payload>& payloads) {
    const Datagram request = seal(exchange, payloads);
    pair_.b().endpoint().handle_datagram(pair_.world.now(), request);
    while (auto event = pair_.b().endpoint().poll_event()) pair_.b().carry_out(*std::move(event));
    const auto answer = pair_.b().endpoint().poll_datagram();
    return answer ? open(answer->bytes) : std::vector<Payload>{};
  }

  // What B would say to a request of A's.
  Datagram answer(MessageId id, ExchangeType exchange, const std::vector<Payload>& payloads) {
    const EventIkeKeys& event = session();
    Header header;
    header.initiator_spi = event.initiator_spi;
    header.responder_spi = event.responder_spi;
    header.exchange = static_cast<uint8_t>(exchange);
    header.is_response = true;
    header.message_id = id;
    const SkKeys keys{event.suite.encryption, event.suite.integrity, event.keys.er.view(),
                      event.keys.ar.view()};
    return {.local = {pair_.a().address(), 4500},
            .remote = {pair_.b().address(), 4500},
            .bytes = seal_message(crypto_, keys, 2000, header, payloads)};
  }

 private:
  const EventIkeKeys& session() { return pair_.a().session_keys.back(); }

  Datagram seal(ExchangeType exchange, const std::vector<Payload>& payloads) {
    const EventIkeKeys& event = session();
    Header header;
    header.initiator_spi = event.initiator_spi;
    header.responder_spi = event.responder_spi;
    header.exchange = static_cast<uint8_t>(exchange);
    header.from_initiator = true;
    header.message_id = MessageId{next_id_++};
    const SkKeys keys{event.suite.encryption, event.suite.integrity, event.keys.ei.view(),
                      event.keys.ai.view()};
    return {.local = {pair_.b().address(), 4500},
            .remote = {pair_.a().address(), 4500},
            .bytes = seal_message(crypto_, keys, 1000 + next_id_, header, payloads)};
  }

  std::vector<Payload> open(const Bytes& bytes) {
    const EventIkeKeys& event = session();
    const SkKeys keys{event.suite.encryption, event.suite.integrity, event.keys.er.view(),
                      event.keys.ar.view()};
    const auto message = parse_message(bytes);
    EXPECT_TRUE(message.has_value() && message->encrypted.has_value());
    auto payloads = open_message(crypto_, keys, bytes, *message);
    EXPECT_TRUE(payloads.has_value());
    return *std::move(payloads);
  }

  SimPair& pair_;
  FakeCrypto crypto_{99};
  uint32_t next_id_ = 4;  // After IKE_SA_INIT, IKE_AUTH, the first child and its proof.
};

Payload truncated_selectors() {
  return OpaquePayload{static_cast<uint8_t>(PayloadType::TsInitiator), {1}};
}

void expect_fatal(const std::vector<Payload>& answer, SimPair& pair) {
  EXPECT_NE(find_notify(answer, NotifyType::InvalidSyntax), nullptr);
  EXPECT_EQ(pair.b().ike_gone.size(), 1u);
  EXPECT_EQ(pair.b().last_cause[kTunnel], "bad-message");
  EXPECT_NE(pair.b().tunnel_state[kTunnel], TunnelState::Established);
  EXPECT_EQ(pair.b().outbound(kTunnel), nullptr);
}

TEST(Insider, ABrokenPayloadChainIsAnsweredAndEndsTheIkeSa) {
  SimPair pair;
  Insider insider(pair);
  pair.config[kB].mode = ConnectionMode::Default;
  pair.config[kA].mode = ConnectionMode::InitiatorOnly;
  pair.establish();
  expect_fatal(insider.ask(ExchangeType::CreateChildSa, {truncated_selectors()}), pair);
  EXPECT_EQ(pair.b().tunnel_state[kTunnel], TunnelState::Connecting);
  pair.world.run_for(1s);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s)) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

TEST(Insider, APayloadThatHasNoPlaceInTheExchangeIsFatalToo) {
  SimPair pair;
  Insider insider(pair);
  pair.establish();
  expect_fatal(insider.ask(ExchangeType::Informational, {NoncePayload{Bytes(32, 1)}}), pair);
}

EspProposal proposal_of(const SimPair& pair) {
  return pair.config[kA].children[0].proposals.front();
}

// A CREATE_CHILD_SA request that B would accept, to be spoilt.
std::vector<Payload> good_request(const SimPair& pair) {
  FakeCrypto crypto{7};
  const auto dh = crypto.make_dh(proposal_of(pair).pfs_group);
  return {offer_esp(pair.config[kA].children[0].proposals, Spi{0x11111111}, ChildDh::With),
          NoncePayload{Bytes(32, 3)},
          KePayload{static_cast<uint16_t>(proposal_of(pair).pfs_group), dh->public_value()},
          TsPayload{.of_initiator = true, .selectors = pair.config[kA].children[0].local},
          TsPayload{.of_initiator = false, .selectors = pair.config[kA].children[0].remote}};
}

Spi usable_spi(const std::vector<Payload>& request) {
  return Spi{load_be32(std::get<SaPayload>(request[0]).proposals[0].spi.data())};
}

TEST(Insider, ExtremesOfCreateChildSaAreRefusedOrBoundedAndNeverStopTheProgram) {
  enum Place { kOffer, kNonce, kKe, kTsi, kTsr };
  const auto many = [] {
    TsPayload ts{.of_initiator = true, .selectors = {}};
    for (uint32_t i = 0; i < kSelectorsMax; ++i) {
      ts.selectors.push_back(TrafficSelector::from_prefix(IpPrefix(IpAddress::v4(i << 8), 24)));
    }
    return ts;
  };
  const std::vector<std::function<void(std::vector<Payload>&)>> spoilers = {
      [](auto&) {},
      [](auto& p) { std::get<KePayload>(p[kKe]).public_value.clear(); },
      [](auto& p) { std::get<KePayload>(p[kKe]).group = 0; },
      [](auto& p) { std::get<TsPayload>(p[kTsi]).selectors.clear(); },
      [](auto& p) { std::get<TsPayload>(p[kTsr]).selectors.clear(); },
      [](auto& p) { std::get<SaPayload>(p[kOffer]).proposals.front().transforms.clear(); },
      [](auto& p) { std::get<SaPayload>(p[kOffer]).proposals.front().spi.clear(); },
      [](auto& p) { std::get<SaPayload>(p[kOffer]).proposals.front().protocol = ProtocolId::Ike; },
      [](auto& p) { std::get<SaPayload>(p[kOffer]).proposals.front().protocol = ProtocolId::Ah; },
      [&](auto& p) { p[kTsi] = many(); },
      [](auto& p) { p.erase(p.begin() + kTsi, p.end()); },
      [](auto& p) { p.push_back(child_notify(NotifyType::RekeySa, Spi{0xdeadbeef})); },
      [](auto& p) { p.push_back(error_notify(NotifyType::RekeySa)); },
  };
  for (size_t i = 0; i < spoilers.size(); ++i) {
    SimPair pair;
    Insider insider(pair);
    pair.establish();
    std::vector<Payload> request = good_request(pair);
    spoilers[i](request);
    EXPECT_FALSE(insider.ask(ExchangeType::CreateChildSa, request).empty()) << i;
    EXPECT_EQ(pair.b().children.size() > 1, i == 0 || i == 9) << i;
  }
}

TEST(Insider, ADeleteOfTheSameChildManyTimesIsOneDelete) {
  SimPair pair;
  Insider insider(pair);
  pair.establish();
  const Spi inbound = pair.b().inbound.begin()->first;
  const Spi named = pair.b().inbound.begin()->second.params.outbound_spi;
  const DeletePayload full{.protocol = ProtocolId::Esp,
                           .spis = std::vector<Spi>(kDeleteSpisMax, named)};
  const auto answer = insider.ask(ExchangeType::Informational, {full, full, full});
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(std::get<DeletePayload>(answer[0]).spis, std::vector<Spi>{inbound});
}

TEST(Insider, AnAnswerOfInvalidSyntaxEndsTheIkeSaWithoutADelete) {
  SimPair pair;
  Insider insider(pair);
  pair.establish();
  pair.world.hold_wire();
  pair.rekey_child(kA);
  ASSERT_EQ(pair.world.held().size(), 1u);
  pair.world.drop(0);
  pair.a().endpoint().handle_datagram(pair.world.now(),
                                      insider.answer(MessageId{4}, ExchangeType::CreateChildSa,
                                                     {error_notify(NotifyType::InvalidSyntax)}));
  while (auto event = pair.a().endpoint().poll_event()) pair.a().carry_out(*std::move(event));
  EXPECT_FALSE(pair.a().endpoint().poll_datagram().has_value());
  EXPECT_EQ(pair.a().ike_gone.size(), 1u);
  EXPECT_EQ(pair.a().last_cause[kTunnel], "bad-message");
  pair.expect_sound();
}

TEST(Insider, ABrokenAnswerEndsTheIkeSaWithADelete) {
  SimPair pair;
  Insider insider(pair);
  pair.establish();
  pair.world.hold_wire();
  pair.rekey_child(kA);
  pair.world.drop(0);
  pair.a().endpoint().handle_datagram(
      pair.world.now(),
      insider.answer(MessageId{4}, ExchangeType::CreateChildSa, {truncated_selectors()}));
  while (auto event = pair.a().endpoint().poll_event()) pair.a().carry_out(*std::move(event));
  EXPECT_EQ(pair.a().ike_gone.size(), 1u);
  EXPECT_TRUE(pair.a().endpoint().poll_datagram().has_value());
  pair.expect_sound();
}

// --- Strangers ---

Datagram first_request(SimPair& pair) {
  pair.world.keeps_sent = true;
  pair.start(kA);
  pair.world.run_for(1ms);
  return pair.world.sent.at(0).datagram;
}

TEST(Stranger, OurOwnRequestSentBackToUsIsDropped) {
  SimPair pair;
  Datagram request = first_request(pair);
  std::swap(request.local, request.remote);
  request.local = {pair.a().address(), 500};
  request.remote = {pair.b().address(), 500};
  const std::string before = pair.a().endpoint().dump_state();
  pair.a().endpoint().handle_datagram(pair.world.now(), request);
  EXPECT_EQ(pair.a().endpoint().dump_state(), before);
  // Nor does it pass for an answer.
  request.bytes[19] = 0x20;
  store_be64(&request.bytes[8], 77);
  pair.a().endpoint().handle_datagram(pair.world.now(), request);
  EXPECT_EQ(pair.a().endpoint().dump_state(), before);
}

TEST(Stranger, AHigherMajorVersionIsToldOnceASecondWhatWeSpeak) {
  SimPair pair;
  Datagram request = first_request(pair);
  pair.start(kB);
  const std::string before = pair.b().endpoint().dump_state();
  request.bytes[17] = 0x31;
  store_be32(&request.bytes[20], 7);
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  const auto answer = pair.b().endpoint().poll_datagram();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->remote, request.remote);
  const auto message = parse_message(answer->bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(answer->bytes[17], 0x20);
  EXPECT_EQ(message->header.message_id, MessageId{7});
  EXPECT_TRUE(message->header.is_response);
  EXPECT_FALSE(message->header.from_initiator);
  EXPECT_NE(find_notify(message->payloads, NotifyType::InvalidMajorVersion), nullptr);
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  EXPECT_FALSE(pair.b().endpoint().poll_datagram().has_value());
  EXPECT_EQ(pair.b().endpoint().counters().malformed, 2u);
  EXPECT_EQ(pair.b().endpoint().dump_state(), before);
}

// RFC 7296 2.5.
TEST(Stranger, AnUnknownCriticalPayloadInIkeSaInitIsNamedOnceASecond) {
  SimPair pair;
  Datagram request = first_request(pair);
  pair.start(kB);
  const std::string before = pair.b().endpoint().dump_state();
  const uint8_t first_payload = request.bytes[16];
  request.bytes[16] = 200;
  request.bytes.insert(request.bytes.begin() + 28, {first_payload, 0x80, 0, 4});
  store_be32(&request.bytes[24], static_cast<uint32_t>(request.bytes.size()));
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  const auto answer = pair.b().endpoint().poll_datagram();
  ASSERT_TRUE(answer.has_value());
  const auto message = parse_message(answer->bytes);
  ASSERT_TRUE(message.has_value());
  const auto* notify = find_notify(message->payloads, NotifyType::UnsupportedCriticalPayload);
  ASSERT_NE(notify, nullptr);
  EXPECT_EQ(notify->value, Bytes{200});
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  EXPECT_FALSE(pair.b().endpoint().poll_datagram().has_value());
  // Such a payload without the critical bit is skipped.
  request.bytes[29] = 0;
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  EXPECT_TRUE(pair.b().endpoint().poll_datagram().has_value());
  EXPECT_NE(pair.b().endpoint().dump_state(), before);
}

TEST(Stranger, ALowerVersionOrAResponseOfAHigherOneIsDropped) {
  SimPair pair;
  Datagram request = first_request(pair);
  pair.start(kB);
  request.bytes[17] = 0x10;
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  request.bytes[17] = 0x30;
  request.bytes[19] |= 0x20;
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  request.bytes[19] &= static_cast<uint8_t>(~0x20);
  request.remote.address = *IpAddress::parse("198.51.100.9");
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  EXPECT_FALSE(pair.b().endpoint().poll_datagram().has_value());
  EXPECT_EQ(pair.b().endpoint().counters().malformed, 3u);
}

// The answer to `up` is about our own attempt.
TEST(Stranger, AForgedOfferDoesNotEndTheCommandThatBringsTheTunnelUp) {
  SimPair pair;
  Datagram request = first_request(pair);
  pair.config[kB].mode = ConnectionMode::Default;
  pair.start(kB);
  pair.world.hold_wire();
  pair.world.command(kB, CommandUp{kTunnel});
  auto message = parse_message(request.bytes);
  message->header.initiator_spi = IkeSpi{5};
  std::get<SaPayload>(message->payloads[0]).proposals = {{.transforms = {}}};
  request.bytes = write_message(message->header, message->payloads);
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  while (auto event = pair.b().endpoint().poll_event()) pair.b().carry_out(*std::move(event));
  ASSERT_FALSE(pair.b().diagnoses.empty());
  EXPECT_EQ(pair.b().diagnoses.back().cause, "no-ike-proposal");
  EXPECT_TRUE(pair.b().done.empty());
  pair.world.release_wire();
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s)) << pair.world.picture();
  ASSERT_EQ(pair.b().done.size(), 1u);
  EXPECT_TRUE(pair.b().done[0].ok);
}

// Whoever says something long is not repeated at length in logs, events and status.
TEST(Stranger, WhatIsSaidOfAnOfferOrAnIdentityIsBounded) {
  constexpr size_t kTextMax = 2500;
  SimPair pair;
  Datagram request = first_request(pair);
  pair.start(kB);
  auto message = parse_message(request.bytes);
  Proposal long_one{.transforms = {}};
  for (uint16_t id = 0; id < kTransformsMax; ++id)
    long_one.transforms.push_back({.type = TransformType::Encryption, .id = uint16_t(5000 + id)});
  std::get<SaPayload>(message->payloads[0]).proposals.assign(20, long_one);
  request.bytes = write_message(message->header, message->payloads);
  pair.b().endpoint().handle_datagram(pair.world.now(), request);
  while (auto event = pair.b().endpoint().poll_event()) pair.b().carry_out(*std::move(event));
  ASSERT_FALSE(pair.b().diagnoses.empty());
  EXPECT_LT(pair.b().diagnoses.back().message.size(), kTextMax);

  SimPair other;
  other.config[kA].local_identity = {.type = IdType::KeyId, .value = Bytes(5000, 0x5a)};
  other.config[kA].fragment_size = 0;
  other.start();
  other.world.run_for(1s);
  ASSERT_FALSE(other.b().diagnoses.empty());
  EXPECT_EQ(other.b().diagnoses.back().cause, "wrong-identity");
  EXPECT_LT(other.b().diagnoses.back().message.size(), kTextMax);
}

TEST(Insider, ADeleteOfMoreChildrenThanAPayloadHoldsIsAnsweredInSeveral) {
  SimPair pair;
  Insider insider(pair);
  // So many are possible only where many are configured.
  while (pair.config[kB].children.size() < kChildConfigsMax) {
    ChildConfig more = pair.config[kB].children.front();
    more.name += std::to_string(pair.config[kB].children.size());
    more.local = more.remote = selectors({"192.0.2.128/25"});
    pair.config[kB].children.push_back(std::move(more));
  }
  pair.establish();
  constexpr size_t kCount = 2 * kDeleteSpisMax - 1;
  for (size_t i = 0; i < kCount; ++i) insider.ask(ExchangeType::CreateChildSa, good_request(pair));
  // All have the same SPI, and each time that it is named one of them goes.
  const DeletePayload full{
      .protocol = ProtocolId::Esp,
      .spis = std::vector<Spi>(kDeleteSpisMax, usable_spi(good_request(pair)))};
  const auto answer = insider.ask(ExchangeType::Informational, {full, full});
  std::set<Spi> named;
  for (const Payload& payload : answer) {
    const auto& spis = std::get<DeletePayload>(payload).spis;
    EXPECT_LE(spis.size(), kDeleteSpisMax);
    named.insert(spis.begin(), spis.end());
  }
  EXPECT_EQ(answer.size(), 2u);
  EXPECT_EQ(named.size(), kCount);
}

TEST(Insider, AChildTooManyLeavesARecord) {
  SimPair pair;
  Insider insider(pair);
  pair.establish();
  std::vector<Payload> answer;
  for (size_t i = 0; i < kChildrenPerIkeSaMax; ++i) {
    pair.b().failures.clear();
    answer = insider.ask(ExchangeType::CreateChildSa, good_request(pair));
  }
  EXPECT_NE(find_notify(answer, NotifyType::NoAdditionalSas), nullptr);
  ASSERT_EQ(pair.b().failures.size(), 1u);
  EXPECT_EQ(pair.b().failures[0].cause, "limit-reached");
  EXPECT_EQ(pair.b().failures[0].exchange, "CREATE_CHILD_SA");
}

TEST(Insider, APayloadThatStandsTwiceIsFatalToo) {
  for (size_t i = 0; i < 5; ++i) {
    SimPair pair;
    Insider insider(pair);
    pair.establish();
    std::vector<Payload> request = good_request(pair);
    request.push_back(request[i]);
    expect_fatal(insider.ask(ExchangeType::CreateChildSa, request), pair);
  }
}

// A half-open SA knows the connection as it was.
TEST(Stranger, AConnectionThatWasChangedMeanwhileDoesNotAdmitTheOldKey) {
  SimPair pair;
  PeerConfig first = pair.config[kB];
  first.tunnel = TunnelId{1};
  first.name = "other";
  first.remote_identity = fqdn("other.example.net");
  pair.world.command(kB, CommandAddPeer{.peer = first, .started = true});
  pair.world.hold_wire();
  pair.start();
  pair.world.run_for(1ms);
  pair.world.deliver(0);  // IKE_SA_INIT
  pair.world.deliver(0);
  pair.config[kB].authentication = psk("a new key");
  pair.start(kB);
  pair.world.release_wire();
  pair.world.run_for(1s);
  EXPECT_TRUE(pair.b().ike_established.empty()) << pair.world.picture();
}

TEST(Stranger, AFloodOfUselessOffersIsReportedOnceASecond) {
  SimPair pair;
  pair.config[kB].mode = ConnectionMode::ResponderOnly;
  pair.config[kB].ike_proposals[0].prf = PrfId::HmacSha512;
  Datagram request = first_request(pair);
  pair.start(kB);
  while (pair.b().endpoint().poll_event()) continue;
  int reports = 0;
  for (uint64_t spi = 1; spi <= 50; ++spi) {
    store_be64(request.bytes.data(), spi);
    pair.b().endpoint().handle_datagram(pair.world.now(), request);
    while (const auto event = pair.b().endpoint().poll_event()) {
      const auto* const state = std::get_if<EventTunnelState>(&*event);
      reports += state != nullptr && state->diagnosis.cause == "no-ike-proposal" ? 1 : 0;
    }
    while (pair.b().endpoint().poll_datagram()) continue;
  }
  EXPECT_EQ(reports, 1);
}

}  // namespace
}  // namespace twinspan::ike
