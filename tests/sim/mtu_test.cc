// Size probes (RFC 8899): a path that swallows what is too large, without a word, is found out
// between two gateways, and a lost probe costs no SA.
#include "ike/core/size_search.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

constexpr uint32_t kAsked = 1500;

// The IP packet of a datagram.
uint32_t packet_size(const WireMessage& m) {
  const bool has_marker = m.datagram.local.port == 4500;
  return static_cast<uint32_t>(20 + 8 + (has_marker ? 4 : 0) + m.datagram.bytes.size());
}

// Two gateways that ask each other, and between them a path that carries `mtu` bytes.
class Narrow : public SimPair {
 public:
  explicit Narrow(uint32_t path_mtu = kAsked, uint64_t seed = 1) : SimPair(seed), mtu(path_mtu) {
    for (PeerConfig& peer : config) peer.size_probing = SizeProbing::Announced;
    world.filter = [this](const WireMessage& m) {
      if (m.datagram.is_size_probe) probes.push_back(packet_size(m));
      return packet_size(m) <= mtu;
    };
  }
  void ask(size_t side, uint32_t size = kAsked) {
    world.command(side, CommandAskPathSize{.tunnel = kTunnel, .packet_size = size});
  }
  const std::vector<EventPathSize>& answers(size_t side) { return world.host(side).path_sizes; }
  bool is_answered(size_t side) { return !answers(side).empty(); }
  // The answer to one question.
  std::optional<uint32_t> find_size(Duration limit = 40s) {
    ask(kA);
    EXPECT_TRUE(world.run_until([this] { return is_answered(kA); }, limit)) << world.picture();
    EXPECT_EQ(answers(kA).size(), 1u);
    return is_answered(kA) ? answers(kA).back().fitting : std::nullopt;
  }
  void expect_unharmed() {
    for (const size_t side : {kA, kB}) {
      EXPECT_EQ(world.host(side).ike_gone.size(), 0u) << world.picture();
      EXPECT_EQ(world.host(side).failures.size(), 0u);
      EXPECT_EQ(world.host(side).departures, 0u);
    }
    expect_sound();
  }

  uint32_t mtu;
  std::vector<uint32_t> probes;  // As sent.
};

TEST(SizeProbe, OneProbeOfJustThatSizeTellsThatItFits) {
  Narrow pair;
  pair.establish();
  EXPECT_EQ(pair.find_size(1s), kAsked);
  EXPECT_EQ(pair.probes, std::vector<uint32_t>{kAsked});
  EXPECT_EQ(pair.answers(kA).front().asked, kAsked);
  EXPECT_EQ(pair.a().endpoint().counters().size_probes_sent, 1u);
  EXPECT_EQ(pair.a().endpoint().counters().size_probes_unanswered, 0u);
  pair.expect_unharmed();
}

TEST(SizeProbe, TheSizeIsThatOfTheIpPacketOnEitherPort) {
  for (const Encapsulation encapsulation : {Encapsulation::Udp, Encapsulation::Esp}) {
    Narrow pair(9000);
    for (PeerConfig& peer : pair.config) peer.encapsulation = encapsulation;
    pair.establish();
    for (const uint32_t size : {577u, 1001u, 1492u, 9000u}) {
      pair.ask(kA, size);
      pair.world.run_for(1s);
      EXPECT_EQ(pair.probes.back(), size);
    }
    EXPECT_EQ(pair.answers(kA).size(), 4u);
  }
}

TEST(SizeProbe, ACipherOfBlocksComesAsCloseAsItCan) {
  Narrow pair;
  for (PeerConfig& peer : pair.config) {
    peer.ike_proposals = {
        {.encryption = {EncryptionId::AesCbc, 256}, .integrity = IntegrityId::HmacSha256_128}};
  }
  pair.establish();
  EXPECT_EQ(pair.find_size(), kAsked);
  EXPECT_LE(pair.probes.front(), kAsked);
  EXPECT_GT(pair.probes.front(), kAsked - 16);
  pair.expect_unharmed();
}

TEST(SizeProbe, TheSizeOfAPathThatSwallowsTheRestIsFoundInSeconds) {
  for (const uint32_t mtu : {1499u, 1492u, 1400u, 1296u, 1295u, 1280u, 1279u, 1000u, 600u, 576u}) {
    Narrow pair(mtu);
    pair.establish();
    const auto found = pair.find_size(30s);
    ASSERT_TRUE(found) << mtu;
    EXPECT_LE(*found, mtu);
    EXPECT_GE(*found + SizeSearch::kGrain, mtu);
    pair.settle();
    pair.expect_unharmed();
    pair.expect_at_rest();
  }
}

TEST(SizeProbe, ALostProbeIsRepeatedInPiecesThatEveryPathCarries) {
  Narrow pair(576);
  pair.world.keeps_sent = true;
  pair.establish();
  pair.find_size();
  const uint64_t fragments = pair.a().endpoint().counters().fragments_sent;
  EXPECT_GE(fragments, 9u);
  EXPECT_EQ(pair.b().endpoint().counters().fragments_accepted, fragments);
  for (const WireMessage& m : pair.world.sent) {
    if (!m.datagram.is_size_probe) {
      EXPECT_LE(packet_size(m), 576u);
    }
  }
  pair.expect_unharmed();
}

TEST(SizeProbe, BothSidesMayAskAtOnce) {
  Narrow pair(1400);
  pair.establish();
  pair.ask(kA);
  pair.ask(kB);
  const auto both = [&] { return pair.is_answered(kA) && pair.is_answered(kB); };
  EXPECT_TRUE(pair.world.run_until(both, 30s));
  EXPECT_EQ(pair.answers(kA).front().fitting, pair.answers(kB).front().fitting);
  pair.expect_unharmed();
}

TEST(SizeProbe, AQuestionDuringASearchIsNotASecondSearch) {
  Narrow pair(1400);
  pair.establish();
  for (unsigned i = 0; i < 20; ++i) {
    pair.ask(kA);
    pair.world.run_for(100ms);
  }
  pair.world.run_for(60s);
  EXPECT_EQ(pair.answers(kA).size(), 1u);
  pair.expect_unharmed();
}

// --- What is no narrow path ---

TEST(SizeProbe, ASlowPathTellsNothingAndStaysAsItIs) {
  Narrow pair;
  pair.establish();
  pair.world.link.delay_min = pair.world.link.delay_max = 700ms;
  EXPECT_EQ(pair.find_size(60s), std::nullopt);
  pair.settle();
  pair.expect_unharmed();
}

TEST(SizeProbe, APathThatLosesEverythingIsADeadPeer) {
  Narrow pair;
  pair.establish();
  pair.world.cuts = {{kA, kB}, {kB, kA}};
  pair.ask(kA);
  const auto is_gone = [&] { return !pair.a().ike_gone.empty(); };
  ASSERT_TRUE(pair.world.run_until(is_gone, 2 * pair.config[kA].dpd_interval));
  EXPECT_EQ(pair.a().last_cause[kTunnel], "peer-dead");
  EXPECT_FALSE(pair.is_answered(kA));
}

TEST(SizeProbe, ASizeThatIsLostNowAndThenFits) {
  for (unsigned lost = 1; lost < SizeSearch::kAttemptsMax; ++lost) {
    Narrow pair;
    pair.establish();
    pair.world.filter = [left = lost](const WireMessage& m) mutable {
      return !m.datagram.is_size_probe || left == 0 || left-- == 0;
    };
    EXPECT_EQ(pair.find_size(), kAsked);
    EXPECT_EQ(pair.a().endpoint().counters().size_probes_unanswered, lost);
    pair.expect_unharmed();
  }
}

TEST(SizeProbe, ALossyPathIsNotTakenForAMuchNarrowerOneNorForADeadPeer) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    Narrow pair(1400, seed);
    pair.establish();
    pair.world.link.loss_percent = 3;
    const auto found = pair.find_size(60s);
    if (found) {
      EXPECT_GE(*found, 1280u);
      EXPECT_LE(*found, 1400u);
    }
    pair.expect_unharmed();
    if (testing::Test::HasFailure()) return;
  }
}

// --- Whom ---

TEST(SizeProbe, OnlyAPeerThatAnnouncedItIsAsked) {
  struct Case {
    SizeProbing of_a, of_b;
    bool asks;
  };
  using enum SizeProbing;
  for (const Case& c :
       {Case{Announced, Announced, true}, Case{Announced, Never, false}, Case{Always, Never, true},
        Case{Never, Announced, false}, Case{Announced, Always, true}, Case{Never, Always, false}}) {
    Narrow pair;
    pair.config[kA].size_probing = c.of_a;
    pair.config[kB].size_probing = c.of_b;
    pair.establish();
    pair.ask(kA);
    pair.world.run_for(5s);
    EXPECT_EQ(pair.is_answered(kA), c.asks);
    EXPECT_EQ(pair.probes.size(), c.asks ? 1u : 0u);
    pair.expect_unharmed();
  }
}

TEST(SizeProbe, NobodyIsAskedWhoCannotJoinFragments) {
  for (const size_t side : {kA, kB}) {
    Narrow pair;
    for (PeerConfig& peer : pair.config) peer.size_probing = SizeProbing::Always;
    pair.config[side].fragment_size = 0;
    pair.establish();
    pair.ask(side);
    pair.world.run_for(5s);
    EXPECT_TRUE(pair.probes.empty());
  }
}

TEST(SizeProbe, NobodyIsAskedWhileThereIsNoTunnel) {
  Narrow pair;
  pair.ask(kA);
  pair.world.command(kA, CommandAskPathSize{.tunnel = TunnelId{99}, .packet_size = kAsked});
  pair.establish();
  pair.world.run_for(5s);
  EXPECT_TRUE(pair.probes.empty());
}

// --- With other exchanges ---

TEST(SizeProbe, ARekeyHasToWaitForOneProbeAtTheMost) {
  for (const size_t side : {kA, kB}) {
    Narrow pair(576);
    pair.establish();
    pair.ask(kA);
    pair.world.run_for(500ms);
    const size_t before = pair.a().children.size();
    pair.rekey_child(side);
    const auto is_done = [&] { return pair.a().children.size() > before; };
    EXPECT_TRUE(pair.world.run_until(is_done, 2s)) << pair.world.picture();
    EXPECT_FALSE(pair.is_answered(kA));
    EXPECT_TRUE(pair.world.run_until([&] { return pair.is_answered(kA); }, 30s));
    pair.settle();
    pair.expect_unharmed();
    pair.expect_at_rest();
  }
}

TEST(SizeProbe, ASearchGoesOnInTheIkeSaThatOursBecomes) {
  Narrow pair(1400);
  pair.establish();
  pair.ask(kA);
  pair.world.run_for(500ms);
  pair.rekey_ike(kA);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_answered(kA); }, 30s));
  EXPECT_EQ(pair.a().ike_established.size(), 2u);
  pair.settle();
  pair.expect_at_rest();
}

TEST(SizeProbe, AnIkeRekeyOfThePeerMayEndASearchAndNothingElse) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Narrow pair(1400, seed);
    pair.establish();
    pair.ask(kA);
    pair.world.run_for(Duration(seed * 100ms));
    pair.rekey_ike(kB);
    pair.settle();
    EXPECT_EQ(pair.a().ike_established.size(), 2u);
    pair.ask(kA);
    EXPECT_TRUE(pair.world.run_until([&] { return pair.is_answered(kA); }, 30s));
    pair.settle();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SizeProbe, ATunnelThatIsTakenDownDuringASearchGoesAtOnce) {
  for (const size_t side : {kA, kB}) {
    for (unsigned step = 0; step < 15; ++step) {
      Narrow pair(1400);
      pair.establish();
      pair.ask(kA);
      pair.world.run_for(Duration(step * 250ms));
      pair.world.command(side, CommandDown{kTunnel});
      const auto is_gone = [&] { return !pair.a().ike_gone.empty() && !pair.b().ike_gone.empty(); };
      EXPECT_TRUE(pair.world.run_until(is_gone, 3s)) << pair.world.picture();
      EXPECT_FALSE(pair.is_answered(kA));
      pair.expect_sound();
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(SizeProbe, BothMayTakeTheTunnelDownDuringASearch) {
  Narrow pair(1400);
  pair.establish();
  pair.ask(kA);
  pair.ask(kB);
  pair.world.run_for(200ms);
  for (const size_t side : {kA, kB}) pair.world.command(side, CommandDown{kTunnel});
  const auto is_gone = [&] { return !pair.a().ike_gone.empty() && !pair.b().ike_gone.empty(); };
  EXPECT_TRUE(pair.world.run_until(is_gone, 3s)) << pair.world.picture();
  pair.expect_sound();
}

// --- Another path ---

class Natted : public Narrow {
 public:
  explicit Natted(uint32_t path_mtu) : Narrow(path_mtu) {
    put_nat(40000);
    config[kB].remote_address = *IpAddress::parse(kOutsideAddress);
  }
  void put_nat(uint16_t port) {
    world.nats[kA] = {.address = *IpAddress::parse(kOutsideAddress),
                      .port_500 = static_cast<uint16_t>(port + 1),
                      .port_4500 = port};
  }
};

TEST(SizeProbe, WhatWasAskedOfAPathThatThePeerLeftIsNotBelieved) {
  for (unsigned step = 0; step < 10; ++step) {
    Natted pair(1400);
    pair.world.esp_interval = 50ms;
    pair.establish();
    pair.ask(kB);
    pair.world.run_for(Duration(100ms + step * 250ms));
    pair.put_nat(50000);
    pair.mtu = kAsked;
    const auto has_moved = [&] { return !pair.b().ike_moved.empty(); };
    ASSERT_TRUE(pair.world.run_until(has_moved, 10s)) << pair.world.picture();
    pair.world.run_for(30s);
    EXPECT_FALSE(pair.is_answered(kB));
    pair.ask(kB);
    EXPECT_TRUE(pair.world.run_until([&] { return pair.is_answered(kB); }, 30s));
    EXPECT_EQ(pair.answers(kB).back().fitting, kAsked);
    pair.expect_unharmed();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SizeProbe, AnAnswerToAQuestionWhereThePeerIsProvesNoSize) {
  Natted pair(1400);
  pair.establish();
  // One who copies what A sends: B asks where A is, and repeats what is in flight.
  pair.world.copier =
      SimCopier{.victim = kA, .endpoint = {*IpAddress::parse("198.51.100.9"), 4500}};
  pair.ask(kB);
  pair.world.exchange_esp();
  pair.world.esp_interval = 100ms;
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_answered(kB); }, 40s));
  EXPECT_GT(pair.b().endpoint().counters().path_probes, 0u);
  const auto found = pair.answers(kB).front().fitting;
  if (found) {
    EXPECT_LE(*found, 1400u);
  }
}

}  // namespace
}  // namespace twinspan::ike
