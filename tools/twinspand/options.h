// The daemon's command line.
#pragma once

#include <optional>
#include <string>

#include "ike/core/endpoint.h"

namespace twinspan::tools {

struct DaemonOptions {
  std::string config_path;
  std::string gateway;
  unsigned instance = 0;
  std::string run_dir;  // Default: /run/twinspan/GATEWAY-INSTANCE.
  bool cleanup_on_exit = false;
  unsigned workers = 0;  // 0: one per core.
  bool tun_offload = true;
  bool uso = true;
  bool udp_gso = true;
  bool udp_gro = true;
  std::string thread_shape = "joined";  // Or "split".
  unsigned busy_poll_microseconds = 0;  // 0: a worker without packets sleeps at once.
  std::string kernel;                   // Empty: the best that the CPU has.
  std::optional<std::string> key_log_dir;
  std::string probe_path = "auto";  // Or "always", "never".
  size_t cookie_threshold = ike::kCookieThresholdDefault;
  bool verbose = false;
};

// Prints usage and errors itself; nullopt with the exit code when the program should end.
std::optional<DaemonOptions> parse_options(int argc, char** argv, int& exit_code);

}  // namespace twinspan::tools
