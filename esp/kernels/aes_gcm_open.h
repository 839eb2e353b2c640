// Opening: a step hashes the ciphertext that it decrypts. Part of aes_gcm_body.h.
#pragma once

#include "esp/kernels/aes_gcm_step.h"

namespace twinspan::esp::kernels {
namespace {

// The hash of the ciphertext so far.
struct Opening {
  Products sum;
  Vec carried;   // To be added to the next block, in lane 0.
  size_t index;  // Of the power that it meets.
};

template <int kRounds, int kVectors>
TS_LEAF void open_step(const AesGcmContext& context, const Run& run, uint32_t offset,
                       Opening& opening) {
  Vec in[kVectors], state[kVectors];
  load_texts<kVectors>(run.text, offset, in);
  start<kVectors>(context, run, offset, state);
#pragma GCC unroll 16
  for (int round = kHeadRounds + 1; round < kRounds; ++round) {
    aes_round<kVectors>(state, round_key(context, round));
    const int at = round - kHeadRounds - 1;
    if (at % 2 == 1 || at >= kVectors) continue;
    const size_t index = opening.index + static_cast<size_t>(at) * V::kBlocks;
    Vec hashed = V::reverse(in[at]);
    if (at == 0) hashed = V::exclusive(hashed, opening.carried);
    if (at + 1 < kVectors) {
      add_pair(opening.sum, context, hashed, V::reverse(in[at + 1]), index);
    } else {
      add_product(opening.sum, context, hashed, index);
    }
  }
  aes_last_round<kVectors>(state, in, round_key(context, kRounds));
  store_texts<kVectors>(run.text, offset, state);
  opening.index += kVectors * V::kBlocks;
  opening.carried = V::zero();
}

template <int kRounds, int kVectors = V::kStep>
TS_LEAF void first_open_step(uint32_t vectors, const AesGcmContext& context, const Run& run,
                             Opening& opening) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors)
      return first_open_step<kRounds, kVectors - 1>(vectors, context, run, opening);
  }
  open_step<kRounds, kVectors>(context, run, 0, opening);
}

template <int kRounds>
TS_LEAF Products open_packet(const AesGcmContext& context, const Run& run, const Packet& packet) {
  const uint32_t length = run.text.length;
  const uint32_t first = first_step_vectors(length);
  uint32_t run_end = first_run_end(length);
  Opening opening = {.sum = no_products(),
                     .carried = hash_before(context, packet, length),
                     .index = first_power(length, 0, run_end)};
  first_open_step<kRounds>(first, context, run, opening);
  for (uint32_t offset = first * kVectorBytes; offset < length; offset += kStepBytes) {
    if (offset == run_end) [[unlikely]] {
      run_end += kRunBytes;
      opening = {.sum = no_products(),
                 .carried = V::first(V::sum_of_lanes(reduce(opening.sum))),
                 .index = first_power(length, offset, run_end)};
    }
    open_step<kRounds, V::kStep>(context, run, offset, opening);
  }
  return opening.sum;
}

}  // namespace
}  // namespace twinspan::esp::kernels
