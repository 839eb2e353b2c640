// A peer whose endpoint changes is followed; one whose packets somebody copies is not.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

const Endpoint kElsewhere{*IpAddress::parse("198.51.100.9"), 4500};

SimNat nat(const std::string& address, uint16_t port) {
  return {.address = *IpAddress::parse(address),
          .port_500 = static_cast<uint16_t>(port + 1),
          .port_4500 = port};
}

// A stands behind a NAT whose public address is the one that B expects.
class Natted : public SimPair {
 public:
  explicit Natted(uint64_t seed = 1) : SimPair(seed) {
    world.nats[kA] = nat("203.0.113.1", 40000);
    config[kB].remote_address = *IpAddress::parse("203.0.113.1");
  }
  void remap(const std::string& address, uint16_t port) { world.nats[kA] = nat(address, port); }
  bool b_sends_to(const std::string& address, uint16_t port) {
    const auto* pair = b().outbound(kTunnel);
    return pair != nullptr && pair->params.remote == Endpoint{*IpAddress::parse(address), port};
  }
};

// --- Real moves ---

struct Move {
  const char* address;
  uint16_t port;
};
class RealMove : public testing::TestWithParam<Move> {};
INSTANTIATE_TEST_SUITE_P(PortOrAddress, RealMove,
                         testing::Values(Move{"203.0.113.1", 50000}, Move{"203.0.113.77", 40000},
                                         Move{"203.0.113.77", 50000}));

TEST_P(RealMove, IsFollowedInSecondsWithTheSameSpisWhenBothSend) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Natted pair(seed);
    pair.world.esp_interval = 50ms;
    pair.world.link.loss_percent = seed % 4 * 3;
    pair.establish();
    const Spi before = pair.b().outbound(kTunnel)->params.outbound_spi;
    pair.remap(GetParam().address, GetParam().port);
    const auto moved = [&] { return pair.b_sends_to(GetParam().address, GetParam().port); };
    EXPECT_TRUE(pair.world.run_until(moved, 8s)) << pair.world.picture();
    const uint64_t delivered = pair.a().esp_delivered;
    pair.world.run_for(1s);
    EXPECT_GT(pair.a().esp_delivered, delivered);
    EXPECT_EQ(pair.b().outbound(kTunnel)->params.outbound_spi, before);
    EXPECT_EQ(pair.b().ike_gone.size(), 0u);
    EXPECT_EQ(pair.b().endpoint().counters().remote_moves, 1u);
    ASSERT_EQ(pair.b().ike_moved.size(), 1u);
    EXPECT_EQ(pair.b().ike_moved[0].remote, pair.b().outbound(kTunnel)->params.remote);
    EXPECT_EQ(pair.b().ike_moved[0].initiator_spi, pair.b().ike_established[0].initiator_spi);
    pair.expect_sound();
    if (testing::Test::HasFailure()) return;
  }
}

TEST_P(RealMove, IsNoticedByTheProbeOfTheMovedSideWhenOnlyTheOtherSends) {
  Natted pair;
  pair.a().sends_esp = false;
  pair.world.esp_interval = 50ms;
  pair.establish();
  pair.remap(GetParam().address, GetParam().port);
  const auto moved = [&] { return pair.b_sends_to(GetParam().address, GetParam().port); };
  // A hears nothing for its DPD interval of 15 s, then asks.
  EXPECT_TRUE(pair.world.run_until(moved, 22s)) << pair.world.picture();
  EXPECT_EQ(pair.a().ike_gone.size() + pair.b().ike_gone.size(), 0u);
  pair.world.run_for(40s);
  EXPECT_TRUE(pair.is_up());
  pair.expect_at_rest();
}

TEST_P(RealMove, OfAnIdleTunnelIsFollowed) {
  Natted pair;
  pair.establish();
  pair.remap(GetParam().address, GetParam().port);
  pair.world.run_for(40s);
  EXPECT_TRUE(pair.b_sends_to(GetParam().address, GetParam().port)) << pair.world.picture();
  EXPECT_EQ(pair.a().ike_gone.size() + pair.b().ike_gone.size(), 0u);
  pair.expect_at_rest();
}

TEST(Remap, AgainAndAgainIsFollowedEachTime) {
  Natted pair;
  pair.world.esp_interval = 50ms;
  pair.establish();
  for (uint16_t port = 41000; port < 41010; ++port) {
    pair.remap("203.0.113.1", port);
    EXPECT_TRUE(pair.world.run_until([&] { return pair.b_sends_to("203.0.113.1", port); }, 10s))
        << pair.world.picture();
  }
  EXPECT_EQ(pair.b().ike_gone.size(), 0u);
  pair.expect_at_rest();
}

TEST(Remap, OfBothSidesAtOnceEndsInOneWorkingTunnel) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Natted pair(seed);
    pair.world.nats[kB] = {
        .address = *IpAddress::parse("203.0.113.2"), .port_500 = 500, .port_4500 = 4500};
    pair.config[kA].remote_address = *IpAddress::parse("203.0.113.2");
    pair.world.esp_interval = 50ms;
    pair.establish();
    // B's mapping changes its port a while before or after A's does; each tells the other.
    pair.remap("203.0.113.1", 50000);
    pair.world.run_for(seed * 500ms);
    pair.world.nats[kB].port_4500 = 4600;
    // Who lost the other altogether begins anew, on B's port 4500, which is mapped as before then.
    pair.world.run_for(12s);
    pair.world.nats[kB].port_4500 = 4500;
    EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 120s)) << pair.world.picture();
    pair.world.run_for(90s);
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Remap, InTheMiddleOfRekeysCostsNoSa) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    Natted pair(seed);
    pair.world.esp_interval = 50ms;
    pair.world.link = {.delay_min = 2ms, .delay_max = 12ms, .loss_percent = seed % 3 * 3};
    pair.establish();
    pair.rekey_child(seed % 2 == 0 ? kA : kB);
    if (seed % 3 == 0) pair.rekey_ike(seed % 4 < 2 ? kA : kB);
    pair.world.run_for(seed % 10 * 2ms);
    pair.remap("203.0.113.77", 50000);
    EXPECT_TRUE(pair.world.run_until([&] { return pair.b_sends_to("203.0.113.77", 50000); }, 15s))
        << pair.world.picture();
    pair.world.link = {};
    pair.settle();
    // Every IKE SA that is gone was rekeyed.
    for (SimHost* host : {&pair.a(), &pair.b()}) {
      EXPECT_EQ(host->ike_established.size(), host->ike_gone.size() + 1);
      for (size_t i = 1; i < host->ike_established.size(); ++i)
        EXPECT_TRUE(host->ike_established[i].by_rekey);
    }
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

// The rekey is all that the moved side says, and takes the IKE SA that noticed it out of service.
TEST(Remap, ThatOnlyARekeyOfTheIkeSaShowsIsFollowed) {
  Natted pair;
  pair.config[kA].dpd_interval = pair.config[kB].dpd_interval = {};
  pair.establish();
  pair.remap("203.0.113.77", 50000);
  pair.rekey_ike(kA);
  pair.world.run_for(10s);
  EXPECT_TRUE(pair.b_sends_to("203.0.113.77", 50000)) << pair.world.picture();
  EXPECT_EQ(pair.b().endpoint().counters().remote_moves, 1u);
  EXPECT_EQ(pair.a().ike_established.size(), 2u);
  pair.settle();
  pair.expect_at_rest();
}

TEST(Remap, AProbeOfLivenessThatIsInFlightDoesNotRunOutMeanwhile) {
  Natted pair;
  pair.config[kB].dpd_interval = 3s;
  pair.b().sends_esp = false;
  pair.world.esp_interval = 4s;
  pair.establish();
  pair.world.run_until([&] { return pair.b().esp_delivered == 3; }, 20s);
  const Spi before = pair.b().outbound(kTunnel)->params.outbound_spi;
  // B asks after 3 s, in vain; A's next packet comes after 4 s, and 2 s later B would give up.
  pair.remap("203.0.113.1", 50000);
  pair.world.run_for(10s);
  EXPECT_TRUE(pair.b_sends_to("203.0.113.1", 50000)) << pair.world.picture();
  EXPECT_EQ(pair.b().ike_gone.size(), 0u);
  EXPECT_EQ(pair.b().outbound(kTunnel)->params.outbound_spi, before);
}

// --- One who copies ---

struct Copy {
  bool relays;
  unsigned loss_percent;
};
class CopierRace : public testing::TestWithParam<Copy> {};
INSTANTIATE_TEST_SUITE_P(EachKind, CopierRace,
                         testing::Values(Copy{false, 0}, Copy{true, 0}, Copy{false, 5},
                                         Copy{true, 5}));

// The copier wins each datagram, in either direction, while the tunnel is made, used, idle and
// rekeyed; not one packet is sent its way.
TEST_P(CopierRace, RedirectsNothing) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SimPair pair(seed);
    pair.world.esp_interval = 50ms;
    pair.world.link.loss_percent = GetParam().loss_percent;
    const size_t victim = seed % 2 == 0 ? kA : kB;
    pair.world.copier = SimCopier{
        .victim = victim, .endpoint = kElsewhere, .lead = 1ms, .relays = GetParam().relays};
    pair.start();
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 40s)) << pair.world.picture();
    pair.world.run_for(30s);
    pair.rekey_child(victim);
    pair.world.run_for(5s);
    pair.rekey_ike(1 - victim);
    pair.world.run_for(5s);
    pair.rekey_child(1 - victim);
    pair.world.run_for(5s);
    pair.world.esp_interval.reset();
    pair.world.run_for(60s);
    SimHost& attacked = pair.world.host(1 - victim);
    EXPECT_EQ(pair.world.copier->caught_esp, 0u) << pair.world.picture();
    EXPECT_EQ(attacked.endpoint().counters().remote_moves, 0u);
    EXPECT_GT(attacked.endpoint().counters().path_probes, 0u);  // It was worth a question.
    EXPECT_LT(attacked.endpoint().counters().path_probes, 25u);
    EXPECT_EQ(attacked.outbound(kTunnel)->params.remote,
              (Endpoint{pair.world.host(victim).address(), 4500}));
    pair.world.copier.reset();
    pair.world.link = {};
    pair.settle();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

// A blind one: spoofs the source of its copies and gets no answer. When the peer really falls
// silent, traffic does not go to the address that was spoofed.
TEST(Copier, ThatCannotAnswerGetsNoTrafficWhenThePeerDies) {
  SimPair pair;
  pair.world.esp_interval = 50ms;
  pair.world.copier = SimCopier{.victim = kA, .endpoint = kElsewhere};
  pair.establish();
  pair.world.run_for(2s);
  pair.a().is_alive = false;
  pair.world.run_for(60s);
  EXPECT_EQ(pair.world.copier->caught_esp, 0u);
  EXPECT_EQ(pair.b().endpoint().counters().remote_moves, 0u);
  pair.expect_sound();
}

// --- What is evidence ---

TEST(Remap, WhatIsForgedOrRepeatedBeginsNothing) {
  SimPair pair;
  pair.config[kB].dpd_interval = {};
  pair.establish();
  std::optional<Datagram> probe;
  pair.world.filter = [&](const WireMessage& m) {
    if (!m.is_request(ExchangeType::Informational) || m.from != kA) return true;
    if (!probe) probe = m.datagram;
    return false;
  };
  pair.world.run_for(16s);
  ASSERT_TRUE(probe.has_value());
  Datagram shifted = *probe;
  shifted.remote = kElsewhere;
  Datagram forged = shifted;
  forged.bytes.back() ^= 1;
  std::string before = pair.b().endpoint().dump_state();
  pair.b().endpoint().handle_datagram(pair.world.now(), forged);
  EXPECT_EQ(pair.b().endpoint().dump_state(), before);
  // Fresh: answered where it came from, and looked into; nothing else is sent there.
  pair.b().endpoint().handle_datagram(pair.world.now(), shifted);
  EXPECT_EQ(pair.b().endpoint().poll_datagram()->remote, kElsewhere);
  EXPECT_NE(pair.b().outbound(kTunnel)->params.remote, kElsewhere);
  EXPECT_NE(pair.b().endpoint().dump_state().find("candidate=198.51.100.9:4500"),
            std::string::npos);
  // A repetition is answered where it comes from and changes nothing.
  before = pair.b().endpoint().dump_state();
  pair.b().endpoint().handle_datagram(pair.world.now(), shifted);
  EXPECT_EQ(pair.b().endpoint().poll_datagram()->remote, kElsewhere);
  EXPECT_EQ(pair.b().endpoint().dump_state(), before);
}

TEST(Remap, ACopiedIkeAuthFromAnotherAddressIsLeftToThePeer) {
  SimPair pair;
  std::optional<Datagram> auth;
  pair.world.filter = [&](const WireMessage& m) {
    if (!m.is_request(ExchangeType::IkeAuth)) return true;
    if (!auth) auth = m.datagram;
    return auth->remote == kElsewhere;
  };
  pair.start();
  pair.world.run_for(100ms);
  ASSERT_TRUE(auth.has_value());
  const std::string before = pair.b().endpoint().dump_state();
  Datagram copy = *auth;
  copy.remote = kElsewhere;
  pair.b().endpoint().handle_datagram(pair.world.now(), copy);
  EXPECT_EQ(pair.b().endpoint().dump_state(), before);
  pair.b().endpoint().handle_datagram(pair.world.now(), *auth);
  EXPECT_FALSE(pair.b().endpoint().dump_state().find("established") == std::string::npos);
  while (auto event = pair.b().endpoint().poll_event()) pair.b().carry_out(*std::move(event));
  ASSERT_EQ(pair.b().ike_established.size(), 1u);
  EXPECT_EQ(pair.b().ike_established[0].remote, auth->remote);
}

TEST(Remap, RawEspFollowsNobody) {
  SimPair pair;
  pair.config[kA].encapsulation = pair.config[kB].encapsulation = Encapsulation::Esp;
  pair.establish();
  const std::string before = pair.b().endpoint().dump_state();
  pair.world.command(kB, CommandRemoteMoved{pair.b().inbound.begin()->first, kElsewhere});
  EXPECT_EQ(pair.b().endpoint().dump_state(), before);
  pair.world.filter = [&](const WireMessage& m) {
    Datagram copy = m.datagram;
    copy.remote = kElsewhere;
    if (m.from == kA) pair.b().endpoint().handle_datagram(pair.world.now(), copy);
    return true;
  };
  pair.world.run_for(60s);
  EXPECT_GT(pair.b().endpoint().counters().replayed_or_late, 0u);  // The copies came first.
  EXPECT_EQ(pair.b().endpoint().counters().path_probes, 0u);
  EXPECT_TRUE(pair.is_up());
}

TEST(Remap, WithoutDpdAProbeThatNobodyAnswersDoesNotEndTheSaEarly) {
  SimPair pair;
  pair.config[kB].dpd_interval = {};
  pair.establish();
  pair.world.filter = [](const WireMessage&) { return false; };
  pair.world.command(kB, CommandRemoteMoved{pair.b().inbound.begin()->first, kElsewhere});
  pair.world.run_for(30s);
  EXPECT_EQ(pair.b().ike_gone.size(), 0u);
  EXPECT_EQ(pair.b().tunnel_state[kTunnel], TunnelState::Established);
}

}  // namespace
}  // namespace twinspan::ike
