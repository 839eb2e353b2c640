// Rekeying without a collision: both roles, Child SA and IKE SA, under traffic.
#include "ike/core/supervisor.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

void expect_lossless(SimPair& pair) {
  EXPECT_EQ(pair.a().esp_unknown + pair.b().esp_unknown, 0u) << pair.world.picture();
  EXPECT_EQ(pair.a().esp_bad_key + pair.b().esp_bad_key, 0u);
  EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << pair.world.picture();
}

class RekeyFrom : public testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(EachSide, RekeyFrom, testing::Values(kA, kB));

TEST_P(RekeyFrom, ReplacesTheChildWithoutLosingAPacket) {
  SimPair pair;
  pair.world.esp_interval = 7ms;
  pair.establish();
  const Spi before = pair.a().inbound.begin()->first;
  pair.rekey_child(GetParam());
  pair.world.run_for(200ms);
  SimHost& asked = pair.world.host(GetParam());
  ASSERT_EQ(asked.done.size(), 1u);
  EXPECT_TRUE(asked.done[0].ok);
  EXPECT_EQ(pair.a().children.size(), 2u);
  EXPECT_TRUE(pair.a().children.back().by_rekey);
  pair.settle();
  pair.expect_at_rest();
  EXPECT_FALSE(pair.a().inbound.contains(before));
  expect_lossless(pair);
}

TEST_P(RekeyFrom, ReplacesTheIkeSaAndKeepsTheChild) {
  SimPair pair;
  pair.world.esp_interval = 7ms;
  pair.establish();
  const Spi before = pair.a().inbound.begin()->first;
  pair.rekey_ike(GetParam());
  pair.settle();
  SimHost& asked = pair.world.host(GetParam());
  ASSERT_EQ(asked.done.size(), 1u);
  EXPECT_TRUE(asked.done[0].ok);
  EXPECT_EQ(pair.a().ike_established.size(), 2u);
  EXPECT_EQ(pair.b().ike_established.size(), 2u);
  EXPECT_EQ(pair.a().ike_gone.size(), 1u);
  EXPECT_EQ(pair.b().ike_gone.size(), 1u);
  pair.expect_at_rest();
  EXPECT_TRUE(pair.a().inbound.contains(before));
  expect_lossless(pair);
  // The new IKE SA works.
  pair.rekey_child(GetParam());
  pair.settle();
  EXPECT_TRUE(asked.done.back().ok);
  pair.expect_at_rest();
}

TEST_P(RekeyFrom, EverySecondForAMinuteLosesNothing) {
  SimPair pair;
  pair.world.esp_interval = 3ms;
  pair.establish();
  for (int i = 0; i < 60; ++i) {
    pair.rekey_child(GetParam());
    if (i % 10 == 5) pair.rekey_ike(GetParam());
    pair.world.run_for(1s);
  }
  SimHost& asked = pair.world.host(GetParam());
  EXPECT_EQ(asked.done.size(), 66u);
  for (const auto& done : asked.done) EXPECT_TRUE(done.ok) << done.diagnosis.message;
  EXPECT_GE(pair.a().children.size(), 61u);
  expect_lossless(pair);
  pair.settle();
  pair.expect_at_rest();
}

TEST(Rekey, FromBothSidesEverySecondLosesNothing) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimPair pair(seed);
    pair.world.link.delay_min = 3ms;
    pair.world.link.delay_max = 9ms;
    pair.world.esp_interval = 11ms;
    pair.establish();
    // The responder's first packets may overtake the answer that announces their SA.
    pair.a().esp_unknown = 0;
    for (int i = 0; i < 20; ++i) {
      pair.rekey_child(kA);
      pair.rekey_child(kB);
      if (i % 10 == 5) {
        pair.rekey_ike(kA);
        pair.rekey_ike(kB);
      }
      pair.world.run_for(1s);
    }
    pair.settle();
    EXPECT_EQ(pair.a().done.size(), 22u);
    EXPECT_EQ(pair.b().done.size(), 22u);
    for (const auto& done : pair.a().done) EXPECT_TRUE(done.ok) << done.diagnosis.message;
    for (const auto& done : pair.b().done) EXPECT_TRUE(done.ok) << done.diagnosis.message;
    pair.expect_at_rest();
    expect_lossless(pair);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Rekey, SoftLifetimeRenewsBeforeTheHardOneEnds) {
  SimPair pair;
  for (auto& config : pair.config) {
    config.children[0].lifetime = {.soft_time = 30s, .hard_time = 40s};
    config.ike_soft_lifetime = 100s;
    config.ike_hard_lifetime = 120s;
  }
  pair.world.esp_interval = 50ms;
  pair.establish();
  pair.world.run_for(600s);
  EXPECT_GE(pair.a().children.size(), 20u);
  EXPECT_GE(pair.a().ike_established.size(), 5u);
  expect_lossless(pair);
  pair.expect_sound();
}

TEST(Rekey, ByteLimitStartsIt) {
  SimPair pair;
  pair.establish();
  pair.world.command(kA, CommandSoftLimit{pair.a().inbound.begin()->first});
  pair.settle();
  EXPECT_EQ(pair.a().children.size(), 2u);
  pair.expect_at_rest();
}

TEST(Rekey, ByteLimitsReachTheDataPlaneWithEveryChildAndDifferFromSideToSide) {
  constexpr uint64_t kHard = 102'400'000'000;
  SimPair pair;
  for (auto& config : pair.config) config.children[0].lifetime.hard_bytes = kHard;
  pair.establish();
  for (int i = 0; i < 3; ++i) {
    std::vector<uint64_t> soft;
    for (SimHost* host : {&pair.a(), &pair.b()}) {
      const SaPairParams& params = host->outbound(kTunnel)->params;
      EXPECT_EQ(params.limits.hard_bytes, kHard);
      EXPECT_LE(params.limits.soft_bytes, kHard / 10 * 8);
      EXPECT_GE(params.limits.soft_bytes, kHard / 10 * 7);
      soft.push_back(params.limits.soft_bytes);
    }
    EXPECT_NE(soft[0], soft[1]);
    // By the SPI of either half.
    const auto& used = pair.a().outbound(kTunnel)->params;
    pair.world.command(kA, CommandSoftLimit{i == 1 ? used.outbound_spi : used.inbound_spi});
    pair.settle();
    EXPECT_EQ(pair.a().children.size(), static_cast<size_t>(i) + 2);
  }
  pair.expect_at_rest();
}

TEST(Rekey, PacketLimitsReachTheDataPlaneWithJitter) {
  constexpr uint64_t kHard = 100'000;
  SimPair pair;
  for (auto& config : pair.config) config.children[0].lifetime.hard_packets = kHard;
  pair.establish();
  const TrafficLimits& a = pair.a().outbound(kTunnel)->params.limits;
  const TrafficLimits& b = pair.b().outbound(kTunnel)->params.limits;
  for (const TrafficLimits* limits : {&a, &b}) {
    EXPECT_EQ(limits->hard_packets, kHard);
    EXPECT_LE(limits->soft_packets, kHard / 10 * 8);
    EXPECT_GE(limits->soft_packets, kHard / 10 * 7);
  }
  EXPECT_NE(a.soft_packets, b.soft_packets);
}

TEST(Rekey, WithoutEsnTheSequenceNumbersLimitThePackets) {
  for (const uint64_t configured : {uint64_t{0}, uint64_t{1} << 40}) {
    SimPair pair;
    for (auto& config : pair.config) {
      config.children[0].lifetime.hard_packets = configured;
      config.children[0].proposals.front().esn = false;
    }
    pair.establish();
    const TrafficLimits& limits = pair.a().outbound(kTunnel)->params.limits;
    EXPECT_EQ(limits.hard_packets, uint64_t{UINT32_MAX});
    EXPECT_LE(limits.soft_packets, uint64_t{UINT32_MAX} / 10 * 8 + 8);
    EXPECT_GE(limits.soft_packets, uint64_t{UINT32_MAX} / 10 * 7);
  }
}

TEST(Rekey, ReplacedInboundSasAreBoundedPerChildAndEarlyRemovalsCounted) {
  SimPair pair;
  pair.world.link.delay_min = pair.world.link.delay_max = 1ms;
  for (auto& config : pair.config) {
    ChildConfig second = config.children.front();
    config.children.front().local = config.children.front().remote = selectors({"10.0.0.0/8"});
    second.name += "-second";
    second.local = second.remote = selectors({"172.16.0.0/12"});
    config.children.push_back(second);
  }
  pair.establish();
  ASSERT_TRUE(pair.world.run_until([&] { return pair.a().inbound.size() == 2; }, 5s));
  pair.world.run_for(20s);
  const std::string& busy = pair.config[kA].children.front().name;
  const auto spi_of = [&](const std::string& name) {
    Spi newest{};
    for (const auto& child : pair.a().children) {
      if (child.name == name) newest = child.inbound_spi;
    }
    return newest;
  };
  // The quiet child is rekeyed once, the busy one so often that its list is too short.
  const Spi replaced = spi_of(busy + "-second");
  pair.world.command(kA, CommandSoftLimit{replaced});
  pair.world.run_for(50ms);
  for (size_t i = 0; i < 2 * kGraceInboundMax; ++i) {
    pair.world.command(kA, CommandSoftLimit{spi_of(busy)});
    pair.world.run_for(50ms);
  }
  EXPECT_GE(pair.a().endpoint().counters().grace_evicted, kGraceInboundMax);
  EXPECT_EQ(pair.a().inbound.size(),
            kGraceInboundMax + 3);  // And the replaced one, and both in use.
  EXPECT_TRUE(pair.a().inbound.contains(replaced));
  pair.settle();
  pair.expect_at_rest();
}

TEST(Rekey, WithoutAByteLimitTheDataPlaneGetsNone) {
  SimPair pair;
  pair.establish();
  EXPECT_EQ(pair.a().outbound(kTunnel)->params.limits.soft_bytes, 0u);
  EXPECT_EQ(pair.a().outbound(kTunnel)->params.limits.hard_bytes, 0u);
}

TEST(Rekey, HardLimitEndsTheChildAndANewOneIsMade) {
  SimPair pair;
  pair.establish();
  const Spi before = pair.a().inbound.begin()->first;
  pair.world.command(kA, CommandHardLimit{before});
  EXPECT_FALSE(pair.a().inbound.contains(before));
  pair.settle();
  EXPECT_EQ(pair.a().ike_established.size(), 1u);
  pair.expect_at_rest();
}

TEST(Rekey, WithoutAConnectionFailsAtOnce) {
  SimPair pair;
  pair.start(kB);
  pair.rekey_child(kB);
  pair.rekey_ike(kB);
  ASSERT_EQ(pair.b().done.size(), 2u);
  EXPECT_FALSE(pair.b().done[0].ok);
  EXPECT_EQ(pair.b().done[1].diagnosis.cause, "not-connected");
}

TEST(Rekey, ALostAnswerDoesNotMakeTheResponderSendTooEarly) {
  // B answers, the answer is lost; A cannot receive on the new SA before it asks again.
  SimPair pair;
  pair.world.esp_interval = 10ms;
  pair.establish();
  unsigned dropped = 0;
  pair.world.filter = [&](const WireMessage& m) {
    return !(m.is_response(ExchangeType::CreateChildSa) && dropped++ < 2);
  };
  pair.rekey_child(kA);
  pair.settle();
  EXPECT_EQ(dropped, 3u);
  pair.expect_at_rest();
  expect_lossless(pair);
}

TEST(Rekey, PfsMismatchIsExplainedAndTheOldChildStays) {
  SimPair pair;
  pair.config[kB].children[0].proposals[0].pfs_group = DhGroupId::Ecp256;
  pair.establish();
  pair.rekey_child(kA);
  pair.world.run_for(1s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_FALSE(pair.a().done[0].ok);
  EXPECT_EQ(pair.a().done[0].diagnosis.cause, "pfs-mismatch");
  EXPECT_TRUE(pair.is_up());
  EXPECT_NE(pair.a().outbound(kTunnel), nullptr);
}

TEST(Rekey, AnotherGroupIsTriedWhenThePeerAsksForIt) {
  SimPair pair;
  pair.config[kA].children[0].proposals.push_back(pair.config[kA].children[0].proposals[0]);
  pair.config[kA].children[0].proposals[1].pfs_group = DhGroupId::Ecp256;
  pair.config[kB].children[0].proposals[0].pfs_group = DhGroupId::Ecp256;
  pair.establish();
  pair.rekey_child(kA);
  pair.settle();
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_TRUE(pair.a().done[0].ok) << pair.a().done[0].diagnosis.message;
  pair.expect_at_rest();
}

}  // namespace
}  // namespace twinspan::ike
