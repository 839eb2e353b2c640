// `twinspan flush`: removes what a stopped instance left on the host. Needs no daemon; refused
// while one runs, because its tunnels would lose their routes under traffic.
#include <filesystem>
#include <fstream>
#include <string>

#include "tools/twinspan/commands.h"
#include "tools/twinspand/exit_code.h"
#include "tools/twinspand/isolation.h"
#include "tools/twinspand/run_dir.h"
#include "tun/host.h"

namespace twinspan::tools {

int run_flush(const CommandOptions& options) {
  const auto refuse = [&](int exit_code, const std::string& why) {
    return print_refused(options, exit_code, why);
  };
  const auto run_dir = choose_run_dir(options);
  if (!run_dir) return refuse(kExitUsage, run_dir.error());
  std::string instance;
  std::ifstream(*run_dir + "/" + kInstanceName) >> instance;
  if (instance.empty()) return refuse(kExitUsage, *run_dir + ": no twinspand has run here");
  const auto lock = lock_run_dir(*run_dir);
  if (!lock) {
    return refuse(lock.error().is_busy ? kExitNegative : kExitHost,
                  lock.error().text + "; stop it first (SIGTERM)");
  }
  const auto host = tun::make_linux_host(Log());
  if (const auto claimed = host->claim(instance, *run_dir); !claimed)
    return refuse(kExitHost, claimed.error().to_string());
  if (const auto flushed = flush_host(*host, *run_dir); !flushed)
    return refuse(kExitHost, flushed.error().to_string());
  std::error_code ignored;
  std::filesystem::remove(*run_dir + "/" + kPeeringRecordsName, ignored);
  print_done(options, instance + ": devices, routes and rules removed");
  return kExitOk;
}

}  // namespace twinspan::tools
