// What differs between two plans of one gateway instance, tunnel by tunnel. Values only; what a
// change costs is in policy/change_effect.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/plan.h"

namespace twinspan::policy {

struct TunnelChange {
  TunnelPlan before;
  TunnelPlan after;
  std::vector<std::string> fields;  // Names of TunnelPlan's members that differ.
  bool operator==(const TunnelChange&) const = default;
};

struct PlanDiff {
  std::vector<std::string> fields;  // Names of Plan's members that differ, tunnels aside.
  std::vector<TunnelPlan> added;
  std::vector<TunnelPlan> removed;
  std::vector<TunnelChange> changed;
  bool operator==(const PlanDiff&) const = default;

  bool is_empty() const {
    return fields.empty() && added.empty() && removed.empty() && changed.empty();
  }
};

// Tunnels are matched by policy/succession.h; each list is in the order of its plan.
PlanDiff diff(const Plan& before, const Plan& after);

// Names of TunnelPlan's members that differ, and of all that are compared.
std::vector<std::string> changed_members(const TunnelPlan& before, const TunnelPlan& after);
std::vector<std::string> tunnel_members();

}  // namespace twinspan::policy
