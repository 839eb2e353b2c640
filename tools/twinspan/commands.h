// The commands of `twinspan`; each returns its exit code.
#pragma once

#include <string>

namespace twinspan::tools {

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

// The run directory to use; prints why not and returns "" when there is none or more than one.
std::string find_run_dir(const CommandOptions& options);

}  // namespace twinspan::tools
