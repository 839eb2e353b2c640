// Four neighbours of at most two vectors each, side by side, with four blocks a vector. Part of
// aes_gcm_body.h.
//
// A single chain of rounds would leave the CPU idle, so all four run at once: vector v of packet i
// is states[v][i].
#pragma once

#include "esp/kernels/aes_gcm_text.h"

namespace twinspan::esp::kernels {
namespace {

TS_LEAF void load_neighbours(const Text* texts, uint32_t offset, Vec* vectors) {
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) vectors[i] = load_text(texts[i], offset);
}

// How many vectors each of four packets has, when it is the same number, 1 or 2; else 0.
TS_LEAF uint32_t common_vectors(const Packet* packets) {
  uint32_t least = UINT32_MAX, most = 0;
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t length = packets[i].input_length + packets[i].trailer_length;
    least = length < least ? length : least;
    most = length > most ? length : most;
  }
  if (least > 0 && most <= kVectorBytes) return 1;
  return least > kVectorBytes && most <= 2 * kVectorBytes ? 2 : 0;
}

// After the rounds of the head. `heads` are those of the masks.
template <class Lanes, int kVectors>
TS_LEAF void start_small(AesGcmContext& context, const Packet* packets, Vec nonces, Vec heads,
                         Vec (*states)[4]) {
  constexpr uint32_t kBlocks = kVectors * V::kBlocks;
  const uint32_t head_nonce = head_nonce_of(packets[0]);
  const uint32_t differs = (head_nonce ^ head_nonce_of(packets[1])) |
                           (head_nonce ^ head_nonce_of(packets[2])) |
                           (head_nonce ^ head_nonce_of(packets[3]));
  if (differs == 0) [[likely]] {
    if (!has_head(context, packets[0], kBlocks)) [[unlikely]]
      fill_head(context, packets[0], kBlocks);
    const Vec bases[4] = {Lanes::template spread<0>(heads), Lanes::template spread<1>(heads),
                          Lanes::template spread<2>(heads), Lanes::template spread<3>(heads)};
#pragma GCC unroll 2
    for (uint32_t v = 0; v < kVectors; ++v)
#pragma GCC unroll 4
      for (uint32_t i = 0; i < 4; ++i)
        states[v][i] = V::exclusive(bases[i], V::load(context.head[v * V::kBlocks]));
    return;
  }
  Vec counters[4] = {
      Lanes::template spread_counters<0>(nonces), Lanes::template spread_counters<1>(nonces),
      Lanes::template spread_counters<2>(nonces), Lanes::template spread_counters<3>(nonces)};
#pragma GCC unroll 2
  for (uint32_t v = 0; v < kVectors; ++v)
#pragma GCC unroll 4
    for (uint32_t i = 0; i < 4; ++i) {
      states[v][i] = head_rounds(context, counters[i]);
      counters[i] = V::add(counters[i], V::counter_step());
    }
}

// Whether four packets have texts of one length and the associated data that ESP has, of one length
// as well: so it is nearly always.
TS_LEAF bool are_alike(const Packet* packets, const Text* texts) {
  uint32_t differs = 0;
#pragma GCC unroll 4
  for (uint32_t i = 1; i < 4; ++i) {
    differs |= texts[i].length ^ texts[0].length;
    differs |= packets[i].aad_length ^ packets[0].aad_length;
  }
  return differs == 0 && (packets[0].aad_length == 8 || packets[0].aad_length == 12);
}

// One power for all lanes.
TS_LEAF PowerOfH same_power(const AesGcmContext& context, size_t index) {
  return {V::broadcast(context.power[index]), V::broadcast(context.folded[index])};
}

// Packets that are alike, transposed: a vector has one block of each, and they share its power of
// H.
template <class Lanes, int kVectors>
TS_LEAF Products hash_alike(const AesGcmContext& context, const Packet* packets, const Text* texts,
                            const Vec (*ciphertexts)[4]) {
  const size_t first = power_index(block_count(texts[0].length) + 1);
  __m128i aads[4];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) aads[i] = reverse_block(load_short_aad(packets[i]));
  Products sum = no_products();
  const PowerOfH of_aads = same_power(context, first - 1);
  add_product(sum, V::gather(aads), of_aads.power, of_aads.folded);
#pragma GCC unroll 2
  for (uint32_t v = 0; v < kVectors; ++v) {
    Vec rows[4];
#pragma GCC unroll 4
    for (uint32_t i = 0; i < 4; ++i) rows[i] = V::reverse(ciphertexts[v][i]);
    Lanes::transpose(rows);
    const size_t index = first + v * V::kBlocks;
#pragma GCC unroll 2
    for (uint32_t i = 0; i < 4; i += 2)
      add_pair(sum, rows[i], rows[i + 1], same_power(context, index + i),
               same_power(context, index + i + 1));
  }
  return sum;
}

__attribute__((noinline)) TS_KERNEL_TARGET void fill_lengths_hash(AesGcmContext& context,
                                                                  const Packet& packet,
                                                                  const Text& text) {
  const __m128i hash = reverse_block(hashed_block(context, lengths_block(packet, text)));
  _mm_store_si128(reinterpret_cast<__m128i*>(context.lengths_hash), hash);
}

// The lengths' block times H, reduced and ready for the ICV: the same for packets that are alike.
TS_LEAF Vec hash_lengths(AesGcmContext& context, const Packet& packet, const Text& text) {
  const uint32_t kind = packet.aad_length << 16 | text.length;
  if (context.lengths_of != kind) [[unlikely]] {
    fill_lengths_hash(context, packet, text);
    context.lengths_of = kind;
  }
  return V::broadcast(context.lengths_hash);
}

template <int kVectors>
TS_LEAF Products hash_small(const AesGcmContext& context, const Text* texts,
                            const Vec (*ciphertexts)[4]) {
  Vec low[4], middle[4], high[4];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    const size_t index = power_index(block_count(texts[i].length) + 1);
    Products sum = no_products();
    if constexpr (kVectors == 1) {
      add_product(sum, context, V::reverse(ciphertexts[0][i]), index);
    } else {
      add_pair(sum, context, V::reverse(ciphertexts[0][i]), V::reverse(ciphertexts[1][i]), index);
    }
    low[i] = sum.low;
    middle[i] = sum.middle;
    high[i] = sum.high;
  }
  return {V::sums_of_lanes(low), V::sums_of_lanes(middle), V::sums_of_lanes(high)};
}

template <class Lanes, int kRounds, bool kSeals, int kVectors>
TS_LEAF void run_small(AesGcmContext& context, Packet* packets) {
  __m128i blocks[4];
  Text texts[4];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    texts[i] = text_of(packets[i]);
    blocks[i] = nonce_block(context, packets[i], 1);
  }
  const Vec nonces = V::gather(blocks);
  Vec masks = head_rounds(context, nonces);
  Vec states[kVectors][4], ciphertexts[kVectors][4];
  start_small<Lanes, kVectors>(context, packets, nonces, masks, states);
#pragma GCC unroll 16
  for (int round = kHeadRounds + 1; round < kRounds; ++round) {
    const Vec key = round_key(context, round);
    masks = V::aes(masks, key);
    aes_round<4 * kVectors>(states[0], key);
  }
  const Vec key = round_key(context, kRounds);
  masks = V::aes_last(masks, key);
#pragma GCC unroll 2
  for (uint32_t v = 0; v < kVectors; ++v) {
    Vec in[4];
    load_neighbours(texts, v * kVectorBytes, in);
#pragma GCC unroll 4
    for (uint32_t i = 0; i < 4; ++i) {
      const Vec out = store_text(texts[i], v * kVectorBytes,
                                 V::aes_last(states[v][i], V::exclusive(in[i], key)));
      ciphertexts[v][i] = kSeals ? out : in[i];
    }
  }
  if (are_alike(packets, texts)) [[likely]] {
    const Products sum = hash_alike<Lanes, kVectors>(context, packets, texts, ciphertexts);
    const Vec lengths = hash_lengths(context, packets[0], texts[0]);
    return finish<kSeals>(packets, 4, V::exclusive(V::reverse(reduce(sum)), lengths, masks));
  }
  Products sum = hash_small<kVectors>(context, texts, ciphertexts);
  hash_frames(sum, context, packets, 4);
  finish<kSeals>(packets, 4, V::exclusive(V::reverse(reduce(sum)), masks));
}

}  // namespace
}  // namespace twinspan::esp::kernels
