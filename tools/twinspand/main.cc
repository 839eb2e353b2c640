// twinspand: one gateway instance in the foreground. Builds the object graph by hand, in the order
// of ARCHITECTURE.md, and ends with the exit codes of exit_code.h.
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>

#include "esp/kernels/cpu.h"
#include "esp/kernels/select.h"
#include "esp/kernels/self_test.h"
#include "ike/crypto/provider.h"
#include "tools/twinspand/control_methods.h"
#include "tools/twinspand/control_protocol.h"
#include "tools/twinspand/control_server.h"
#include "tools/twinspand/estate.h"
#include "tools/twinspand/estate_changes.h"
#include "tools/twinspand/event_journal.h"
#include "tools/twinspand/exit_code.h"
#include "tools/twinspand/gateway.h"
#include "tools/twinspand/isolation.h"
#include "tools/twinspand/log_setup.h"
#include "tools/twinspand/options.h"
#include "tools/twinspand/run_dir.h"
#include "tools/twinspand/wiring.h"
#include "tun/descriptor_limit.h"
#include "tun/gso_self_test.h"

namespace {

using namespace twinspan;
using namespace twinspan::tools;

// OpenSSL reads its own mask while it is loaded, before main; so the mask is put into the
// environment and the program starts over.
void hide_from_openssl(const esp::kernels::CpuMask& mask, char** argv) {
  const std::string capabilities = esp::kernels::openssl_ia32cap(mask);
  if (capabilities.empty() || std::getenv("OPENSSL_ia32cap") != nullptr) return;
  ::setenv("OPENSSL_ia32cap", capabilities.c_str(), 1);
  ::execv("/proc/self/exe", argv);
}

int refuse(ExitCode code, const std::string& text) {
  std::cerr << "twinspand: " << text << std::endl;
  return code;
}

// Each SIGHUP reads keys and certificates again; what is wrong with them is in the log.
void reload_on(boost::asio::signal_set& signals, Gateway& gateway, const Log& log) {
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    log.info("SIGHUP: reading the credentials again");
    (void)gateway.reload_credentials();
    reload_on(signals, gateway, log);
  });
}

// Everything after the configuration was found good and the run directory is ours.
int serve(const DaemonOptions& options, Estate estate, const esp::kernels::KernelSet& kernels,
          const Log& log) {
  if (const auto raised =
          tun::raise_descriptor_limit(descriptors_needed(estate.plan, options.workers));
      !raised) {
    return refuse(kExitHost, raised.error().to_string());
  }
  boost::asio::io_context context(1);
  // From here on a signal waits until the gateway has started, and then stops it in order.
  boost::asio::signal_set signals(context, SIGTERM, SIGINT);
  boost::asio::signal_set reloads(context, SIGHUP);
  EventJournal journal;
  const auto provider = ike::make_system_provider();
  const auto host = tun::make_linux_host(log.with_area("host"));
  std::unique_ptr<KeyLog> key_log;
  if (options.key_log_dir) {
    auto opened = KeyLog::open(*options.key_log_dir);
    if (!opened) return refuse(kExitHost, opened.error());
    key_log = *std::move(opened);
    log.warning("session keys are written to {}: whoever reads them reads the traffic",
                *options.key_log_dir);
  }
  Gateway gateway(std::move(estate), options,
                  {context, *host, kernels, *provider, journal, std::move(key_log), log});
  if (const auto started = gateway.start(); !started) {
    return refuse(kExitHost, started.error().to_string());
  }
  EstateChanges changes(context, gateway, options, journal, log);
  ControlServer control(context, make_control_handler(gateway, changes, journal));
  if (const auto listening = control.listen(options.run_dir + "/" + kControlSocketName);
      !listening) {
    return refuse(kExitHost, listening.error());
  }
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    log.info("signal {}: deleting the SAs", number);
    gateway.stop([&] { context.stop(); });
  });
  reload_on(reloads, gateway, log);
  std::puts("ready");
  std::fflush(stdout);
  gateway.negotiate();
  context.run();
  control.close();
  if (!options.cleanup_on_exit) return kExitOk;
  const auto flushed = flush_host(*host, options.run_dir);
  return flushed ? int{kExitOk} : refuse(kExitHost, flushed.error().to_string());
}

// A kernel that corrupts trains of datagrams says so in no other way.
void test_udp_offloads(DaemonOptions& options, const Log& log) {
  if (!options.udp_gso && !options.udp_gro) return;
  const auto flaw = tun::find_gso_flaw(tun::system_packet_io());
  if (!flaw) return;
  options.udp_gso = options.udp_gro = false;
  log.warning(
      "this kernel corrupts UDP trains ({}): UDP GSO and UDP GRO are off; a newer kernel "
      "has them sound again",
      *flaw);
}

int run(int argc, char** argv) {
  int exit_code = kExitOk;
  auto options = parse_options(argc, argv, exit_code);
  if (!options) return exit_code;
  if (options->workers == 0) options->workers = std::max(1u, std::thread::hardware_concurrency());
  const Log log(make_stderr_sink(options->verbose), "twinspand");
  const auto mask = esp::kernels::read_cpu_mask();
  if (!mask) {
    return refuse(kExitUsage, std::string(esp::kernels::kCpuMaskVariable) +
                                  ": avx512, vaes and avx2 are known");
  }
  hide_from_openssl(*mask, argv);
  const auto kernels =
      esp::kernels::KernelSet::choose(options->kernel, esp::kernels::probe_cpu(*mask));
  if (!kernels) return refuse(kExitUsage, kernels.error());
  if (const auto flaw = esp::kernels::self_test(*kernels)) {
    return refuse(kExitHost, *flaw + " (--kernel chooses another one for AES-GCM)");
  }
  test_udp_offloads(*options, log);
  auto estate = load_estate(options->config_path, options->gateway, options->instance);
  if (!estate) {
    for (const std::string& line : estate.error().errors) std::cerr << line << "\n";
    return kExitConfig;
  }
  for (const std::string& warning : estate->warnings) log.warning("{}", warning);
  const auto lock = lock_run_dir(options->run_dir);
  if (!lock) return refuse(kExitHost, lock.error().text);
  const std::string instance = options->gateway + "-" + std::to_string(options->instance);
  if (const auto written =
          write_file_atomically(options->run_dir + "/" + kInstanceName, instance + "\n");
      !written) {
    return refuse(kExitHost, written.error());
  }
  log.info("kernel {}, {} worker(s)", kernels->name(), options->workers);
  return serve(*options, *std::move(estate), *kernels, log);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return refuse(kExitHost, error.what());
  }
}
