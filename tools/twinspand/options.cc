#include "tools/twinspand/options.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "tools/twinspand/exit_code.h"

namespace twinspan::tools {
namespace {

void declare(CLI::App& app, DaemonOptions& options) {
  app.add_option("--config", options.config_path, "The estate file")->required();
  app.add_option("--gateway", options.gateway, "Name of the virtual network gateway to be")
      ->required();
  app.add_option("--instance", options.instance, "Which of its instances, from 0")->default_val(0);
  app.add_option("--run-dir", options.run_dir, "Sockets and state (default /run/twinspan/NAME-N)");
  app.add_flag("--cleanup-on-exit", options.cleanup_on_exit,
               "Remove devices, routes and rules at exit, as `twinspan flush` does");
  app.add_option("--workers", options.workers, "Packet workers (default: one per core)")
      ->check(CLI::Range(1, 64));
  app.add_flag("!--no-tun-offload", options.tun_offload, "No virtio header on TUN devices");
  app.add_flag("!--no-uso", options.uso, "No UDP segmentation offload on TUN devices");
  app.add_flag("!--no-udp-gso", options.udp_gso, "No UDP_SEGMENT when sending");
  app.add_flag("!--no-udp-gro", options.udp_gro, "No UDP_GRO when receiving");
  app.add_option("--threads", options.thread_shape,
                 "joined: one thread for both directions of a worker; split: one for each")
      ->check(CLI::IsMember({"split", "joined"}));
  app.add_option("--busy-poll", options.busy_poll_microseconds,
                 "Microseconds for which a worker looks for the next packet before it sleeps "
                 "(0: none; without a value 50)")
      ->expected(0, 1)
      ->default_str("50")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--kernel", options.kernel, "AEAD kernel (default: the fastest that the CPU has)");
  app.add_option(
      "--key-log", options.key_log_dir,
      "Write session keys for Wireshark to this directory (whoever reads them reads the traffic)");
  app.add_option("--probe-path", options.probe_path,
                 "Ask the peer how large packets may be where nobody else says: auto (peers that "
                 "announce it), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_option("--cookie-threshold", options.cookie_threshold,
                 "Half-open IKE SAs from which on strangers must return a cookie (0: always)")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  app.add_flag("-v,--verbose", options.verbose, "Log every message");
}

}  // namespace

std::optional<DaemonOptions> parse_options(int argc, char** argv, int& exit_code) {
  DaemonOptions options;
  CLI::App app(
      "The Twinspan gateway daemon. Stays in the foreground; prints `ready` when its sockets are "
      "bound.",
      "twinspand");
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? kExitOk : kExitUsage;
    return std::nullopt;
  }
  if (options.gateway.empty() || options.gateway.find('/') != std::string::npos) {
    std::cerr << "--gateway: a name without '/' is expected\n";
    exit_code = kExitUsage;
    return std::nullopt;
  }
  if (options.run_dir.empty()) {
    options.run_dir = "/run/twinspan/" + options.gateway + "-" + std::to_string(options.instance);
  }
  options.run_dir = std::filesystem::absolute(options.run_dir).lexically_normal().string();
  return options;
}

}  // namespace twinspan::tools
