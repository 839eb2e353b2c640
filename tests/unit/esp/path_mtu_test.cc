#include "esp/path_mtu.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "esp/rate_limit.h"
#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

constexpr EspLayout kGcm{};
constexpr EspLayout kCbc{.iv_size = 16, .icv_size = 16, .alignment = 16};

// max_inner = floor4(MTU - O - U - 8 - IV - 16) - 2, the table of an outer MTU of 1500.
TEST(PathMtu, InnerSizeFollowsTheFormula) {
  const auto inner = [](IpFamily family, Encapsulation encapsulation, EspLayout layout) {
    return largest_inner(layout, 1500 - outer_overhead(family, encapsulation));
  };
  EXPECT_EQ(inner(IpFamily::V4, Encapsulation::Udp, kGcm), 1438u);
  EXPECT_EQ(inner(IpFamily::V4, Encapsulation::Esp, kGcm), 1446u);
  EXPECT_EQ(inner(IpFamily::V6, Encapsulation::Udp, kGcm), 1418u);
  EXPECT_EQ(inner(IpFamily::V6, Encapsulation::Esp, kGcm), 1426u);
  EXPECT_EQ(inner(IpFamily::V4, Encapsulation::Udp, kCbc), 1422u);
}

TEST(PathMtu, InnerSizeIsTheLargestThatFitsEveryRoom) {
  for (const EspLayout& layout : {kGcm, kCbc}) {
    for (size_t room = 0; room < 3000; ++room) {
      const uint32_t inner = largest_inner(layout, room);
      if (inner != 0) {
        ASSERT_LE(layout.frame_size(inner), room);
      }
      ASSERT_GT(layout.frame_size(inner + 1), room);
    }
  }
}

TEST(PathMtu, IsOnlyEverLoweredByWhatIsReported) {
  PathMtu path;
  EXPECT_EQ(path.outer(), 0u);
  EXPECT_EQ(path.inner_limit(kGcm, 28), kIpLengthMax);
  EXPECT_TRUE(path.lower(1400, IpFamily::V4, 1));
  EXPECT_EQ(path.outer(), 1400u);
  EXPECT_EQ(path.inner_limit(kGcm, 28), 1338u);
  EXPECT_FALSE(path.lower(1400, IpFamily::V4, 2));
  EXPECT_FALSE(path.lower(1500, IpFamily::V4, 2));
  EXPECT_TRUE(path.lower(1300, IpFamily::V4, 2));
  EXPECT_EQ(path.outer(), 1300u);
}

TEST(PathMtu, HasAFloorOfEachFamily) {
  for (const uint32_t reported : {1u, 68u, 575u}) {
    PathMtu v4;
    EXPECT_TRUE(v4.lower(reported, IpFamily::V4, 1));
    EXPECT_EQ(v4.outer(), 576u);
    EXPECT_FALSE(v4.lower(reported, IpFamily::V4, 1));
    PathMtu v6;
    EXPECT_TRUE(v6.lower(reported, IpFamily::V6, 1));
    EXPECT_EQ(v6.outer(), 1280u);
  }
}

TEST(PathMtu, ARouterFromBeforeRfc1191LowersItStepByStep) {
  PathMtu path;
  std::vector<uint32_t> steps;
  while (path.lower(0, IpFamily::V4, 1)) steps.push_back(path.outer());
  EXPECT_EQ(steps, (std::vector<uint32_t>{1492, 1006, 576}));
}

constexpr uint64_t kTenMinutes = 600'000;
using News = PathMtu::News;

// Of a probe that has to be due, and is within a minute of the one before.
uint32_t question(PathMtu& path, uint32_t size, uint64_t now_ms) {
  path.want_probe();
  const auto probe = path.take_probe(size, IpFamily::V4, now_ms);
  EXPECT_TRUE(probe.has_value());
  return probe ? probe->question : 0;
}

TEST(PathMtu, ThePeerIsAskedAboutASizeWhoseProbeBroughtNoReport) {
  PathMtu path;
  EXPECT_EQ(question(path, 1500, 0), 0u);
  EXPECT_EQ(question(path, 1400, 1000), 1500u);
  EXPECT_EQ(question(path, 1500, 2000), 1500u);
  path.lower(1400, IpFamily::V4, 2500);
  EXPECT_EQ(question(path, 1400, 3000), 1400u) << "what was reported does not fit anyway";
  path.forget();
  EXPECT_EQ(question(path, 1500, 4000), 0u);
}

TEST(PathMtu, ASizeThatNoProbeHasHadIsDueAfterASecond) {
  PathMtu path;
  uint64_t now = 0;
  for (; now < 200'000; now += 1000) path.take_probe(700, IpFamily::V4, now);
  EXPECT_FALSE(path.take_probe(700, IpFamily::V4, now));
  auto probe = path.take_probe(1500, IpFamily::V4, now);
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->question, 700u);
  EXPECT_FALSE(path.take_probe(1500, IpFamily::V4, now + 999));
  probe = path.take_probe(1500, IpFamily::V4, now + 1000);
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->question, 1500u);
}

TEST(PathMtu, WhatThePeerAnsweredLimitsAndIsNotForgotten) {
  PathMtu path;
  question(path, 1500, 0);
  EXPECT_EQ(path.settle(1500, 1392, 1000), News::Narrower);
  EXPECT_EQ(path.outer(), 1392u);
  EXPECT_TRUE(path.is_settled());
  EXPECT_EQ(question(path, 1392, 2000), 1392u);
  path.age(10 * kTenMinutes);
  EXPECT_EQ(path.outer(), 1392u);
}

TEST(PathMtu, EveryTenMinutesThePeerIsAskedAboutTheSizeThatWasTooLarge) {
  PathMtu path;
  question(path, 1500, 0);
  path.settle(1500, 1392, 1000);
  EXPECT_EQ(question(path, 1392, kTenMinutes - 1), 1392u);
  EXPECT_EQ(question(path, 1392, 1000 + kTenMinutes), 1500u);
  EXPECT_EQ(path.settle(1500, 1392, 1000 + kTenMinutes), News::None) << "no news";
  EXPECT_EQ(question(path, 1392, 2000 + kTenMinutes), 1392u);
  EXPECT_EQ(path.settle(1500, 1440, 1000 + 2 * kTenMinutes), News::Wider);
  EXPECT_EQ(path.outer(), 1440u);
  EXPECT_EQ(path.settle(1500, 1500, 1000 + 3 * kTenMinutes), News::Wider);
  EXPECT_EQ(path.outer(), 0u);
  EXPECT_FALSE(path.is_settled());
}

TEST(PathMtu, AnAnswerAboutASmallerSizeDoesNotWiden) {
  PathMtu path;
  path.settle(1500, 1392, 1000);
  EXPECT_EQ(path.settle(1392, 1392, 2000), News::None);
  EXPECT_EQ(path.settle(1300, 1300, 2000), News::None);
  EXPECT_EQ(path.outer(), 1392u);
  EXPECT_EQ(path.settle(1392, 1280, 3000), News::Narrower);
  EXPECT_EQ(path.outer(), 1280u);
}

TEST(PathMtu, AReportThatCameMeanwhileIsWorthMore) {
  PathMtu path;
  path.lower(1450, IpFamily::V4, 500);
  EXPECT_EQ(path.settle(1500, 1440, 1000), News::None);
  EXPECT_EQ(path.settle(1500, 1500, 1000), News::None);
  EXPECT_EQ(path.outer(), 1450u);
  EXPECT_EQ(path.settle(1450, 1392, 1000), News::Narrower) << "this is what it was asked about";
  path.lower(1300, IpFamily::V4, 2000);
  EXPECT_EQ(path.outer(), 1300u);
  EXPECT_FALSE(path.is_settled());
}

TEST(PathMtu, IsForgottenAfterTenMinutesAndAskedForAgain) {
  PathMtu path;
  ASSERT_TRUE(path.take_probe(1500, IpFamily::V4, 0));
  path.lower(1400, IpFamily::V4, 1000);
  path.age(600'999);
  EXPECT_EQ(path.outer(), 1400u);
  EXPECT_FALSE(path.take_probe(1400, IpFamily::V4, 999));
  path.age(601'000);
  EXPECT_EQ(path.outer(), 0u);
  EXPECT_TRUE(path.take_probe(1500, IpFamily::V4, 601'000));
}

TEST(PathMtu, ANewReportKeepsItForTenMinutesMore) {
  PathMtu path;
  path.lower(1400, IpFamily::V4, 0);
  path.lower(1300, IpFamily::V4, 500'000);
  path.age(1'099'999);
  EXPECT_EQ(path.outer(), 1300u);
}

TEST(PathMtu, ProbesAtEverLongerIntervals) {
  PathMtu path;
  std::vector<uint64_t> seconds;
  for (uint64_t second = 0; second < 300; ++second) {
    if (path.take_probe(1500, IpFamily::V4, second * 1000)) seconds.push_back(second);
  }
  EXPECT_EQ(seconds, (std::vector<uint64_t>{0, 1, 3, 7, 15, 31, 63, 123, 183, 243}));
}

TEST(PathMtu, GivesAProbeToOneOfSeveralWorkers) {
  constexpr uint64_t kSeconds = 200'000;
  PathMtu path;
  std::vector<std::atomic<unsigned>> probes(kSeconds);
  std::atomic<uint64_t> clock{0};
  const auto ask_all_the_time = [&] {
    for (uint64_t now = 0; now < kSeconds; now = clock) {
      path.want_probe();
      if (!path.take_probe(1500, IpFamily::V4, now * 1000)) continue;
      ++probes[now];
      uint64_t next = now;
      clock.compare_exchange_strong(next, now + 1);
    }
  };
  std::thread other(ask_all_the_time);
  ask_all_the_time();
  other.join();
  for (const auto& second : probes) ASSERT_EQ(second, 1u);
}

TEST(PathMtu, AHintBringsOneProbeAtMostOnceASecond) {
  PathMtu path;
  unsigned probes = 0;
  for (uint64_t ms = 0; ms < 10'000; ms += 10) {
    path.want_probe();
    probes += path.take_probe(1500, IpFamily::V4, ms) ? 1 : 0;
  }
  EXPECT_EQ(probes, 10u);
}

TEST(PathMtu, DoesNotProbeWithWhatEveryPathCarries) {
  PathMtu path;
  EXPECT_FALSE(path.take_probe(576, IpFamily::V4, 0));
  EXPECT_FALSE(path.take_probe(1280, IpFamily::V6, 0));
  EXPECT_TRUE(path.take_probe(1281, IpFamily::V6, 0));
}

TEST(PathMtu, OutlivesARekeyAndIsForgottenWhenThePeerMoves) {
  TunnelPair pair(EspTransforms{.encryption = kGcm256});
  PathMtu& path = pair.left.outbound().path();
  path.lower(1400, IpFamily::V4, 1);
  SaPairParams next = left_params({.encryption = kGcm256});
  next.child = {2};
  next.inbound_spi = Spi{0x1001};
  pair.left.install(std::move(next));
  EXPECT_EQ(pair.left.outbound().inner_limit(), 1338u);
  const Endpoint local{*IpAddress::parse("192.0.2.1"), 4500};
  pair.left.store.update_remote({2}, local, {*IpAddress::parse("192.0.2.9"), 4500});
  EXPECT_EQ(path.outer(), 0u);
}

TEST(PathMtu, ADummyOfAnySizeIsDiscardedByThePeerAndNotCountedAsTraffic) {
  TunnelPair pair(EspTransforms{.encryption = kGcm256});
  const Bytes filling(1438);
  Bytes frame(frame_size(pair.left.outbound(), filling.size()));
  SealItem item{.inner = filling.data(),
                .inner_length = static_cast<uint32_t>(filling.size()),
                .frame = frame.data(),
                .is_dummy = true};
  ASSERT_EQ(seal(pair.left.outbound(), {&item, 1}, pair.left.sealed()), 1u);
  EXPECT_EQ(pair.left.sealed().packets.read(), 0u);
  EXPECT_EQ(pair.left.sealed().bytes.read(), 0u);
  EXPECT_EQ(pair.open_on_right(frame).verdict, Verdict::Dummy);
}

TEST(RateLimit, AdmitsABurstAndThenItsRate) {
  RateLimit limit(100, 10);
  unsigned admitted = 0;
  for (int i = 0; i < 50; ++i) admitted += limit.admit(5000) ? 1 : 0;
  EXPECT_EQ(admitted, 10u);
  for (uint64_t ms = 5001; ms <= 6000; ++ms) admitted += limit.admit(ms) ? 1 : 0;
  EXPECT_EQ(admitted, 110u);
  EXPECT_FALSE(limit.admit(100)) << "a clock that goes back gives nothing";
}

}  // namespace
}  // namespace twinspan::esp
