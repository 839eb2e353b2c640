// Every static check of an estate: what is well formed and cannot work, or hardly was meant.
//
// One function per rule (policy/rules.h), each sees the whole model and none relies on another one:
// a reference that leads nowhere is reported by its rule and passed over by the rest.
#pragma once

#include "policy/finding.h"
#include "policy/model.h"

namespace twinspan::policy {

inline constexpr size_t kFindingsMax = 1000;  // Of one rule; beyond it nobody reads.

// In the file's order.
Findings validate(const Model& model);

// By file, line and column.
void sort_by_place(Findings& findings);

// What the model knows and twinspand does not carry out yet is a warning of this rule.
inline constexpr std::string_view kNotSupportedRule = "feature.not-supported";

// Whether twinspand refuses to start the gateway for it: an error anywhere in the estate, or
// something that this very gateway needs and that is not carried out yet.
bool stops_gateway(const Finding& finding, std::string_view gateway);

}  // namespace twinspan::policy
