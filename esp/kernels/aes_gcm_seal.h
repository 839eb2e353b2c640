// Sealing: what a step leaves is hashed by the next, so that cipher and hash lie side by side,
// across the packets of a batch. Part of aes_gcm_body.h.
//
//   step of   A, first   A        A, last   B, first   B
//   cipher    A0         A1       A2        B0         B1
//   hash      -          A0       A1        A2         B0
#pragma once

#include "esp/kernels/aes_gcm_step.h"

namespace twinspan::esp::kernels {
namespace {

// What is hashed while the next vectors are encrypted.
struct Hashing {
  Products sum;
  Vec pending[V::kStep];  // Reversed ciphertext. Zeros behind the first `vectors`.
  uint32_t vectors;
  uint32_t owner;  // The neighbour that they belong to.
  size_t index;    // Of the power that the first block of `pending` meets.
};

TS_LEAF void clear_pending(Hashing& hashing) {
#pragma GCC unroll 8
  for (uint32_t i = 0; i < V::kStep; ++i) hashing.pending[i] = V::zero();
  hashing.vectors = 0;
  hashing.index = 0;
}

TS_LEAF Hashing nothing_pending() {
  Hashing hashing{};
  hashing.sum = no_products();
  clear_pending(hashing);
  return hashing;
}

// Vectors 2 * pair and 2 * pair + 1 of those that are pending.
template <int kHashed>
TS_LEAF void hash_pair(Hashing& hashing, const AesGcmContext& context, int pair) {
  const int at = 2 * pair;
  const size_t index = hashing.index + static_cast<size_t>(at) * V::kBlocks;
  if (at + 1 < kHashed) {
    add_pair(hashing.sum, context, hashing.pending[at], hashing.pending[at + 1], index);
  } else if (at < kHashed) {
    add_product(hashing.sum, context, hashing.pending[at], index);
  }
}

// All of them.
template <int kHashed = V::kStep>
TS_LEAF void hash_pending(Hashing& hashing, const AesGcmContext& context) {
  if constexpr (kHashed > 1) {
    if (hashing.vectors < kHashed) return hash_pending<kHashed - 1>(hashing, context);
  }
#pragma GCC unroll 4
  for (int pair = 0; pair < (kHashed + 1) / 2; ++pair) hash_pair<kHashed>(hashing, context, pair);
}

template <int kRounds, int kVectors, int kHashed>
TS_LEAF void seal_step(const AesGcmContext& context, const Run& run, uint32_t offset,
                       Hashing& hashing) {
  Vec state[kVectors];
  start<kVectors>(context, run, offset, state);
#pragma GCC unroll 16
  for (int round = kHeadRounds + 1; round < kRounds; ++round) {
    aes_round<kVectors>(state, round_key(context, round));
    if (round % 2 == 1) hash_pair<kHashed>(hashing, context, round / 2 - 1);
  }
  Vec in[kVectors];
  load_texts<kVectors>(run.text, offset, in);
  aes_last_round<kVectors>(state, in, round_key(context, kRounds));
  store_texts<kVectors>(run.text, offset, state);
#pragma GCC unroll 8
  for (uint32_t i = 0; i < kVectors; ++i) hashing.pending[i] = V::reverse(state[i]);
#pragma GCC unroll 8
  for (uint32_t i = kVectors; i < V::kStep; ++i) hashing.pending[i] = V::zero();
  hashing.index += kHashed * V::kBlocks;
  hashing.vectors = kVectors;
}

// The packet's first step, which ends the neighbour before it.
template <int kRounds, int kVectors>
TS_LEAF void first_step(const AesGcmContext& context, const Run& run, Hashing& hashing,
                        Products* sums) {
  if (hashing.vectors == V::kStep) {
    seal_step<kRounds, kVectors, V::kStep>(context, run, 0, hashing);
  } else {
    if (hashing.vectors != kVectors) {
      hash_pending(hashing, context);
      clear_pending(hashing);
    }
    seal_step<kRounds, kVectors, kVectors>(context, run, 0, hashing);
  }
  sums[hashing.owner] = hashing.sum;
  hashing.sum = no_products();
}

template <int kRounds, int kVectors = V::kStep>
TS_LEAF void first_step_of(uint32_t vectors, const AesGcmContext& context, const Run& run,
                           Hashing& hashing, Products* sums) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors)
      return first_step_of<kRounds, kVectors - 1>(vectors, context, run, hashing, sums);
  }
  first_step<kRounds, kVectors>(context, run, hashing, sums);
}

template <int kRounds, int kHashed = V::kStep>
TS_LEAF void second_step_of(uint32_t hashed, const AesGcmContext& context, const Run& run,
                            Hashing& hashing) {
  if constexpr (kHashed > 1) {
    if (hashed < kHashed)
      return second_step_of<kRounds, kHashed - 1>(hashed, context, run, hashing);
  }
  seal_step<kRounds, V::kStep, kHashed>(context, run, kHashed * kVectorBytes, hashing);
}

// All that is not pending is the run that ended.
TS_LEAF void next_run(Hashing& hashing, uint32_t length, uint32_t offset, uint32_t run_end) {
  const __m128i hash = V::sum_of_lanes(reduce(hashing.sum));
  hashing.pending[0] = V::exclusive(hashing.pending[0], V::first(hash));
  hashing.sum = no_products();
  hashing.index = first_power(length, offset, run_end);
}

// Leaves the last step pending.
template <int kRounds>
TS_LEAF void seal_packet(const AesGcmContext& context, const Run& run, const Packet& packet,
                         Hashing& hashing, Products* sums) {
  const uint32_t length = run.text.length;
  const uint32_t first = first_step_vectors(length);
  uint32_t offset = first * kVectorBytes, run_end = first_run_end(length);
  first_step_of<kRounds>(first, context, run, hashing, sums);
  hashing.index = first_power(length, 0, run_end);
  hashing.pending[0] = V::exclusive(hashing.pending[0], hash_before(context, packet, length));
  if (offset >= length) return;
  second_step_of<kRounds>(first, context, run, hashing);
  while (true) {
    if (offset == run_end) [[unlikely]] {
      run_end += kRunBytes;
      next_run(hashing, length, offset, run_end);
    }
    offset += kStepBytes;
    if (offset >= length) return;
    seal_step<kRounds, V::kStep, V::kStep>(context, run, offset, hashing);
  }
}

}  // namespace
}  // namespace twinspan::esp::kernels
