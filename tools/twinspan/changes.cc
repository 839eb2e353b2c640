#include "tools/twinspan/changes.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <optional>

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
  const bool is_bad_file = error.name == kErrorBadEstate;
  if (!is_bad_file && error.name != kErrorRefused) return report(error);
  const json lines = error.parameters.value("errors", json::array());
  for (const json& line : lines) std::cerr << line.get<std::string>() << "\n";
  print_refusals(error.parameters);
  std::cerr << "nothing was changed\n";
  if (options.json) {
    json answer = {{"schema", schema}, {"errors", lines}};
    answer["changes"] = error.parameters.value("changes", json::array());
    answer["refusals"] = error.parameters.value("refusals", json::array());
    std::cout << answer.dump(2) << std::endl;
  }
  return kExitConfig;
}

void print(const CommandOptions& options, const json& answer) {
  std::cout << (options.json ? answer.dump(2) + "\n" : render_changes(answer)) << std::flush;
}

void print_pending(const json& answer) {
  for (const json& change : answer["changes"]) {
    if (!change.value("waits_for_peer", false)) continue;
    std::cout << fmt::format(
        "pending: {}: the peer has to call, since this side only responds; `twinspan status` tells "
        "whether it has\n",
        change["object"].get<std::string>());
  }
}

void print_after_apply(const CommandOptions& options, const json& answer) {
  print(options, answer);
  if (options.json) return;
  for (const json& warning : answer.value("warnings", json::array()))
    std::cerr << warning.get<std::string>() << "\n";
  print_pending(answer);
  const std::string config = answer.value("config", "");
  const bool is_own = options.file.empty() || absolute(options.file) == config;
  if (const auto seconds = answer.value("confirm_within_seconds", 0); seconds > 0) {
    std::cout << fmt::format("rolled back in {} s unless you `twinspan confirm`\n", seconds);
    if (is_own)
      std::cout << fmt::format("a gateway that ends before that starts with {}, unconfirmed\n",
                               config);
  }
  if (!is_own)
    std::cout << fmt::format("the gateway starts with {}: put the change there to keep it\n",
                             config);
}

void print_other_ends(const CommandOptions& options) {
  const auto status = call_daemon(options, kMethodStatus, json::object());
  if (!status) return;
  std::cout << "\nOn the other sides, if it is not done yet:\n";
  for (const json& entry : (*status)["connections"]) {
    const std::string name = entry["name"].get<std::string>();
    const auto detail = call_daemon(options, kMethodShow, {{"connection", name}});
    if (!detail) continue;
    std::cout << fmt::format("  {}: a {} end whose selectors are {} there and {} here\n", name,
                             detail->value("vpn_type", ""), (*detail)["remote_selectors"].dump(),
                             (*detail)["local_selectors"].dump());
  }
}

// One connection after the other; the outcome is said and does not stop the others.
void switch_all(const CommandOptions& options, const char* method, const json& names) {
  const bool is_up = std::string_view(method) == kMethodUp;
  for (const json& name : names) {
    const auto done = call_daemon(options, method, {{"connection", name}});
    std::cout << fmt::format("{}: {}\n", name.get<std::string>(),
                             !done   ? "not yet"
                             : is_up ? "up"
                                     : "down")
              << std::flush;
    if (!done) report(done.error());
  }
}

json connection_names(const CommandOptions& options) {
  json names = json::array();
  const auto status = call_daemon(options, kMethodStatus, json::object());
  if (!status) return names;
  for (const json& entry : (*status)["connections"]) names.push_back(entry["name"]);
  return names;
}

bool is_agreed(const CommandOptions& options) {
  if (options.yes) return true;
  std::cout << fmt::format("Type {} to go on: ", options.object) << std::flush;
  std::string typed;
  std::getline(std::cin, typed);
  return typed == options.object;
}

// What `plan` says of the change of type; nullopt with the exit code when there is nothing to do.
std::optional<json> refusal_of(const CommandOptions& options, int& exit_code) {
  auto plan = call_daemon(options, kMethodPlan, {{"file", absolute(options.file)}});
  if (!plan) {
    // The file has to be right first; that it changes the type is what is wanted here.
    if (plan.error().parameters.is_object()) plan.error().parameters.erase("refusals");
    exit_code = report_refused(options, "twinspan.plan/1", plan.error());
    return std::nullopt;
  }
  for (const json& refusal : (*plan)["refusals"]) {
    if (refusal["object"] == "virtual_network_gateways." + options.object) return refusal;
  }
  std::cerr << fmt::format(
      "{} does not change the type of {}, or {} does not run here; `twinspan apply` makes other "
      "changes, and `twinspan up NAME` brings up what a replacement has left down\n",
      options.file, options.object, options.object);
  exit_code = kExitUsage;
  return std::nullopt;
}

}  // namespace

int run_plan(const CommandOptions& options) {
  const auto answer = call_daemon(options, kMethodPlan, {{"file", absolute(options.file)}});
  if (!answer) return report_refused(options, "twinspan.plan/1", answer.error());
  print(options, *answer);
  print_refusals(*answer);
  return (*answer)["refusals"].empty() ? kExitOk : kExitConfig;
}

int run_apply(const CommandOptions& options) {
  const auto answer = call_daemon(
      options, kMethodApply,
      {{"file", absolute(options.file)}, {"confirm_within_seconds", options.confirm_seconds}});
  if (!answer) return report_refused(options, "twinspan.apply/1", answer.error());
  print_after_apply(options, *answer);
  return kExitOk;
}

int run_confirm(const CommandOptions& options) {
  const auto answer = call_daemon(options, kMethodConfirm, json::object());
  if (!answer) return report(answer.error());
  std::cout << (options.json ? answer->dump(2) : "confirmed") << std::endl;
  return kExitOk;
}

int run_replace_gateway(const CommandOptions& options) {
  int exit_code = kExitOk;
  const auto refusal = refusal_of(options, exit_code);
  if (!refusal) return exit_code;
  std::cout << "deleted and made anew, in this order:\n";
  for (const json& object : (*refusal)["delete_first"])
    std::cout << "  " << object.get<std::string>() << "\n";
  for (const json& line : (*refusal)["lost"])
    std::cout << "lost: " << line.get<std::string>() << "\n";
  if (!is_agreed(options)) {
    std::cerr << "nothing was changed\n";
    return kExitNegative;
  }
  const json former = connection_names(options);
  switch_all(options, kMethodDown, former);
  const auto answer = call_daemon(options, kMethodApply,
                                  {{"file", absolute(options.file)}, {"replace", options.object}});
  if (!answer) {
    exit_code = report_refused(options, "twinspan.apply/1", answer.error());
    switch_all(options, kMethodUp, former);
    return exit_code;
  }
  print_after_apply(options, *answer);
  switch_all(options, kMethodUp, connection_names(options));
  print_other_ends(options);
  return kExitOk;
}

}  // namespace twinspan::tools
