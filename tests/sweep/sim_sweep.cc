// sim_sweep --seeds N --start S [--minutes M]: random walks, one per seed, on all cores.
//
// Prints what each seed has seen at least. Ends with "seeds=N violations=V", N being the number of
// seeds that were run, and exits 1 when V is not 0; for the lowest seed with a violation its ladder
// is printed. `--seeds 1 --start SEED` runs that one again.
#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "tests/support/random_walk.h"

namespace {

using namespace twinspan;
using ike::Picture;
using ike::RandomWalk;
using ike::WalkVerdict;
using WallClock = std::chrono::steady_clock;

struct Options {
  uint64_t seeds = 1000;
  uint64_t start = 1;
  uint64_t minutes = 0;  // 0: no bound.
};

[[noreturn]] void usage() {
  fmt::print(stderr, "usage: sim_sweep --seeds N --start S [--minutes M]\n");
  std::exit(2);
}

Options parse(int count, char** words) {
  Options options;
  const std::map<std::string_view, uint64_t*> places = {
      {"--seeds", &options.seeds}, {"--start", &options.start}, {"--minutes", &options.minutes}};
  for (int i = 1; i < count; i += 2) {
    const auto place = places.find(words[i]);
    if (place == places.end() || i + 1 == count) usage();
    const char* end = words[i + 1] + std::strlen(words[i + 1]);
    const auto [stop, error] = std::from_chars(words[i + 1], end, *place->second);
    if (error != std::errc{} || stop != end) usage();
  }
  return options;
}

thread_local uint64_t running_seed = 0;

// A failed CHECK says where; this says in which run.
void name_the_seed(int signal) {
  char text[64] = "sim_sweep: the program stopped in seed ";
  size_t size = std::strlen(text);
  const auto [end, error] = std::to_chars(text + size, text + sizeof(text) - 1, running_seed);
  size = static_cast<size_t>(end - text);
  text[size++] = '\n';
  if (write(STDERR_FILENO, text, size) < 0) _exit(3);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

struct Totals {
  std::mutex mutex;
  uint64_t seeds = 0, violations = 0;
  std::optional<uint64_t> first;
  uint64_t child_rekeys = 0, ike_rekeys = 0, datagrams = 0, faults = 0, esp_packets = 0;
  Duration span{};
  // Of the seed that has least of it.
  Duration span_min = Duration::max();
  unsigned child_rekeys_min = UINT_MAX, ike_rekeys_min = UINT_MAX;
  double fault_percent_min = 100;

  void add(uint64_t seed, const WalkVerdict& verdict) {
    const std::lock_guard lock(mutex);
    ++seeds;
    span += verdict.span;
    child_rekeys += verdict.child_rekeys;
    ike_rekeys += verdict.ike_rekeys;
    datagrams += verdict.datagrams;
    faults += verdict.faults;
    esp_packets += verdict.esp_packets;
    span_min = std::min(span_min, verdict.span);
    child_rekeys_min = std::min(child_rekeys_min, verdict.child_rekeys);
    ike_rekeys_min = std::min(ike_rekeys_min, verdict.ike_rekeys);
    fault_percent_min = std::min(fault_percent_min, verdict.fault_percent());
    if (verdict.violations.empty()) return;
    ++violations;
    if (!first || seed < *first) first = seed;
    fmt::print("seed {}: {}\n", seed, verdict.violations.front());
  }
};

void work(const Options& options, std::atomic<uint64_t>& next, WallClock::time_point end,
          Totals& totals) {
  for (;;) {
    const uint64_t index = next.fetch_add(1);
    if (index >= options.seeds) return;
    if (options.minutes != 0 && WallClock::now() >= end) return;
    running_seed = options.start + index;
    totals.add(running_seed, RandomWalk(running_seed, Picture::None).run());
  }
}

void show(uint64_t seed) {
  const WalkVerdict verdict = RandomWalk(seed, Picture::Ladder).run();
  fmt::print("\n{}", verdict.picture);
  for (const std::string& violation : verdict.violations) fmt::print("violation: {}\n", violation);
  fmt::print("again: sim_sweep --seeds 1 --start {}\n\n", seed);
}

}  // namespace

int main(int count, char** words) {
  const Options options = parse(count, words);
  std::signal(SIGABRT, name_the_seed);
  std::signal(SIGSEGV, name_the_seed);
  const auto began = WallClock::now();
  const auto end = began + std::chrono::minutes(options.minutes);
  std::atomic<uint64_t> next{0};
  Totals totals;
  {
    std::vector<std::jthread> threads;
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < cores; ++i) {
      threads.emplace_back([&] { work(options, next, end, totals); });
    }
  }
  const std::chrono::duration<double> took = WallClock::now() - began;
  if (totals.first) show(*totals.first);
  fmt::print(
      "{:.1f} s, {:.1f} seeds/s; {} virtual hours, {} child rekeys, {} IKE rekeys, {} IKE "
      "datagrams "
      "with {} faults, {} ESP packets\n",
      took.count(), static_cast<double>(totals.seeds) / took.count(),
      std::chrono::duration_cast<std::chrono::hours>(totals.span).count(), totals.child_rekeys,
      totals.ike_rekeys, totals.datagrams, totals.faults, totals.esp_packets);
  fmt::print("each seed at least {} virtual s, {} child rekeys, {} IKE rekeys, {:.1f} % faults\n",
             std::chrono::duration_cast<std::chrono::seconds>(totals.span_min).count(),
             totals.child_rekeys_min, totals.ike_rekeys_min, totals.fault_percent_min);
  fmt::print("seeds={} violations={}\n", totals.seeds, totals.violations);
  return totals.violations == 0 ? 0 : 1;
}
