// Negotiations that must not come up, and what both sides say about it.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

// A's attempt fails with these causes, nothing is installed anywhere, and nobody gives up trying.
void expect_refused(SimPair& pair, const std::string& cause_a, const std::string& cause_b) {
  pair.start();
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(70s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_FALSE(pair.a().done[0].ok);
  EXPECT_EQ(pair.a().done[0].diagnosis.cause, cause_a) << pair.a().done[0].diagnosis.message;
  EXPECT_NE(pair.a().done[0].diagnosis.remedy.find("a-to-b"), std::string::npos);
  EXPECT_EQ(pair.b().last_cause[kTunnel], cause_b);
  EXPECT_TRUE(pair.a().inbound.empty());
  EXPECT_TRUE(pair.b().inbound.empty());
  EXPECT_FALSE(pair.is_up());
  pair.expect_sound();
}

TEST(Refusal, DifferentPreSharedKeys) {
  SimPair pair;
  pair.config[kB].authentication = psk("another key");
  expect_refused(pair, "auth-refused", "wrong-psk");
}

TEST(Refusal, TheResponderHasAnotherIdentity) {
  SimPair pair;
  pair.config[kB].local_identity = fqdn("c.example.net");
  expect_refused(pair, "auth-refused", "wrong-identity");
}

TEST(Refusal, TheInitiatorHasAnotherIdentity) {
  SimPair pair;
  pair.config[kA].local_identity = fqdn("c.example.net");
  expect_refused(pair, "auth-refused", "wrong-identity");
}

TEST(Refusal, TheSameNameAsAnotherTypeIsAnotherIdentity) {
  SimPair pair;
  pair.config[kA].local_identity.type = IdType::KeyId;
  expect_refused(pair, "auth-refused", "wrong-identity");
}

TEST(Refusal, NoCommonIkeProposalNamesTheFirstDifference) {
  SimPair pair;
  pair.config[kB].ike_proposals[0].prf = PrfId::HmacSha512;
  expect_refused(pair, "no-ike-proposal", "no-ike-proposal");
  EXPECT_NE(pair.b().diagnoses.back().message.find("no common prf"), std::string::npos)
      << pair.b().diagnoses.back().message;
  EXPECT_NE(pair.b().diagnoses.back().message.find("no IKE proposal in common"), std::string::npos);
  EXPECT_NE(pair.a().done[0].diagnosis.message.find("no IKE proposal in common"),
            std::string::npos);
}

TEST(Refusal, NoCommonEspProposalInIkeAuthLeavesTheIkeSaAlive) {
  SimPair pair;
  pair.config[kB].admits_childless = false;
  pair.config[kB].children[0].proposals[0].encryption = {EncryptionId::ChaCha20Poly1305, 256};
  expect_refused(pair, "no-esp-proposal", "no-esp-proposal");
  EXPECT_NE(pair.a().done[0].diagnosis.message.find("no ESP proposal in common"),
            std::string::npos);
  EXPECT_EQ(pair.a().ike_established.size(), 1u);
  EXPECT_TRUE(pair.a().ike_gone.empty());
}

TEST(Refusal, NoCommonSelectorsLeaveTheIkeSaAlive) {
  SimPair pair;
  pair.config[kA].children[0].local = selectors({"10.1.0.0/16"});
  pair.config[kB].children[0].remote = selectors({"10.9.0.0/16"});
  expect_refused(pair, "no-common-selectors", "no-common-selectors");
  EXPECT_EQ(pair.a().ike_established.size(), 1u);
}

TEST(Refusal, AnInitiatorOnlyPeerStaysSilent) {
  SimPair pair;
  pair.config[kB].mode = ConnectionMode::InitiatorOnly;
  pair.start(kA);
  pair.world.filter = [](const WireMessage& m) { return m.from == kA || m.header.is_response; };
  pair.start(kB);
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(70s);
  EXPECT_EQ(pair.a().done.at(0).diagnosis.cause, "no-answer");
  EXPECT_FALSE(pair.is_up());
}

TEST(Refusal, AResponderOnlyPeerNeverInitiates) {
  SimPair pair;
  pair.world.keeps_sent = true;
  pair.start(kB);
  pair.world.run_for(600s);
  EXPECT_TRUE(pair.world.sent.empty());
  EXPECT_EQ(pair.b().tunnel_state[kTunnel], TunnelState::Idle);
  pair.world.command(kB, CommandUp{kTunnel});
  pair.world.run_for(9s);
  EXPECT_TRUE(pair.b().done.empty());
  pair.world.run_for(2s);
  ASSERT_EQ(pair.b().done.size(), 1u);
  EXPECT_EQ(pair.b().done[0].diagnosis.cause, "peer-did-not-call");
  EXPECT_NE(pair.b().done[0].diagnosis.message.find("responder-only"), std::string::npos);
}

TEST(Refusal, NothingOnPort4500IsToldFromNothingAtAll) {
  SimPair pair;
  pair.world.filter = [](const WireMessage& m) {
    return m.header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit);
  };
  pair.start();
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(70s);
  EXPECT_EQ(pair.a().done.at(0).diagnosis.cause, "no-answer-4500");
}

TEST(Refusal, AStrangerIsNotAnswered) {
  SimPair pair;
  pair.config[kA].remote_address = *IpAddress::parse("192.0.2.2");
  pair.config[kB].remote_address = *IpAddress::parse("198.51.100.7");
  pair.start();
  pair.world.run_for(10s);
  EXPECT_GT(pair.b().endpoint().counters().no_peer, 0u);
  EXPECT_EQ(pair.b().endpoint().dump_state().find("ike "), std::string::npos);
}

}  // namespace
}  // namespace twinspan::ike
