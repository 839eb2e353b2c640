// DELETE: by command, by the peer, crossing, lost; and the end of everything.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

TEST(Delete, DownEndsTheTunnelOnBothSidesAndHoldsItDown) {
  SimPair pair;
  pair.establish();
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.run_for(1s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_TRUE(pair.a().done[0].ok);
  EXPECT_EQ(pair.a().tunnel_state[kTunnel], TunnelState::Down);
  EXPECT_EQ(pair.b().last_cause[kTunnel], "peer-deleted");
  pair.settle();
  EXPECT_TRUE(pair.a().inbound.empty());
  EXPECT_TRUE(pair.b().inbound.empty());
  EXPECT_EQ(pair.a().ike_established.size(), 1u);
  pair.expect_sound();
}

TEST(Delete, UpAfterDownConnectsAgain) {
  SimPair pair;
  pair.establish();
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.run_for(1s);
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(1s);
  ASSERT_EQ(pair.a().done.size(), 2u);
  EXPECT_TRUE(pair.a().done[1].ok);
  pair.settle();
  pair.expect_at_rest();
}

TEST(Delete, AnInitiatorWhosePeerDeletedComesBack) {
  SimPair pair;
  pair.establish();
  pair.world.command(kB, CommandDown{kTunnel});
  pair.world.run_for(10s);
  EXPECT_EQ(pair.a().tunnel_state[kTunnel], TunnelState::Connecting);
  pair.world.command(kB, CommandUp{kTunnel});
  pair.world.run_for(40s);
  EXPECT_TRUE(pair.is_up());
  pair.settle();
  pair.expect_at_rest();
  for (const auto& done : pair.b().done) EXPECT_TRUE(done.ok);
}

TEST(Delete, CrossingDownsBothEnd) {
  SimPair pair;
  pair.establish();
  pair.world.hold_wire();
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.command(kB, CommandDown{kTunnel});
  pair.world.release_wire();
  pair.settle();
  EXPECT_TRUE(pair.a().done.at(0).ok);
  EXPECT_TRUE(pair.b().done.at(0).ok);
  EXPECT_TRUE(pair.a().inbound.empty());
  pair.expect_sound();
}

TEST(Delete, ALostDeleteIsRepeatedAndTheCommandEndsEvenWithoutAnAnswer) {
  SimPair pair;
  pair.establish();
  pair.world.filter = [](const WireMessage&) { return false; };
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.run_for(9s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_TRUE(pair.a().done[0].ok);
}

TEST(Delete, DownDuringARekeyWaitsForTheWindowAndEndsBoth) {
  for (const bool ike : {false, true}) {
    SimPair pair;
    pair.establish();
    pair.world.hold_wire();
    if (ike) {
      pair.rekey_ike(kA);
    } else {
      pair.rekey_child(kA);
    }
    pair.world.command(kA, CommandDown{kTunnel});
    pair.world.release_wire();
    pair.settle();
    ASSERT_EQ(pair.a().done.size(), 2u);
    EXPECT_FALSE(pair.a().done[0].ok);
    EXPECT_TRUE(pair.a().done[1].ok);
    EXPECT_TRUE(pair.a().inbound.empty());
    EXPECT_TRUE(pair.b().inbound.empty()) << pair.world.picture();
    EXPECT_EQ(pair.a().ike_established.size(), pair.a().ike_gone.size());
    pair.expect_sound();
  }
}

TEST(Delete, RekeyCrossesDown) {
  for (const bool ike : {false, true}) {
    SimPair pair;
    pair.establish();
    pair.world.hold_wire();
    pair.world.command(kA, CommandDown{kTunnel});
    if (ike) {
      pair.rekey_ike(kB);
    } else {
      pair.rekey_child(kB);
    }
    pair.world.release_wire();
    pair.settle();
    EXPECT_TRUE(pair.a().done.at(0).ok);
    ASSERT_EQ(pair.b().done.size(), 1u);
    EXPECT_FALSE(pair.b().done[0].ok);
    EXPECT_TRUE(pair.a().inbound.empty());
    EXPECT_TRUE(pair.b().inbound.empty());
    EXPECT_EQ(pair.b().ike_established.size(), pair.b().ike_gone.size());
    pair.expect_sound();
  }
}

TEST(Delete, ShutdownTellsThePeerAndEndsQuiet) {
  SimPair pair;
  pair.establish();
  pair.world.command(kA, CommandShutdown{});
  pair.world.run_for(100ms);
  EXPECT_TRUE(pair.a().is_quiet);
  EXPECT_TRUE(pair.a().inbound.empty());
  EXPECT_EQ(pair.b().last_cause[kTunnel], "peer-deleted");
}

TEST(Delete, ShutdownEndsInTimeWithoutThePeer) {
  SimPair pair;
  pair.establish();
  pair.b().is_alive = false;
  pair.world.command(kA, CommandShutdown{});
  EXPECT_FALSE(pair.a().is_quiet);
  pair.world.run_for(2001ms);
  EXPECT_TRUE(pair.a().is_quiet);
  const auto before = pair.world.now();
  pair.world.run_for(100s);
  EXPECT_FALSE(pair.a().endpoint().poll_timeout().has_value()) << (before - Instant{}).count();
}

TEST(Delete, RemovingAPeerEndsItsSasAndAddingItAgainConnects) {
  SimPair pair;
  pair.establish();
  pair.world.command(kA, CommandRemovePeer{kTunnel});
  EXPECT_TRUE(pair.a().inbound.empty());
  pair.start(kA);
  pair.world.run_for(40s);
  EXPECT_TRUE(pair.is_up()) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

TEST(Delete, AHeldDownTunnelRefusesAndSaysSo) {
  SimPair pair;
  pair.world.command(kB, CommandAddPeer{.peer = pair.config[kB], .started = false});
  pair.start(kA);
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(1s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_FALSE(pair.a().done[0].ok);
  EXPECT_EQ(pair.a().done[0].diagnosis.cause, "no-ike-proposal");
  EXPECT_FALSE(pair.is_up());
  pair.world.command(kB, CommandUp{kTunnel});
  pair.world.run_for(40s);
  EXPECT_TRUE(pair.is_up());
}

}  // namespace
}  // namespace twinspan::ike
