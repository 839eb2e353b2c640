// The replay window: both steps for one packet, in order and with reordering. replay/PATTERN/WIDTH.
#include <benchmark/benchmark.h>

#include "esp/replay_window.h"

namespace twinspan::esp {
namespace {

void in_order(benchmark::State& state) {
  ReplayWindow window(static_cast<uint32_t>(state.range(0)));
  uint64_t number = 0;
  for (auto _ : state) {
    ++number;
    benchmark::DoNotOptimize(window.looks_fresh(number));
    benchmark::DoNotOptimize(window.accept(number));
  }
}
BENCHMARK(in_order)->Name("replay/in_order")->Arg(1024)->Arg(4096)->Arg(65536);

// Groups of 16 arrive backwards.
void reordered(benchmark::State& state) {
  ReplayWindow window(static_cast<uint32_t>(state.range(0)));
  uint64_t count = 0;
  for (auto _ : state) {
    const uint64_t number = count / 16 * 16 + 16 - count % 16;
    ++count;
    const auto extended = window.extend(static_cast<uint32_t>(number));
    benchmark::DoNotOptimize(window.looks_fresh(extended.value_or(0)));
    benchmark::DoNotOptimize(window.accept(extended.value_or(0)));
  }
}
BENCHMARK(reordered)->Name("replay/reordered_with_esn")->Arg(1024)->Arg(4096)->Arg(65536);

}  // namespace
}  // namespace twinspan::esp

BENCHMARK_MAIN();
