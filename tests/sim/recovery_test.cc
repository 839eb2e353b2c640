// Restarts, crashes, both ends initiating at once: the tunnel comes back to exactly one SA.
#include "ike/core/supervisor.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

struct Modes {
  ConnectionMode restarted;
  ConnectionMode alive;
};

class Restart : public testing::TestWithParam<Modes> {};
INSTANTIATE_TEST_SUITE_P(
    EachMode, Restart,
    testing::Values(Modes{ConnectionMode::Default, ConnectionMode::Default},
                    Modes{ConnectionMode::Default, ConnectionMode::ResponderOnly},
                    Modes{ConnectionMode::Default, ConnectionMode::InitiatorOnly},
                    Modes{ConnectionMode::ResponderOnly, ConnectionMode::Default},
                    Modes{ConnectionMode::ResponderOnly, ConnectionMode::InitiatorOnly},
                    Modes{ConnectionMode::InitiatorOnly, ConnectionMode::Default},
                    Modes{ConnectionMode::InitiatorOnly, ConnectionMode::ResponderOnly}));

TEST_P(Restart, OfOneSideRecoversWithinFiveSeconds) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SimPair pair(seed);
    pair.config[kA].mode = GetParam().alive;
    pair.config[kB].mode = GetParam().restarted;
    pair.world.esp_interval = 100ms;
    pair.start(kA);
    pair.start(kB);
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s)) << pair.world.picture();
    pair.world.run_for(20s);
    pair.b().is_alive = false;
    pair.world.run_for(3s);
    pair.world.restart(kB);
    pair.start(kB);
    const uint64_t before_a = pair.a().esp_delivered, before_b = pair.b().esp_delivered;
    const auto flows = [&] {
      return pair.a().esp_delivered > before_a && pair.b().esp_delivered > before_b && pair.is_up();
    };
    EXPECT_TRUE(pair.world.run_until(flows, 5s)) << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Recovery, ADeadPeerIsNoticedByLivenessAndTriedAgain) {
  SimPair pair;
  pair.establish();
  pair.b().is_alive = false;
  pair.world.run_for(29s);
  EXPECT_EQ(pair.a().tunnel_state[kTunnel], TunnelState::Established);
  pair.world.run_for(3s);
  EXPECT_EQ(pair.a().tunnel_state[kTunnel], TunnelState::Connecting);
  EXPECT_EQ(pair.a().last_cause[kTunnel], "peer-dead");
  EXPECT_TRUE(pair.a().inbound.empty());
  pair.b().is_alive = true;
  pair.world.run_for(120s);
  pair.expect_at_rest();
}

TEST(Recovery, TrafficMakesProbesUnnecessary) {
  SimPair pair;
  pair.world.esp_interval = 1s;
  pair.establish();
  pair.world.keeps_sent = true;
  pair.world.run_for(300s);
  EXPECT_TRUE(pair.world.sent.empty());
}

TEST(Recovery, SilenceIsProbed) {
  SimPair pair;
  pair.establish();
  pair.world.keeps_sent = true;
  pair.world.run_for(100s);
  EXPECT_FALSE(pair.world.sent.empty());
  EXPECT_TRUE(pair.is_up());
  pair.expect_at_rest();
}

TEST(Recovery, AnInvalidSpiHintFromElsewhereIsIgnored) {
  SimPair pair;
  pair.establish();
  const std::string before = pair.a().endpoint().dump_state();
  const Spi used = pair.a().outbound(kTunnel)->params.outbound_spi;
  Header header;
  header.initiator_spi = IkeSpi{1};
  header.exchange = static_cast<uint8_t>(ExchangeType::Informational);
  header.from_initiator = true;
  Bytes spi(4);
  store_be32(spi.data(), used.value);
  NotifyPayload notify{
      .protocol = ProtocolId::None, .spi = {}, .type = NotifyType::InvalidSpi, .value = spi};
  Datagram datagram{.local = {pair.a().address(), 4500},
                    .remote = {*IpAddress::parse("198.51.100.1"), 4500},
                    .bytes = write_message(header, {notify})};
  pair.a().endpoint().handle_datagram(pair.world.now(), datagram);
  EXPECT_EQ(pair.a().endpoint().dump_state(), before);
  // From the peer's address, but naming no SPI of ours.
  datagram.remote.address = pair.b().address();
  store_be32(spi.data(), used.value ^ 1);
  notify.value = spi;
  datagram.bytes = write_message(header, {notify});
  pair.a().endpoint().handle_datagram(pair.world.now(), datagram);
  EXPECT_EQ(pair.a().endpoint().dump_state(), before);
}

TEST(Recovery, AForgedHintCostsAtMostANegotiationAndNoPacket) {
  SimPair pair;
  pair.world.esp_interval = 10ms;
  pair.establish();
  pair.a().esp_unknown = pair.b().esp_unknown = 0;
  Header header;
  header.initiator_spi = IkeSpi{1};
  header.exchange = static_cast<uint8_t>(ExchangeType::Informational);
  header.from_initiator = true;
  for (int i = 0; i < 50; ++i) {
    Bytes spi(4);
    store_be32(spi.data(), pair.a().outbound(kTunnel)->params.outbound_spi.value);
    const NotifyPayload notify{
        .protocol = ProtocolId::None, .spi = {}, .type = NotifyType::InvalidSpi, .value = spi};
    pair.a().endpoint().handle_datagram(pair.world.now(),
                                        {.local = {pair.a().address(), 4500},
                                         .remote = {pair.b().address(), 4500},
                                         .bytes = write_message(header, {notify})});
    pair.world.run_for(100ms);
  }
  EXPECT_LE(pair.a().ike_established.size(), 4u);
  EXPECT_GE(pair.a().ike_established.size(), 2u);
  EXPECT_EQ(pair.a().esp_unknown + pair.b().esp_unknown, 0u) << pair.world.picture();
  EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u);
  pair.settle();
  pair.expect_at_rest();
}

class BothInitiate : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(LossPercent, BothInitiate, testing::Values(0, 10, 30));

TEST_P(BothInitiate, AtOnceConvergesToOneSa) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SimPair pair(seed);
    pair.config[kB].mode = ConnectionMode::Default;
    pair.world.link = {
        .delay_min = 2ms, .delay_max = 2ms + seed % 7 * 1ms, .loss_percent = GetParam()};
    pair.world.command(kA, CommandAddPeer{.peer = pair.config[kA]});
    pair.world.run_for(seed % 5 * 1ms);
    pair.world.command(kB, CommandAddPeer{.peer = pair.config[kB]});
    EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 120s)) << pair.world.picture();
    pair.world.run_for(60s);
    pair.world.link = {};
    pair.world.run_for(100s);
    pair.expect_at_rest();
    // No flapping: at rest it stays as it is.
    const size_t count = pair.a().ike_established.size();
    pair.world.run_for(200s);
    EXPECT_EQ(pair.a().ike_established.size(), count);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Recovery, InitialContactDropsTheOldSaWithoutADelete) {
  SimPair pair;
  pair.establish();
  // A forgets everything and comes back; B has not noticed.
  pair.world.restart(kA);
  pair.world.keeps_sent = true;
  pair.start(kA);
  pair.world.run_for(100ms);
  EXPECT_TRUE(pair.is_up());
  EXPECT_EQ(pair.b().ike_gone.size(), 1u);
  EXPECT_EQ(pair.b().inbound.size(), 1u);
  // A proves its first child with one; nothing else is said.
  for (const auto& message : pair.world.sent) {
    EXPECT_FALSE(message.from == kB && message.is_request(ExchangeType::Informational));
  }
  pair.settle();
  pair.expect_at_rest();
}

// What stands for no time at all is no success.
TEST(Recovery, APeerThatDeletesOverAndOverIsMetWithBackOff) {
  SimPair pair;
  pair.start();
  const Instant end = pair.world.now() + 600s;
  while (pair.world.now() < end) {
    if (!pair.world.run_until([&] { return pair.is_up(); }, 60s)) break;
    pair.world.command(kB, CommandDown{kTunnel});
    pair.world.command(kB, CommandUp{kTunnel});
    pair.world.run_for(10ms);
  }
  EXPECT_GE(pair.a().ike_established.size(), 15u);
  EXPECT_LE(pair.a().ike_established.size(), 35u) << pair.world.picture();
  // What stood for a while is one: the next failure is the first again.
  ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s));
  pair.world.run_for(kStableAfter);
  pair.world.command(kB, CommandDown{kTunnel});
  pair.world.command(kB, CommandUp{kTunnel});
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 2s)) << pair.world.picture();
}

TEST(Recovery, AChildThatThePeerDeletesOverAndOverIsMetWithBackOff) {
  SimPair pair;
  pair.establish();
  const Instant end = pair.world.now() + 600s;
  while (pair.world.now() < end) {
    const auto stands = [&] { return pair.b().outbound(kTunnel) != nullptr; };
    if (!pair.world.run_until(stands, 60s)) break;
    pair.world.command(kB, CommandHardLimit{pair.b().outbound(kTunnel)->params.inbound_spi});
    pair.world.run_for(10ms);
  }
  EXPECT_GE(pair.a().children.size(), 15u);
  EXPECT_LE(pair.a().children.size(), 35u) << pair.world.picture();
  EXPECT_EQ(pair.a().ike_gone.size(), 0u);
  pair.settle();
  EXPECT_TRUE(pair.is_up());
  pair.expect_at_rest();
}

TEST(Recovery, AddingThePeerWhileItIsUnreachableKeepsTrying) {
  SimPair pair;
  pair.start(kA);
  pair.world.keeps_sent = true;
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(30s);
  EXPECT_TRUE(pair.a().done.empty());
  EXPECT_EQ(pair.world.sent.size(), 5u);  // At 0, 1, 3, 7 and 15 s.
  pair.world.run_for(2s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_FALSE(pair.a().done[0].ok);
  EXPECT_EQ(pair.a().done[0].diagnosis.cause, "no-answer");
  pair.start(kB);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 70s)) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

// The SA of one that called at once is closed only when the other one stands on both sides.
TEST(Recovery, TwoThatCallAtOnceDoNotGoDownAgain) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SimPair pair(seed);
    pair.config[kB].mode = ConnectionMode::Default;
    pair.world.link = {.delay_min = 5ms, .delay_max = 300ms};
    pair.world.esp_interval = 10ms;
    pair.start();
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s)) << pair.world.picture();
    pair.world.run_for(60s);
    EXPECT_EQ(pair.a().departures + pair.b().departures, 0u) << pair.world.picture();
    EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << pair.world.picture();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

// Each end decides when it can which of the two SAs goes. A rekey of either in between must not
// let them come to different ends.
TEST(Recovery, TwoThatCallAtOnceAndRekeyBothSasDoNotGoDownAgain) {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SimPair pair(seed);
    pair.config[kB].mode = ConnectionMode::Default;
    pair.world.link = {.delay_min = 5ms,
                       .delay_max = 700ms,
                       .loss_percent = 25,
                       .esp_is_lossless = true,
                       .losses_per_datagram_max = 1};
    pair.start();
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 20s)) << pair.world.picture();
    for (unsigned i = 0; i < 3; ++i) {
      pair.rekey_ike(kA);
      pair.rekey_ike(kB);
      pair.world.run_for(700ms);
    }
    pair.world.run_for(60s);
    EXPECT_EQ(pair.a().departures + pair.b().departures, 0u) << "seed " << seed << "\n"
                                                             << pair.world.picture();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace twinspan::ike
