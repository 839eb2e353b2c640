// AES-GCM (NIST SP 800-38D) over batches of packets, for vectors of any width. Included by the
// kernels (aes_gcm_vaes512, aes_gcm_vaes256, aes_gcm_aesni), each of which defines
// TS_KERNEL_TARGET, the vector type V, and exports the Kernel made of seal_batch() and
// open_batch().
//
// A vector holds V::kBlocks AES blocks of one packet; a quad, four vectors, is one step. A packet
// is cut into quads, while more than a quad is left, and a tail of 1 to 4 vectors.
//
//   sealing:  quad k is encrypted while the ciphertext of quad k-1 is hashed
//   opening:  quad k is decrypted while it is hashed itself
//
// What a packet costs once is shared by V::kBlocks packets, its neighbours in the batch: the block
// that masks the ICV (one vector of counter blocks), the sum over the lanes, and the last reduction
// with the comparison. Nothing else joins packets; the CPU overlaps the tail of one with the head
// of the next by itself, since neither waits for the other.
//
// GHASH. A block is byte-reversed, so that bit 127 is the coefficient of x^0. Powers of H are
// divided by x (aes_gcm_context.h), therefore a carry-less product is the 256-bit product of the
// field, coefficient of x^0 at bit 255. Products are summed as (low, middle, high) of Karatsuba's
// rule, three multiplications each, and reduced once per quad: by 64 bits at a time, low half of
// low, then of middle, Q * x^192 = x^64 * (Q + x * Q * (1 + x + x^6)).
#pragma once

#include <immintrin.h>

#include "esp/kernels/aes_gcm_context.h"

#define TS_LEAF static inline __attribute__((always_inline)) TS_KERNEL_TARGET

namespace twinspan::esp::kernels {
namespace {

constexpr uint32_t kVectorBytes = V::kBlocks * kAesBlock;
constexpr uint32_t kQuadBytes = 4 * kVectorBytes;
constexpr uint32_t kQuadBlocks = 4 * V::kBlocks;

using Vec = V::Type;

struct Quad {
  Vec a, b, c, d;
};

// A sum of products that is not reduced yet.
struct Products {
  Vec low, middle, high;
};

// --- GHASH ---

TS_LEAF Products no_products() {
  return {V::zero(), V::zero(), V::zero()};
}

// Adds data * power, lane by lane. `folded` is the XOR of the halves of `power`.
TS_LEAF void add_product(Products& sum, Vec data, Vec power, Vec folded) {
  sum.low = V::exclusive(sum.low, V::template multiply<0x00>(data, power));
  sum.high = V::exclusive(sum.high, V::template multiply<0x11>(data, power));
  const Vec halves = V::exclusive(data, V::swap_halves(data));
  sum.middle = V::exclusive(sum.middle, V::template multiply<0x00>(halves, folded));
}

// The first lane meets the power at `index`, the others those behind it.
TS_LEAF void add_product(Products& sum, const AesGcmContext& context, Vec data, uint32_t index) {
  add_product(sum, data, V::load(context.power[index]), V::load(context.folded[index]));
}

// The same for one block, into lane 0.
TS_LEAF void add_block(Products& sum, const AesGcmContext& context, __m128i block, uint32_t index) {
  const __m128i power = _mm_loadu_si128(reinterpret_cast<const __m128i*>(context.power[index]));
  const __m128i folded = _mm_loadu_si128(reinterpret_cast<const __m128i*>(context.folded[index]));
  const __m128i halves = _mm_xor_si128(block, _mm_shuffle_epi32(block, 0x4e));
  sum.low = V::exclusive(sum.low, V::first(_mm_clmulepi64_si128(block, power, 0x00)));
  sum.high = V::exclusive(sum.high, V::first(_mm_clmulepi64_si128(block, power, 0x11)));
  sum.middle = V::exclusive(sum.middle, V::first(_mm_clmulepi64_si128(halves, folded, 0x00)));
}

// A run of vectors, the first of which meets the power at `index`.
template <int kVectors>
TS_LEAF void hash_quad(Products& sum, const AesGcmContext& context, const Quad& text,
                       uint32_t index) {
  add_product(sum, context, text.a, index);
  if constexpr (kVectors > 1) add_product(sum, context, text.b, index + V::kBlocks);
  if constexpr (kVectors > 2) add_product(sum, context, text.c, index + 2 * V::kBlocks);
  if constexpr (kVectors > 3) add_product(sum, context, text.d, index + 3 * V::kBlocks);
}

// Lane by lane modulo the polynomial.
TS_LEAF Vec reduce(const Products& sum) {
  const Vec polynomial = V::both(static_cast<long long>(0xc200000000000000), 1);
  Vec middle = V::exclusive(sum.middle, sum.low, sum.high);
  middle = V::exclusive(middle, V::swap_halves(sum.low),
                        V::template multiply<0x01>(polynomial, sum.low));
  return V::exclusive(sum.high, V::swap_halves(middle),
                      V::template multiply<0x01>(polynomial, middle));
}

// --- AES in counter mode ---

// The counter as a little-endian number in the last word of each block.
TS_LEAF __m128i nonce_block(const AesGcmContext& context, const Packet& packet, int counter) {
  const __m128i salt = _mm_load_si128(reinterpret_cast<const __m128i*>(context.salt_block));
  const __m128i iv = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(packet.iv));
  const __m128i nonce = _mm_or_si128(salt, _mm_slli_si128(iv, 4));
  return _mm_or_si128(nonce, _mm_set_epi32(counter, 0, 0, 0));
}

TS_LEAF Vec round_key(const AesGcmContext& context, uint32_t round) {
  return V::broadcast(context.round_keys[round]);
}

template <int kRounds>
TS_LEAF Vec encrypt(const AesGcmContext& context, Vec counters) {
  Vec state = V::exclusive(V::big_endian_counter(counters), round_key(context, 0));
#pragma GCC unroll 16
  for (uint32_t round = 1; round < kRounds; ++round)
    state = V::aes(state, round_key(context, round));
  return V::aes_last(state, round_key(context, kRounds));
}

// The next counter blocks with the first round key, the counter moved on.
TS_LEAF Vec take(Vec& counters, Vec key) {
  const Vec state = V::exclusive(V::big_endian_counter(counters), key);
  counters = V::add(counters, V::counter_step());
  return state;
}

template <int kVectors>
TS_LEAF Quad take_counters(Vec& counters, Vec key) {
  Quad state{};
  state.a = take(counters, key);
  if constexpr (kVectors > 1) state.b = take(counters, key);
  if constexpr (kVectors > 2) state.c = take(counters, key);
  if constexpr (kVectors > 3) state.d = take(counters, key);
  return state;
}

template <int kVectors>
TS_LEAF void aes_round(Quad& state, Vec key) {
  state.a = V::aes(state.a, key);
  if constexpr (kVectors > 1) state.b = V::aes(state.b, key);
  if constexpr (kVectors > 2) state.c = V::aes(state.c, key);
  if constexpr (kVectors > 3) state.d = V::aes(state.d, key);
}

// The last round adds the last round key: adding the text to that key first saves a step.
template <int kVectors>
TS_LEAF void aes_last_round(Quad& state, const Quad& text, Vec key) {
  state.a = V::aes_last(state.a, V::exclusive(text.a, key));
  if constexpr (kVectors > 1) state.b = V::aes_last(state.b, V::exclusive(text.b, key));
  if constexpr (kVectors > 2) state.c = V::aes_last(state.c, V::exclusive(text.c, key));
  if constexpr (kVectors > 3) state.d = V::aes_last(state.d, V::exclusive(text.d, key));
}

TS_LEAF Quad reversed(const Quad& text) {
  return {V::reverse(text.a), V::reverse(text.b), V::reverse(text.c), V::reverse(text.d)};
}

// `text` through the cipher, and on the way the quad `hashed` into `sum`.
template <int kRounds>
TS_LEAF Quad crypt_and_hash(const AesGcmContext& context, Vec& counters, const Quad& text,
                            const Quad& hashed, Products& sum) {
  constexpr uint32_t kFirst = power_index(kQuadBlocks);
  Quad state = take_counters<4>(counters, round_key(context, 0));
  aes_round<4>(state, round_key(context, 1));
  add_product(sum, context, hashed.a, kFirst);
  aes_round<4>(state, round_key(context, 2));
  aes_round<4>(state, round_key(context, 3));
  add_product(sum, context, hashed.b, kFirst + V::kBlocks);
  aes_round<4>(state, round_key(context, 4));
  aes_round<4>(state, round_key(context, 5));
  add_product(sum, context, hashed.c, kFirst + 2 * V::kBlocks);
  aes_round<4>(state, round_key(context, 6));
  aes_round<4>(state, round_key(context, 7));
  add_product(sum, context, hashed.d, kFirst + 3 * V::kBlocks);
#pragma GCC unroll 16
  for (uint32_t round = 8; round < kRounds; ++round) aes_round<4>(state, round_key(context, round));
  aes_last_round<4>(state, text, round_key(context, kRounds));
  return state;
}

template <int kRounds, int kVectors>
TS_LEAF Quad crypt(const AesGcmContext& context, Vec& counters, const Quad& text) {
  Quad state = take_counters<kVectors>(counters, round_key(context, 0));
#pragma GCC unroll 16
  for (uint32_t round = 1; round < kRounds; ++round)
    aes_round<kVectors>(state, round_key(context, round));
  aes_last_round<kVectors>(state, text, round_key(context, kRounds));
  return state;
}

// --- Texts ---

TS_LEAF void store_quad(uint8_t* text, const Quad& quad) {
  V::store(text, quad.a);
  V::store(text + kVectorBytes, quad.b);
  V::store(text + 2 * kVectorBytes, quad.c);
  V::store(text + 3 * kVectorBytes, quad.d);
}

// A packet's text, part of which already lies where it will be written: from `joint` on it is read
// from `output`.
struct Text {
  const uint8_t* input;
  uint8_t* output;
  uint32_t joint;
  uint32_t length;
};

TS_LEAF Text text_of(const Packet& packet) {
  const uint32_t length = packet.input_length + packet.trailer_length;
  return {packet.input, packet.output, packet.input == packet.output ? length : packet.input_length,
          length};
}

// A vector of the text, zeros behind its end.
TS_LEAF Vec load_text(const Text& text, uint32_t offset) {
  if (offset + kVectorBytes <= text.joint) return V::load(text.input + offset);
  return V::load_joined(text.input, text.output, offset, text.joint, text.length);
}

// Stores as much as belongs to the text and returns that, zeros behind it.
TS_LEAF Vec store_text(const Text& text, uint32_t offset, Vec value) {
  if (offset + kVectorBytes <= text.length) {
    V::store(text.output + offset, value);
    return value;
  }
  return V::store_partial(text.output + offset, text.length - offset, value);
}

template <int kVectors>
TS_LEAF Quad load_tail(const Text& text, uint32_t offset) {
  Quad quad{};
  quad.a = load_text(text, offset);
  if constexpr (kVectors > 1) quad.b = load_text(text, offset + kVectorBytes);
  if constexpr (kVectors > 2) quad.c = load_text(text, offset + 2 * kVectorBytes);
  if constexpr (kVectors > 3) quad.d = load_text(text, offset + 3 * kVectorBytes);
  return quad;
}

template <int kVectors>
TS_LEAF Quad store_tail(const Text& text, uint32_t offset, const Quad& quad) {
  Quad stored{};
  stored.a = store_text(text, offset, quad.a);
  if constexpr (kVectors > 1) stored.b = store_text(text, offset + kVectorBytes, quad.b);
  if constexpr (kVectors > 2) stored.c = store_text(text, offset + 2 * kVectorBytes, quad.c);
  if constexpr (kVectors > 3) stored.d = store_text(text, offset + 3 * kVectorBytes, quad.d);
  return stored;
}

// The same vector of four packets.
TS_LEAF Quad load_neighbours(const Text* texts, uint32_t offset) {
  return {load_text(texts[0], offset), load_text(texts[1], offset), load_text(texts[2], offset),
          load_text(texts[3], offset)};
}

TS_LEAF Quad store_neighbours(const Text* texts, uint32_t offset, const Quad& quad) {
  return {store_text(texts[0], offset, quad.a), store_text(texts[1], offset, quad.b),
          store_text(texts[2], offset, quad.c), store_text(texts[3], offset, quad.d)};
}

// --- One packet ---

TS_LEAF __m128i load_block(const uint8_t* bytes, uint32_t length) {
  uint8_t block[kAesBlock] = {};
  for (uint32_t i = 0; i < length; ++i) block[i] = bytes[i];
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
}

TS_LEAF __m128i reverse_block(__m128i block) {
  return _mm_shuffle_epi8(block,
                          _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

// ESP's associated data is 8 bytes, or 12 with ESN.
TS_LEAF __m128i load_short_aad(const Packet& packet) {
  const auto* const head = reinterpret_cast<const __m128i*>(packet.aad);
  if (packet.aad_length == 8) return _mm_loadl_epi64(head);
  if (packet.aad_length == 12) {
    int last;
    __builtin_memcpy(&last, packet.aad + 8, 4);
    return _mm_insert_epi32(_mm_loadl_epi64(head), last, 2);
  }
  return load_block(packet.aad, packet.aad_length);
}

// Longer ones: hashed up to the last block, which is returned with that hash in it.
__attribute__((noinline)) TS_KERNEL_TARGET __m128i hash_long_aad(const AesGcmContext& context,
                                                                 const Packet& packet) {
  __m128i hash = _mm_setzero_si128();
  uint32_t done = 0;
  while (true) {
    const uint32_t left = packet.aad_length - done;
    const uint32_t taken = left < kAesBlock ? left : kAesBlock;
    hash = _mm_xor_si128(hash, reverse_block(load_block(packet.aad + done, taken)));
    done += taken;
    if (done == packet.aad_length) return hash;
    Products sum = no_products();
    add_block(sum, context, hash, power_index(1));
    hash = V::block(reduce(sum));
  }
}

TS_LEAF __m128i aad_block(const AesGcmContext& context, const Packet& packet) {
  if (packet.aad_length > kAesBlock) [[unlikely]]
    return hash_long_aad(context, packet);
  return reverse_block(load_short_aad(packet));
}

// In bits (NIST SP 800-38D 7.1), byte-reversed.
TS_LEAF __m128i lengths_block(const Packet& packet, const Text& text) {
  return _mm_set_epi64x(static_cast<long long>(uint64_t{packet.aad_length} * 8),
                        static_cast<long long>(uint64_t{text.length} * 8));
}

TS_LEAF uint32_t block_count(uint32_t length) {
  return (length + kAesBlock - 1) / kAesBlock;
}

// What has been done of a packet.
struct Progress {
  Vec counters;     // Of the next vector.
  __m128i carried;  // The hash so far: to be added to the next block.
  uint32_t offset;
};

template <int kRounds, bool kSeals>
TS_LEAF void run_quads(const AesGcmContext& context, const Text& text, Products sum,
                       Progress& progress) {
  Quad hashed{};
  if constexpr (kSeals) {
    const Quad sealed = crypt<kRounds, 4>(context, progress.counters, load_tail<4>(text, 0));
    store_quad(text.output, sealed);
    hashed = reversed(sealed);
    progress.offset = kQuadBytes;
  }
  while (progress.offset + kQuadBytes < text.length) {
    const Quad in = load_tail<4>(text, progress.offset);
    if constexpr (!kSeals) hashed = reversed(in);
    hashed.a = V::exclusive(hashed.a, V::first(progress.carried));
    const Quad out = crypt_and_hash<kRounds>(context, progress.counters, in, hashed, sum);
    store_quad(text.output + progress.offset, out);
    progress.carried = V::sum_of_lanes(reduce(sum));
    sum = no_products();
    if constexpr (kSeals) hashed = reversed(out);
    progress.offset += kQuadBytes;
  }
  if constexpr (kSeals) {
    hashed.a = V::exclusive(hashed.a, V::first(progress.carried));
    hash_quad<4>(sum, context, hashed, power_index(kQuadBlocks));
    progress.carried = V::sum_of_lanes(reduce(sum));
  }
}

template <int kRounds, bool kSeals, int kVectors>
TS_LEAF void run_tail(const AesGcmContext& context, const Text& text, Progress& progress,
                      Products& sum) {
  const uint32_t blocks = block_count(text.length - progress.offset);
  const Quad in = load_tail<kVectors>(text, progress.offset);
  const Quad out = store_tail<kVectors>(text, progress.offset,
                                        crypt<kRounds, kVectors>(context, progress.counters, in));
  Quad hashed = reversed(kSeals ? out : in);
  hashed.a = V::exclusive(hashed.a, V::first(progress.carried));
  hash_quad<kVectors>(sum, context, hashed, power_index(blocks + 1));
}

// Encrypts or decrypts; what is left to do for the ICV is the sum over the lanes and its reduction.
template <int kRounds, bool kSeals>
TS_LEAF Products run_packet(const AesGcmContext& context, const Packet& packet) {
  const Text text = text_of(packet);
  Progress progress{.counters = V::counters(nonce_block(context, packet, 2)),
                    .carried = _mm_setzero_si128(),
                    .offset = 0};
  const bool has_quads = text.length > kQuadBytes;
  const uint32_t first_run = has_quads ? kQuadBlocks : block_count(text.length) + 1;
  Products sum = no_products();
  add_block(sum, context, aad_block(context, packet), power_index(first_run + 1));
  if (has_quads) {
    run_quads<kRounds, kSeals>(context, text, sum, progress);
    sum = no_products();
  }
  switch ((text.length - progress.offset + kVectorBytes - 1) / kVectorBytes) {
    case 4:
      run_tail<kRounds, kSeals, 4>(context, text, progress, sum);
      break;
    case 3:
      run_tail<kRounds, kSeals, 3>(context, text, progress, sum);
      break;
    case 2:
      run_tail<kRounds, kSeals, 2>(context, text, progress, sum);
      break;
    case 1:
      run_tail<kRounds, kSeals, 1>(context, text, progress, sum);
      break;
    default:
      break;  // Nothing to encrypt, as in GMAC.
  }
  add_block(sum, context, lengths_block(packet, text), power_index(1));
  return sum;
}

// --- Neighbours in a batch ---

__attribute__((noinline)) TS_KERNEL_TARGET void wipe(const Packet& packet) {
  for (uint32_t i = 0; i < packet.input_length; ++i) packet.output[i] = 0;
}

// In constant time for those that are authentic; the others are rare and known to their sender.
TS_LEAF void judge(Packet* packets, uint32_t count, Vec icvs) {
  __m128i expected[V::kBlocks];
  for (uint32_t i = 0; i < V::kBlocks; ++i)
    expected[i] = i < count ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(packets[i].icv))
                            : _mm_setzero_si128();
  const uint32_t equal = V::equal_blocks(icvs, V::gather(expected));
  for (uint32_t i = 0; i < count; ++i) {
    packets[i].authentic = (equal >> i & 1) != 0;
    if (!packets[i].authentic) [[unlikely]]
      wipe(packets[i]);
  }
}

template <bool kSeals>
TS_LEAF void finish(Packet* packets, uint32_t count, Vec icvs) {
  if constexpr (kSeals) {
    for (uint32_t i = 0; i < count; ++i) V::store_block(packets[i].icv, icvs, i);
  } else {
    judge(packets, count, icvs);
  }
}

// Four packets of kVectors vectors each, four blocks a vector, through the cipher side by side: a
// single chain of rounds would leave the CPU idle. Vector v of packet i is states[v], member i.
template <int kRounds, int kVectors>
TS_LEAF void crypt_small(const AesGcmContext& context, const Text* texts, Quad counters,
                         Quad* states, Vec& masks) {
  const Vec first_key = round_key(context, 0);
  masks = V::exclusive(V::big_endian_counter(masks), first_key);
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v)
    states[v] = {take(counters.a, first_key), take(counters.b, first_key),
                 take(counters.c, first_key), take(counters.d, first_key)};
#pragma GCC unroll 16
  for (uint32_t round = 1; round < kRounds; ++round) {
    const Vec key = round_key(context, round);
    masks = V::aes(masks, key);
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) aes_round<4>(states[v], key);
  }
  const Vec last_key = round_key(context, kRounds);
  masks = V::aes_last(masks, last_key);
#pragma GCC unroll 2
  for (uint32_t v = 0; v < kVectors; ++v)
    aes_last_round<4>(states[v], load_neighbours(texts, v * kVectorBytes), last_key);
}

// Associated data and lengths of four packets, a lane for each.
TS_LEAF void hash_small_frames(Products& sum, const AesGcmContext& context, const Packet* packets,
                               const Text* texts) {
  __m128i aads[4], powers[4], folded[4], lengths[4];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t index = power_index(block_count(texts[i].length) + 2);
    aads[i] = aad_block(context, packets[i]);
    powers[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(context.power[index]));
    folded[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(context.folded[index]));
    lengths[i] = lengths_block(packets[i], texts[i]);
  }
  add_product(sum, V::gather(aads), V::gather(powers), V::gather(folded));
  add_product(sum, V::gather(lengths), V::broadcast(context.power[power_index(1)]),
              V::broadcast(context.folded[power_index(1)]));
}

TS_LEAF Vec member(const Quad& quad, uint32_t i) {
  return i == 0 ? quad.a : i == 1 ? quad.b : i == 2 ? quad.c : quad.d;
}

template <int kVectors>
TS_LEAF Products hash_small_texts(const AesGcmContext& context, const Text* texts,
                                  const Quad* ciphertexts) {
  Vec low[4], middle[4], high[4];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t index = power_index(block_count(texts[i].length) + 1);
    Products sum = no_products();
#pragma GCC unroll 2
    for (uint32_t v = 0; v < kVectors; ++v)
      add_product(sum, context, V::reverse(member(ciphertexts[v], i)), index + v * V::kBlocks);
    low[i] = sum.low;
    middle[i] = sum.middle;
    high[i] = sum.high;
  }
  return {V::sums_of_lanes(low), V::sums_of_lanes(middle), V::sums_of_lanes(high)};
}

template <class Lanes, int kRounds, bool kSeals, int kVectors>
TS_LEAF void run_small(const AesGcmContext& context, Packet* packets) {
  __m128i blocks[4];
  Text texts[4];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    texts[i] = text_of(packets[i]);
    blocks[i] = nonce_block(context, packets[i], 1);
  }
  Vec masks = V::gather(blocks);
  const Quad counters = {
      Lanes::template spread_counters<0>(masks), Lanes::template spread_counters<1>(masks),
      Lanes::template spread_counters<2>(masks), Lanes::template spread_counters<3>(masks)};
  Quad states[kVectors], ciphertexts[kVectors];
  crypt_small<kRounds, kVectors>(context, texts, counters, states, masks);
#pragma GCC unroll 2
  for (uint32_t v = 0; v < kVectors; ++v) {
    if constexpr (!kSeals) ciphertexts[v] = load_neighbours(texts, v * kVectorBytes);
    const Quad stored = store_neighbours(texts, v * kVectorBytes, states[v]);
    if constexpr (kSeals) ciphertexts[v] = stored;
  }
  Products sum = hash_small_texts<kVectors>(context, texts, ciphertexts);
  hash_small_frames(sum, context, packets, texts);
  finish<kSeals>(packets, 4, V::exclusive(V::reverse(reduce(sum)), masks));
}

// How many vectors each of four packets has, when it is the same number; else 0.
TS_LEAF uint32_t common_vectors(const Packet* packets) {
  uint32_t least = kQuadBytes + 1, most = 0;
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t length = packets[i].input_length + packets[i].trailer_length;
    least = length < least ? length : least;
    most = length > most ? length : most;
  }
  if (least > 0 && most <= kVectorBytes) return 1;
  return least > kVectorBytes && most <= 2 * kVectorBytes ? 2 : 0;
}

template <int kRounds, bool kSeals>
TS_LEAF void run_neighbours(const AesGcmContext& context, Packet* packets, uint32_t count) {
  __m128i nonces[V::kBlocks];
  Vec low[V::kBlocks], middle[V::kBlocks], high[V::kBlocks];
  for (uint32_t i = 0; i < V::kBlocks; ++i)
    nonces[i] = i < count ? nonce_block(context, packets[i], 1) : _mm_setzero_si128();
  const Vec masks = encrypt<kRounds>(context, V::gather(nonces));
  for (uint32_t i = 0; i < V::kBlocks; ++i) {
    const Products sum =
        i < count ? run_packet<kRounds, kSeals>(context, packets[i]) : no_products();
    low[i] = sum.low;
    middle[i] = sum.middle;
    high[i] = sum.high;
  }
  const Products sum = {V::sums_of_lanes(low), V::sums_of_lanes(middle), V::sums_of_lanes(high)};
  finish<kSeals>(packets, count, V::exclusive(V::reverse(reduce(sum)), masks));
}

// A full vector of neighbours.
template <int kRounds, bool kSeals>
TS_LEAF void run_full(const AesGcmContext& context, Packet* packets) {
  if constexpr (V::kBlocks == 4) {
    const uint32_t vectors = common_vectors(packets);
    if (vectors == 1) return run_small<V, kRounds, kSeals, 1>(context, packets);
    if (vectors == 2) return run_small<V, kRounds, kSeals, 2>(context, packets);
  }
  run_neighbours<kRounds, kSeals>(context, packets, V::kBlocks);
}

template <int kRounds, bool kSeals>
__attribute__((noinline)) TS_KERNEL_TARGET void run_batch(const AesGcmContext& context,
                                                          Packet* packets, size_t count) {
  for (; count >= V::kBlocks; packets += V::kBlocks, count -= V::kBlocks)
    run_full<kRounds, kSeals>(context, packets);
  if (count != 0) run_neighbours<kRounds, kSeals>(context, packets, static_cast<uint32_t>(count));
}

template <bool kSeals>
void run(void* memory, Packet* packets, size_t count) {
  const auto& context = *static_cast<const AesGcmContext*>(memory);
  if (context.round_count == 14) return run_batch<14, kSeals>(context, packets, count);
  run_batch<10, kSeals>(context, packets, count);
}

void release_nothing(void*) {}

constexpr Kernel make_kernel(const char* name) {
  return {.name = name,
          .context_size = sizeof(AesGcmContext),
          .expand = expand_aes_gcm_context,
          .release = release_nothing,
          .seal = run<true>,
          .open = run<false>};
}

}  // namespace
}  // namespace twinspan::esp::kernels
