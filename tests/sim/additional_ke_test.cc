// Additional key exchanges (RFC 9370) in IKE_INTERMEDIATE (RFC 9242) and IKE_FOLLOWUP_KE: who comes
// up with how many, what stays without them, and what becomes of messages that were lost, changed
// or crossed.
#include <algorithm>
#include <set>

#include "ike/core/sealed_message.h"
#include "ike/exchange/ike_followup_ke.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"
#include "tests/support/forger.h"

namespace twinspan::ike {
namespace {

using Methods = std::vector<DhGroupId>;

// As many as there can be, none of them that of the first exchange.
const Methods kSeven = {DhGroupId::Curve25519, DhGroupId::Ecp521,   DhGroupId::Ecp256,
                        DhGroupId::Modp2048,   DhGroupId::Modp3072, DhGroupId::Modp4096,
                        DhGroupId::Modp1024};

Methods first(size_t count) {
  return {kSeven.begin(), kSeven.begin() + static_cast<std::ptrdiff_t>(count)};
}

enum class Need : uint8_t { None, Optional, Required };

void want(PeerConfig& peer, Need need, const Methods& methods) {
  if (need == Need::None) return;
  const auto extend = [&](auto& proposals) {
    const auto plain = proposals;
    for (auto& proposal : proposals) proposal.additional = methods;
    if (need == Need::Optional) std::ranges::copy(plain, std::back_inserter(proposals));
  };
  extend(peer.ike_proposals);
  for (ChildConfig& child : peer.children) extend(child.proposals);
}

void require(SimPair& pair, const Methods& methods) {
  for (PeerConfig& peer : pair.config) want(peer, Need::Required, methods);
}

void export_keys(SimPair& pair) {
  for (const size_t side : {kA, kB}) {
    pair.world.host(side).options.export_keys = true;
    pair.world.host(side).restart(side + 1);
  }
}

size_t requests(const SimPair& pair, ExchangeType exchange) {
  std::set<uint32_t> ids;
  for (const WireMessage& m : pair.world.sent) {
    if (m.is_request(exchange)) ids.insert(m.header.message_id.value);
  }
  return ids.size();
}

size_t deliver_next(SimPair& pair, size_t side) {
  const auto index = pair.world.find_held([side](const WireMessage& m) { return m.from == side; });
  EXPECT_TRUE(index.has_value()) << pair.world.picture();
  if (!index) return 0;
  const uint8_t exchange = pair.world.held()[*index].header.exchange;
  pair.world.deliver(*index);
  return exchange;
}

// --- IKE_INTERMEDIATE ---

TEST(AdditionalKe, OneToSevenStandBetweenIkeSaInitAndIkeAuth) {
  for (size_t count = 0; count <= kSeven.size(); ++count) {
    SCOPED_TRACE(count);
    SimPair pair;
    pair.world.keeps_sent = true;
    require(pair, first(count));
    pair.establish();
    EXPECT_EQ(requests(pair, ExchangeType::IkeIntermediate), count);
    for (SimHost* host : {&pair.a(), &pair.b()}) {
      EXPECT_EQ(host->ike_established.at(0).suite.additional, first(count));
    }
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(AdditionalKe, EveryPairOfNeedsEndsAsBothSidesCan) {
  for (const Need a : {Need::None, Need::Optional, Need::Required}) {
    for (const Need b : {Need::None, Need::Optional, Need::Required}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(a) << " against " << static_cast<int>(b));
      SimPair pair;
      want(pair.config[kA], a, first(2));
      want(pair.config[kB], b, first(2));
      const bool one_lacks = a == Need::None || b == Need::None;
      const bool one_insists = a == Need::Required || b == Need::Required;
      if (!(one_lacks && one_insists)) {
        pair.establish();
        EXPECT_EQ(pair.a().ike_established.at(0).suite.additional.size(), one_lacks ? 0u : 2u);
        pair.settle();
        pair.expect_at_rest();
        continue;
      }
      pair.start();
      pair.world.command(kA, CommandUp{kTunnel});
      pair.world.run_for(70s);
      ASSERT_EQ(pair.a().done.size(), 1u);
      EXPECT_EQ(pair.a().done[0].diagnosis.cause, "no-ike-proposal");
      EXPECT_EQ(pair.b().last_cause[kTunnel],
                a == Need::None ? "additional-key-exchanges-required" : "no-ike-proposal");
      if (a == Need::Required) {
        EXPECT_NE(pair.a().done[0].diagnosis.likely_cause.find("additional"), std::string::npos);
        EXPECT_EQ(pair.b().diagnoses.back().config_field, "additional_key_exchanges");
      }
      EXPECT_TRUE(pair.a().inbound.empty());
      EXPECT_TRUE(pair.b().inbound.empty());
      pair.expect_sound();
    }
  }
}

TEST(AdditionalKe, OtherMethodsOnTheOtherSideAreNamed) {
  SimPair pair;
  want(pair.config[kA], Need::Required, {DhGroupId::Curve25519});
  want(pair.config[kB], Need::Required, {DhGroupId::Ecp521});
  pair.start();
  pair.world.run_for(5s);
  EXPECT_EQ(pair.b().last_cause[kTunnel], "no-ike-proposal");
  const Diagnosis& why = pair.b().diagnoses.back();
  EXPECT_EQ(why.compared.first_difference, "additional_key_exchange_1");
  EXPECT_EQ(why.config_field, "additional_key_exchanges");
  EXPECT_NE(why.likely_cause.find("CURVE25519"), std::string::npos) << why.likely_cause;
}

TEST(AdditionalKe, SupportIsSaidByWhoOffersThemAndByWhoAgrees) {
  for (const Need b : {Need::None, Need::Optional}) {
    SimPair pair;
    pair.world.keeps_sent = true;
    want(pair.config[kA], Need::Optional, first(1));
    want(pair.config[kB], b, first(1));
    pair.establish();
    for (size_t i = 0; i < 2; ++i) {
      const auto message = parse_message(pair.world.sent.at(i).datagram.bytes);
      const bool said =
          find_notify(message->payloads, NotifyType::IntermediateExchangeSupported) != nullptr;
      EXPECT_EQ(said, i == 0 || b == Need::Optional) << i;
    }
  }
}

TEST(AdditionalKe, LossRepetitionAndReorderingEndInTheSameKeys) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    SimPair pair(seed);
    require(pair, first(3));
    pair.world.link = {.delay_min = 5ms,
                       .delay_max = 900ms,
                       .loss_percent = 25,
                       .duplicate_percent = 25,
                       .esp_is_lossless = true,
                       .losses_per_datagram_max = 1};
    pair.start();
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s)) << pair.world.picture();
    EXPECT_EQ(pair.a().ike_established.at(0).suite.additional, first(3));
    pair.rekey_child(seed % 2);
    pair.rekey_ike(1 - seed % 2);
    pair.world.run_for(60s);
    pair.world.link = {};
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(AdditionalKe, IntAuthIsThatOfTheMessageHoweverItWasCut) {
  SimPair pair;
  pair.world.keeps_sent = true;
  require(pair, {DhGroupId::Modp4096, DhGroupId::Modp2048});
  pair.config[kA].fragment_size = 180;
  pair.config[kB].fragment_size = 333;
  pair.establish();
  const bool was_cut = std::ranges::any_of(pair.world.sent, [](const WireMessage& m) {
    return m.is_request(ExchangeType::IkeIntermediate) &&
           m.header.next_payload == static_cast<uint8_t>(PayloadType::EncryptedFragment);
  });
  EXPECT_TRUE(was_cut);
  pair.rekey_ike(kB);
  pair.settle();
  pair.expect_at_rest();
}

// The side that answers cannot begin: public key one way, ciphertext the other.
TEST(AdditionalKe, AKemStandsWhereAGroupDoes) {
  SimPair pair;
  pair.world.keeps_sent = true;
  require(pair, {DhGroupId::MlKem768, DhGroupId::Curve25519, DhGroupId::MlKem1024});
  pair.establish();
  for (const size_t side : {kA, kB}) {
    pair.rekey_child(side);
    pair.world.run_for(20s);
    pair.rekey_ike(side);
    pair.world.run_for(20s);
  }
  pair.settle();
  pair.expect_at_rest();
  EXPECT_EQ(pair.a().done.size() + pair.b().done.size(), 4u);
  EXPECT_EQ(requests(pair, ExchangeType::IkeIntermediate), 3u);
}

// The wire is held, and the answer to the first IKE_INTERMEDIATE is on it.
void reach_first_answer(SimPair& pair) {
  export_keys(pair);
  pair.world.hold_wire();
  pair.start();
  pair.world.run_for(1ms);
  for (const size_t side : {kA, kB, kA}) deliver_next(pair, side);
}

// `side` as who is lied to, with the keys that it began with or has in the end.
Forger::Victim victim(SimPair& pair, size_t side, const EventIkeKeys& keys) {
  return {.victim = {pair.world.host(side).address(), 4500},
          .peer = {pair.world.host(1 - side).address(), 4500},
          .role = side == kA ? Role::Initiator : Role::Responder,
          .initiator_spi = keys.initiator_spi,
          .responder_spi = keys.responder_spi,
          .session = &keys};
}

TEST(AdditionalKe, AnAnswerThatWasChangedByWhoHasTheKeysFailsAuth) {
  for (const bool changes : {false, true}) {
    SimPair pair;
    require(pair, first(1));
    reach_first_answer(pair);
    // The peer's own answer, opened and sealed again, with or without a payload more.
    const EventIkeKeys& keys = pair.a().session_keys.front();
    const Datagram genuine = pair.world.held().front().datagram;
    const auto message = parse_message(genuine.bytes);
    FakeCrypto crypto{3};
    auto payloads = open_message(
        crypto,
        {keys.suite.encryption, keys.suite.integrity, keys.keys.er.view(), keys.keys.ar.view()},
        genuine.bytes, *message);
    ASSERT_TRUE(payloads.has_value());
    if (changes) payloads->push_back(status_notify(NotifyType::InitialContact));
    Forger forger(victim(pair, kA, keys));
    pair.world.drop(0);
    pair.world.inject(kA, forger.make({static_cast<uint8_t>(ExchangeType::IkeIntermediate),
                                       Direction::Response, MessageId{1}},
                                      *payloads, Sealing::LiveKeys));
    pair.world.release_wire();
    pair.world.run_for(300ms);
    EXPECT_EQ(pair.is_up(), !changes) << pair.world.picture();
    EXPECT_EQ(pair.b().last_cause[kTunnel], changes ? "wrong-psk" : "");
    EXPECT_EQ(pair.a().inbound.empty(), changes);
  }
}

TEST(AdditionalKe, AnotherMethodThanTheNextOneEndsTheNegotiation) {
  for (const DhGroupId wrong : {DhGroupId::Ecp521, DhGroupId::Ecp384, DhGroupId::None}) {
    SimPair pair;
    require(pair, first(2));
    export_keys(pair);
    pair.world.hold_wire();
    pair.start();
    pair.world.run_for(1ms);
    deliver_next(pair, kA);
    Forger forger(victim(pair, kB, pair.b().session_keys.front()));
    FakeCrypto crypto{5};
    const auto dh = crypto.make_dh(DhGroupId::Curve25519);
    pair.world.inject(kB, forger.make({static_cast<uint8_t>(ExchangeType::IkeIntermediate),
                                       Direction::Request, MessageId{1}},
                                      {KePayload{static_cast<uint16_t>(wrong), dh->public_value()}},
                                      Sealing::LiveKeys));
    pair.world.run_for(1ms);
    EXPECT_EQ(pair.b().last_cause[kTunnel], "bad-message");
    EXPECT_NE(pair.b().endpoint().dump_state().find(" Lingering "), std::string::npos);
    pair.expect_sound();
  }
}

TEST(AdditionalKe, APeerThatFallsSilentInBetweenIsForgottenAndTriedAgain) {
  SimPair pair;
  require(pair, first(2));
  unsigned seen = 0;
  pair.world.filter = [&](const WireMessage& m) {
    return !(m.is_response(ExchangeType::IkeIntermediate) && ++seen > 1);
  };
  pair.start();
  pair.world.run_for(100s);
  EXPECT_EQ(pair.a().last_cause[kTunnel], "no-answer-4500");
  pair.world.filter = nullptr;
  ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 100s)) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

// A hint that the peer has lost the SA starts a negotiation beside it; while that one is at
// IKE_INTERMEDIATE, the next hint starts none.
TEST(AdditionalKe, WhatIsNegotiatedIsNotBegunAgain) {
  SimPair pair;
  require(pair, first(2));
  pair.world.keeps_sent = true;
  pair.establish();
  const auto begun = [&] {
    std::set<uint64_t> spis;
    for (const WireMessage& m : pair.world.sent) {
      if (m.is_request(ExchangeType::IkeSaInit)) spis.insert(m.header.initiator_spi.value);
    }
    return spis.size();
  };
  pair.world.filter = [](const WireMessage& m) {
    return !m.is_response(ExchangeType::IkeIntermediate);
  };
  Header header;
  header.initiator_spi = IkeSpi{1};
  header.exchange = static_cast<uint8_t>(ExchangeType::Informational);
  header.from_initiator = true;
  const Spi sent_on = pair.a().outbound(kTunnel)->params.outbound_spi;
  for (unsigned second = 0; second < 10; ++second) {
    pair.world.inject(kA, {.local = {pair.a().address(), 4500},
                           .remote = {pair.b().address(), 4500},
                           .bytes = write_message(header, {invalid_spi_notify(sent_on)})});
    pair.world.run_for(1s);
  }
  EXPECT_EQ(begun(), 2u) << pair.world.picture();
  pair.world.filter = nullptr;
  pair.settle();
  pair.expect_at_rest();
}

// --- IKE_FOLLOWUP_KE ---

TEST(AdditionalKe, OneToSevenFollowEachRekeyFromEitherSide) {
  for (size_t count = 1; count <= kSeven.size(); count += 2) {
    for (const size_t side : {kA, kB}) {
      SCOPED_TRACE(testing::Message() << count << " from " << side);
      SimPair pair;
      pair.world.keeps_sent = true;
      pair.world.esp_interval = 50ms;
      require(pair, first(count));
      pair.establish();
      for (unsigned round = 0; round < 2; ++round) {
        pair.world.sent.clear();
        pair.rekey_child(side);
        pair.world.run_for(20s);
        EXPECT_EQ(requests(pair, ExchangeType::IkeFollowupKe), count);
        pair.world.sent.clear();
        pair.rekey_ike(side);
        pair.world.run_for(20s);
        EXPECT_EQ(requests(pair, ExchangeType::IkeFollowupKe), count);
      }
      pair.settle();
      pair.expect_at_rest();
      EXPECT_EQ(pair.world.host(side).done.size(), 4u);
      for (const EventCommandDone& done : pair.world.host(side).done) EXPECT_TRUE(done.ok);
      for (SimHost* host : {&pair.a(), &pair.b()}) {
        EXPECT_EQ(host->ike_established.back().suite.additional, first(count));
        EXPECT_EQ(host->esp_unknown + host->esp_bad_key + host->gaps, 0u);
      }
    }
  }
}

TEST(AdditionalKe, FurtherChildrenHaveThemToo) {
  SimPair pair;
  pair.world.keeps_sent = true;
  for (const size_t side : {kA, kB}) {
    ChildConfig second = pair.config[side].children[0];
    second.name += "-2";
    second.local = selectors({side == kA ? "10.1.0.0/16" : "10.2.0.0/16"});
    second.remote = selectors({side == kA ? "10.2.0.0/16" : "10.1.0.0/16"});
    pair.config[side].children.push_back(second);
  }
  require(pair, first(2));
  pair.establish();
  pair.settle();
  // Two for each: the first child does not come with IKE_AUTH either (RFC 6023).
  EXPECT_EQ(requests(pair, ExchangeType::IkeFollowupKe), 4u);
  EXPECT_EQ(pair.a().all_outbound(kTunnel).size(), 2u);
  pair.expect_at_rest();
}

TEST(AdditionalKe, WithoutPfsAChildNeedsNone) {
  SimPair pair;
  pair.world.keeps_sent = true;
  for (PeerConfig& peer : pair.config) peer.children[0].proposals[0].pfs_group = DhGroupId::None;
  require(pair, first(2));
  pair.establish();
  pair.rekey_child(kB);
  pair.settle();
  EXPECT_EQ(requests(pair, ExchangeType::IkeFollowupKe), 0u);
  pair.expect_at_rest();
}

void rekey(SimPair& pair, bool ike, size_t side) {
  if (ike) {
    pair.rekey_ike(side);
  } else {
    pair.rekey_child(side);
  }
}

// RFC 9370 2.2.4: the responder's state runs out; STATE_NOT_FOUND sends the initiator back to the
// start.
TEST(AdditionalKe, AForgottenLinkIsToldAndTheRekeyBeginsAnew) {
  for (const bool ike : {false, true}) {
    SimPair pair;
    pair.config[kA].dpd_interval = pair.config[kB].dpd_interval = 300s;
    pair.world.keeps_sent = true;
    require(pair, first(2));
    pair.establish();
    pair.world.run_for(20s);
    pair.world.sent.clear();
    bool is_cut = true;
    pair.world.filter = [&](const WireMessage& m) {
      return !(is_cut && m.is_request(ExchangeType::IkeFollowupKe));
    };
    rekey(pair, ike, kA);
    pair.world.run_for(kFollowupMax + 2s);
    EXPECT_EQ(pair.b().endpoint().dump_state().find("awaits"), std::string::npos);
    is_cut = false;
    ASSERT_TRUE(pair.world.run_until([&] { return !pair.a().done.empty(); }, 60s))
        << pair.world.picture();
    EXPECT_TRUE(pair.a().done[0].ok);
    EXPECT_EQ(requests(pair, ExchangeType::CreateChildSa), 2u);
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(AdditionalKe, WhatIsAwaitedIsBoundedInTimeAndNumber) {
  SimPair pair;
  require(pair, first(1));
  pair.establish();
  pair.world.filter = [](const WireMessage& m) {
    return !m.is_request(ExchangeType::IkeFollowupKe);
  };
  pair.rekey_child(kA);
  pair.world.run_for(100ms);
  EXPECT_NE(pair.b().endpoint().dump_state().find("awaits 0 of 1"), std::string::npos);
  pair.world.run_for(kFollowupMax);
  EXPECT_EQ(pair.b().endpoint().dump_state().find("awaits"), std::string::npos);
  pair.expect_sound();
}

TEST(AdditionalKe, AnUnknownLinkIsAnsweredWithStateNotFoundAndChangesNothing) {
  SimPair pair;
  require(pair, first(1));
  for (PeerConfig& peer : pair.config) peer.admits_childless = false;
  export_keys(pair);
  pair.establish();
  Forger forger(victim(pair, kB, pair.b().session_keys.back()));
  FakeCrypto crypto{5};
  const auto dh = crypto.make_dh(DhGroupId::Curve25519);
  const Payload ke = KePayload{static_cast<uint16_t>(dh->group()), dh->public_value()};
  auto id = static_cast<uint32_t>(pair.a().session_keys.size() +
                                  1);  // IKE_SA_INIT, one IKE_INTERMEDIATE, IKE_AUTH.
  for (const Bytes& link : {Bytes(8, 1), Bytes{}, Bytes(kLinkSizeMax + 1, 2)}) {
    const NotifyPayload notify{.type = NotifyType::AdditionalKeyExchange, .value = link};
    pair.world.hold_wire();
    pair.world.inject(kB, forger.make({static_cast<uint8_t>(ExchangeType::IkeFollowupKe),
                                       Direction::Request, MessageId{id++}},
                                      {ke, notify}, Sealing::LiveKeys));
    pair.world.run_for(10ms);
    ASSERT_EQ(pair.world.held().size(), 1u) << pair.world.picture();
    const EventIkeKeys& keys = pair.a().session_keys.back();
    const Bytes answer = pair.world.held().front().datagram.bytes;
    const auto inner = open_message(
        crypto,
        {keys.suite.encryption, keys.suite.integrity, keys.keys.er.view(), keys.keys.ar.view()},
        answer, *parse_message(answer));
    ASSERT_TRUE(inner.has_value());
    EXPECT_EQ(find_error(*inner)->type, NotifyType::StateNotFound);
    pair.world.drop(0);
  }
  EXPECT_EQ(pair.b().children.size(), 1u);
  EXPECT_TRUE(pair.is_up());
}

// What begins between the agreement on a new IKE SA and the SA itself would be lost with the old
// one.
TEST(AdditionalKe, NothingOfOursBeginsWhileThePeerReplacesTheIkeSa) {
  for (const bool finishes : {true, false}) {
    SimPair pair;
    pair.config[kA].dpd_interval = pair.config[kB].dpd_interval = 300s;
    require(pair, first(1));
    pair.establish();
    pair.world.hold_wire();
    pair.rekey_ike(kA);
    deliver_next(pair, kA);
    deliver_next(pair, kB);
    ASSERT_EQ(pair.world.held().size(), 1u) << pair.world.picture();
    pair.rekey_child(kB);
    EXPECT_EQ(pair.world.held().size(), 1u) << pair.world.picture();
    if (!finishes) {
      pair.world.drop(0);
      pair.world.run_for(kFollowupMax + 1s);
    }
    pair.world.release_wire();
    pair.settle();
    for (const size_t side : {kA, kB}) {
      ASSERT_EQ(pair.world.host(side).done.size(), 1u) << pair.world.picture();
      EXPECT_TRUE(pair.world.host(side).done[0].ok) << pair.world.picture();
    }
    pair.expect_at_rest();
  }
}

// --- Crossings ---

// Which of the four nonces is the lowest, and whose exchange loses by it.
class Crossing : public testing::TestWithParam<std::tuple<bool, unsigned>> {
 protected:
  bool is_ike() const { return std::get<0>(GetParam()); }
  unsigned lowest() const { return std::get<1>(GetParam()); }  // Request and answer of A, of B.
  size_t loser() const { return lowest() == 0 || lowest() == 3 ? kA : kB; }
  void establish(size_t methods_of_a, size_t methods_of_b) {
    pair.config[kB].mode = ConnectionMode::Default;
    for (PeerConfig& peer : pair.config) peer.admits_childless = false;
    want(pair.config[kA], Need::Optional, first(methods_of_a));
    want(pair.config[kB], Need::Optional, first(methods_of_b));
    pair.start(kB);
    pair.start(kA);
    ASSERT_TRUE(pair.world.run_until([this] { return pair.is_up(); }, 30s));
    pair.world.run_for(40s);
    pair.expect_at_rest();
    for (const size_t side : {kA, kB}) {
      pair.world.host(side).done.clear();
      for (const unsigned nonce : {0u, 1u}) {
        const bool is_lowest = lowest() == 2 * side + nonce;
        pair.world.host(side).crypto().force_nonce(is_lowest ? 0x00 : 0x80);
      }
    }
    pair.world.keeps_sent = true;
  }
  void expect_settled() {
    pair.settle();
    for (const size_t side : {kA, kB}) {
      ASSERT_EQ(pair.world.host(side).done.size(), 1u) << pair.world.picture();
      EXPECT_TRUE(pair.world.host(side).done[0].ok);
    }
    pair.expect_at_rest();
  }
  SimPair pair;
};
INSTANTIATE_TEST_SUITE_P(EachNonce, Crossing,
                         testing::Combine(testing::Bool(), testing::Values(0u, 1u, 2u, 3u)));

TEST_P(Crossing, OnlyTheWinnerGoesOnWithFollowupExchanges) {
  establish(2, 2);
  pair.world.hold_wire();
  rekey(pair, is_ike(), kA);
  rekey(pair, is_ike(), kB);
  ASSERT_EQ(pair.world.held().size(), 2u);
  pair.world.release_wire();
  pair.world.run_for(3s);
  for (const WireMessage& m : pair.world.sent) {
    if (m.is_request(ExchangeType::IkeFollowupKe)) {
      EXPECT_NE(m.from, loser());
    }
  }
  EXPECT_EQ(requests(pair, ExchangeType::IkeFollowupKe), 2u) << pair.world.picture();
  expect_settled();
}

// One request is late: the other exchange is past CREATE_CHILD_SA when it arrives.
TEST_P(Crossing, ARequestThatComesDuringTheFollowupExchangesWaits) {
  const size_t late = lowest() % 2 == 0 ? kA : kB;  // The loser and the winner, of either side.
  establish(2, 2);
  pair.world.hold_wire();
  rekey(pair, is_ike(), kA);
  rekey(pair, is_ike(), kB);
  deliver_next(pair, 1 - late);
  const auto answer = pair.world.find_held([late](const WireMessage& m) {
    return m.from == late && m.is_response(ExchangeType::CreateChildSa);
  });
  ASSERT_TRUE(answer.has_value());
  pair.world.deliver(*answer);
  EXPECT_TRUE(pair.world
                  .find_held([late](const WireMessage& m) {
                    return m.from != late && m.is_request(ExchangeType::IkeFollowupKe);
                  })
                  .has_value());
  pair.world.release_wire();
  expect_settled();
}

}  // namespace
}  // namespace twinspan::ike
