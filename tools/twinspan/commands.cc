#include "tools/twinspan/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/twinspan/client.h"
#include "tools/twinspan/import.h"
#include "tools/twinspan/render.h"
#include "tools/twinspan/render_diagnosis.h"
#include "tools/twinspan/render_views.h"
#include "tools/twinspand/control_protocol.h"
#include "tools/twinspand/exit_code.h"
#include "tools/twinspand/run_dir.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

constexpr const char* kResultSchema = "twinspan.result/1";

// What an answer with a list is when there is none.
struct EmptyAnswer {
  const char* method;
  const char* schema;
  const char* list;
};
constexpr EmptyAnswer kEmptyAnswers[] = {
    {kMethodStatus, "twinspan.status/1", "connections"},
    {kMethodShow, "twinspan.connection/1", "tunnels"},
    {kMethodRoutes, "twinspan.routes/1", "routes"},
    {kMethodShowPeering, "twinspan.peerings/1", "peerings"},
    {kMethodShowGateway, "twinspan.gateways/1", "gateways"},
    {kMethodExplain, "twinspan.explain/1", "steps"},
    {kMethodDrops, "twinspan.drops/1", "drops"},
    {kMethodVerify, "twinspan.verify/1", "checks"},
    {kMethodEvents, "twinspan.events/1", "events"},
};

// Asks one question and hands the answer to `print`.
template <class Print>
int ask(const CommandOptions& options, const char* method, const json& parameters, Print print) {
  const auto answer = call_daemon(options, method, parameters);
  if (!answer) return report_failed(options, method, answer.error());
  print(*answer);
  return kExitOk;
}

// Runs a command to its end; shows the negotiation as it goes.
int run(const CommandOptions& options, const char* method, const json& parameters,
        const char* done) {
  const auto progress = [&](const json& step) {
    if (!options.json) std::cout << step.value("message", "") << std::endl;
  };
  const auto answer = call_daemon(options, method, parameters, progress);
  if (!answer) return report_failed(options, method, answer.error());
  print_done(options, fmt::format("{}: {}", options.connection, done));
  return kExitOk;
}

// The answer of a method that failed.
json failed_answer(std::string_view method, const ControlError& error) {
  const auto* const empty = std::ranges::find(
      kEmptyAnswers, method, [](const EmptyAnswer& each) { return std::string_view(each.method); });
  if (empty == std::end(kEmptyAnswers)) {
    return {{"schema", kResultSchema},
            {"ok", false},
            {"diagnosis", error.parameters},
            {"error", words_of(error)}};
  }
  json answer = {
      {"schema", empty->schema}, {empty->list, json::array()}, {"error", words_of(error)}};
  if (method == kMethodExplain) answer["verdict"] = "unknown";
  return answer;
}

}  // namespace

Result<std::string, std::string> choose_run_dir(const CommandOptions& options) {
  if (!options.run_dir.empty()) return options.run_dir;
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kRunDirRoot, ignored)) {
    if (entry.is_directory(ignored)) found.push_back(entry.path().string());
  }
  if (found.size() == 1) return found.front();
  return Err(fmt::format("{} under {}; name one with --run-dir",
                         found.empty() ? "no run directory" : "several run directories",
                         kRunDirRoot));
}

Result<json, ControlError> call_daemon(const CommandOptions& options, const char* method,
                                       const json& parameters,
                                       const std::function<void(const json&)>& progress) {
  const auto run_dir = choose_run_dir(options);
  if (!run_dir) return Err(ControlError{"", {}, run_dir.error(), true});
  TRY_ASSIGN(ControlClient client, ControlClient::connect(*run_dir));
  return client.call(method, parameters, progress);
}

std::string words_of(const ControlError& error) {
  if (error.name.empty()) return error.text;
  if (error.name == kErrorUnknownConnection) {
    return fmt::format("no connection named {} on this gateway; `twinspan status` lists them",
                       error.parameters.value("connection", ""));
  }
  if (error.name == kErrorUnknownObject) {
    return fmt::format("no {} named {} here", error.parameters.value("kind", "object"),
                       error.parameters.value("name", ""));
  }
  if (error.name == kErrorBadCredentials) {
    std::string lines;
    for (const json& line : error.parameters.value("errors", json::array()))
      lines += line.get<std::string>() + "\n";
    return lines + "nothing was changed";
  }
  std::string diagnosis = render_diagnosis(error.parameters, "");
  if (diagnosis.empty()) return "failed: " + error.name;
  diagnosis.erase(diagnosis.find_last_not_of('\n') + 1);
  return diagnosis;
}

int exit_code_of(const ControlError& error) {
  if (error.name.empty()) return error.is_ambiguous ? kExitUsage : kExitUnreachable;
  const bool is_misnamed =
      error.name == kErrorUnknownConnection || error.name == kErrorUnknownObject;
  return is_misnamed ? kExitUsage : kExitNegative;
}

int report(const ControlError& error) {
  std::cerr << words_of(error) << "\n";
  return exit_code_of(error);
}

int report_failed(const CommandOptions& options, const char* method, const ControlError& error) {
  if (options.json) {
    const bool is_by_line = std::string_view(method) == kMethodEvents;
    std::cout << failed_answer(method, error).dump(is_by_line ? -1 : 2) << std::endl;
  }
  return report(error);
}

void print_done(const CommandOptions& options, const std::string& text) {
  const json done = {{"schema", kResultSchema}, {"ok", true}};
  std::cout << (options.json ? done.dump(2) : text) << std::endl;
}

void print_error_json(const std::string& why) {
  const json refused = {{"schema", kResultSchema}, {"ok", false}, {"error", why}};
  std::cout << refused.dump(2, ' ', false, json::error_handler_t::replace) << std::endl;
}

int print_refused(const CommandOptions& options, int exit_code, const std::string& why) {
  if (options.json) print_error_json(why);
  std::cerr << why << "\n";
  return exit_code;
}

int run_status(const CommandOptions& options) {
  return ask(options, kMethodStatus, json::object(), [&](const json& status) {
    std::cout << (options.json ? status.dump(2) + "\n" : render_status(status));
  });
}

int run_show_connection(const CommandOptions& options) {
  return ask(
      options, kMethodShow, {{"connection", options.connection}}, [&](const json& connection) {
        std::cout << (options.json ? connection.dump(2) + "\n" : render_connection(connection));
      });
}

int run_routes(const CommandOptions& options) {
  return ask(options, kMethodRoutes, {{"virtual_network", options.object}},
             [&](const json& routes) {
               std::cout << (options.json ? routes.dump(2) + "\n" : render_routes(routes));
             });
}

int run_show_peering(const CommandOptions& options) {
  return ask(options, kMethodShowPeering, {{"name", options.object}}, [&](const json& peerings) {
    std::cout << (options.json ? peerings.dump(2) + "\n" : render_peerings(peerings));
  });
}

int run_show_gateway(const CommandOptions& options) {
  return ask(options, kMethodShowGateway, {{"name", options.object}}, [&](const json& gateways) {
    std::cout << (options.json ? gateways.dump(2) + "\n" : render_gateways(gateways));
  });
}

int run_up(const CommandOptions& options) {
  return run(options, kMethodUp, {{"connection", options.connection}}, "up");
}

int run_down(const CommandOptions& options) {
  return run(options, kMethodDown, {{"connection", options.connection}},
             "down, until `twinspan up`");
}

int run_rekey(const CommandOptions& options) {
  return run(options, kMethodRekey, {{"connection", options.connection}, {"ike", options.ike}},
             "rekeyed");
}

int run_reload_credentials(const CommandOptions& options) {
  return ask(options, kMethodReloadCredentials, json::object(), [&](const json&) {
    print_done(options, "keys, certificates and CRLs were read again; SAs stay as they are");
  });
}

int run_events(const CommandOptions& options) {
  const auto print = [&](const json& event) {
    std::cout << (options.json ? event.dump() + "\n" : render_event(event)) << std::flush;
  };
  if (!options.follow) {
    return ask(options, kMethodEvents, json::object(), [&](const json& answer) {
      for (const json& event : answer["events"]) print(event);
    });
  }
  const auto end = call_daemon(options, kMethodEvents, {{"follow", true}}, print);
  return end ? kExitOk : report_failed(options, kMethodEvents, end.error());
}

int run_export_strongswan(const CommandOptions& options) {
  ExportOptions wanted{.file = options.config,
                       .connection = options.connection,
                       .instance = options.instance,
                       .with_key = options.with_key,
                       .json = options.json};
  if (wanted.file.empty()) {
    const auto status = call_daemon(options, kMethodStatus, json::object());
    if (!status) {
      return refuse_export(wanted,
                           {exit_code_of(status.error()),
                            words_of(status.error()) + "\nor name the estate file with --config"},
                           std::cout, std::cerr);
    }
    wanted.file = status->value("config", "");
    wanted.instance = status->value("instance", 0u);
  }
  return export_strongswan_conf(wanted, std::cout, std::cerr);
}

}  // namespace twinspan::tools
