// Other settings for a tunnel that runs: each effect does what it says and no more, whatever is
// under way, and whoever changes first.
#include "tests/sim/changing_pair.h"

namespace twinspan::ike {
namespace {

// --- In place ---

TEST(InPlace, SendsNothingAndKeepsEverySpi) {
  ChangingPair pair;
  pair.establish();
  const Spi before = pair.inbound(kA);
  pair.world.keeps_sent = true;
  PeerConfig& config = pair.config[kA];
  config.name = "renamed";
  config.children[0].name = "renamed-1";
  config.children[0].lifetime = {.soft_time = 2000s, .hard_time = 3000s};
  config.ike_soft_lifetime = 4000s;
  config.ike_hard_lifetime = 5000s;
  config.dpd_interval = 5s;
  config.fragment_size = 576;
  config.mode = ConnectionMode::InitiatorOnly;
  config.authentication = psk("another key");
  pair.change(kA);
  pair.expect_in_effect(kA);
  pair.world.run_for(2s);
  EXPECT_TRUE(pair.world.sent.empty()) << pair.world.picture();
  EXPECT_EQ(pair.inbound(kA), before);
  EXPECT_EQ(pair.a().children.size(), 1u);
  // DPD under its new value.
  pair.world.run_for(4s);
  EXPECT_EQ(pair.world.sent.size(), 2u) << pair.world.picture();
  pair.rekey_child(kA);
  pair.world.run_for(1s);
  EXPECT_EQ(pair.a().children.back().name, "renamed-1");
  pair.settle();
  pair.expect_at_rest();
}

TEST(InPlace, ALifetimeThatIsOverByNowIsRenewedFirst) {
  ChangingPair pair;
  pair.world.esp_interval = 100ms;
  pair.establish();
  pair.world.run_for(600s);
  const uint64_t lost_before = pair.lost_packets();
  pair.config[kA].children[0].lifetime = {.soft_time = 100s, .hard_time = 120s};
  pair.config[kA].ike_soft_lifetime = 200s;
  pair.config[kA].ike_hard_lifetime = 260s;
  pair.change(kA);
  pair.world.run_for(10s);
  EXPECT_TRUE(pair.a().children.back().by_rekey) << pair.world.picture();
  EXPECT_TRUE(pair.a().ike_established.back().by_rekey) << pair.world.picture();
  pair.world.run_for(600s);
  EXPECT_EQ(pair.a().departures, 0u) << pair.world.picture();
  EXPECT_EQ(pair.lost_packets(), lost_before);
  EXPECT_GE(pair.a().children.size(), 6u);
  // And none any more.
  pair.config[kA].children[0].lifetime = {};
  pair.config[kA].ike_soft_lifetime = pair.config[kA].ike_hard_lifetime = {};
  pair.change(kA);
  const size_t made = pair.a().children.size();
  pair.world.run_for(600s);
  EXPECT_EQ(pair.a().children.size(), made);
  pair.expect_at_rest();
}

TEST(InPlace, WaitsForTheExchangeThatIsUnderWay) {
  ChangingPair pair;
  pair.establish();
  pair.world.hold_wire();
  pair.rekey_child(kA);
  ASSERT_EQ(pair.world.held().size(), 1u);
  pair.config[kA].children[0].name = "renamed";
  pair.change(kA);
  EXPECT_TRUE(pair.answers(kA).empty());
  pair.rekey_ike(kA);
  EXPECT_EQ(pair.world.held().size(), 1u);
  pair.world.release_wire();
  pair.world.run_for(5s);
  pair.expect_in_effect(kA);
  EXPECT_EQ(pair.a().children.back().name, "a-to-b");
  EXPECT_TRUE(pair.a().ike_established.back().by_rekey);
  pair.rekey_child(kA);
  pair.world.run_for(1s);
  EXPECT_EQ(pair.a().children.back().name, "renamed");
  pair.settle();
  pair.expect_at_rest();
}

TEST(InPlace, LivenessMayEndWhileAProbeIsUnderWay) {
  ChangingPair pair;
  pair.establish();
  pair.world.cuts.insert({kA, kB});
  pair.world.run_for(16s);
  pair.config[kA].dpd_interval = {};
  pair.change(kA);
  pair.expect_in_effect(kA);
  pair.world.cuts.clear();
  pair.world.run_for(20s);
  EXPECT_TRUE(pair.is_up()) << pair.world.picture();
  pair.world.keeps_sent = true;
  pair.world.filter = [](const WireMessage& message) { return message.from == kA; };
  pair.world.run_for(5s);
  EXPECT_TRUE(std::ranges::none_of(pair.world.sent, [](const WireMessage& message) {
    return message.from == kA && !message.header.is_response;
  })) << pair.world.picture();
  pair.expect_sound();
}

TEST(InPlace, AModeThatMayBeginBegins) {
  ChangingPair pair;
  pair.config[kA].mode = ConnectionMode::ResponderOnly;
  pair.start();
  pair.world.run_for(60s);
  EXPECT_FALSE(pair.is_up());
  pair.config[kA].mode = ConnectionMode::Default;
  pair.change(kA);
  pair.expect_in_effect(kA);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 5s)) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

TEST(InPlace, AModeThatMayNotBeginStopsTrying) {
  ChangingPair pair;
  pair.start(kA);
  pair.world.run_for(10s);
  pair.config[kA].mode = ConnectionMode::ResponderOnly;
  pair.change(kA);
  pair.world.keeps_sent = true;
  pair.world.run_for(120s);
  EXPECT_TRUE(pair.world.sent.empty()) << pair.world.picture();
  EXPECT_EQ(pair.a().tunnel_state[kTunnel], TunnelState::Idle);
}

// --- Coming and going ---

TEST(RemovePeer, TellsThePeerAndForgetsEverySpi) {
  ThreeGateways pair;
  const Spi before = pair.inbound(kA);
  pair.world.command(kA, CommandRemovePeer{kTunnel});
  EXPECT_FALSE(pair.a().inbound.contains(before));
  EXPECT_EQ(pair.a().ike_gone.size(), 1u);
  EXPECT_TRUE(pair.a().removed.empty());
  pair.world.run_for(1s);
  EXPECT_EQ(pair.a().removed, std::vector{kTunnel});
  EXPECT_EQ(pair.b().last_cause[kTunnel], "peer-deleted");
  EXPECT_TRUE(pair.b().outbound(kTunnel) == nullptr);
  EXPECT_EQ(pair.a().endpoint().dump_state().find("tunnel 7:"), std::string::npos);
  pair.world.run_for(60s);
  pair.expect_c_untouched();
  // Nothing of it is left: its number begins anew.
  pair.world.command(kA, CommandAddPeer{.peer = pair.config[kA]});
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s)) << pair.world.picture();
  EXPECT_EQ(pair.a().removed.size(), 1u);
  pair.settle();
  pair.expect_sound();
}

TEST(RemovePeer, ADeadPeerIsGivenUp) {
  ChangingPair pair;
  pair.establish();
  pair.b().is_alive = false;
  pair.rekey_child(kA);  // In flight for ever.
  pair.world.run_for(3s);
  pair.world.command(kA, CommandRemovePeer{kTunnel});
  pair.world.run_for(7s);
  EXPECT_TRUE(pair.a().removed.empty());
  pair.world.run_for(2s);
  EXPECT_EQ(pair.a().removed, std::vector{kTunnel}) << pair.world.picture();
  pair.world.run_for(30s);
  EXPECT_EQ(pair.a().endpoint().poll_timeout(), std::nullopt);
  pair.expect_sound();
}

TEST(RemovePeer, AtAnyMomentOfTheHandshakeNothingIsLeft) {
  for (Duration moment = 0ms; moment < 60ms; moment += 1ms) {
    for (const size_t side : {kA, kB}) {
      ChangingPair pair;
      pair.start();
      pair.world.run_for(moment);
      pair.world.command(side, CommandRemovePeer{kTunnel});
      pair.world.run_for(20s);
      SimHost& host = pair.world.host(side);
      EXPECT_EQ(host.removed, std::vector{kTunnel}) << moment.count() << pair.world.picture();
      EXPECT_TRUE(host.inbound.empty());
      EXPECT_EQ(host.ike_gone.size(), host.ike_established.size());
      // Whoever still calls may have begun with what is there no more.
      pair.world.command(side, CommandAddPeer{.peer = pair.config[side]});
      pair.world.run_for(90s);
      pair.expect_at_rest();
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(RemovePeer, ItsNumberMayBeUsedAtOnce) {
  ChangingPair pair;
  pair.establish();
  pair.world.command(kA, CommandRemovePeer{kTunnel});
  pair.world.command(kA, CommandAddPeer{.peer = pair.config[kA]});
  EXPECT_EQ(pair.a().removed.size(), 1u);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s)) << pair.world.picture();
  pair.settle();
  EXPECT_EQ(pair.a().removed.size(), 1u);
  pair.expect_at_rest();
}

TEST(RemovePeer, LeavesTheHalfOpenSaOfAnotherConnectionAlone) {
  // B does not know yet which of two connections A means.
  ChangingPair pair;
  PeerConfig first = pair.config[kB];
  first.tunnel = TunnelId{3};
  first.remote_identity = fqdn("somebody-else.example.net");
  pair.world.command(kB, CommandAddPeer{.peer = first});
  pair.start(kB);
  pair.start(kA);
  pair.world.run_for(8ms);  // IKE_SA_INIT is answered.
  pair.world.command(kB, CommandRemovePeer{first.tunnel});
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 500ms)) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

TEST(SetPeer, OfNobodyIsNothing) {
  ChangingPair pair;
  pair.change(kA, Effect::Restart);
  pair.world.command(kA, CommandRemovePeer{kTunnel});
  pair.world.run_for(1s);
  EXPECT_TRUE(pair.a().done.empty());
  EXPECT_TRUE(pair.a().removed.empty());
}

// --- Rekey ---

enum class Order : uint8_t { AFirst, BFirst, Together };

class BothSides : public testing::TestWithParam<Order> {
 protected:
  // Both sides get their new settings, one of them some time before the other one.
  static void change_both(ChangingPair& pair, Duration between, Effect effect = Effect::InPlace) {
    const size_t first = GetParam() == Order::BFirst ? kB : kA;
    pair.change(first, effect);
    if (GetParam() != Order::Together) pair.world.run_for(between);
    pair.change(1 - first, effect);
  }
};
INSTANTIATE_TEST_SUITE_P(EachOrder, BothSides,
                         testing::Values(Order::AFirst, Order::BFirst, Order::Together));

TEST_P(BothSides, ProposalsOfChildrenAreRekeyedWithoutLoss) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    ChangingPair pair(seed);
    pair.world.esp_interval = 20ms;
    pair.establish();
    const IkeSpi ike = pair.ike_spi(kA);
    const uint64_t lost_before = pair.lost_packets();
    use_chacha(pair.config[kA]);
    use_chacha(pair.config[kB]);
    change_both(pair, 20s);
    pair.world.run_for(40s);
    for (const size_t side : {kA, kB})
      EXPECT_EQ(pair.encryption(side), EncryptionId::ChaCha20Poly1305) << pair.world.picture();
    EXPECT_EQ(pair.ike_spi(kA), ike);
    EXPECT_EQ(pair.answers(kA).size() + pair.answers(kB).size(), 2u);
    pair.settle();
    EXPECT_EQ(pair.lost_packets(), lost_before) << pair.world.picture();
    EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Rekey, AFormerChildStaysWhileThePeerRefuses) {
  ChangingPair pair;
  pair.establish();
  const Spi before = pair.inbound(kA);
  use_chacha(pair.config[kA]);
  pair.change(kA);
  pair.world.run_for(60s);
  ASSERT_EQ(pair.answers(kA).size(), 1u);
  EXPECT_FALSE(pair.answers(kA)[0].ok);
  EXPECT_EQ(pair.answers(kA)[0].diagnosis.cause, "no-esp-proposal");
  EXPECT_FALSE(pair.a().troubles.empty());
  EXPECT_EQ(pair.inbound(kA), before);
  EXPECT_TRUE(pair.is_up());
  pair.expect_at_rest();
}

TEST_P(BothSides, SelectorsAreMadeBeforeTheFormerOnesGo) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    ChangingPair pair(seed);
    pair.world.esp_interval = 20ms;
    pair.establish();
    const IkeSpi ike = pair.ike_spi(kA);
    const uint64_t lost_before = pair.lost_packets();
    for (const size_t side : {kA, kB})
      use_selectors(pair.config[side], side, "10.1.0.0/16", "10.2.0.0/16");
    change_both(pair, 20s);
    pair.world.run_for(60s);
    for (SimHost* host : {&pair.a(), &pair.b()}) {
      ASSERT_EQ(host->all_outbound(kTunnel).size(), 1u) << pair.world.picture();
      EXPECT_EQ(host->outbound(kTunnel)->params.local_selectors.size(), 1u);
    }
    EXPECT_EQ(pair.ike_spi(kA), ike);
    pair.settle();
    pair.expect_in_effect(kA);
    pair.expect_in_effect(kB);
    EXPECT_EQ(pair.lost_packets(), lost_before) << pair.world.picture();
    EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Rekey, SelectorsThatOneSideAloneWidensOrNarrowsAgain) {
  for (const size_t side : {kA, kB}) {
    ChangingPair pair;
    pair.world.esp_interval = 20ms;
    pair.establish();
    const uint64_t lost_before = pair.lost_packets();
    use_selectors(pair.config[side], side, "10.1.0.0/16", "10.2.0.0/16");
    pair.change(side);
    pair.world.run_for(60s);
    pair.expect_in_effect(side);
    EXPECT_EQ(pair.a().outbound(kTunnel)->params.local_selectors, selectors({"10.1.0.0/16"}));
    pair.expect_at_rest();
    // Back: the peer still has it all.
    pair.config[side].children[0] = peer_config(side).children[0];
    pair.change(side);
    pair.world.run_for(60s);
    pair.expect_in_effect(side, 2);
    EXPECT_EQ(pair.b().outbound(kTunnel)->params.local_selectors, selectors({"0.0.0.0/0", "::/0"}));
    EXPECT_EQ(pair.lost_packets(), lost_before) << pair.world.picture();
    EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Rekey, SelectorsThatThePeerDoesNotHaveLeaveTheFormerOnes) {
  ChangingPair pair;
  for (const size_t side : {kA, kB})
    use_selectors(pair.config[side], side, "10.1.0.0/16", "10.2.0.0/16");
  pair.establish();
  const Spi before = pair.inbound(kA);
  use_selectors(pair.config[kA], kA, "10.1.0.0/16", "10.2.0.0/15");
  use_selectors(pair.config[kB], kB, "10.9.0.0/16", "10.8.0.0/16");
  pair.change(kB);  // Of which A has nothing.
  pair.world.run_for(30s);
  ASSERT_EQ(pair.answers(kB).size(), 1u);
  // Nothing that is configured at B overlaps with the former child, so that one is no longer
  // wanted.
  EXPECT_EQ(pair.b().outbound(kTunnel), nullptr) << pair.world.picture();
  use_selectors(pair.config[kB], kB, "10.1.0.0/16", "10.2.0.0/16");
  pair.change(kB);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s)) << pair.world.picture();
  EXPECT_NE(pair.inbound(kA), before);
  // The peer narrows what is wider here.
  pair.change(kA);
  pair.settle();
  EXPECT_TRUE(pair.is_up());
  pair.expect_at_rest();
}

ChildConfig child_of(const PeerConfig& peer, size_t side, const std::string& name,
                     const std::string& of_a, const std::string& of_b) {
  ChildConfig child = peer.children[0];
  child.name = name;
  child.local = selectors({side == kA ? of_a : of_b});
  child.remote = selectors({side == kA ? of_b : of_a});
  return child;
}

TEST(Rekey, OtherChildrenKeepTheirSpisWhateverTheirNames) {
  ChangingPair pair;
  for (const size_t side : {kA, kB}) {
    PeerConfig& peer = pair.config[side];
    peer.children = {child_of(peer, side, "x-1", "10.1.0.0/16", "10.2.0.0/16"),
                     child_of(peer, side, "x-2", "10.1.0.0/16", "10.3.0.0/16")};
  }
  pair.establish();
  pair.world.run_for(20s);
  ASSERT_EQ(pair.a().all_outbound(kTunnel).size(), 2u);
  const Spi kept = pair.a().all_outbound(kTunnel)[1]->params.inbound_spi;
  for (const size_t side : {kA, kB}) {
    PeerConfig& peer = pair.config[side];
    peer.children = {child_of(peer, side, "x-1", "10.1.0.0/16", "10.3.0.0/16"),
                     child_of(peer, side, "x-2", "10.1.0.0/16", "10.4.0.0/16")};
    pair.change(side);
  }
  pair.world.run_for(30s);
  pair.expect_in_effect(kA);
  pair.expect_in_effect(kB);
  EXPECT_TRUE(pair.a().inbound.contains(kept)) << pair.world.picture();
  EXPECT_EQ(pair.a().children.size(), 3u) << pair.world.picture();
  pair.settle();
  EXPECT_EQ(pair.a().all_outbound(kTunnel).size(), 2u);
  EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
  pair.expect_at_rest();
}

// --- Reauthentication ---

TEST_P(BothSides, AnotherIkeSaIsMadeBeforeTheFormerOneGoes) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    for (const auto mode : {ConnectionMode::ResponderOnly, ConnectionMode::Default}) {
      ChangingPair pair(seed);
      pair.config[kB].mode = mode;
      pair.world.esp_interval = 20ms;
      pair.establish();
      pair.world.run_for(20s);
      const IkeSpi ike = pair.ike_spi(kA);
      const uint64_t lost_before = pair.lost_packets();
      use_ike_chacha(pair.config[kA]);
      use_ike_chacha(pair.config[kB]);
      pair.config[kA].local_identity = pair.config[kB].remote_identity = fqdn("new.example.net");
      change_both(pair, 5s);
      pair.world.run_for(80s);
      EXPECT_NE(pair.ike_spi(kA), ike) << pair.world.picture();
      for (SimHost* host : {&pair.a(), &pair.b()}) {
        EXPECT_EQ(host->ike_established.back().suite.encryption.id, EncryptionId::ChaCha20Poly1305);
        EXPECT_EQ(host->departures, 0u) << pair.world.picture();
      }
      pair.settle();
      EXPECT_EQ(pair.lost_packets(), lost_before) << pair.world.picture();
      EXPECT_EQ(pair.answers(kA).size() + pair.answers(kB).size(), 2u);
      pair.expect_one_ike_sa();
      pair.expect_at_rest();
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(Reauth, MayBeAskedForWithTheSameSettings) {
  for (const size_t side : {kA, kB}) {
    ChangingPair pair;
    pair.config[kB].mode = ConnectionMode::Default;
    pair.world.esp_interval = 20ms;
    pair.establish();
    pair.world.run_for(20s);
    const uint64_t lost_before = pair.lost_packets();
    const size_t made = pair.a().ike_established.size();
    pair.change(side, Effect::Reauth);
    pair.world.run_for(10s);
    pair.expect_in_effect(side);
    pair.settle();
    for (SimHost* host : {&pair.a(), &pair.b()}) {
      EXPECT_EQ(host->ike_established.size(), made + 1) << pair.world.picture();
    }
    pair.expect_one_ike_sa();
    EXPECT_EQ(pair.lost_packets(), lost_before);
    pair.expect_at_rest();
  }
}

TEST(Reauth, WhatThePeerRefusesLeavesTheFormerSaUntilItsLifetimeEnds) {
  ChangingPair pair;
  pair.config[kA].ike_soft_lifetime = 400s;
  pair.config[kA].ike_hard_lifetime = 500s;
  pair.establish();
  const IkeSpi ike = pair.ike_spi(kA);
  pair.config[kA].local_identity = fqdn("stranger.example.net");
  pair.change(kA);
  pair.world.run_for(300s);
  EXPECT_EQ(pair.ike_spi(kA), ike) << pair.world.picture();
  EXPECT_TRUE(pair.is_up());
  ASSERT_EQ(pair.answers(kA).size(), 1u);
  EXPECT_EQ(pair.answers(kA)[0].diagnosis.cause, "auth-refused");
  EXPECT_TRUE(std::ranges::any_of(
      pair.a().failures, [](const Diagnosis& why) { return why.cause == "auth-refused"; }));
  EXPECT_EQ(pair.a().departures, 0u);
  // It is not renewed.
  pair.world.run_for(250s);
  EXPECT_EQ(pair.a().ike_gone.size(), 1u) << pair.world.picture();
  EXPECT_FALSE(pair.is_up());
  EXPECT_EQ(pair.a().last_cause[kTunnel], "auth-refused");
  pair.config[kB].remote_identity = fqdn("stranger.example.net");
  pair.change(kB);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s)) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

TEST(Reauth, WhoOnlyRespondsWaitsForThePeer) {
  ChangingPair pair;
  pair.config[kA].ike_soft_lifetime = 100s;
  pair.config[kA].ike_hard_lifetime = 200s;
  pair.world.esp_interval = 20ms;
  pair.establish();
  pair.world.run_for(20s);
  const uint64_t lost_before = pair.lost_packets();
  pair.change(kB, Effect::Reauth);
  pair.world.run_for(30s);
  ASSERT_EQ(pair.answers(kB).size(), 1u);
  EXPECT_EQ(pair.answers(kB)[0].diagnosis.cause, "peer-did-not-call");
  EXPECT_TRUE(pair.b().endpoint().is_changing(kTunnel));
  EXPECT_EQ(pair.b().ike_established.size(), 1u);
  // A wants to rekey, may not, and makes another one.
  pair.world.run_for(80s);
  EXPECT_FALSE(pair.b().ike_established.back().by_rekey);
  EXPECT_EQ(pair.b().ike_established.size(), 2u) << pair.world.picture();
  EXPECT_FALSE(pair.b().endpoint().is_changing(kTunnel));
  EXPECT_EQ(pair.b().ike_gone.size(), 1u) << pair.world.picture();
  pair.world.run_for(30s);
  EXPECT_EQ(pair.lost_packets(), lost_before);
  EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
  pair.expect_at_rest();
}

TEST(Reauth, OthersOfTheSameEndpointAreNotDisturbed) {
  for (const Effect effect : {Effect::InPlace, Effect::Rekey, Effect::Reauth, Effect::Restart}) {
    ThreeGateways pair;
    use_chacha(pair.config[kA]);
    pair.config[kA].dpd_interval = 10s;
    pair.change(kA, effect);
    pair.world.run_for(60s);
    pair.expect_c_untouched();
    pair.expect_sound();
  }
}

// --- Restart ---

TEST_P(BothSides, AnotherEncapsulationBeginsAnew) {
  ChangingPair pair;
  pair.config[kB].mode = ConnectionMode::Default;
  pair.establish();
  for (const size_t side : {kA, kB}) pair.config[side].encapsulation = Encapsulation::Esp;
  change_both(pair, 3s);
  pair.settle();
  EXPECT_TRUE(pair.is_up()) << pair.world.picture();
  EXPECT_EQ(pair.a().outbound(kTunnel)->params.encapsulation, Encapsulation::Esp);
  pair.expect_in_effect(kA);
  pair.expect_in_effect(kB);
  pair.expect_one_ike_sa();
  pair.expect_at_rest();
}

TEST(Restart, GoesToAnotherAddressAndSaysGoodbyeToTheFormerOne) {
  ChangingPair pair;
  pair.world.add_host("C", "192.0.2.3");
  PeerConfig of_c = pair.config[kB];
  of_c.local_address = *IpAddress::parse("192.0.2.3");
  pair.world.command(kC, CommandAddPeer{.peer = of_c});
  pair.establish();
  pair.config[kA].remote_address = *IpAddress::parse("192.0.2.3");
  pair.change(kA);
  EXPECT_EQ(pair.a().ike_gone.size(), 1u);
  pair.world.run_for(5s);
  pair.expect_in_effect(kA);
  EXPECT_EQ(pair.b().last_cause[kTunnel], "peer-deleted");
  EXPECT_EQ(pair.world.host(kC).tunnel_state[kTunnel], TunnelState::Established);
  EXPECT_EQ(pair.a().tunnel_state[kTunnel], TunnelState::Established);
  pair.expect_sound();
}

TEST(Restart, OfADeadPeerBeginsAnewAtOnce) {
  for (const Effect effect : {Effect::Reauth, Effect::Restart}) {
    ChangingPair pair;
    pair.establish();
    pair.b().is_alive = false;
    pair.rekey_child(kA);
    pair.world.run_for(5s);
    pair.world.restart(kB);
    pair.start(kB);
    pair.change(kA, effect);
    EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 3s)) << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
  }
}

}  // namespace
}  // namespace twinspan::ike
