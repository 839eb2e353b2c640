// Time per packet of the AEAD kernels: seal/aes256gcm/KERNEL/BYTES/BATCH and open/... One benchmark
// iteration is one packet, so real_time is time per packet. Sealing is out of place with a two-byte
// trailer, opening reads one buffer and writes another, so that every iteration opens an authentic
// packet.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "bench/ipsecmb_kernel.h"
#include "bench/sodium_kernel.h"
#include "esp/kernels/cipher.h"
#include "esp/kernels/select.h"

namespace twinspan::bench {
namespace {

using esp::kernels::Cipher;
using esp::kernels::Direction;
using esp::kernels::Kernel;
using esp::kernels::KeyMaterial;
using esp::kernels::Packet;

constexpr size_t kSizes[] = {64, 128, 256, 512, 1024, 1420, 9000};
constexpr size_t kBatches[] = {1, 4, 16, 64};
constexpr uint32_t kTrailer = 2;

std::unique_ptr<Cipher> make_cipher(const Kernel& kernel, Direction direction) {
  static const Bytes key(36, 0x5a);
  auto cipher =
      Cipher::make(kernel, {.key = key.data(), .key_size = 32, .salt = key.data() + 32}, direction);
  CHECK(cipher != nullptr);
  return cipher;
}

// Buffers of one batch, each packet on a cache line of its own.
struct Buffers {
  Buffers(size_t bytes, size_t batch)
      : stride((bytes + 127) / 64 * 64),
        input(stride * batch, 0x11),
        output(stride * batch),
        ivs(8 * batch),
        aads(12 * batch),
        icvs(16 * batch) {
    for (size_t i = 0; i < batch; ++i) {
      store_be64(&ivs[8 * i], i + 1);
      store_be32(&aads[12 * i], 0x12345678);
      store_be64(&aads[12 * i + 4], i + 1);
      packets.push_back({.input = &input[stride * i],
                         .output = &output[stride * i],
                         .input_length = static_cast<uint32_t>(bytes),
                         .trailer_length = 0,
                         .iv = &ivs[8 * i],
                         .aad = &aads[12 * i],
                         .aad_length = 12,
                         .icv = &icvs[16 * i],
                         .authentic = false});
    }
  }
  size_t stride;
  Bytes input, output, ivs, aads, icvs;
  std::vector<Packet> packets;
};

void report(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(bytes));
}

void seal(benchmark::State& state, const Kernel& kernel, size_t bytes, size_t batch) {
  const auto cipher = make_cipher(kernel, Direction::Seal);
  Buffers buffers(bytes, batch);
  for (Packet& packet : buffers.packets) {
    packet.input_length -= kTrailer;
    packet.trailer_length = kTrailer;
  }
  while (state.KeepRunningBatch(static_cast<int64_t>(batch))) {
    cipher->seal(buffers.packets.data(), batch);
    benchmark::ClobberMemory();
  }
  report(state, bytes);
}

void open(benchmark::State& state, const Kernel& kernel, size_t bytes, size_t batch) {
  Buffers buffers(bytes, batch);
  make_cipher(kernel, Direction::Seal)->seal(buffers.packets.data(), batch);
  std::swap(buffers.input, buffers.output);
  for (size_t i = 0; i < batch; ++i) {
    buffers.packets[i].input = &buffers.input[buffers.stride * i];
    buffers.packets[i].output = &buffers.output[buffers.stride * i];
  }
  const auto cipher = make_cipher(kernel, Direction::Open);
  while (state.KeepRunningBatch(static_cast<int64_t>(batch))) {
    cipher->open(buffers.packets.data(), batch);
    benchmark::ClobberMemory();
  }
  for (const Packet& packet : buffers.packets) CHECK(packet.authentic);
  report(state, bytes);
}

void register_kernel(const Kernel& kernel) {
  for (const size_t bytes : kSizes) {
    for (const size_t batch : kBatches) {
      const std::string tail = std::string("/aes256gcm/") + kernel.name + "/" +
                               std::to_string(bytes) + "/" + std::to_string(batch);
      benchmark::RegisterBenchmark(("seal" + tail).c_str(), [&kernel, bytes, batch](auto& state) {
        seal(state, kernel, bytes, batch);
      });
      benchmark::RegisterBenchmark(("open" + tail).c_str(), [&kernel, bytes, batch](auto& state) {
        open(state, kernel, bytes, batch);
      });
    }
  }
}

}  // namespace
}  // namespace twinspan::bench

int main(int argc, char** argv) {
  using namespace twinspan;
  using esp::kernels::KernelSet;
  for (const auto* kernel : KernelSet::aes_gcm_kernels(esp::kernels::probe_cpu({}))) {
    bench::register_kernel(*kernel);
  }
  if (bench::sodium_has_aes_gcm()) bench::register_kernel(bench::kAesGcmSodium);
  bench::register_kernel(bench::kAesGcmIpsecMb);
  bench::register_kernel(bench::kAesGcmIpsecMbBurst);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
