// seal() and open() whole, as a worker calls them: pipeline/seal/BYTES/BATCH and
// pipeline/open/BYTES/BATCH. One iteration is one packet. The frames to open are sealed with the
// clock stopped, which costs some 100 ns a batch: small batches look slower than they are.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/check.h"
#include "esp/kernels/select.h"
#include "esp/open.h"
#include "esp/sa_table.h"
#include "esp/seal.h"

namespace twinspan::esp {
namespace {

constexpr TunnelId kTunnel{1};
constexpr Spi kSpi{0x1000};

class FixedRandom : public RandomSource {
 public:
  void fill(ByteSpan out) override {
    for (uint8_t& byte : out) byte = 7;
  }
};

// One SA that opens what it seals itself.
struct Gateway {
  Gateway()
      : kernels(*kernels::KernelSet::choose("", kernels::probe_cpu({}))), store(kernels, random) {
    SaPairParams params;
    params.tunnel = kTunnel;
    params.inbound_spi = params.outbound_spi = kSpi;
    for (EspKeys* keys : {&params.inbound_keys, &params.outbound_keys}) {
      keys->encryption = SecretBytes(36);
    }
    params.local_selectors = params.remote_selectors = {TrafficSelector::any(IpFamily::V4),
                                                        TrafficSelector::any(IpFamily::V6)};
    store.add_tunnel(kTunnel, {.refuse_martians = true, .refused_sources = {}});
    CHECK(store.install(std::move(params)).has_value());
    table = store.make_table();
    sa = table->find_tunnel(kTunnel)->only_any;
  }
  FixedRandom random;
  kernels::KernelSet kernels;
  SaStore store;
  std::unique_ptr<const SaTable> table;
  OutboundSa* sa;
  DirectionCounters sealed, orphans;
};

struct Burst {
  Burst(Gateway& gateway, size_t bytes, size_t batch)
      : inner(bytes), frames(batch, Bytes(frame_size(*gateway.sa, bytes))), items(batch) {
    inner[0] = 0x45;
    store_be16(&inner[2], static_cast<uint16_t>(bytes));
    inner[12] = 10;
    for (size_t i = 0; i < batch; ++i) {
      items[i] = {.inner = inner.data(),
                  .inner_length = static_cast<uint32_t>(bytes),
                  .frame = frames[i].data()};
    }
  }
  Bytes inner;
  std::vector<Bytes> frames;
  std::vector<SealItem> items;
};

void seal_burst(benchmark::State& state) {
  Gateway gateway;
  const auto batch = static_cast<size_t>(state.range(1));
  Burst burst(gateway, static_cast<size_t>(state.range(0)), batch);
  while (state.KeepRunningBatch(state.range(1))) {
    CHECK(seal(*gateway.sa, burst.items, gateway.sealed) == batch);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(seal_burst)->Name("pipeline/seal")->ArgsProduct({{64, 512, 1420}, {1, 16, 64}});

void open_burst(benchmark::State& state) {
  Gateway gateway;
  const auto batch = static_cast<size_t>(state.range(1));
  Burst burst(gateway, static_cast<size_t>(state.range(0)), batch);
  std::vector<OpenItem> items(batch);
  while (state.KeepRunningBatch(state.range(1))) {
    state.PauseTiming();
    CHECK(seal(*gateway.sa, burst.items, gateway.sealed) == batch);
    for (size_t i = 0; i < batch; ++i) {
      items[i] = {.frame = burst.frames[i].data(), .frame_length = burst.items[i].frame_length};
    }
    state.ResumeTiming();
    open(*gateway.table, items, gateway.orphans);
    CHECK(items[0].verdict == Verdict::Accept);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(open_burst)->Name("pipeline/open")->ArgsProduct({{64, 512, 1420}, {16, 64}});

}  // namespace
}  // namespace twinspan::esp

BENCHMARK_MAIN();
