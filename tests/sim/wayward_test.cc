// A peer that holds the keys and does its half of a rekey or a DELETE wrongly, late or not at all
// (RFC 7296 2.8, 2.25). Whatever it does, in the end both sides have exactly one pair with equal
// keys and one IKE SA, and nothing is left over.
//
//   A: victim         P: the peer in the hands of the test
#include "ike/core/child_sa.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"
#include "tests/support/scripted_peer.h"

namespace twinspan::ike {
namespace {

using Heard = ScriptedPeer::Heard;
using Child = ScriptedPeer::Child;

// Longer than every retry, activation, grace and reaper time together.
constexpr Duration kSettle = 180s;

class Wayward : public testing::Test {
 protected:
  void SetUp() override {
    ScriptedPeer::prepare(pair.world, kA);
    auto& offered = pair.config[kA].ike_proposals;
    offered.push_back(offered.front());
    offered.back().group = DhGroupId::Ecp256;
    pair.establish();
    peer.emplace(pair.world, kA);
  }

  // What A asks next; it has to be of this exchange.
  Heard heard(ExchangeType exchange) {
    const auto request = peer->heard();
    EXPECT_TRUE(request.has_value()) << pair.world.picture();
    if (!request) return {};
    EXPECT_EQ(request->header.exchange, static_cast<uint8_t>(exchange)) << pair.world.picture();
    return *request;
  }
  Child only_child() { return peer->children().front(); }
  void book_out(const Child& gone) {
    std::erase_if(peer->children(), [&](const Child& child) { return child.own == gone.own; });
  }
  // As after a rekey that A made: the new child stands, A's DELETE of the old one is in flight.
  Child let_a_rekey() {
    pair.rekey_child(kA);
    peer->answer_well(heard(ExchangeType::CreateChildSa));
    return peer->newest();
  }

  void expect_agreement() {
    EXPECT_FALSE(peer->was_given_up()) << pair.world.picture();
    EXPECT_EQ(peer->disagreements(), std::vector<std::string>{})
        << pair.world.picture() << pair.a().endpoint().dump_state();
    EXPECT_EQ(peer->children().size(), 1u);
    EXPECT_EQ(peer->ike_count(), 1u);
    pair.expect_sound();
  }
  void expect_hitless() {
    EXPECT_EQ(pair.a().gaps, 0u) << pair.world.picture();
    EXPECT_EQ(pair.a().departures, 0u) << pair.world.picture();
  }
  // The peer was given up or has ended everything: with a proper one A is as new.
  void expect_recovery() {
    peer->hand_back(pair.config[kB]);
    EXPECT_TRUE(pair.world.run_until([this] { return pair.is_up(); }, 120s))
        << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
    EXPECT_EQ(check_ike_sas_of_a(), 1u);
  }
  size_t check_ike_sas_of_a() { return pair.a().ike_established.size() - pair.a().ike_gone.size(); }

  SimPair pair;
  std::optional<ScriptedPeer> peer;
};

// --- A rekeys its child ---

TEST_F(Wayward, DeletesTheNewChildInsteadOfWaitingForTheDeleteOfTheOldOne) {
  //   A --CREATE_CHILD_SA [REKEY_SA(old)]--> P
  //   A <------------- agreed -------------- P
  //   A --INFORMATIONAL [D(old)]------------ P   (unanswered)
  //   A <------------- D(new) -------------- P
  const Child fresh = let_a_rekey();
  const Heard of_old = heard(ExchangeType::Informational);
  peer->delete_child(fresh);
  EXPECT_FALSE(pair.a().inbound.empty()) << "what is under way is still let in";
  peer->answer_well(of_old);
  peer->behave_for(kSettle);
  expect_agreement();
}

TEST_F(Wayward, DeletesTheNewChildAfterTheOldOneIsGone) {
  const Child fresh = let_a_rekey();
  peer->answer_well(heard(ExchangeType::Informational));
  peer->delete_child(fresh);
  peer->behave_for(kSettle);
  expect_agreement();
}

TEST_F(Wayward, DeletesTheOldChildItselfWhileOurDeleteIsInFlight) {
  //   A --D(old)--.   .--D(old)-- P
  //                \ /
  //   A <----------' '----------> P
  const Child old = only_child();
  let_a_rekey();
  const Heard ours = heard(ExchangeType::Informational);
  const auto said = peer->say_deleted(old);
  // RFC 7296 1.4.1: our half was named already.
  EXPECT_EQ(find_payload<DeletePayload>(said), nullptr);
  book_out(old);
  peer->answer_well(ours);
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, DeletesTheOldChildBeforeItAnswersTheRekey) {
  //   A --CREATE_CHILD_SA [REKEY_SA(old)]--> P
  //   A <------------- D(old) -------------- P
  //   A <------------- agreed -------------- P
  const Child old = only_child();
  pair.rekey_child(kA);
  const Heard rekey = heard(ExchangeType::CreateChildSa);
  peer->delete_child(old);
  peer->answer_well(rekey);
  peer->behave_for(kSettle);
  expect_agreement();
}

TEST_F(Wayward, HasLostTheChildThatWeRekey) {
  const Child old = only_child();
  book_out(old);
  pair.rekey_child(kA);
  peer->answer(heard(ExchangeType::CreateChildSa),
               {child_notify(NotifyType::ChildSaNotFound, old.victims)});
  peer->behave_for(kSettle);
  expect_agreement();
}

TEST_F(Wayward, HasNoTimeForARekeyForAWhile) {
  pair.rekey_child(kA);
  for (unsigned i = 0; i < 3; ++i) {
    peer->answer(heard(ExchangeType::CreateChildSa), {error_notify(NotifyType::TemporaryFailure)});
    EXPECT_TRUE(pair.world.run_until([this] { return peer->heard().has_value(); }, 30s));
  }
  peer->behave_for(kSettle);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_TRUE(pair.a().done[0].ok);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, NeverHasTimeForARekey) {
  // The command ends, the child stays, and A does not ask without pause.
  pair.rekey_child(kA);
  unsigned refused = 0;
  const Instant end = pair.world.now() + 300s;
  while (pair.world.now() < end) {
    const bool asked =
        pair.world.run_until([this] { return peer->heard().has_value(); }, end - pair.world.now());
    if (!asked) break;
    const Heard request = *peer->heard();
    if (request.header.exchange != static_cast<uint8_t>(ExchangeType::CreateChildSa)) {
      peer->answer_well(request);
      continue;
    }
    peer->answer(request, {error_notify(NotifyType::TemporaryFailure)});
    ++refused;
  }
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_FALSE(pair.a().done[0].ok);
  EXPECT_GE(refused, 5u);
  EXPECT_LE(refused, 100u);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, NeverAnswersTheDeleteOfTheOldChild) {
  // As dead as any peer that does not answer: the IKE SA goes, and a new one is tried.
  let_a_rekey();
  heard(ExchangeType::Informational);
  EXPECT_TRUE(pair.world.run_until([this] { return peer->was_given_up(); }, 120s))
      << pair.world.picture();
  expect_recovery();
}

TEST_F(Wayward, AnswersTheDeleteOfTheOldChildWithoutADelete) {
  const Child old = only_child();
  let_a_rekey();
  peer->answer(heard(ExchangeType::Informational), {});
  book_out(old);
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, NamesAnotherChildInItsAnswerToOurDelete) {
  // The answer says which SAs are gone at the peer; only what we asked for goes here.
  const Child old = only_child();
  const Child fresh = let_a_rekey();
  peer->answer(heard(ExchangeType::Informational),
               {DeletePayload{.protocol = ProtocolId::Esp, .spis = {fresh.own}}});
  book_out(old);
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

// --- The peer rekeys ---

TEST_F(Wayward, NeverDeletesTheChildThatItRekeyed) {
  // Nothing proves the new one, so time does; the old one is ours to delete in the end.
  const Child old = only_child();
  const auto fresh = peer->rekey_child(old);
  ASSERT_TRUE(fresh.has_value());
  EXPECT_EQ(pair.a().inbound.size(), 2u);
  EXPECT_EQ(pair.a().outbound(kTunnel)->params.outbound_spi, old.own);
  pair.world.run_for(kActivateAfter - 2s);
  EXPECT_EQ(pair.a().outbound(kTunnel)->params.outbound_spi, old.own);
  pair.world.run_for(4s);
  EXPECT_EQ(pair.a().outbound(kTunnel)->params.outbound_spi, fresh->own);
  peer->behave_for(kReapAfter - 4s);
  EXPECT_EQ(peer->children().size(), 2u);
  peer->behave_for(kSettle);
  EXPECT_EQ(only_child().own, fresh->own);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, RekeysTheSameChildTwiceBeforeItDeletesIt) {
  //   A <--CREATE_CHILD_SA [REKEY_SA(old)]-- P     agreed: second
  //   A <--CREATE_CHILD_SA [REKEY_SA(old)]-- P     TEMPORARY_FAILURE
  //   A <------------- D(old) -------------- P
  const Child old = only_child();
  ASSERT_TRUE(peer->rekey_child(old).has_value());
  EXPECT_FALSE(peer->rekey_child(old).has_value());
  EXPECT_EQ(peer->refusal(), NotifyType::TemporaryFailure);
  peer->delete_child(old);
  // After the DELETE there is nothing to rekey any more.
  EXPECT_FALSE(peer->rekey_child(old).has_value());
  EXPECT_EQ(peer->refusal(), NotifyType::ChildSaNotFound);
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, RekeysItsReplacementBeforeItDeletesTheOldChild) {
  const Child old = only_child();
  const auto second = peer->rekey_child(old);
  ASSERT_TRUE(second.has_value());
  const auto third = peer->rekey_child(*second);
  ASSERT_TRUE(third.has_value());
  peer->delete_child(*second);
  peer->delete_child(old);
  peer->behave_for(kSettle);
  EXPECT_EQ(only_child().own, third->own);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, DeletesItsReplacementInsteadOfTheOldChild) {
  const Child old = only_child();
  const auto fresh = peer->rekey_child(old);
  ASSERT_TRUE(fresh.has_value());
  peer->delete_child(*fresh);
  peer->behave_for(kSettle);
  expect_agreement();
  EXPECT_NE(pair.a().outbound(kTunnel), nullptr);
}

TEST_F(Wayward, SoftAndHardLimitsOfWhatIsReplacedStartNothing) {
  const Child old = only_child();
  ASSERT_TRUE(peer->rekey_child(old).has_value());
  pair.world.command(kA, CommandSoftLimit{old.victims});
  EXPECT_FALSE(peer->heard().has_value());
  pair.world.command(kA, CommandHardLimit{old.victims});
  // What A may not use any more it deletes; the replacement is there already.
  peer->behave_for(kSettle);
  EXPECT_EQ(pair.a().children.size(), 2u) << pair.world.picture();
  expect_agreement();
}

// --- Crossing rekeys: the loser, or the winner, does not do its part ---

struct Outcome {
  uint8_t request_of_a, answer_of_a, request_of_p, answer_of_p;
  bool a_wins;
  const char* name;
};
constexpr Outcome kOutcomes[] = {
    {0x00, 0x80, 0x80, 0x80, false, "RequestOfA"},
    {0x80, 0x00, 0x80, 0x80, true, "AnswerOfA"},
    {0x80, 0x80, 0x00, 0x80, true, "RequestOfPeer"},
    {0x80, 0x80, 0x80, 0x00, false, "AnswerOfPeer"},
};

class WaywardCrossing : public Wayward, public testing::WithParamInterface<Outcome> {
 protected:
  void force_nonces() {
    pair.a().crypto().force_nonce(GetParam().request_of_a);
    pair.a().crypto().force_nonce(GetParam().answer_of_a);
  }
  struct Crossed {
    Child old, of_a, of_peer;
  };
  // Both rekey the child, all four messages arrive; nothing is deleted yet.
  Crossed cross_children() {
    force_nonces();
    const Child old = only_child();
    pair.rekey_child(kA);
    const Heard ours = heard(ExchangeType::CreateChildSa);
    peer->nonce_first_byte = GetParam().request_of_p;
    const auto theirs = peer->rekey_child(old);
    EXPECT_TRUE(theirs.has_value());
    peer->nonce_first_byte = GetParam().answer_of_p;
    peer->answer_well(ours);
    return {old, peer->newest(), theirs.value_or(Child{})};
  }
  struct CrossedIke {
    IkeSpi old, of_a, of_peer;
  };
  CrossedIke cross_ike() {
    force_nonces();
    const IkeSpi old = peer->newest_ike();
    pair.rekey_ike(kA);
    const Heard ours = heard(ExchangeType::CreateChildSa);
    peer->nonce_first_byte = GetParam().request_of_p;
    EXPECT_TRUE(peer->rekey_ike());
    const IkeSpi theirs = peer->newest_ike();
    peer->nonce_first_byte = GetParam().answer_of_p;
    peer->answer_well(ours);
    return {old, peer->newest_ike(), theirs};
  }
};
INSTANTIATE_TEST_SUITE_P(EachNonce, WaywardCrossing, testing::ValuesIn(kOutcomes),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(WaywardCrossing, NeverDeletesWhatIsItsToDelete) {
  // As loser its own new child, as winner the old one.
  const Crossed crossed = cross_children();
  peer->behave_for(kSettle);
  EXPECT_EQ(only_child().own, GetParam().a_wins ? crossed.of_a.own : crossed.of_peer.own);
  expect_agreement();
  expect_hitless();
}

TEST_P(WaywardCrossing, DeletesTheOldChildAsLoserAsWell) {
  const Crossed crossed = cross_children();
  peer->say_deleted(crossed.old);
  book_out(crossed.old);
  peer->behave_for(kSettle);
  EXPECT_EQ(only_child().own, GetParam().a_wins ? crossed.of_a.own : crossed.of_peer.own);
  expect_agreement();
  expect_hitless();
}

TEST_P(WaywardCrossing, DeletesTheWinner) {
  const Crossed crossed = cross_children();
  const Child winner = GetParam().a_wins ? crossed.of_a : crossed.of_peer;
  peer->delete_child(winner);
  peer->behave_for(kSettle);
  expect_agreement();
}

// strongSwan 5.9.8 drops an answer with the message ID of a request of ours that it is working on.
// Until its own is repeated it agrees to a rekey of the IKE SA, over which it would forget its
// rekey of the child, and the child that came of it.
TEST_P(WaywardCrossing, IsNotAskedForAnotherIkeSaBeforeItHasShownThatItHasOurAnswer) {
  const Crossed crossed = cross_children();
  peer->answer_well(heard(ExchangeType::Informational));
  pair.rekey_ike(kA);
  EXPECT_FALSE(peer->heard().has_value()) << pair.world.picture();
  peer->delete_child(GetParam().a_wins ? crossed.of_peer : crossed.old);
  EXPECT_TRUE(peer->heard().has_value()) << pair.world.picture();
  peer->behave_for(kSettle);
  ASSERT_EQ(pair.a().done.size(), 2u);
  EXPECT_TRUE(pair.a().done[1].ok);
  expect_agreement();
  expect_hitless();
}

TEST_P(WaywardCrossing, BothNewChildrenAreDeletedByThePeer) {
  const Crossed crossed = cross_children();
  peer->delete_child(crossed.of_a);
  peer->delete_child(crossed.of_peer);
  peer->behave_for(kSettle);
  expect_agreement();
}

TEST_P(WaywardCrossing, TheIkeSaThatItHasToDeleteStays) {
  // As loser its own new one, as winner the old one: the reaper closes it.
  const CrossedIke crossed = cross_ike();
  peer->behave_for(kSettle);
  EXPECT_EQ(peer->newest_ike(), GetParam().a_wins ? crossed.of_a : crossed.of_peer);
  expect_agreement();
  expect_hitless();
}

TEST_P(WaywardCrossing, TheIkeSaThatItHasToDeleteStaysAndItsDeleteIsNeverAnswered) {
  const CrossedIke crossed = cross_ike();
  const IkeSpi left = GetParam().a_wins ? crossed.of_peer : crossed.old;
  const IkeSpi kept = GetParam().a_wins ? crossed.of_a : crossed.of_peer;
  const Instant end = pair.world.now() + kSettle;
  // On what is left over it is deaf.
  peer->forget_ike(left);
  while (pair.world.now() < end) peer->behave_for(1s);
  EXPECT_EQ(peer->newest_ike(), kept);
  expect_agreement();
  expect_hitless();
}

TEST_P(WaywardCrossing, AllIkeSasButTheLosersAreDeletedByThePeer) {
  // The peer believes that the other one won.
  const CrossedIke crossed = cross_ike();
  const IkeSpi winner = GetParam().a_wins ? crossed.of_a : crossed.of_peer;
  peer->delete_ike(winner);
  peer->behave_for(10s);
  expect_recovery();
}

// --- The IKE SA ---

TEST_F(Wayward, NeverDeletesTheIkeSaThatItRekeyed) {
  ASSERT_TRUE(peer->rekey_ike());
  EXPECT_EQ(peer->ike_count(), 2u);
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, WantsAnotherGroupForTheNewIkeSa) {
  const auto other = static_cast<uint16_t>(DhGroupId::Ecp256);
  peer->config.ike_proposals.front().group = DhGroupId::Ecp256;
  pair.rekey_ike(kA);
  peer->answer(heard(ExchangeType::CreateChildSa), {invalid_ke_notify(other)});
  const Heard second = heard(ExchangeType::CreateChildSa);
  EXPECT_EQ(find_payload<KePayload>(second.payloads)->group, other);
  peer->answer_well(second);
  peer->behave_for(kSettle);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_TRUE(pair.a().done[0].ok);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, WantsAnotherGroupForTheNewIkeSaWithoutEnd) {
  // Once is enough; the old IKE SA stays.
  const auto other = static_cast<uint16_t>(DhGroupId::Ecp256);
  pair.rekey_ike(kA);
  peer->answer(heard(ExchangeType::CreateChildSa), {invalid_ke_notify(other)});
  peer->answer(heard(ExchangeType::CreateChildSa), {invalid_ke_notify(other)});
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_FALSE(pair.a().done[0].ok);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, DeletesTheOldIkeSaItselfWhileOurDeleteIsInFlight) {
  const IkeSpi old = peer->newest_ike();
  pair.rekey_ike(kA);
  peer->answer_well(heard(ExchangeType::CreateChildSa));
  heard(ExchangeType::Informational);
  peer->delete_ike(old);
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, DeletesTheNewIkeSaAndWithItTheChildren) {
  const IkeSpi old = peer->newest_ike();
  ASSERT_TRUE(peer->rekey_ike());
  const IkeSpi fresh = peer->newest_ike();
  ASSERT_NE(old, fresh);
  peer->delete_ike(fresh);
  EXPECT_EQ(pair.a().outbound(kTunnel), nullptr);
  expect_recovery();
}

// It is waited for as long as its replacement is; who takes a child along to another IKE SA knows
// it.
TEST_F(Wayward, NeitherUsesItsReplacementNorDeletesTheOldChildBeforeWeRekeyTheIkeSa) {
  ASSERT_TRUE(peer->rekey_child(only_child()).has_value());
  pair.rekey_ike(kA);
  EXPECT_FALSE(peer->heard().has_value()) << pair.world.picture();
  EXPECT_TRUE(
      pair.world.run_until([this] { return peer->heard().has_value(); }, kActivateAfter + 1s));
  peer->answer_well(heard(ExchangeType::CreateChildSa));
  peer->answer_well(heard(ExchangeType::Informational));
  pair.rekey_child(kA);
  peer->answer_well(heard(ExchangeType::CreateChildSa));
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, ForgetsItsReplacementOverOurRekeyOfTheIkeSa) {
  //   A <--CREATE_CHILD_SA [REKEY_SA(old)]-- P     agreed: fresh, of which P never hears
  //   A --CREATE_CHILD_SA [SA(IKE)]--------> P     agreed
  //   A --CREATE_CHILD_SA [REKEY_SA(fresh)]> P     CHILD_SA_NOT_FOUND
  //   A --CREATE_CHILD_SA [REKEY_SA(old)]--> P     agreed, at once
  const Child old = only_child();
  const auto fresh = peer->rekey_child(old);
  ASSERT_TRUE(fresh.has_value());
  book_out(*fresh);
  pair.rekey_ike(kA);
  EXPECT_TRUE(
      pair.world.run_until([this] { return peer->heard().has_value(); }, kActivateAfter + 1s));
  peer->answer_well(heard(ExchangeType::CreateChildSa));
  peer->answer_well(heard(ExchangeType::Informational));
  pair.rekey_child(kA);
  peer->answer(heard(ExchangeType::CreateChildSa),
               {child_notify(NotifyType::ChildSaNotFound, fresh->victims)});
  const Heard again = heard(ExchangeType::CreateChildSa);
  const auto* named = find_notify(again.payloads, NotifyType::RekeySa);
  ASSERT_NE(named, nullptr);
  EXPECT_EQ(load_be32(named->spi.data()), old.victims.value);
  peer->answer_well(again);
  peer->behave_for(kSettle);
  ASSERT_EQ(pair.a().done.size(), 2u);
  EXPECT_TRUE(pair.a().done[1].ok);
  expect_agreement();
}

TEST_F(Wayward, AsksOnTheOldIkeSaAfterItsRekey) {
  // RFC 7296 2.8, 2.25.2: the old one is only there to be deleted; the children are elsewhere.
  const IkeSpi old = peer->newest_ike();
  const Child child = only_child();
  ASSERT_TRUE(peer->rekey_ike());
  const auto answer =
      peer->ask_on(old, ExchangeType::Informational,
                   {DeletePayload{.protocol = ProtocolId::Esp, .spis = {child.own}}});
  EXPECT_EQ(find_payload<DeletePayload>(answer), nullptr);
  EXPECT_TRUE(pair.a().inbound.contains(child.victims));
  peer->delete_ike(old);
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

TEST_F(Wayward, RekeysTheIkeSaTwiceBeforeItDeletesTheFirst) {
  const IkeSpi first = peer->newest_ike();
  ASSERT_TRUE(peer->rekey_ike());
  const IkeSpi second = peer->newest_ike();
  ASSERT_TRUE(peer->rekey_ike());
  EXPECT_EQ(peer->ike_count(), 3u);
  peer->delete_ike(first);
  peer->delete_ike(second);
  peer->behave_for(kSettle);
  expect_agreement();
  expect_hitless();
}

}  // namespace
}  // namespace twinspan::ike
