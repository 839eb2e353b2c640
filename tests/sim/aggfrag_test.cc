// RFC 9347: whether a Child SA carries AGGFRAG payloads, which each exchange settles anew.
#include "ike/exchange/child_options.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"
#include "tests/support/scripted_peer.h"

namespace twinspan::ike {
namespace {

bool has_aggfrag(SimHost& host) {
  return host.outbound(kTunnel)->params.aggfrag;
}

TEST(Aggfrag, IsThereExactlyWhenBothSidesSaySo) {
  for (const bool childless : {true, false}) {
    for (const bool at_a : {true, false}) {
      for (const bool at_b : {true, false}) {
        SimPair pair;
        pair.config[kA].aggfrag = at_a;
        pair.config[kB].aggfrag = at_b;
        pair.config[kB].admits_childless = childless;
        pair.establish();
        for (SimHost* host : {&pair.a(), &pair.b()}) {
          EXPECT_EQ(has_aggfrag(*host), at_a && at_b);
          EXPECT_EQ(host->children.back().aggfrag, at_a && at_b);
        }
        pair.settle();
        pair.expect_at_rest();
      }
    }
  }
}

TEST(Aggfrag, EachRekeyAgreesOnItAnew) {
  for (const size_t side : {kA, kB}) {
    SimPair pair;
    for (PeerConfig& peer : pair.config) peer.aggfrag = true;
    pair.establish();
    pair.settle();
    pair.rekey_child(side);
    pair.settle();
    for (SimHost* host : {&pair.a(), &pair.b()}) {
      EXPECT_TRUE(host->children.back().by_rekey);
      EXPECT_TRUE(has_aggfrag(*host));
    }
    pair.expect_at_rest();
  }
}

// --- A peer that does otherwise ---

class AggfragPeer : public testing::Test {
 protected:
  void begin(bool at_a) {
    ScriptedPeer::prepare(pair.world, kA);
    pair.config[kA].aggfrag = at_a;
    pair.config[kB].aggfrag = at_a;
    pair.establish();
    peer.emplace(pair.world, kA);
  }
  static Payload flags(Bytes value) {
    return NotifyPayload{.protocol = ProtocolId::None,
                         .spi = {},
                         .type = NotifyType::UseAggfrag,
                         .value = std::move(value)};
  }
  // A rekeys, and the answer has this beside what it should have.
  void answer_rekey_with(const Payload& extra) {
    pair.rekey_child(kA);
    const auto request = peer->heard();
    ASSERT_TRUE(request.has_value());
    offered = find_notify(request->payloads, NotifyType::UseAggfrag) != nullptr;
    peer->extra = {extra};
    peer->answer_well(*request);
    peer->extra.clear();
    peer->behave_for(5s);
  }

  SimPair pair;
  std::optional<ScriptedPeer> peer;
  bool offered = false;
};

TEST_F(AggfragPeer, WhoAnswersWhatWasNotOfferedLosesTheChild) {
  begin(false);
  const Spi old = pair.a().outbound(kTunnel)->params.inbound_spi;
  answer_rekey_with(flags({kAggfragDontFragment}));
  EXPECT_FALSE(offered);
  EXPECT_EQ(pair.a().outbound(kTunnel)->params.inbound_spi, old);
  EXPECT_EQ(peer->disagreements(), std::vector<std::string>{}) << pair.world.picture();
  ASSERT_EQ(pair.a().troubles.size(), 1u);
  EXPECT_EQ(pair.a().troubles[0].diagnosis.cause, "bad-message");
}

TEST_F(AggfragPeer, DemandsThatWeCannotMeetLoseTheChildToo) {
  begin(true);
  for (const Bytes& value : {Bytes{0x02}, Bytes{0x03}, Bytes{0x80}, Bytes{}, Bytes{1, 0}}) {
    const Spi old = pair.a().outbound(kTunnel)->params.inbound_spi;
    answer_rekey_with(flags(value));
    EXPECT_TRUE(offered);
    EXPECT_EQ(pair.a().outbound(kTunnel)->params.inbound_spi, old);
    EXPECT_EQ(peer->disagreements(), std::vector<std::string>{}) << pair.world.picture();
  }
}

TEST_F(AggfragPeer, OneThatAcceptsFragmentsGetsNoneAndIsAgreedWith) {
  begin(true);
  const Spi old = pair.a().outbound(kTunnel)->params.inbound_spi;
  answer_rekey_with(flags({0}));
  EXPECT_NE(pair.a().outbound(kTunnel)->params.inbound_spi, old);
  EXPECT_TRUE(has_aggfrag(pair.a()));
}

TEST_F(AggfragPeer, OneThatSaysNothingAtARekeyHasAnOrdinaryTunnelFromThenOn) {
  begin(true);
  pair.rekey_child(kA);
  peer->answer_well(*peer->heard());
  peer->behave_for(5s);
  EXPECT_FALSE(has_aggfrag(pair.a()));
  EXPECT_EQ(peer->disagreements(), std::vector<std::string>{});
}

TEST_F(AggfragPeer, WhatAsksForMoreThanWeHaveGetsAnOrdinaryTunnel) {
  begin(true);
  for (const Bytes& value : {Bytes{0x02}, Bytes{0x40}, Bytes{}, Bytes{1, 1}}) {
    peer->extra = {flags(value)};
    const auto fresh = peer->rekey_child(peer->children().front());
    peer->extra.clear();
    ASSERT_TRUE(fresh.has_value());
    EXPECT_EQ(find_notify(peer->last_answer(), NotifyType::UseAggfrag), nullptr);
    EXPECT_FALSE(pair.a().children.back().aggfrag);
    peer->delete_child(peer->children().front());
    peer->behave_for(20s);
  }
}

TEST_F(AggfragPeer, OurAnswerSaysThatWeAcceptNoFragments) {
  begin(true);
  peer->extra = {flags({0})};
  ASSERT_TRUE(peer->rekey_child(peer->children().front()).has_value());
  const auto* said = find_notify(peer->last_answer(), NotifyType::UseAggfrag);
  ASSERT_NE(said, nullptr);
  EXPECT_EQ(said->value, Bytes{kAggfragDontFragment});
  EXPECT_TRUE(pair.a().children.back().aggfrag);
}

}  // namespace
}  // namespace twinspan::ike
