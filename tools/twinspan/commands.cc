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

// What an answer is when there is none.
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
};

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
  if (options.json) {
    json result = {{"schema", "twinspan.result/1"}, {"ok", answer.has_value()}};
    if (!answer) {
      result["diagnosis"] = answer.error().parameters;
      result["error"] = words_of(answer.error());
    }
    std::cout << result.dump(2) << std::endl;
  }
  if (!answer) return report(answer.error());
  if (!options.json) std::cout << options.connection << ": " << done << std::endl;
  return kExitOk;
}

}  // namespace

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

int report(const ControlError& error) {
  std::cerr << words_of(error) << "\n";
  if (error.name.empty()) return error.is_ambiguous ? kExitUsage : kExitUnreachable;
  const bool is_misnamed =
      error.name == kErrorUnknownConnection || error.name == kErrorUnknownObject;
  return is_misnamed ? kExitUsage : kExitNegative;
}

int report_failed(const CommandOptions& options, const char* method, const ControlError& error) {
  const auto* const empty = std::ranges::find(kEmptyAnswers, std::string_view(method),
                                              [](const EmptyAnswer& each) { return each.method; });
  if (options.json && empty != std::end(kEmptyAnswers)) {
    json answer = {
        {"schema", empty->schema}, {empty->list, json::array()}, {"error", words_of(error)}};
    if (std::string_view(method) == kMethodExplain) answer["verdict"] = "unknown";
    std::cout << answer.dump(2) << std::endl;
  }
  return report(error);
}

std::string find_run_dir(const CommandOptions& options) {
  const auto run_dir = choose_run_dir(options);
  if (run_dir) return *run_dir;
  std::cerr << run_dir.error() << "\n";
  return "";
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
    std::cout << (options.json
                      ? json{{"schema", "twinspan.result/1"}, {"ok", true}}.dump(2)
                      : "keys, certificates and CRLs were read again; SAs stay as they are")
              << std::endl;
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
  return end ? kExitOk : report(end.error());
}

int run_export_strongswan(const CommandOptions& options) {
  ExportOptions wanted{options.config, options.connection, options.instance, options.with_key};
  if (wanted.file.empty()) {
    const int asked = ask(options, kMethodStatus, json::object(), [&](const json& status) {
      wanted.file = status.value("config", "");
      wanted.instance = status.value("instance", 0u);
    });
    if (asked != kExitOk) {
      std::cerr << "or name the estate file with --config\n";
      return asked;
    }
  }
  return export_strongswan_conf(wanted, std::cout, std::cerr);
}

}  // namespace twinspan::tools
