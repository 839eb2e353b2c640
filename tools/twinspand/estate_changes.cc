#include "tools/twinspand/estate_changes.h"

#include "policy/succession.h"
#include "tools/twinspand/control_protocol.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

json changes_json(const policy::ChangeList& list) {
  json changes = json::array();
  for (const policy::Change& change : list.changes) {
    json entry = {{"object", change.object},
                  {"action", policy::to_string(change.action)},
                  {"impact", change.impact},
                  {"traffic", policy::traffic_effect(change.action)}};
    if (!change.renamed_from.empty()) entry["renamed_from"] = change.renamed_from;
    changes.push_back(std::move(entry));
  }
  return changes;
}

json refusals_json(const policy::ChangeList& list) {
  json refusals = json::array();
  for (const policy::Refusal& refusal : list.refusals) {
    refusals.push_back({{"object", refusal.object},
                        {"message", refusal.message},
                        {"delete_first", refusal.delete_first},
                        {"lost", refusal.lost},
                        {"remedy", refusal.remedy},
                        {"text", refusal.to_string()}});
  }
  return refusals;
}

policy::EstateView view_of(const Estate& estate) {
  return {*estate.model, estate.plan};
}

}  // namespace

Result<EstateChanges::Next, ChangeFault> EstateChanges::read(const ChangeRequest& request) const {
  const std::string& file = request.file.empty() ? options_.config_path : request.file;
  auto estate = load_estate(file, options_.gateway, options_.instance);
  if (!estate) return Err(ChangeFault{kErrorBadEstate, {{"errors", estate.error()}}});
  policy::carry_over(gateway_.estate().plan, estate->plan);
  auto list = policy::list_changes(view_of(gateway_.estate()), view_of(*estate), request.replaced);
  return Next{*std::move(estate), std::move(list)};
}

Result<json, ChangeFault> EstateChanges::plan(const ChangeRequest& request) const {
  TRY_ASSIGN(const Next next, read(request));
  return json{{"schema", "twinspan.plan/1"},
              {"changes", changes_json(next.list)},
              {"refusals", refusals_json(next.list)},
              {"warnings", next.estate.warnings}};
}

}  // namespace twinspan::tools
