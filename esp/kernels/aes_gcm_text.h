// What a packet hands to the cipher, in vectors and blocks. Part of aes_gcm_body.h.
#pragma once

#include "esp/kernels/aes_gcm_counter.h"

namespace twinspan::esp::kernels {
namespace {

constexpr uint32_t kVectorBytes = V::kBlocks * kAesBlock;

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

TS_LEAF uint32_t block_count(uint32_t length) {
  return (length + kAesBlock - 1) / kAesBlock;
}

TS_LEAF uint32_t vector_count(uint32_t length) {
  return (length + kVectorBytes - 1) / kVectorBytes;
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

// `block` times H, reduced.
TS_LEAF __m128i hashed_block(const AesGcmContext& context, __m128i block) {
  Products sum = no_products();
  add_block(sum, context, block, power_index(1));
  return V::block(reduce(sum));
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
    hash = hashed_block(context, hash);
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

// Writes or compares the ICVs, a lane for each packet.
template <bool kSeals>
TS_LEAF void finish(Packet* packets, uint32_t count, Vec icvs) {
  if constexpr (kSeals) {
    for (uint32_t i = 0; i < count; ++i) V::store_block(packets[i].icv, icvs, i);
  } else {
    judge(packets, count, icvs);
  }
}

// Adds associated data and lengths of one packet, in lane 0. What is longer than one run has its
// associated data in its text's first block.
TS_LEAF void hash_frame(Products& sum, const AesGcmContext& context, const Packet& packet) {
  const Text text = text_of(packet);
  if (text.length <= kRunBytes)
    add_block(sum, context, aad_block(context, packet), power_index(block_count(text.length) + 2));
  add_block(sum, context, lengths_block(packet, text), power_index(1));
}

// Those of neighbours, a lane for each.
TS_LEAF void hash_frames(Products& sum, const AesGcmContext& context, const Packet* packets,
                         uint32_t count) {
  __m128i aads[V::kBlocks], powers[V::kBlocks], folded[V::kBlocks], lengths[V::kBlocks];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < V::kBlocks; ++i) {
    aads[i] = powers[i] = folded[i] = lengths[i] = _mm_setzero_si128();
    if (i >= count) continue;
    const Text text = text_of(packets[i]);
    lengths[i] = lengths_block(packets[i], text);
    if (text.length > kRunBytes) continue;
    const uint32_t index = power_index(block_count(text.length) + 2);
    aads[i] = aad_block(context, packets[i]);
    powers[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(context.power[index]));
    folded[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(context.folded[index]));
  }
  add_product(sum, V::gather(aads), V::gather(powers), V::gather(folded));
  add_product(sum, V::gather(lengths), V::broadcast(context.power[power_index(1)]),
              V::broadcast(context.folded[power_index(1)]));
}

}  // namespace
}  // namespace twinspan::esp::kernels
