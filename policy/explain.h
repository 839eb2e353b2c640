// Why a packet arrives or does not: the walk of `twinspan explain` through network, route,
// peering, connection, selector, SA, MTU, device and outer route, in either direction. Pure: the
// plan says what is meant, LiveTables what is so.
//
// It ends at the first stage that drops the packet. "delivered" says that this gateway sends it on;
// the other end is asked there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/live_tables.h"
#include "policy/model.h"
#include "policy/plan.h"

namespace twinspan::policy {

enum class StepOutcome : uint8_t { Pass, Drop, Unknown };
enum class Reach : uint8_t { Delivered, Dropped, Unknown };

std::string_view name_of(StepOutcome outcome);  // "pass"
std::string_view name_of(Reach reach);          // "delivered"

struct ExplainStep {
  std::string stage;   // "network", "route", ...: stable words.
  std::string object;  // "connections.a-to-b", "device ts0"
  StepOutcome outcome = StepOutcome::Pass;
  std::string why;
  std::string fix;  // Which field to set where; empty unless something is wrong.
  bool operator==(const ExplainStep&) const = default;
};

struct Explanation {
  Reach verdict = Reach::Unknown;
  std::vector<ExplainStep> steps;
  std::string fix;  // That of the step which decided; empty when delivered.
};

struct ExplainQuestion {
  Flow flow;
  // The network it comes from; empty: the one that has its source. For what others forward.
  std::string from = {};
  // Set: it has come out of this connection.
  std::string arrived_by = {};
};

// Whether `from` names something that packets can come from here.
bool is_place(const Plan& plan, const Model& model, std::string_view from);

Explanation explain(const Plan& plan, const Model& model, const LiveTables& tables,
                    const ExplainQuestion& question);

}  // namespace twinspan::policy
