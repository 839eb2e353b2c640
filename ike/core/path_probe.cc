#include "ike/core/path_probe.h"

namespace twinspan::ike {

bool PathProbe::note_candidate(Instant now, const Endpoint& candidate) {
  if (phase_ == Phase::AskingBoth) return false;
  if (phase_ == Phase::AskingCurrent) {
    candidate_ = candidate;
    return false;
  }
  if (ended_ && now - *ended_ < kPathProbeInterval) return false;
  phase_ = Phase::AskingCurrent;
  candidate_ = candidate;
  questions_ = unasked_ = 0;
  return true;
}

PathProbe::Verdict PathProbe::note_current(Instant now) {
  return phase_ == Phase::Idle ? Verdict::Wait : end(now, Verdict::Stay);
}

PathProbe::Verdict PathProbe::note_answer(Instant now, const Endpoint& from) {
  if (phase_ == Phase::Idle) return Verdict::Wait;
  const bool moves = phase_ == Phase::AskingBoth && from == candidate_;
  return end(now, moves ? Verdict::Move : Verdict::Stay);
}

PathProbe::Verdict PathProbe::note_time(Instant now) {
  if (phase_ == Phase::Idle) return Verdict::Stay;
  if (questions_ == 0) {
    return ++unasked_ > kUnaskedMax ? end(now, Verdict::Stay) : Verdict::Wait;
  }
  if (phase_ == Phase::AskingCurrent && questions_ >= kCurrentQuestions) {
    phase_ = Phase::AskingBoth;
    questions_ = unasked_ = 0;
    return Verdict::Wait;
  }
  if (phase_ == Phase::AskingBoth && questions_ >= kCandidateQuestions)
    return end(now, Verdict::Stay);
  return Verdict::Wait;
}

PathProbe::Verdict PathProbe::end(Instant now, Verdict verdict) {
  phase_ = Phase::Idle;
  ended_ = now;
  return verdict;
}

const char* to_string(PathProbe::Phase phase) {
  switch (phase) {
    case PathProbe::Phase::Idle:
      return "idle";
    case PathProbe::Phase::AskingCurrent:
      return "asking-current";
    case PathProbe::Phase::AskingBoth:
      return "asking-both";
  }
  return "?";
}

}  // namespace twinspan::ike
