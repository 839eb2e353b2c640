// Where both ends of a connection propose pairs of prefixes, what the one proposes has to be held
// by the other's pairs: by one or by several together, for who responds narrows it (RFC 7296 2.9).
#pragma once

#include "base/traffic_selector.h"
#include "policy/two_ends.h"

namespace twinspan::policy {

// One range on this side with one on the other. How several are put together in one selector policy
// is each side's own.
struct RangePair {
  TrafficSelector local;
  TrafficSelector remote;

  RangePair mirrored() const { return {remote, local}; }
  auto operator<=>(const RangePair&) const = default;
};

// "10.1.0.0/24 === 10.2.0.0/24", of many the first ones.
std::string words_of(const std::vector<RangePair>& pairs);

// The mirrors of `back`'s pairs that those of `there` do not hold; of a policy-based gateway, which
// takes a pair as it is or not at all, those that `there` has not. None where `back` never
// proposes, where an end proposes any-to-any, or where the lists of prefixes differ, which
// compare_prefixes() says.
std::vector<RangePair> pairs_lacking(const TwoEnds& ends);

// Where the pairs of an end are written, or the prefixes that they are made of.
FieldPlace place_of_pairs(const End& end);

// Pairs that either end lacks.
void compare_selector_pairs(const TwoEnds& ends, RuleReport& report);

}  // namespace twinspan::policy
