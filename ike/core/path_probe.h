// Whether traffic may follow a peer that shows up elsewhere (RFC 7296 2.23, without MOBIKE). Pure.
//
// A newest authenticated packet from another endpoint makes that endpoint a candidate, no more: who
// copies the peer's packets and is faster than they are can bring that about at will, and can even
// carry our question to the peer and its answer back. What he cannot do is keep the peer from
// answering on the path in use. So that path is asked first, alone:
//
//   Idle -- candidate --> AskingCurrent -- any answer --> Idle: the path in use carries, we stay
//                              | kCurrentQuestions unanswered
//                              v
//                          AskingBoth --- answer from the candidate --> Idle: we move
//                              |      `-- answer from elsewhere ------> Idle: we stay
//                              | kCandidateQuestions unanswered
//                              v
//                            Idle: we stay; liveness decides what becomes of the SA
//
// A question is any request of the IKE SA; asking is sending it again. docs/decisions/0009 tells
// the attacks. Invariant: no request reaches the candidate before AskingBoth, hence an answer in
// AskingCurrent proves that the path in use reaches the peer.
#pragma once

#include <optional>

#include "base/endpoint.h"
#include "base/time.h"

namespace twinspan::ike {

inline constexpr Duration kPathAskInterval = 500ms;
// Counted, not timed: a clock that jumps must not make silence out of one lost question. Six take
// three seconds, and a loss of 30 % each way eats them all in one case of sixty.
inline constexpr unsigned kCurrentQuestions = 6;
inline constexpr unsigned kCandidateQuestions = 8;
inline constexpr unsigned kUnaskedMax = 20;  // Intervals without a request that could be sent.
inline constexpr Duration kPathProbeInterval = 5s;  // From the end of one probe to the next.

class PathProbe {
 public:
  enum class Phase : uint8_t { Idle, AskingCurrent, AskingBoth };
  enum class Verdict : uint8_t { Wait, Stay, Move };

  Phase phase() const { return phase_; }
  bool is_running() const { return phase_ != Phase::Idle; }
  const Endpoint& candidate() const { return candidate_; }
  bool asks_candidate() const { return phase_ == Phase::AskingBoth; }

  // A newest authenticated packet came from `candidate`, which is not the endpoint in use. True: a
  // probe begins. While the path in use is asked, the latest candidate counts.
  bool note_candidate(Instant now, const Endpoint& candidate);
  // A newest authenticated packet came from the endpoint in use.
  Verdict note_current(Instant now);
  // Every kPathAskInterval from the beginning on. Wait: ask now, whom the phase says.
  Verdict note_time(Instant now);
  // A question is on its way. Those of before the probe do not count.
  void note_asked() { ++questions_; }
  // An authenticated answer came in.
  Verdict note_answer(Instant now, const Endpoint& from);

 private:
  friend class StateDump;

  Verdict end(Instant now, Verdict verdict);

  Phase phase_ = Phase::Idle;
  Endpoint candidate_;
  unsigned questions_ = 0;        // Of this phase.
  unsigned unasked_ = 0;          // Intervals without any.
  std::optional<Instant> ended_;  // The last probe.
};

const char* to_string(PathProbe::Phase phase);

}  // namespace twinspan::ike
