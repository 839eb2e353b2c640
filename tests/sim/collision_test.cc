// Crossing exchanges (RFC 7296 2.8.1, 2.8.2, 2.25), scripted message by message, with every outcome
// of the nonce comparison.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

// Which of the four nonces is the lowest: A's request, B's answer to it, B's request, A's answer to
// it.
enum class Lowest { RequestOfA, AnswerOfB, RequestOfB, AnswerOfA };

bool loses_a(Lowest lowest) {
  return lowest == Lowest::RequestOfA || lowest == Lowest::AnswerOfB;
}

class Collision : public testing::TestWithParam<Lowest> {
 protected:
  void establish() {
    pair.config[kB].mode = ConnectionMode::Default;
    pair.start(kB);
    // B would initiate as well; A alone is enough here.
    pair.world.run_for(0s);
    pair.start(kA);
    ASSERT_TRUE(pair.world.run_until([this] { return pair.is_up(); }, 30s)) << pair.world.picture();
    pair.world.run_for(40s);
    // Of two IKE SAs the other one may have stayed: its child is proven as well.
    pair.world.exchange_esp();
    pair.expect_at_rest();
    for (SimHost* host : {&pair.a(), &pair.b()}) {
      host->done.clear();
      host->children.clear();
      host->ike_established.clear();
    }
    // Each side draws the nonce of its request first, that of its answer second.
    pair.a().crypto().force_nonce(GetParam() == Lowest::RequestOfA ? 0x00 : 0x80);
    pair.a().crypto().force_nonce(GetParam() == Lowest::AnswerOfA ? 0x00 : 0x80);
    pair.b().crypto().force_nonce(GetParam() == Lowest::RequestOfB ? 0x00 : 0x80);
    pair.b().crypto().force_nonce(GetParam() == Lowest::AnswerOfB ? 0x00 : 0x80);
  }
  // The first held message from `side`.
  void deliver_from(size_t side) {
    const auto index =
        pair.world.find_held([side](const WireMessage& m) { return m.from == side; });
    ASSERT_TRUE(index.has_value()) << pair.world.picture();
    pair.world.deliver(*index);
  }
  void expect_success() {
    ASSERT_EQ(pair.a().done.size(), 1u) << pair.world.picture();
    ASSERT_EQ(pair.b().done.size(), 1u) << pair.world.picture();
    EXPECT_TRUE(pair.a().done[0].ok);
    EXPECT_TRUE(pair.b().done[0].ok);
  }
  // Who made the child that is left.
  bool survivor_is_of_a() {
    const auto& kept = pair.a().inbound.begin()->first;
    for (const auto& child : pair.a().children) {
      if (child.inbound_spi == kept) return child.is_initiator;
    }
    ADD_FAILURE() << "the survivor is no new child\n" << pair.world.picture();
    return false;
  }
  SimPair pair;
};
INSTANTIATE_TEST_SUITE_P(EachNonce, Collision,
                         testing::Values(Lowest::RequestOfA, Lowest::AnswerOfB, Lowest::RequestOfB,
                                         Lowest::AnswerOfA));

TEST_P(Collision, BothRekeyTheChildAndTheLowestNonceLoses) {
  //   A: rekey ---.   .--- rekey :B
  //                \ /
  //   A: sees  <---' '---> sees  :B
  establish();
  pair.world.hold_wire();
  pair.rekey_child(kA);
  pair.rekey_child(kB);
  ASSERT_EQ(pair.world.held().size(), 2u);
  pair.world.release_wire();
  pair.settle();
  expect_success();
  pair.expect_at_rest();
  EXPECT_EQ(survivor_is_of_a(), !loses_a(GetParam())) << pair.world.picture();
}

TEST_P(Collision, OneAnswerComesOnlyAfterTheWinnersDelete) {
  establish();
  pair.world.hold_wire();
  pair.rekey_child(kA);
  pair.rekey_child(kB);
  deliver_from(kA);  // B sees A's request, answers.
  deliver_from(kB);  // A sees B's request, answers.
  deliver_from(kA);  // B has the answer and decides.
  // B's answer stays on the way while the rest goes on.
  const auto answer = pair.world.find_held([](const WireMessage& m) {
    return m.from == kB && m.is_response(ExchangeType::CreateChildSa);
  });
  ASSERT_TRUE(answer.has_value());
  const WireMessage late = pair.world.held()[*answer];
  pair.world.drop(*answer);
  while (const auto next = pair.world.find_held([](const WireMessage&) { return true; })) {
    pair.world.deliver(*next);
  }
  pair.world.held().push_back(late);
  pair.world.release_wire();
  pair.settle();
  expect_success();
  pair.expect_at_rest();
  EXPECT_EQ(survivor_is_of_a(), !loses_a(GetParam())) << pair.world.picture();
}

TEST_P(Collision, OneSideNeverNoticesBecauseTheRequestIsLate) {
  // A's rekey is complete before B's request arrives: TEMPORARY_FAILURE, and A's child stays.
  establish();
  pair.world.hold_wire();
  pair.rekey_child(kA);
  pair.rekey_child(kB);
  deliver_from(kA);
  const auto answer = pair.world.find_held([](const WireMessage& m) {
    return m.from == kB && m.is_response(ExchangeType::CreateChildSa);
  });
  ASSERT_TRUE(answer.has_value());
  pair.world.deliver(*answer);
  pair.world.release_wire();
  pair.settle();
  expect_success();
  pair.expect_at_rest();
  EXPECT_TRUE(survivor_is_of_a());
}

TEST_P(Collision, TheRequestComesAfterTheOldChildIsGone) {
  // So late that the answer is CHILD_SA_NOT_FOUND.
  establish();
  pair.world.hold_wire();
  pair.rekey_child(kA);
  pair.rekey_child(kB);
  const auto request = pair.world.find_held([](const WireMessage& m) { return m.from == kB; });
  const WireMessage late = pair.world.held()[*request];
  pair.world.drop(*request);
  while (const auto next = pair.world.find_held([](const WireMessage&) { return true; })) {
    pair.world.deliver(*next);
  }
  pair.world.held().push_back(late);
  pair.world.release_wire();
  pair.settle();
  expect_success();
  pair.expect_at_rest();
}

TEST_P(Collision, BothRekeyTheIkeSaAndTheLowestNonceLoses) {
  establish();
  const Spi child = pair.a().inbound.begin()->first;
  pair.world.hold_wire();
  pair.rekey_ike(kA);
  pair.rekey_ike(kB);
  ASSERT_EQ(pair.world.held().size(), 2u);
  pair.world.release_wire();
  pair.settle();
  expect_success();
  pair.expect_at_rest();
  EXPECT_TRUE(pair.a().inbound.contains(child));
  ASSERT_EQ(pair.a().ike_established.size(), 1u) << pair.world.picture();
  ASSERT_EQ(pair.b().ike_established.size(), 1u) << pair.world.picture();
  EXPECT_EQ(pair.a().ike_established[0].initiator_spi, pair.b().ike_established[0].initiator_spi);
  EXPECT_EQ(pair.a().ike_established[0].is_initiator, !loses_a(GetParam()));
}

TEST_P(Collision, OneIkeRekeyRequestIsLate) {
  establish();
  pair.world.hold_wire();
  pair.rekey_ike(kA);
  pair.rekey_ike(kB);
  deliver_from(kA);
  const auto answer = pair.world.find_held([](const WireMessage& m) {
    return m.from == kB && m.is_response(ExchangeType::CreateChildSa);
  });
  ASSERT_TRUE(answer.has_value());
  pair.world.deliver(*answer);
  pair.world.release_wire();
  pair.settle();
  expect_success();
  pair.expect_at_rest();
  EXPECT_EQ(pair.a().ike_established.size(), 1u);
}

TEST_P(Collision, OneIkeRekeyAnswerIsLate) {
  establish();
  pair.world.hold_wire();
  pair.rekey_ike(kA);
  pair.rekey_ike(kB);
  deliver_from(kA);
  deliver_from(kB);
  const auto answer = pair.world.find_held([](const WireMessage& m) {
    return m.from == kB && m.is_response(ExchangeType::CreateChildSa);
  });
  ASSERT_TRUE(answer.has_value());
  const WireMessage late = pair.world.held()[*answer];
  pair.world.drop(*answer);
  while (const auto next = pair.world.find_held([](const WireMessage&) { return true; })) {
    pair.world.deliver(*next);
  }
  pair.world.held().push_back(late);
  pair.world.release_wire();
  pair.settle();
  expect_success();
  pair.expect_at_rest();
}

TEST_P(Collision, ChildRekeyCrossesIkeRekey) {
  establish();
  pair.world.hold_wire();
  pair.rekey_child(kA);
  pair.rekey_ike(kB);
  pair.world.release_wire();
  pair.settle();
  expect_success();
  pair.expect_at_rest();
}

TEST_P(Collision, DroppedMessagesOfACrossingAreRepaired) {
  // Each of the first messages of the crossing is lost once.
  for (size_t victim = 0; victim < 6; ++victim) {
    pair = SimPair(victim + 1);
    establish();
    if (HasFatalFailure()) return;
    size_t count = 0;
    pair.world.filter = [&](const WireMessage&) { return count++ != victim; };
    pair.rekey_child(kA);
    pair.rekey_child(kB);
    pair.settle();
    expect_success();
    pair.expect_at_rest();
    if (HasFailure()) {
      ADD_FAILURE() << "lost message " << victim;
      return;
    }
  }
}

}  // namespace
}  // namespace twinspan::ike
