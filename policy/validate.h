// Every static check of an estate: what is well formed and cannot work, or hardly was meant.
//
// One function per rule (policy/rules.h), each sees the whole model and none relies on another one:
// a reference that leads nowhere is reported by its rule and passed over by the rest.
#pragma once

#include "policy/finding.h"
#include "policy/model.h"

namespace twinspan::policy {

inline constexpr size_t kFindingsMax = 1000;  // Of one rule; beyond it nobody reads.

// In the file's order. A daemon starts when none is an error.
Findings validate(const Model& model);

}  // namespace twinspan::policy
