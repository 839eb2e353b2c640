// Seeds: random faults while both sides rekey, then the faults stop and everything must be in
// order.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

constexpr uint64_t kSeedCount = 300;

void disturb(SimPair& pair, std::mt19937_64& dice) {
  const size_t side = dice() % 2;
  switch (dice() % 8) {
    case 0:
    case 1:
    case 2:
      return pair.rekey_child(side);
    case 3:
      return pair.rekey_ike(side);
    case 4:
      pair.rekey_child(kA);
      return pair.rekey_child(kB);
    case 5:
      pair.rekey_ike(kA);
      return pair.rekey_ike(kB);
    case 6:
      pair.rekey_child(side);
      return pair.rekey_ike(1 - side);
    default:
      return;
  }
}

TEST(Lossy, AnySeedEndsWithExactlyOnePair) {
  for (uint64_t seed = 1; seed <= kSeedCount; ++seed) {
    SimPair pair(seed);
    std::mt19937_64 dice(seed * 7919);
    if (dice() % 2) pair.config[kB].mode = ConnectionMode::Default;
    pair.world.link = {.delay_min = 2ms,
                       .delay_max = 2ms + (dice() % 60) * 1ms,
                       .loss_percent = static_cast<unsigned>(5 + dice() % 25),
                       .duplicate_percent = static_cast<unsigned>(dice() % 20)};
    pair.world.esp_interval = 200ms;
    pair.start();
    for (int i = 0; i < 40; ++i) {
      pair.world.run_for((200 + static_cast<int>(dice() % 3000)) * 1ms);
      disturb(pair, dice);
    }
    pair.world.link = {};
    pair.world.run_for(180s);
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
  }
}

TEST(Lossy, EachCommandIsAnsweredExactlyOnce) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SimPair pair(seed);
    std::mt19937_64 dice(seed);
    pair.world.link = {.delay_min = 2ms, .delay_max = 30ms, .loss_percent = 15};
    pair.start();
    size_t asked = 0;
    for (int i = 0; i < 30; ++i) {
      pair.world.run_for(static_cast<int>(dice() % 2000) * 1ms);
      ++asked;
      switch (dice() % 4) {
        case 0:
          pair.world.command(kA, CommandUp{kTunnel});
          break;
        case 1:
          pair.world.command(kA, CommandDown{kTunnel});
          break;
        case 2:
          pair.rekey_child(kA);
          break;
        default:
          pair.rekey_ike(kA);
          break;
      }
    }
    pair.world.command(kA, CommandUp{kTunnel});
    pair.world.link = {};
    pair.world.run_for(200s);
    EXPECT_EQ(pair.a().done.size(), asked + 1) << pair.world.picture();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Lossy, OnlyIkeFaultsNeverCostAPacket) {
  // ESP itself is lossless and in order: whatever IKE suffers, every packet finds its SA.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SimPair pair(seed);
    std::mt19937_64 dice(seed * 31);
    pair.world.esp_interval = 20ms;
    pair.world.link.esp_is_lossless = true;
    pair.establish();
    pair.world.link.loss_percent = 20;
    pair.world.link.duplicate_percent = 10;
    for (int i = 0; i < 10; ++i) {
      pair.rekey_child(dice() % 2);
      pair.world.run_for(8s);
    }
    EXPECT_EQ(pair.a().esp_unknown + pair.b().esp_unknown, 0u) << pair.world.picture();
    EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << pair.world.picture();
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
  }
}

TEST(Lossy, TheSameSeedGivesTheSameRun) {
  const auto run = [] {
    SimPair pair(42);
    pair.world.link = {
        .delay_min = 2ms, .delay_max = 40ms, .loss_percent = 20, .duplicate_percent = 10};
    pair.start();
    pair.world.run_for(30s);
    pair.rekey_ike(kA);
    pair.rekey_child(kB);
    pair.world.run_for(30s);
    return pair.a().endpoint().dump_state() + pair.b().endpoint().dump_state() +
           pair.world.picture();
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace twinspan::ike
