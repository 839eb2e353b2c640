#include "ike/core/request_window.h"

#include <gtest/gtest.h>

#include "ike/core/lifetime.h"
#include "ike/core/timers.h"

namespace twinspan::ike {
namespace {

using Verdict = RequestWindow::Verdict;

TEST(RequestWindow, OnlyTheNextRequestIsFresh) {
  RequestWindow window;
  EXPECT_EQ(window.classify(MessageId{0}, Bytes{1}), Verdict::Fresh);
  EXPECT_EQ(window.classify(MessageId{1}, Bytes{1}), Verdict::Stale);
  window.answered(Bytes{1}, {Bytes{9}});
  EXPECT_EQ(window.classify(MessageId{1}, Bytes{2}), Verdict::Fresh);
}

TEST(RequestWindow, OnlyABitIdenticalRepetitionIsADuplicate) {
  RequestWindow window;
  window.answered(Bytes{1, 2}, {Bytes{9}});
  EXPECT_EQ(window.classify(MessageId{0}, Bytes{1, 2}), Verdict::Duplicate);
  EXPECT_EQ(window.classify(MessageId{0}, Bytes{1, 3}), Verdict::Stale);
  window.answered(Bytes{5}, {Bytes{8}});
  EXPECT_EQ(window.classify(MessageId{0}, Bytes{1, 2}), Verdict::Stale);
  EXPECT_EQ(window.cached_response(), std::vector<Bytes>{Bytes{8}});
}

TEST(RequestWindow, AnAnswerMustMatchIdAndExchangeOfTheRequestInFlight) {
  RequestWindow window;
  const auto informational = static_cast<uint8_t>(ExchangeType::Informational);
  EXPECT_FALSE(window.awaits_response(MessageId{0}, informational));
  window.begin_request(ExchangeType::Informational, {Bytes{1}}, kRetransmitNormal);
  EXPECT_TRUE(window.awaits_response(MessageId{0}, informational));
  EXPECT_FALSE(window.awaits_response(MessageId{1}, informational));
  EXPECT_FALSE(window.awaits_response(MessageId{0}, 36));
  window.response_accepted();
  EXPECT_FALSE(window.awaits_response(MessageId{0}, informational));
  EXPECT_EQ(window.next_id(), MessageId{1});
}

TEST(RequestWindow, KnowsWhetherTheRequestWasSentAgainUntilTheNextOne) {
  RequestWindow window;
  for (const bool is_repeated : {true, false}) {
    window.begin_request(ExchangeType::Informational, {Bytes{1}}, kRetransmitNormal);
    EXPECT_FALSE(window.is_repeated());
    if (is_repeated) {
      EXPECT_EQ(window.repeat(), std::vector<Bytes>{Bytes{1}});
    }
    window.response_accepted();
    EXPECT_EQ(window.is_repeated(), is_repeated);
  }
}

TEST(Retransmit, DoublesAndGivesUpAfterAMinute) {
  std::vector<Duration> waits;
  for (unsigned sent = 1;; ++sent) {
    const auto wait = retransmit_wait(kRetransmitNormal, sent);
    if (!wait) break;
    waits.push_back(*wait);
  }
  EXPECT_EQ(waits, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s}));
}

TEST(Retransmit, ALivenessProbeIsGivenUpAfterOneInterval) {
  for (const Duration interval : {5s, 15s, 30s}) {
    Duration total{};
    for (unsigned sent = 1;; ++sent) {
      const auto wait = retransmit_wait(liveness_policy(interval), sent);
      if (!wait) break;
      total += *wait;
    }
    EXPECT_EQ(total, interval);
  }
}

enum class Two : uint8_t { First, Second, Count_ };

TEST(TimerTable, GivesTheEarliestDueTimerOnce) {
  TimerTable<Two> timers;
  const Instant start{};
  timers.arm(Two::First, start + 2s);
  timers.arm(Two::Second, start + 1s);
  EXPECT_EQ(timers.next(), start + 1s);
  EXPECT_EQ(timers.take_due(start), std::nullopt);
  EXPECT_EQ(timers.take_due(start + 5s), Two::Second);
  EXPECT_EQ(timers.take_due(start + 5s), Two::First);
  EXPECT_EQ(timers.take_due(start + 5s), std::nullopt);
}

TEST(Backoff, GrowsFromOneToThirtySeconds) {
  EXPECT_EQ(backoff_wait(1), 1s);
  EXPECT_EQ(backoff_wait(2), 2s);
  EXPECT_EQ(backoff_wait(5), 16s);
  EXPECT_EQ(backoff_wait(6), 30s);
  EXPECT_EQ(backoff_wait(4000000000u), 30s);
}

}  // namespace
}  // namespace twinspan::ike
