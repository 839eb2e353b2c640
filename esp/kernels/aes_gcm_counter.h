// AES in counter mode on vectors, with a head start of two rounds. Part of aes_gcm_body.h.
//
// The counter blocks of a packet differ in the counter alone, and within 256 blocks in its last
// byte alone. Of the state after one round, this byte determines four bytes, those of the first
// column; into them go besides it bytes 0, 5 and 10 of the counter block: one of the salt, two of
// the IV. After two rounds every byte depends on the counter, but what a block differs by from
// another of the same packet depends on these four bytes and the key only, since the rest of the
// second round is linear. So the context keeps that difference, between the text's blocks and the
// block that masks the ICV, and a packet's blocks begin with the third round:
//
//   state of block i after two rounds = state of the mask's block after two rounds XOR head[i]
//
// The two bytes of the IV, `head_nonce`, change once in 256 packets when IVs are counted. The table
// is indexed by the counter and renewed by the IV, both public. Blocks beyond it go the long way.
// (Bernstein and Schwabe, New AES software speed records, 2008; Park and Lee, FACE: Fast AES CTR
// mode Encryption Techniques, 2018.)
#pragma once

#include "esp/kernels/aes_gcm_hash.h"

namespace twinspan::esp::kernels {
namespace {

constexpr int kHeadRounds = 2;

// The counter as a little-endian number in the last word of each block.
TS_LEAF __m128i nonce_block(const AesGcmContext& context, const Packet& packet, uint32_t counter) {
  const __m128i salt = _mm_load_si128(reinterpret_cast<const __m128i*>(context.salt_block));
  const __m128i iv = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(packet.iv));
  const __m128i nonce = _mm_or_si128(salt, _mm_slli_si128(iv, 4));
  return _mm_or_si128(nonce, _mm_set_epi32(static_cast<int>(counter), 0, 0, 0));
}

TS_LEAF Vec round_key(const AesGcmContext& context, int round) {
  return V::broadcast(context.round_keys[round]);
}

// Counter blocks after two rounds.
TS_LEAF Vec head_rounds(const AesGcmContext& context, Vec counters) {
  Vec state = V::exclusive(V::big_endian_counter(counters), round_key(context, 0));
  state = V::aes(state, round_key(context, 1));
  return V::aes(state, round_key(context, 2));
}

template <int kRounds>
TS_LEAF Vec other_rounds(const AesGcmContext& context, Vec state) {
#pragma GCC unroll 16
  for (int round = kHeadRounds + 1; round < kRounds; ++round)
    state = V::aes(state, round_key(context, round));
  return V::aes_last(state, round_key(context, kRounds));
}

// The bytes of the IV that `head` depends on; never 0.
TS_LEAF uint32_t head_nonce_of(const Packet& packet) {
  return 1u << 16 | static_cast<uint32_t>(packet.iv[1]) << 8 | packet.iv[6];
}

// Up to `blocks`, at most kRunBlocks.
__attribute__((noinline)) TS_KERNEL_TARGET void fill_head(AesGcmContext& context,
                                                          const Packet& packet, uint32_t blocks) {
  if (context.head_nonce != head_nonce_of(packet)) {
    context.head_nonce = head_nonce_of(packet);
    context.head_blocks = 0;
  }
  const Vec base = head_rounds(context, V::same(nonce_block(context, packet, 1)));
  Vec counters = V::counters(nonce_block(context, packet, context.head_blocks + 2));
  for (; context.head_blocks < blocks; context.head_blocks += V::kBlocks) {
    V::store(context.head[context.head_blocks], V::exclusive(head_rounds(context, counters), base));
    counters = V::add(counters, V::counter_step());
  }
}

// The first `blocks` of `head` are those of this packet.
TS_LEAF bool has_head(const AesGcmContext& context, const Packet& packet, uint32_t blocks) {
  return context.head_nonce == head_nonce_of(packet) && context.head_blocks >= blocks;
}

template <int kVectors>
TS_LEAF void aes_round(Vec* state, Vec key) {
#pragma GCC unroll 8
  for (uint32_t i = 0; i < kVectors; ++i) state[i] = V::aes(state[i], key);
}

// The last round adds the last round key: adding the text to that key first saves a step.
template <int kVectors>
TS_LEAF void aes_last_round(Vec* state, const Vec* text, Vec key) {
#pragma GCC unroll 8
  for (uint32_t i = 0; i < kVectors; ++i)
    state[i] = V::aes_last(state[i], V::exclusive(text[i], key));
}

}  // namespace
}  // namespace twinspan::esp::kernels
