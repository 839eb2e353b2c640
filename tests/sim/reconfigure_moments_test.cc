// Other settings at any moment: whatever is under way, nothing is lost and nothing is left behind.
#include "ike/core/child_sa.h"
#include "tests/sim/changing_pair.h"

namespace twinspan::ike {
namespace {

// --- Two changes ---

TEST(TwoChanges, TheLaterOneCounts) {
  for (Duration between = 0ms; between < 50ms; between += 2ms) {
    ChangingPair pair;
    pair.config[kB].ike_proposals.push_back({.encryption = {EncryptionId::ChaCha20Poly1305, 256}});
    pair.config[kB].children[0].proposals.push_back(
        {.encryption = {EncryptionId::ChaCha20Poly1305, 256}});
    pair.world.esp_interval = 5ms;
    pair.establish();
    const PeerConfig before = pair.config[kA];
    const uint64_t lost_before = pair.lost_packets();
    use_ike_chacha(pair.config[kA]);
    pair.change(kA);
    pair.world.run_for(between);
    use_chacha(pair.config[kA]);
    pair.change(kA);
    pair.world.run_for(between);
    pair.config[kA] = before;
    pair.config[kA].name = "last";
    pair.change(kA);
    pair.world.run_for(60s);
    ASSERT_EQ(pair.answers(kA).size(), 3u);
    pair.expect_in_effect(kA, 3);
    EXPECT_EQ(pair.a().ike_established.back().suite.encryption.id, EncryptionId::AesGcm16)
        << pair.world.picture();
    EXPECT_EQ(pair.encryption(kA), EncryptionId::AesGcm16) << pair.world.picture();
    pair.settle();
    EXPECT_EQ(pair.lost_packets(), lost_before) << between.count() << pair.world.picture();
    pair.expect_one_ike_sa();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

// --- Whatever is under way ---

TEST(AnyMoment, OfTheHandshakeEndsUnderTheNewSettings) {
  for (const Effect effect : {Effect::Rekey, Effect::Reauth, Effect::Restart}) {
    for (Duration moment = 0ms; moment < 60ms; moment += 1ms) {
      for (const size_t side : {kA, kB}) {
        ChangingPair pair(static_cast<uint64_t>(moment / 1ms) + 1);
        if (moment % 2ms == 0ms) pair.config[kB].mode = ConnectionMode::Default;
        pair.start();
        pair.world.run_for(moment);
        for (const size_t either : {kA, kB}) {
          use_selectors(pair.config[either], either, "10.1.0.0/16", "10.2.0.0/16");
          if (effect == Effect::Reauth) use_ike_chacha(pair.config[either]);
        }
        pair.change(side, effect);
        pair.world.run_for(3ms);
        pair.change(1 - side, effect);
        pair.world.run_for(150s);
        EXPECT_EQ(pair.answers(kA).size() + pair.answers(kB).size(), 2u);
        pair.expect_at_rest();
        ASSERT_FALSE(testing::Test::HasFailure()) << to_string(effect) << moment.count();
        EXPECT_EQ(pair.a().outbound(kTunnel)->params.local_selectors, selectors({"10.1.0.0/16"}));
        pair.expect_one_ike_sa();
      }
    }
  }
}

TEST(AnyMoment, OfCrossingRekeysLosesNothing) {
  for (const Effect effect : {Effect::InPlace, Effect::Rekey, Effect::Reauth}) {
    for (Duration moment = 0ms; moment < 30ms; moment += 1ms) {
      ChangingPair pair(static_cast<uint64_t>(moment / 1ms) + 1);
      pair.world.esp_interval = 5ms;
      pair.establish_for(20s);
      pair.rekey_child(kA);
      pair.rekey_child(kB);
      pair.rekey_ike(kA);
      pair.rekey_ike(kB);
      pair.world.run_for(moment);
      for (const size_t side : {kA, kB}) {
        use_chacha(pair.config[side]);
        pair.change(side, effect);
      }
      pair.world.run_for(100s);
      pair.expect_nothing_lost();
      EXPECT_EQ(pair.encryption(kA), EncryptionId::ChaCha20Poly1305);
      EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
      pair.expect_at_rest();
      ASSERT_FALSE(testing::Test::HasFailure()) << to_string(effect) << moment.count();
    }
  }
}

TEST(AnyMoment, WhatWasMadeBeforeDoesNotPushAsideWhatHasItsTraffic) {
  //   A: rekey 1 ---------> B: makes 2, waits for its proof
  //   A:            x------ B:                               the answer is late
  //   A: makes 3 <--------- B: new settings, for 3 the same packets as for 1 and 2
  //   A: 1 goes <---------- B: 1 is deleted, 2 may not be before A has it
  //   A: has 2 <----------- B: the answer
  //   A: sends on 2 ------> B: its proof, and B goes on sending on 3
  ChangingPair pair;
  // B asks for what is missing at once when it has begun.
  std::swap(pair.config[kA].mode, pair.config[kB].mode);
  for (const size_t side : {kA, kB})
    use_selectors(pair.config[side], side, "10.1.0.0/16", "10.2.0.0/16");
  pair.establish_for(20s);
  pair.world.hold_wire();
  pair.rekey_child(kA);
  pair.world.deliver(0);
  const Spi before = pair.inbound(kB);
  // What B has more, A does not.
  pair.config[kB].children[0].local.push_back(selectors({"198.18.0.0/24"}).front());
  pair.change(kB);
  while (pair.inbound(kB) == before) {
    pair.world.run_for(1ms);
    ASSERT_GT(pair.world.held().size(), 1u) << pair.world.picture();
    pair.world.deliver(1);
  }
  const Spi after = pair.inbound(kB);
  pair.world.deliver(0);
  pair.world.exchange_esp();
  ASSERT_NE(pair.b().outbound(kTunnel), nullptr) << pair.world.picture();
  EXPECT_EQ(pair.inbound(kB), after) << pair.world.picture();
  pair.release_and_expect_rest();
  pair.expect_in_effect(kB);
}

// `who` begins with another IKE SA, whose messages are behind `late` others on the wire; the answer
// to its IKE_AUTH is held.
void reauthenticate(ChangingPair& pair, size_t who, size_t late) {
  pair.change(who, Effect::Reauth);
  pair.world.run_for(1ms);
  ASSERT_EQ(pair.world.held().size(), late + 1) << pair.world.picture();
  ASSERT_TRUE(pair.world.held()[late].is_request(ExchangeType::IkeSaInit));
  for (int i = 0; i < 3; ++i) pair.world.deliver(late);
  ASSERT_EQ(pair.world.held().size(), late + 1) << pair.world.picture();
  ASSERT_TRUE(pair.world.held()[late].is_response(ExchangeType::IkeAuth));
}

TEST(AnyMoment, AnAttemptThatIsGivenUpDoesNotLeadToOneThatAnswersStillHaveToMake) {
  //   A: IKE_AUTH ---------> B: makes 2 beside 1
  //   A:            x------- B:                   the answer is late
  //   A: new settings again
  //   A: IKE_AUTH ---------> B: makes 3
  //   A:            x------- B:                   the answer is late
  //   A: <------------------ B: the first answer
  //   A: D ----------------> B: 2 goes, and A has 1
  ChangingPair pair;
  pair.establish_and_hold();
  const Spi before = pair.inbound(kB);
  for (const size_t late : {0u, 1u}) reauthenticate(pair, kA, late);
  ASSERT_EQ(pair.b().children.size(), 3u) << pair.world.picture();
  pair.world.deliver(0);
  ASSERT_TRUE(pair.world.held()[1].is_request(ExchangeType::Informational));
  pair.world.deliver(1);
  pair.world.exchange_esp();
  EXPECT_EQ(pair.inbound(kB), before) << pair.world.picture();
  pair.release_and_expect_rest();
  EXPECT_NE(pair.inbound(kB), before);
}

TEST(AnyMoment, NoAttemptBeginsWhileOurAnswerToThePeersIsUnderWay) {
  // The two sides would differ on which of the two is newer, and each close another one.
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    ChangingPair pair(seed);
    pair.config[kA].admits_childless = false;
    pair.config[kB].mode = ConnectionMode::Default;
    pair.establish_and_hold();
    pair.rekey_ike(kA);
    reauthenticate(pair, kB, 1);
    pair.world.deliver(0);
    pair.world.deliver(1);  // B refuses: A should make another IKE SA.
    EXPECT_EQ(pair.world.held().size(), 1u) << pair.world.picture();
    pair.release_and_expect_rest();
    EXPECT_EQ(pair.a().departures + pair.b().departures, 0u) << pair.world.picture();
    if (testing::Test::HasFailure()) return;
  }
}

// B reauthenticates, and then A is to; our answer to B's IKE_AUTH is late.
class AfterOurAnswer : public testing::Test {
 protected:
  void SetUp() override {
    pair.config[kA].admits_childless = false;
    pair.config[kB].mode = ConnectionMode::Default;
    pair.establish_and_hold();
    reauthenticate(pair, kB, 0);
    pair.change(kA, Effect::Reauth);
    pair.world.run_for(1ms);
    EXPECT_EQ(pair.world.held().size(), 1u) << pair.world.picture();
  }
  size_t held_attempts() {
    return static_cast<size_t>(std::ranges::count_if(pair.world.held(), [](const auto& message) {
      return message.from == kA && message.is_request(ExchangeType::IkeSaInit);
    }));
  }

  ChangingPair pair;
};

TEST_F(AfterOurAnswer, AnotherIkeSaIsBegunWhenThePeerHasIt) {
  pair.world.deliver(0);
  EXPECT_EQ(held_attempts(), 0u);
  pair.world.exchange_esp();
  pair.world.run_for(1ms);
  EXPECT_EQ(held_attempts(), 1u) << pair.world.picture();
  pair.release_and_expect_rest();
  pair.expect_in_effect(kA);
  EXPECT_EQ(pair.a().departures + pair.b().departures, 0u) << pair.world.picture();
  pair.expect_one_ike_sa();
}

TEST_F(AfterOurAnswer, AnotherIkeSaIsBegunWhenThePeerIsSilentForLong) {
  pair.world.run_for(kActivateAfter - 1s);
  EXPECT_EQ(held_attempts(), 0u) << pair.world.picture();
  pair.world.run_for(2s);
  EXPECT_GE(held_attempts(), 1u) << pair.world.picture();
}

TEST(AnyMoment, AnIkeSaThatIsBeingRekeyedGoesWhenItsSuccessorIsKnownToBoth) {
  ChangingPair pair;
  pair.establish_and_hold();
  pair.rekey_ike(kA);
  pair.world.deliver(0);  // B agrees, and its answer is late.
  reauthenticate(pair, kA, 1);
  pair.world.deliver(1);
  pair.release_and_expect_rest();
  EXPECT_EQ(pair.a().ike_established.size(), pair.b().ike_established.size())
      << pair.world.picture();
  pair.expect_one_ike_sa();
}

TEST(AnyMoment, OfTwoNewIkeSasTheOneThatHasItsChildFirstServes) {
  //   A: IKE SA 2, asks for a child, is refused, asks again
  //   A: IKE SA 3, asks for a child, is refused
  //   A: DELETE of IKE SA 1 when 2 has its child: to B, too, 2 carries the tunnel
  ChangingPair pair;
  pair.differ_on_first_group();
  pair.establish_for(20s);
  pair.world.hold_wire();
  for (const size_t late : {0u, 1u}) {
    reauthenticate(pair, kA, late);
    pair.world.deliver(late);
    pair.world.deliver(late);  // B refuses: it knows that A has the IKE SA.
    if (late == 0) pair.world.deliver(late);
  }
  pair.world.deliver(0);
  ASSERT_EQ(pair.b().children.size(), 2u) << pair.world.picture();
  while (pair.world.held().size() > 1) pair.world.deliver(1);
  EXPECT_EQ(pair.b().ike_gone.size(), 1u) << pair.world.picture();
  EXPECT_EQ(pair.b().departures, 0u) << pair.world.picture();
  pair.world.exchange_esp();
  pair.expect_nothing_lost();
  pair.release_and_expect_rest();
  EXPECT_EQ(pair.a().departures + pair.b().departures, 0u) << pair.world.picture();
  pair.expect_one_ike_sa();
}

TEST(AnyMoment, AnotherNameDoesNotMakeTheResponderSendTooEarly) {
  ChangingPair pair;
  pair.establish_and_hold();
  const Spi before = pair.inbound(kB);
  pair.rekey_child(kB);
  pair.config[kB].children[0].name = "renamed";
  pair.change(kB);  // In force on what A begins, not yet where the rekey is under way.
  reauthenticate(pair, kA, 1);
  EXPECT_EQ(pair.inbound(kB), before) << pair.world.picture();
  pair.world.exchange_esp();
  pair.expect_nothing_lost();
  pair.release_and_expect_rest();
}

TEST(AnyMoment, OnALossyLinkNothingButTheLinkLosesPackets) {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    ChangingPair pair(seed);
    std::mt19937_64 dice(seed * 7919);
    if (dice() % 2 != 0) pair.config[kB].mode = ConnectionMode::Default;
    pair.establish_for(20s);
    pair.world.esp_interval = 20ms;
    pair.world.link = {.delay_min = 2ms,
                       .delay_max = 2ms + (dice() % 60) * 1ms,
                       .loss_percent = static_cast<unsigned>(5 + dice() % 25),
                       .duplicate_percent = static_cast<unsigned>(dice() % 20),
                       .esp_is_lossless = true,
                       .losses_per_datagram_max = 1};
    for (int i = 0; i < 6; ++i) {
      const bool is_chacha = dice() % 2 != 0;
      const bool is_narrow = dice() % 2 != 0;
      // Who only responds cannot begin with another IKE SA.
      const bool both_may = pair.config[kB].mode == ConnectionMode::Default;
      const auto effect = static_cast<Effect>(dice() % (both_may ? 3 : 2));
      for (const size_t side : {kA, kB}) {
        PeerConfig fresh = peer_config(side);
        fresh.mode = pair.config[side].mode;
        if (is_chacha) use_chacha(fresh);
        if (is_narrow) use_selectors(fresh, side, "10.1.0.0/16", "10.2.0.0/16");
        pair.config[side] = fresh;
      }
      const size_t first = dice() % 2;
      pair.change(first, effect);
      pair.world.run_for((dice() % 3000) * 1ms);
      pair.change(1 - first, effect);
      pair.world.run_for((dice() % 30000) * 1ms);
    }
    pair.world.link = {};
    pair.world.run_for(180s);
    pair.expect_nothing_lost();
    EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
    for (const size_t side : {kA, kB}) EXPECT_EQ(pair.answers(side).size(), 6u);
    pair.expect_one_ike_sa();
    pair.expect_at_rest();
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace twinspan::ike
