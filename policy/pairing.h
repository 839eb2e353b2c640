// Two estates, each with its half: whether the two ends of each connection fit each other, in both
// directions.
#pragma once

#include <set>
#include <span>
#include <utility>

#include "policy/counterparts.h"
#include "policy/pair_up.h"
#include "policy/two_ends.h"

namespace twinspan::policy {

// Pairs of gateways: a connection of the first belongs to the second one and does not lead there.
using AstrayGateways =
    std::set<std::pair<const VirtualNetworkGateway*, const VirtualNetworkGateway*>>;

// What rules know besides the two ends.
struct PairContext {
  const CompareKeys& compare_keys;
  const Counterparts& counterparts;  // Of `ends.there`'s estate.
  const AstrayGateways& astray;
};

struct PairRule {
  std::string_view id;
  std::string_view doc;  // What holds when the rule finds nothing.
  void (*check)(const TwoEnds& ends, const PairContext& context, RuleReport& report);
  bool is_symmetric = false;  // One direction says it all; else both are checked.
};

std::span<const PairRule> all_pair_rules();

// When nothing of the other estate belongs to a connection, or it cannot be told what does.
inline constexpr std::string_view kUnpairedRule = "peer.unpaired";

// Of the two directions of each connection that has both in this estate: different keys are an
// error; different names of files that cannot be read are a warning. Of the rules kSharedKeyRule
// and kPpkRule; and of kCounterpartAddressRule where equal keys alone tell that two are one.
Findings check_key_pairs(const Model& model, const CompareKeys& compare_keys);

// Findings about both estates; a mark is in the file of the finding's first object. `found`: what
// pair_up() says of them.
Findings validate_pair(const Model& own, const Model& peer, const PairUp& found,
                       const CompareKeys& compare_keys);
Findings validate_pair(const Model& own, const Model& peer, const CompareKeys& compare_keys);

}  // namespace twinspan::policy
