// Errors of findings, for lists that fail at those about what they go through.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "policy/finding.h"
#include "policy/two_ends.h"

namespace twinspan::policy {

struct Fault {
  std::string id;                    // The rule's.
  std::vector<std::string> objects;  // One of the other estate with its file's name before it.
  std::string field;                 // Of the first one.
  std::string message;
};
using Faults = std::vector<Fault>;

// `findings` are of both estates; `peer` may be nullptr.
Faults faults_of(const Findings& findings, const Model& own, const Model* peer);

// Without which the connection does not work, as its own estate calls them: itself, its gateway,
// its network, what describes the other end, its policy.
std::vector<std::string> objects_of(const End& end);

}  // namespace twinspan::policy
