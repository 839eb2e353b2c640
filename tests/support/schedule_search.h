// Bounded exhaustive search over what a network may do to crossing exchanges.
//
// Both sides start an operation each; from then on every message waits, and at each step one
// choice is made for the oldest one: delivered, dropped, repeated, or held back until others have
// passed. All combinations with at most `faults_max` choices other than delivery are tried, each as
// a run of its own from the beginning: the first choice that has an untried alternative is changed,
// and what follows is delivered in order. After each schedule the network heals and the invariants
// are checked. No randomness: the same case is always the same set of runs.
#pragma once

#include <string>
#include <vector>

#include "tests/support/crossing.h"

namespace twinspan::ike {

struct SearchResult {
  uint64_t schedules = 0;
  // Of the first schedule that broke an invariant; the search stops there.
  std::vector<std::string> violations;
  std::string picture;
};
SearchResult search(const CrossingCase& wanted, unsigned faults_max);

}  // namespace twinspan::ike
