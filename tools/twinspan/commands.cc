#include "tools/twinspan/commands.h"

#include <fmt/format.h>

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

// Asks one question and hands the answer to `print`.
template <class Print>
int ask(const CommandOptions& options, const char* method, const json& parameters, Print print) {
  const auto answer = call_daemon(options, method, parameters);
  if (!answer) return report(answer.error());
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
    if (!answer) result["diagnosis"] = answer.error().parameters;
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
  const std::string run_dir = find_run_dir(options);
  if (run_dir.empty()) return Err(ControlError{});  // It has said why.
  TRY_ASSIGN(ControlClient client, ControlClient::connect(run_dir));
  return client.call(method, parameters, progress);
}

int report(const ControlError& error) {
  if (error.name.empty()) {
    std::cerr << error.text << (error.text.empty() ? "" : "\n");
    return error.text.empty() ? kExitUsage : kExitUnreachable;
  }
  if (error.name == kErrorUnknownConnection) {
    std::cerr << fmt::format(
        "no connection named {} on this gateway; `twinspan status` lists them\n",
        error.parameters.value("connection", ""));
    return kExitUsage;
  }
  if (error.name == kErrorUnknownObject) {
    std::cerr << fmt::format("no {} named {} here\n", error.parameters.value("kind", "object"),
                             error.parameters.value("name", ""));
    return kExitUsage;
  }
  if (error.name == kErrorBadCredentials) {
    for (const json& line : error.parameters.value("errors", json::array()))
      std::cerr << line.get<std::string>() << "\n";
    std::cerr << "nothing was changed\n";
    return kExitNegative;
  }
  const std::string diagnosis = render_diagnosis(error.parameters, "");
  std::cerr << (diagnosis.empty() ? "failed: " + error.name + "\n" : diagnosis);
  return kExitNegative;
}

std::string find_run_dir(const CommandOptions& options) {
  if (!options.run_dir.empty()) return options.run_dir;
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kRunDirRoot, ignored)) {
    if (entry.is_directory(ignored)) found.push_back(entry.path().string());
  }
  if (found.size() == 1) return found.front();
  std::cerr << (found.empty() ? fmt::format("no run directory under {}", kRunDirRoot)
                              : fmt::format("several run directories under {}", kRunDirRoot))
            << "; name one with --run-dir\n";
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
