// A step of the pipeline: up to V::kStep vectors of one packet, as many as it takes to keep the
// CPU's AES units busy. Part of aes_gcm_body.h.
//
// A packet's first step takes the vectors by which it is longer than whole steps. Texts of more
// blocks than there are powers of H are hashed in runs, the first of which takes what the others,
// kRunBlocks each, leave.
#pragma once

#include "esp/kernels/aes_gcm_text.h"

namespace twinspan::esp::kernels {
namespace {

constexpr uint32_t kStepBytes = V::kStep * kVectorBytes;
static_assert(kRunBytes % kStepBytes == 0);

// A packet on its way through the cipher.
struct Run {
  Text text;
  Vec base;       // The block of its mask after the rounds of the head, in all lanes.
  __m128i nonce;  // With counter 2.
};

TS_LEAF uint32_t first_step_vectors(uint32_t length) {
  return (vector_count(length) - 1) % V::kStep + 1;
}

// Where the first run ends; behind the text if it is the only one.
TS_LEAF uint32_t first_run_end(uint32_t length) {
  return length <= kRunBytes ? UINT32_MAX
                             : (vector_count(length) - 1) * kVectorBytes % kRunBytes + kVectorBytes;
}

// The power that the first block of a run meets. The run is the text's last, or ends at `run_end`.
TS_LEAF size_t first_power(uint32_t length, uint32_t offset, uint32_t run_end) {
  return run_end < length ? power_index((run_end - offset) / kAesBlock)
                          : power_index(block_count(length - offset) + 1);
}

// The hash to begin a text with: what is longer than one run has its associated data in there.
TS_LEAF Vec hash_before(const AesGcmContext& context, const Packet& packet, uint32_t length) {
  if (length <= kRunBytes) [[likely]]
    return V::zero();
  return V::first(hashed_block(context, aad_block(context, packet)));
}

// Counter blocks from that of the text's byte `offset` on, after the rounds of the head.
template <int kVectors>
TS_LEAF void start(const AesGcmContext& context, const Run& run, uint32_t offset, Vec* state) {
  const uint32_t block = offset / kAesBlock;
  if (offset + kVectors * kVectorBytes <= kRunBytes) [[likely]] {
    const uint8_t* const head = context.head[0] + offset;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < kVectors; ++i)
      state[i] = V::exclusive(run.base, V::load(head + i * kVectorBytes));
    return;
  }
  Vec counters =
      V::counters(_mm_add_epi32(run.nonce, _mm_set_epi32(static_cast<int>(block), 0, 0, 0)));
#pragma GCC unroll 8
  for (uint32_t i = 0; i < kVectors; ++i) {
    state[i] = head_rounds(context, counters);
    counters = V::add(counters, V::counter_step());
  }
}

template <int kVectors>
TS_LEAF void load_texts(const Text& text, uint32_t offset, Vec* in) {
  if (offset + kVectors * kVectorBytes <= text.joint) {
    const uint8_t* const input = text.input + offset;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < kVectors; ++i) in[i] = V::load(input + i * kVectorBytes);
    return;
  }
#pragma GCC unroll 8
  for (uint32_t i = 0; i < kVectors; ++i) in[i] = load_text(text, offset + i * kVectorBytes);
}

// Only the last vector of a text may be partial.
template <int kVectors>
TS_LEAF void store_texts(const Text& text, uint32_t offset, Vec* out) {
  uint8_t* const output = text.output + offset;
#pragma GCC unroll 8
  for (uint32_t i = 0; i < kVectors - 1; ++i) V::store(output + i * kVectorBytes, out[i]);
  out[kVectors - 1] = store_text(text, offset + (kVectors - 1) * kVectorBytes, out[kVectors - 1]);
}

}  // namespace
}  // namespace twinspan::esp::kernels
