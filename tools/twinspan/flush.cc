// `twinspan flush`: removes what a stopped instance left on the host. Needs no daemon; refused
// while one runs, because its tunnels would lose their routes under traffic.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tools/twinspan/commands.h"
#include "tools/twinspand/exit_code.h"
#include "tools/twinspand/isolation.h"
#include "tools/twinspand/run_dir.h"
#include "tun/host.h"

namespace twinspan::tools {

int run_flush(const CommandOptions& options) {
  const std::string run_dir = find_run_dir(options);
  if (run_dir.empty()) return kExitUsage;
  std::string instance;
  std::ifstream(run_dir + "/" + kInstanceName) >> instance;
  if (instance.empty()) {
    std::cerr << run_dir << ": no twinspand has run here\n";
    return kExitUsage;
  }
  const auto lock = lock_run_dir(run_dir);
  if (!lock) {
    std::cerr << lock.error().text << "; stop it first (SIGTERM)\n";
    return lock.error().is_busy ? kExitNegative : kExitHost;
  }
  const auto host = tun::make_linux_host(Log());
  if (const auto claimed = host->claim(instance, run_dir); !claimed) {
    std::cerr << claimed.error().to_string() << "\n";
    return kExitHost;
  }
  if (const auto flushed = flush_host(*host, run_dir); !flushed) {
    std::cerr << flushed.error().to_string() << "\n";
    return kExitHost;
  }
  std::error_code ignored;
  std::filesystem::remove(run_dir + "/" + kPeeringRecordsName, ignored);
  std::cout << instance << ": devices, routes and rules removed\n";
  return kExitOk;
}

}  // namespace twinspan::tools
