// Clocks that jump: a host that slept, a process that was stopped.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

// Lifetimes as in the field, scaled down so that a sleep outlasts some, all or none of them.
class Sleeper : public SimPair {
 public:
  explicit Sleeper(uint64_t seed = 1) : SimPair(seed) {
    for (const size_t side : {kA, kB}) {
      config[side].ike_soft_lifetime = 3200s;
      config[side].ike_hard_lifetime = 3600s;
      config[side].children[0].lifetime.soft_time = 1600s;
      config[side].children[0].lifetime.hard_time = 1800s;
    }
    world.esp_interval = 2s;
  }
  struct Costs {
    uint64_t messages = 0;
    size_t children = 0, ike_sas = 0;
  };
  Costs costs() {
    return {world.figures.ike_sent, a().children.size() + b().children.size(),
            a().ike_established.size() + b().ike_established.size()};
  }
  // `side` alone: what is sent to it meanwhile is lost, its timers are all due when it wakes.
  // Returns what everything had cost when it woke.
  Costs sleep(size_t side, Duration span) {
    world.host(side).is_alive = false;
    world.run_for(span);
    world.host(side).is_alive = true;
    const Costs before = costs();
    world.run_for(1ms);  // It sees what the time is.
    return before;
  }
  void jump(Duration span) {
    world.jump(span);
    world.run_for(1ms);
  }
  // One connection anew, or one rekey each, and nothing like a storm.
  void expect_modest(const Costs& before) {
    const Costs after = costs();
    EXPECT_LE(after.messages - before.messages, 60u) << world.picture();
    EXPECT_LE(after.children - before.children, 8u) << world.picture();
    EXPECT_LE(after.ike_sas - before.ike_sas, 6u) << world.picture();
  }
  void expect_up_within(Duration span) {
    EXPECT_TRUE(world.run_until(
        [this] {
          const auto* from_a = a().outbound(kTunnel);
          const auto* from_b = b().outbound(kTunnel);
          return is_up() && from_a != nullptr && from_b != nullptr &&
                 b().inbound.contains(from_a->params.outbound_spi) &&
                 a().inbound.contains(from_b->params.outbound_spi);
        },
        span))
        << world.picture();
  }
};

class Sleep : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(ForSeconds, Sleep,
                         testing::Values(1, 20, 31, 100, 1000, 1700, 1900, 3300, 3700, 36000,
                                         100000));

TEST_P(Sleep, OfBothEndsInOneConnectionAndNoStorm) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Sleeper pair(seed);
    pair.establish();
    pair.world.run_for(10s);
    const auto before = pair.costs();
    pair.jump(std::chrono::seconds(GetParam()));
    pair.expect_up_within(40s);
    pair.settle();
    pair.expect_modest(before);
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST_P(Sleep, OfOneSideEndsInOneConnectionSoonAfterItWakes) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (const size_t side : {kA, kB}) {
      Sleeper pair(seed);
      pair.config[kB].mode = ConnectionMode::Default;
      pair.establish();
      pair.world.run_for(10s);
      const auto before = pair.sleep(side, std::chrono::seconds(GetParam()));
      pair.expect_up_within(15s);
      pair.settle();
      pair.expect_modest(before);
      pair.expect_at_rest();
      if (testing::Test::HasFailure()) {
        ADD_FAILURE() << "side " << side << " seed " << seed;
        return;
      }
    }
  }
}

// Nothing that is over is rekeyed or probed: what all is due at once is looked at in that order.
TEST(Sleep, PastTheHardLifetimeBeginsNoRekey) {
  Sleeper pair;
  pair.establish();
  size_t rekeys = 0;
  bool begins_anew = false;  // Where CREATE_CHILD_SA makes the first child.
  pair.world.filter = [&](const WireMessage& m) {
    begins_anew |= m.is_request(ExchangeType::IkeSaInit);
    rekeys += !begins_anew && m.is_request(ExchangeType::CreateChildSa) ? 1 : 0;
    return true;
  };
  pair.jump(10h);
  pair.expect_up_within(5s);
  EXPECT_TRUE(begins_anew);
  EXPECT_EQ(rekeys, 0u) << pair.world.picture();
  EXPECT_EQ(pair.a().last_cause[kTunnel], "lifetime-ended");
}

// In the middle of anything.
TEST(Sleep, AtAnyMomentOfANegotiationOrRekeyHeals) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    Sleeper pair(seed);
    pair.config[kB].mode = seed % 2 == 0 ? ConnectionMode::Default : ConnectionMode::ResponderOnly;
    pair.world.link = {.delay_min = 5ms, .delay_max = 25ms, .loss_percent = seed % 3 * 10};
    pair.start();
    if (seed % 5 != 0) {
      pair.world.run_until([&] { return pair.is_up(); }, 60s);
      if (seed % 5 > 1) pair.rekey_child(seed % 2);
      if (seed % 5 > 3) pair.rekey_ike(1 - seed % 2);
    }
    pair.world.run_for(seed % 13 * 7ms);
    pair.jump(std::chrono::seconds(uint64_t{seed} * seed * seed % 20000));
    pair.world.link = {};
    pair.expect_up_within(120s);
    pair.settle();
    pair.settle();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
  }
}

}  // namespace
}  // namespace twinspan::ike
