// Why the type or the generation of a running gateway cannot be changed, what has to be deleted
// first, and what is lost by that. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/model.h"
#include "policy/plan.h"

namespace twinspan::policy {

// Why an estate cannot be applied to the running gateway at all.
struct Refusal {
  std::string object;
  std::string message;
  std::vector<std::string> delete_first;  // Objects, in the order in which they have to go.
  std::vector<std::string> lost;          // A line each.
  std::string remedy;
  bool operator==(const Refusal&) const = default;

  std::string to_string() const;  // Several lines.
};

// Of the estate `after`, which need not be valid: what is wrong with it else may be what its author
// has to hear next, but never hides this. `running` is what the instance runs of `before`. nullopt:
// the gateway has the type that it runs with and, where both name one, the generation, or is not
// there.
std::optional<Refusal> refuse_kind(const Model& before, const Plan& running, const Model& after);

}  // namespace twinspan::policy
