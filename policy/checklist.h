// The numbered list that an operator walks for one connection, with what became of each step.
//
// Between two resource-manager networks, and from a network to a site: (1) no overlap; (2) the
// first network's ranges on the second side's object; (3) the second's on the first side's; (4) the
// keys; (5) the first gateway's address on the second side's object; (6) the second's on the
// first's. Between a classic and a resource-manager network: (1) no overlap; (2) the
// resource-manager ranges on the classic side; (3) the classic ranges on the other; (4) the classic
// gateway's address on the resource-manager side; (5) the other's on the classic side; (6) the
// keys. What concerns transit over the connection follows: the flags of peerings, BGP, and which
// networks further away it does not lead to. For a peering the list is that of transit over it,
// whose flags are unknown where neither is set.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/finding.h"
#include "policy/two_ends.h"

namespace twinspan::policy {

enum class CheckResult : uint8_t { Pass, Fail, Unknown };

std::string_view name_of(CheckResult result);  // "pass"

struct CheckItem {
  unsigned number = 0;  // From 1.
  CheckResult result = CheckResult::Unknown;
  std::string object;  // "connections.a-to-b"
  std::string field;   // "shared_key"; empty: the object as a whole.
  std::string message;
  bool operator==(const CheckItem&) const = default;
};

using Checklist = std::vector<CheckItem>;

struct ChecklistRequest {
  const Model& model;
  const Model* peer = nullptr;  // The other administrator's estate, when there is one.
  std::string_view name;        // Of a connection or a peering of `model`.
  CompareKeys compare_keys;
  Findings findings = {};  // About both estates: errors about what is on the list fail it.
};

// The error says that there is none of that name, and which one may be meant.
Result<Checklist, std::string> checklist(const ChecklistRequest& request);

Checklist numbered(Checklist list);

}  // namespace twinspan::policy
