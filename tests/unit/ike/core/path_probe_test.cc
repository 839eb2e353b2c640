// Whether to follow a peer that shows up elsewhere, decision by decision.
#include "ike/core/path_probe.h"

#include <gtest/gtest.h>

namespace twinspan::ike {
namespace {

using Phase = PathProbe::Phase;
using Verdict = PathProbe::Verdict;

const Endpoint kCurrent{*IpAddress::parse("192.0.2.1"), 4500};
const Endpoint kCandidate{*IpAddress::parse("198.51.100.7"), 61000};
const Endpoint kThird{*IpAddress::parse("203.0.113.9"), 4500};
const Instant kStart = Instant{} + 1000s;

// Asks until the phase is over or the probe is.
unsigned ask_through(PathProbe& probe, Phase phase) {
  unsigned asked = 0;
  while (probe.note_time(kStart) == Verdict::Wait && probe.phase() == phase) {
    probe.note_asked();
    ++asked;
  }
  return asked;
}

TEST(PathProbe, BeginsWithTheFirstCandidateAndAsksTheCurrentPathAlone) {
  PathProbe probe;
  EXPECT_FALSE(probe.is_running());
  EXPECT_TRUE(probe.note_candidate(kStart, kCandidate));
  EXPECT_EQ(probe.phase(), Phase::AskingCurrent);
  EXPECT_FALSE(probe.asks_candidate());
  EXPECT_FALSE(probe.note_candidate(kStart, kCandidate));
}

TEST(PathProbe, AnyAnswerOnTheCurrentPathKeepsItEvenOneThatComesFromTheCandidate) {
  for (const Endpoint& from : {kCurrent, kCandidate, kThird}) {
    PathProbe probe;
    probe.note_candidate(kStart, kCandidate);
    probe.note_time(kStart);
    probe.note_asked();
    EXPECT_EQ(probe.note_answer(kStart, from), Verdict::Stay);
    EXPECT_FALSE(probe.is_running());
  }
}

TEST(PathProbe, TheCandidateIsAskedOnlyAfterTheCurrentPathStayedSilent) {
  PathProbe probe;
  probe.note_candidate(kStart, kCandidate);
  EXPECT_EQ(ask_through(probe, Phase::AskingCurrent), kCurrentQuestions);
  EXPECT_EQ(probe.phase(), Phase::AskingBoth);
  EXPECT_TRUE(probe.asks_candidate());
}

TEST(PathProbe, MovesOnlyWhenTheCandidateItselfAnswersThen) {
  for (const Endpoint& from : {kCurrent, kCandidate, kThird}) {
    PathProbe probe;
    probe.note_candidate(kStart, kCandidate);
    ask_through(probe, Phase::AskingCurrent);
    EXPECT_EQ(probe.note_answer(kStart, from), from == kCandidate ? Verdict::Move : Verdict::Stay);
    EXPECT_FALSE(probe.is_running());
  }
}

TEST(PathProbe, StaysWhenNobodyAnswers) {
  PathProbe probe;
  probe.note_candidate(kStart, kCandidate);
  ask_through(probe, Phase::AskingCurrent);
  probe.note_asked();
  EXPECT_EQ(ask_through(probe, Phase::AskingBoth), kCandidateQuestions - 1);
  EXPECT_FALSE(probe.is_running());
}

TEST(PathProbe, APacketFromTheCurrentEndpointEndsItInEitherPhase) {
  PathProbe probe;
  EXPECT_EQ(probe.note_current(kStart), Verdict::Wait);
  probe.note_candidate(kStart, kCandidate);
  EXPECT_EQ(probe.note_current(kStart), Verdict::Stay);
  probe = {};
  probe.note_candidate(kStart, kCandidate);
  ask_through(probe, Phase::AskingCurrent);
  EXPECT_EQ(probe.note_current(kStart), Verdict::Stay);
  EXPECT_FALSE(probe.is_running());
}

TEST(PathProbe, TheLatestCandidateCountsUntilOneIsAsked) {
  PathProbe probe;
  probe.note_candidate(kStart, kThird);
  probe.note_candidate(kStart, kCandidate);
  ask_through(probe, Phase::AskingCurrent);
  probe.note_candidate(kStart, kThird);
  EXPECT_EQ(probe.candidate(), kCandidate);
}

TEST(PathProbe, TheNextOneWaitsSoThatCandidatesCannotKeepUsBusy) {
  PathProbe probe;
  probe.note_candidate(kStart, kCandidate);
  probe.note_answer(kStart, kCurrent);
  EXPECT_FALSE(probe.note_candidate(kStart + kPathProbeInterval - 1ms, kThird));
  EXPECT_TRUE(probe.note_candidate(kStart + kPathProbeInterval, kThird));
}

TEST(PathProbe, AJumpOfTheClockDoesNotMakeOneLostQuestionASilence) {
  PathProbe probe;
  probe.note_candidate(kStart, kCandidate);
  probe.note_time(kStart);
  probe.note_asked();
  EXPECT_EQ(probe.note_time(kStart + 24h), Verdict::Wait);
  EXPECT_EQ(probe.phase(), Phase::AskingCurrent);
}

TEST(PathProbe, EndsWhenNothingCanBeAsked) {
  PathProbe probe;
  probe.note_candidate(kStart, kCandidate);
  for (unsigned i = 0; i < kUnaskedMax; ++i) EXPECT_EQ(probe.note_time(kStart), Verdict::Wait);
  EXPECT_EQ(probe.note_time(kStart), Verdict::Stay);
  EXPECT_FALSE(probe.is_running());
}

TEST(PathProbe, WithoutOneNothingIsDecided) {
  PathProbe probe;
  EXPECT_EQ(probe.note_answer(kStart, kCandidate), Verdict::Wait);
  EXPECT_EQ(probe.note_time(kStart), Verdict::Stay);
}

}  // namespace
}  // namespace twinspan::ike
