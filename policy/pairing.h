// Two estates, each with its half: whether the two ends of each connection fit each other, in both
// directions.
#pragma once

#include <span>

#include "policy/pair_up.h"
#include "policy/two_ends.h"

namespace twinspan::policy {

struct PairRule {
  std::string_view id;
  std::string_view doc;  // What holds when the rule finds nothing.
  void (*check)(const TwoEnds& ends, const CompareKeys& compare_keys, RuleReport& report);
  bool is_symmetric = false;  // One direction says it all; else both are checked.
};

std::span<const PairRule> all_pair_rules();

// When nothing of the other estate belongs to a connection, or it cannot be told what does.
inline constexpr std::string_view kUnpairedRule = "peer.unpaired";

// Of the two directions of each connection that has both in this estate: different keys are an
// error; different names of files that cannot be read are a warning. Of the rules kSharedKeyRule
// and kPpkRule.
Findings check_key_pairs(const Model& model, const CompareKeys& compare_keys);

// Findings about both estates; a mark is in the file of the finding's first object.
Findings validate_pair(const Model& own, const Model& peer, const CompareKeys& compare_keys);

}  // namespace twinspan::policy
