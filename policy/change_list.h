// From the estate that a gateway runs to another one: every object that changes, what is done about
// it and what that costs. Pure; what is told here is what applying it does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/change_effect.h"
#include "policy/model.h"
#include "policy/plan.h"

namespace twinspan::policy {

struct Change {
  std::string object;  // As findings name it: "connections.a-to-b".
  ChangeAction action = ChangeAction::InPlace;
  std::string impact;
  std::string renamed_from;  // An object; empty: it has its name.
  bool operator==(const Change&) const = default;
};

// Why the estate cannot be applied to the running gateway at all.
struct Refusal {
  std::string object;
  std::string message;
  std::vector<std::string> delete_first;  // Objects, in the order in which they have to go.
  std::vector<std::string> lost;          // A line each.
  std::string remedy;
  bool operator==(const Refusal&) const = default;

  std::string to_string() const;  // Several lines.
};

struct ChangeList {
  std::vector<Change> changes;  // In the order of the file's sections, then by name.
  std::vector<Refusal> refusals;
};

struct EstateView {
  const Model& model;
  const Plan& plan;  // Of the running instance; the later one after carry_over().
};

// `replaced`: the gateway whose type may change, because its connections are being taken down for
// it; empty: none.
ChangeList list_changes(const EstateView& before, const EstateView& after,
                        std::string_view replaced = {});

}  // namespace twinspan::policy
