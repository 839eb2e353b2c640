// From the estate that a gateway runs to another one: every object that changes, what is done about
// it and what that costs. Pure; what is told here is what applying it does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/change_effect.h"
#include "policy/model.h"
#include "policy/plan.h"
#include "policy/type_change.h"

namespace twinspan::policy {

struct Change {
  std::string object;  // As findings name it: "connections.a-to-b".
  ChangeAction action = ChangeAction::InPlace;
  std::string impact;
  std::string renamed_from;     // An object; empty: it has its name.
  bool waits_for_peer = false;  // Only the peer can begin what it takes.
  bool operator==(const Change&) const = default;
};

// What it does to the packets of the object.
std::string_view traffic_effect(const Change& change);

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
