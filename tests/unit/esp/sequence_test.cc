#include "esp/sequence.h"

#include <gtest/gtest.h>

#include "esp/sa_events.h"

namespace twinspan::esp {
namespace {

TEST(OutboundSequence, NumbersAreConsecutiveFromOne) {
  OutboundSequence sequence(OutboundSequence::kLast);
  EXPECT_EQ(sequence.reserve(3).first, 1u);
  EXPECT_EQ(sequence.reserve(0).count, 0u);
  const auto range = sequence.reserve(5);
  EXPECT_EQ(range.first, 4u);
  EXPECT_EQ(range.count, 5u);
}

TEST(OutboundSequence, WithoutEsnEndsBeforeTwoToThe32) {
  OutboundSequence sequence(OutboundSequence::kLast, UINT32_MAX - 2);
  const auto range = sequence.reserve(64);
  EXPECT_EQ(range.first, uint64_t{UINT32_MAX} - 1);
  EXPECT_EQ(range.count, 2u);
  EXPECT_EQ(sequence.reserve(1).count, 0u);
}

TEST(OutboundSequence, WithEsnEndsBeforeTwoToThe64) {
  OutboundSequence sequence(OutboundSequence::kLastExtended, UINT64_MAX - 1);
  const auto range = sequence.reserve(2);
  EXPECT_EQ(range.first, UINT64_MAX);
  EXPECT_EQ(range.count, 1u);
  EXPECT_EQ(sequence.reserve(1).count, 0u);
  EXPECT_EQ(sequence.reserve(UINT64_MAX).count, 0u);
}

TEST(OutboundSequence, TheSoftLimitIsFourFifthsOfTheSpace) {
  OutboundSequence sequence(100, 79);
  EXPECT_FALSE(sequence.is_past_soft_limit());
  sequence.reserve(1);
  EXPECT_TRUE(sequence.is_past_soft_limit());
}

TEST(TrafficLifetime, ReportsTheSoftLimitOnce) {
  TrafficLifetime lifetime({.soft_bytes = 100, .hard_bytes = 1000});
  SaEvents events;
  EXPECT_TRUE(lifetime.consume(99, events));
  EXPECT_EQ(events.take(), 0);
  EXPECT_TRUE(lifetime.consume(1, events));
  EXPECT_TRUE(lifetime.consume(1, events));
  EXPECT_EQ(events.take(), kEventSoftLimit);
  EXPECT_TRUE(lifetime.consume(1, events));
  EXPECT_EQ(events.take(), 0);
}

TEST(TrafficLifetime, NeverPassesTheHardLimitAndStaysExpired) {
  TrafficLifetime lifetime({.soft_bytes = 0, .hard_bytes = 100});
  SaEvents events;
  EXPECT_TRUE(lifetime.consume(60, events));
  EXPECT_FALSE(lifetime.is_expired());
  EXPECT_FALSE(lifetime.consume(41, events));
  EXPECT_TRUE(lifetime.is_expired());
  EXPECT_FALSE(lifetime.consume(1, events));
  EXPECT_EQ(events.take(), kEventHardLimit);
  EXPECT_EQ(events.take(), 0);
}

TEST(TrafficLifetime, ReachesTheHardLimitExactly) {
  TrafficLifetime lifetime({.soft_bytes = 0, .hard_bytes = 100});
  SaEvents events;
  EXPECT_TRUE(lifetime.consume(100, events));
  EXPECT_FALSE(lifetime.consume(1, events));
}

TEST(TrafficLifetime, ZeroMeansNoLimit) {
  TrafficLifetime lifetime({.soft_bytes = 0, .hard_bytes = 0});
  SaEvents events;
  EXPECT_TRUE(lifetime.consume(UINT64_MAX / 2, events));
  EXPECT_TRUE(lifetime.consume(UINT64_MAX / 2, events));
  EXPECT_EQ(events.take(), 0);
}

TEST(TrafficLifetime, CountsPacketsAsWell) {
  TrafficLifetime lifetime({.soft_packets = 2, .hard_packets = 3});
  SaEvents events;
  EXPECT_TRUE(lifetime.consume(1, events));
  EXPECT_EQ(events.take(), 0);
  EXPECT_TRUE(lifetime.consume(1, events));
  EXPECT_EQ(events.take(), kEventSoftLimit);
  EXPECT_TRUE(lifetime.consume(1, events));
  EXPECT_FALSE(lifetime.is_expired());
  EXPECT_FALSE(lifetime.consume(0, events));
  EXPECT_EQ(events.take(), kEventHardLimit);
  EXPECT_TRUE(lifetime.is_expired());
}

}  // namespace
}  // namespace twinspan::esp
