// Two estates, each with its half: which objects are the two ends of one connection. Pure.
#pragma once

#include <vector>

#include "policy/two_ends.h"

namespace twinspan::policy {

struct Pairing {
  const Connection* own = nullptr;
  const Connection* peer = nullptr;
};

struct PairUp {
  std::vector<Pairing> pairs;  // Each object once; in the order of our connections' names.
  std::vector<Pairing> ties;   // As much speaks for one as for another with the same object.
};

// By addresses, identities and prefixes, whatever speaks most for it, and of equally likely ones by
// equal pre-shared keys. A connection whose other end is in its own estate belongs to one elsewhere
// only when each leads to the other. Two estates that have a single connection each mean that one,
// likely or not. What is meant for a further instance of an active/active gateway and leads
// elsewhere is paired with the connection back too. Without `compare_keys` nothing is said of keys.
PairUp pair_up(const Model& own, const Model& peer, const CompareKeys& compare_keys = nullptr);

}  // namespace twinspan::policy
