// AES-GCM (NIST SP 800-38D) over batches of packets, for vectors of any width. Included by the
// kernels (aes_gcm_vaes512, aes_gcm_vaes256, aes_gcm_aesni), each of which defines
// TS_KERNEL_TARGET, the vector type V, and exports the Kernel made by make_kernel().
//
// A vector holds V::kBlocks AES blocks of one packet. What a packet costs once is shared by as many
// packets, its neighbours in the batch: the block that masks the ICV (one vector of counter
// blocks), associated data and lengths, the sum over the lanes, and the one reduction.
#pragma once

#include "esp/kernels/aes_gcm_open.h"
#include "esp/kernels/aes_gcm_seal.h"
#include "esp/kernels/aes_gcm_small.h"

namespace twinspan::esp::kernels {
namespace {

TS_LEAF Vec hash_alone(const Products& frame, const Products& sum) {
  return V::reverse(reduce({V::exclusive(V::first(V::sum_of_lanes(sum.low)), frame.low),
                            V::exclusive(V::first(V::sum_of_lanes(sum.middle)), frame.middle),
                            V::exclusive(V::first(V::sum_of_lanes(sum.high)), frame.high)}));
}

// The hash of each neighbour, in its lane.
TS_LEAF Vec hash_neighbours(const Products& frames, const Products* sums) {
  Vec low[V::kBlocks], middle[V::kBlocks], high[V::kBlocks];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < V::kBlocks; ++i) {
    low[i] = sums[i].low;
    middle[i] = sums[i].middle;
    high[i] = sums[i].high;
  }
  const Products sum = {V::exclusive(V::sums_of_lanes(low), frames.low),
                        V::exclusive(V::sums_of_lanes(middle), frames.middle),
                        V::exclusive(V::sums_of_lanes(high), frames.high)};
  return V::reverse(reduce(sum));
}

template <int kRounds, bool kSeals>
__attribute__((noinline)) TS_KERNEL_TARGET void run_neighbours(AesGcmContext& context,
                                                               Packet* packets, uint32_t count) {
  __m128i nonces[V::kBlocks];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < V::kBlocks; ++i)
    nonces[i] = i < count ? nonce_block(context, packets[i], 1) : _mm_setzero_si128();
  Vec heads = head_rounds(context, V::gather(nonces));
  const Vec masks = other_rounds<kRounds>(context, heads);
  Products frames = no_products();
  if (count == 1) {
    hash_frame(frames, context, packets[0]);
  } else {
    hash_frames(frames, context, packets, count);
  }
  Products sums[V::kBlocks];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < V::kBlocks; ++i) sums[i] = no_products();
  Products last = no_products();
  Hashing hashing = nothing_pending();
  for (uint32_t i = 0; i < count; ++i) {
    const Run run = {.text = text_of(packets[i]),
                     .base = V::spread_first(heads),
                     .nonce = nonce_block(context, packets[i], 2)};
    heads = V::next_lane(heads);
    if (run.text.length == 0) continue;  // As in GMAC.
    const uint32_t blocks = block_count(run.text.length);
    const uint32_t wanted = blocks < kRunBlocks ? blocks : kRunBlocks;
    if (!has_head(context, packets[i], wanted)) [[unlikely]]
      fill_head(context, packets[i], wanted);
    if constexpr (kSeals) {
      seal_packet<kRounds>(context, run, packets[i], hashing, sums);
      hashing.owner = i;
    } else {
      sums[i] = last = open_packet<kRounds>(context, run, packets[i]);
    }
  }
  if constexpr (kSeals) {
    hash_pending(hashing, context);
    sums[hashing.owner] = last = hashing.sum;
  }
  const Vec hashes = count == 1 ? hash_alone(frames, last) : hash_neighbours(frames, sums);
  finish<kSeals>(packets, count, V::exclusive(hashes, masks));
}

// A full vector of neighbours.
template <int kRounds, bool kSeals>
TS_LEAF void run_full(AesGcmContext& context, Packet* packets) {
  if constexpr (V::kBlocks == 4) {
    const uint32_t vectors = common_vectors(packets);
    if (vectors == 1) return run_small<V, kRounds, kSeals, 1>(context, packets);
    if (vectors == 2) return run_small<V, kRounds, kSeals, 2>(context, packets);
  }
  run_neighbours<kRounds, kSeals>(context, packets, V::kBlocks);
}

template <int kRounds, bool kSeals>
__attribute__((noinline)) TS_KERNEL_TARGET void run_batch(AesGcmContext& context, Packet* packets,
                                                          size_t count) {
  for (; count >= V::kBlocks; packets += V::kBlocks, count -= V::kBlocks)
    run_full<kRounds, kSeals>(context, packets);
  if (count != 0) run_neighbours<kRounds, kSeals>(context, packets, static_cast<uint32_t>(count));
}

template <bool kSeals>
void run(void* memory, Packet* packets, size_t count) {
  auto& context = *static_cast<AesGcmContext*>(memory);
  if (context.round_count == 14) return run_batch<14, kSeals>(context, packets, count);
  run_batch<10, kSeals>(context, packets, count);
}

void release_nothing(void*) {}

// What packets of up to kSmallBlocks blocks use: the round keys, the first of the head, and the
// lowest powers of H.
void prefetch_context(const void* memory) {
  constexpr uint32_t kSmallBlocks = 8;
  constexpr uint32_t kPowers = kSmallBlocks + 1 + kHashPowersPadding;
  const auto& context = *static_cast<const AesGcmContext*>(memory);
  const auto ask = [](const void* address, size_t size) TS_KERNEL_TARGET {
    for (size_t at = 0; at < size; at += kContextAlignment)
      __builtin_prefetch(static_cast<const uint8_t*>(address) + at, 1);
  };
  ask(context.round_keys, sizeof context.round_keys + sizeof context.salt_block);
  ask(context.head, kSmallBlocks * kAesBlock);
  ask(context.power[power_index(kSmallBlocks + 1)], kPowers * kAesBlock);
  ask(context.folded[power_index(kSmallBlocks + 1)], kPowers * kAesBlock);
  ask(&context.round_count, sizeof context.round_count);  // And `lengths_hash` before it.
}

constexpr Kernel make_kernel(const char* name) {
  return {.name = name,
          .context_size = sizeof(AesGcmContext),
          .expand = expand_aes_gcm_context,
          .release = release_nothing,
          .seal = run<true>,
          .open = run<false>,
          .prefetch = prefetch_context};
}

}  // namespace
}  // namespace twinspan::esp::kernels
