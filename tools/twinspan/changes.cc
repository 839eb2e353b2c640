#include "tools/twinspan/changes.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <optional>

#include "tools/twinspan/client.h"
#include "tools/twinspan/finding_json.h"
#include "tools/twinspan/render.h"
#include "tools/twinspan/validate.h"
#include "tools/twinspand/control_protocol.h"
#include "tools/twinspand/exit_code.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

constexpr const char* kReplaceSchema = "twinspan.replace/1";

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

// By what the file says, and not by the host or for want of a daemon.
bool is_refused_file(const ControlError& error) {
  return error.name == kErrorBadEstate || error.name == kErrorRefused;
}

// For people. The exit code.
int tell_refused(const ControlError& error) {
  if (!is_refused_file(error)) return report(error);
  for (const json& line : error.parameters.value("errors", json::array()))
    std::cerr << line.get<std::string>() << "\n";
  print_refusals(error.parameters);
  std::cerr << "nothing was changed\n";
  return kExitConfig;
}

// For programs; what the host has refused has a diagnosis.
json refused_json(const ControlError& error) {
  if (error.name.empty()) return json::object();
  if (!is_refused_file(error)) return {{"diagnosis", error.parameters}};
  json answer;
  for (const char* const list : {"errors", "changes", "refusals"})
    answer[list] = error.parameters.value(list, json::array());
  return answer;
}

// Without a daemon a file can still be wrong by itself. nullopt: it is not, or none is named.
std::optional<int> report_bad_file(const CommandOptions& options, const char* schema) {
  if (options.file.empty()) return std::nullopt;
  const policy::Findings errors = errors_of_estate(options.file);
  if (errors.empty()) return std::nullopt;
  json answer = {{"schema", schema},
                 {"changes", json::array()},
                 {"refusals", json::array()},
                 {"errors", json::array()},
                 {"findings", json::array()}};
  for (const policy::Finding& finding : errors) {
    std::cerr << finding.to_string() << "\n";
    answer["errors"].push_back(finding.to_string());
    answer["findings"].push_back(json::parse(to_json(finding).dump()));
  }
  if (options.json) std::cout << answer.dump(2) << std::endl;
  return kExitConfig;
}

int report_refused(const CommandOptions& options, const char* schema, const ControlError& error) {
  if (error.name.empty()) {
    if (const auto is_bad = report_bad_file(options, schema)) return *is_bad;
  }
  const int exit_code = tell_refused(error);
  if (options.json) {
    json answer = {{"schema", schema}, {"changes", json::array()}};
    if (!is_refused_file(error)) answer["error"] = words_of(error);
    answer.update(refused_json(error));
    std::cout << answer.dump(2) << std::endl;
  }
  return exit_code;
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

json connection_names(const CommandOptions& options) {
  json names = json::array();
  const auto status = call_daemon(options, kMethodStatus, json::object());
  if (!status) return names;
  for (const json& entry : (*status)["connections"]) names.push_back(entry["name"]);
  return names;
}

// What each connection has to become at the other end.
json other_ends(const CommandOptions& options) {
  json ends = json::array();
  for (const json& name : connection_names(options)) {
    const auto detail = call_daemon(options, kMethodShow, {{"connection", name}});
    if (!detail) continue;
    ends.push_back({{"connection", name},
                    {"vpn_type", detail->value("vpn_type", "")},
                    {"local_selectors", (*detail)["remote_selectors"]},
                    {"remote_selectors", (*detail)["local_selectors"]}});
  }
  return ends;
}

void print_other_ends(const json& ends) {
  std::cout << "\nOn the other sides, if it is not done yet:\n";
  for (const json& end : ends) {
    std::cout << fmt::format("  {}: a {} end whose selectors are {} there and {} here\n",
                             end["connection"].get<std::string>(),
                             end["vpn_type"].get<std::string>(), end["local_selectors"].dump(),
                             end["remote_selectors"].dump());
  }
}

// One connection after the other; the outcome is said and does not stop the others.
json switch_all(const CommandOptions& options, const char* method, const json& names) {
  const char* const wanted = std::string_view(method) == kMethodUp ? "up" : "down";
  json steps = json::array();
  for (const json& name : names) {
    const auto done = call_daemon(options, method, {{"connection", name}});
    steps.push_back({{"connection", name}, {"step", wanted}, {"ok", done.has_value()}});
    if (!options.json) {
      std::cout << fmt::format("{}: {}\n", name.get<std::string>(), done ? wanted : "not yet")
                << std::flush;
    }
    if (!done) report(done.error());
  }
  return steps;
}

bool is_agreed(const CommandOptions& options) {
  if (options.yes) return true;
  (options.json ? std::cerr : std::cout)
      << fmt::format("Type {} to go on: ", options.object) << std::flush;
  std::string typed;
  std::getline(std::cin, typed);
  return typed == options.object;
}

void print_replacement(const json& refusal) {
  std::cout << "deleted and made anew, in this order:\n";
  for (const json& object : refusal["delete_first"])
    std::cout << "  " << object.get<std::string>() << "\n";
  for (const json& line : refusal["lost"]) std::cout << "lost: " << line.get<std::string>() << "\n";
}

void append(json& list, const json& more) {
  list.insert(list.end(), more.begin(), more.end());
}

// The one object of --json, when all is said and done.
int finish(const CommandOptions& options, const json& result, int exit_code) {
  if (options.json) std::cout << result.dump(2) << std::endl;
  return exit_code;
}

// What `plan` says of the change of type; nullopt with the exit code when there is nothing to do.
std::optional<json> refusal_of(const CommandOptions& options, int& exit_code) {
  auto plan = call_daemon(options, kMethodPlan, {{"file", absolute(options.file)}});
  if (!plan) {
    // The file has to be right first; that it changes the type is what is wanted here.
    if (plan.error().parameters.is_object()) plan.error().parameters.erase("refusals");
    exit_code = report_refused(options, kReplaceSchema, plan.error());
    return std::nullopt;
  }
  for (const json& refusal : (*plan)["refusals"]) {
    if (refusal["object"] == "virtual_network_gateways." + options.object) return refusal;
  }
  const std::string why = fmt::format(
      "{} does not change the type of {}, or {} does not run here; `twinspan apply` makes other "
      "changes, and `twinspan up NAME` brings up what a replacement has left down",
      options.file, options.object, options.object);
  std::cerr << why << "\n";
  const json answer = {{"schema", kReplaceSchema}, {"changes", json::array()}, {"error", why}};
  exit_code = finish(options, answer, kExitUsage);
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
  if (!answer) return report_failed(options, kMethodConfirm, answer.error());
  print_done(options, "confirmed");
  return kExitOk;
}

int run_replace_gateway(const CommandOptions& options) {
  int exit_code = kExitOk;
  const auto refusal = refusal_of(options, exit_code);
  if (!refusal) return exit_code;
  json result = {{"schema", kReplaceSchema},
                 {"replaced", false},
                 {"delete_first", (*refusal)["delete_first"]},
                 {"lost", (*refusal)["lost"]}};
  if (!options.json) print_replacement(*refusal);
  if (!is_agreed(options)) {
    std::cerr << "nothing was changed\n";
    return finish(options, result, kExitNegative);
  }
  const json former = connection_names(options);
  result["steps"] = switch_all(options, kMethodDown, former);
  const auto answer = call_daemon(options, kMethodApply,
                                  {{"file", absolute(options.file)}, {"replace", options.object}});
  if (!answer) {
    exit_code = tell_refused(answer.error());
    result.update(refused_json(answer.error()));
    append(result["steps"], switch_all(options, kMethodUp, former));
    return finish(options, result, exit_code);
  }
  result["replaced"] = true;
  result["changes"] = (*answer)["changes"];
  result["warnings"] = (*answer)["warnings"];
  if (!options.json) print_after_apply(options, *answer);
  append(result["steps"], switch_all(options, kMethodUp, connection_names(options)));
  result["other_ends"] = other_ends(options);
  if (!options.json) print_other_ends(result["other_ends"]);
  return finish(options, result, kExitOk);
}

}  // namespace twinspan::tools
