// The commands of `twinspan`; each returns its exit code.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/twinspan/client.h"

namespace twinspan::tools {

// What `twinspan explain` is asked about.
struct ExplainArguments {
  std::string source;
  std::string destination;
  std::string protocol;  // "tcp", or a number.
  unsigned source_port = 0;
  unsigned destination_port = 0;
  unsigned size = 0;
  bool dont_fragment = false;
  std::string from;
};

struct CommandOptions {
  std::string run_dir;  // Empty: the only directory under /run/twinspan.
  std::string connection;
  std::string object;  // Of `routes`, `show peering` and `show gateway`; empty: all.
  bool json = false;
  bool follow = false;
  bool ike = false;
  std::string config;  // export: the estate file; empty: that of the gateway that runs.
  unsigned instance = 0;
  bool with_key = false;
  std::string file;              // plan, apply, replace: the estate; empty: the daemon's own.
  unsigned confirm_seconds = 0;  // apply: rolled back after them; 0: it stands at once.
  bool yes = false;              // replace: do not ask.
  ExplainArguments explain;
  unsigned last = 20;  // Of `drops`.
};

int run_status(const CommandOptions& options);
int run_show_connection(const CommandOptions& options);
int run_routes(const CommandOptions& options);
int run_show_peering(const CommandOptions& options);
int run_show_gateway(const CommandOptions& options);
int run_up(const CommandOptions& options);
int run_down(const CommandOptions& options);
int run_rekey(const CommandOptions& options);
int run_reload_credentials(const CommandOptions& options);
int run_events(const CommandOptions& options);
int run_flush(const CommandOptions& options);
int run_export_strongswan(const CommandOptions& options);
int run_explain(const CommandOptions& options);
int run_drops(const CommandOptions& options);
int run_verify(const CommandOptions& options);

// Asks the daemon one thing; `progress` as ControlClient::call() has it.
Result<nlohmann::json, ControlError> call_daemon(
    const CommandOptions& options, const char* method, const nlohmann::json& parameters,
    const std::function<void(const nlohmann::json&)>& progress = {});
std::string words_of(const ControlError& error);  // Without a line end.
int exit_code_of(const ControlError& error);
// Tells people of it; the exit code.
int report(const ControlError& error);
// With --json a program too: the answer of the method with an empty list, or `ok` that is false,
// and `error`.
int report_failed(const CommandOptions& options, const char* method, const ControlError& error);

// What a command that has no answer says at its end: `text` to people, `ok` to programs.
void print_done(const CommandOptions& options, const std::string& text);
// To programs alone: `ok` that is false, and `error`.
void print_error_json(const std::string& why);
// Why it was not done; returns `exit_code`.
int print_refused(const CommandOptions& options, int exit_code, const std::string& why);

// The run directory to use; the error is that there is none, or more than one.
Result<std::string, std::string> choose_run_dir(const CommandOptions& options);

}  // namespace twinspan::tools
