#include "tools/twinspan/changes.h"

#include <filesystem>
#include <iostream>

#include "tools/twinspan/client.h"
#include "tools/twinspan/render.h"
#include "tools/twinspand/control_protocol.h"
#include "tools/twinspand/exit_code.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

std::string absolute(const std::string& file) {
  return file.empty() ? "" : std::filesystem::absolute(file).string();
}

std::string render_changes(const json& answer) {
  std::vector<TableRow> rows = {{"OBJECT", "ACTION", "TRAFFIC", "IMPACT"}};
  for (const json& change : answer["changes"]) {
    std::string object = change["object"].get<std::string>();
    if (const std::string former = change.value("renamed_from", ""); !former.empty())
      object += " (was " + former + ")";
    rows.push_back({object, change["action"].get<std::string>(),
                    change["traffic"].get<std::string>(), change["impact"].get<std::string>()});
  }
  return rows.size() == 1 ? "nothing changes\n" : render_table(rows);
}

void print_refusals(const json& answer) {
  for (const json& refusal : answer.value("refusals", json::array()))
    std::cerr << refusal.value("text", "");
}

// Refused by what the file says: the answer that programs get, and the lines for people.
int report_refused(const CommandOptions& options, const char* schema, const ControlError& error) {
  if (error.name != kErrorBadEstate) return report(error);
  const json lines = error.parameters.value("errors", json::array());
  for (const json& line : lines) std::cerr << line.get<std::string>() << "\n";
  if (options.json) {
    json answer = {{"schema", schema}, {"errors", lines}};
    answer["changes"] = answer["refusals"] = json::array();
    std::cout << answer.dump(2) << std::endl;
  }
  return kExitConfig;
}

void print(const CommandOptions& options, const json& answer) {
  std::cout << (options.json ? answer.dump(2) + "\n" : render_changes(answer)) << std::flush;
}

}  // namespace

int run_plan(const CommandOptions& options) {
  const auto answer = call_daemon(options, kMethodPlan, {{"file", absolute(options.file)}});
  if (!answer) return report_refused(options, "twinspan.plan/1", answer.error());
  print(options, *answer);
  print_refusals(*answer);
  return (*answer)["refusals"].empty() ? kExitOk : kExitConfig;
}

}  // namespace twinspan::tools
