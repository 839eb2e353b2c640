// AES-GCM with AVX-512, VAES and VPCLMULQDQ: four blocks a vector, four packets share one
// reduction.
#include <immintrin.h>

#include "esp/kernels/own_kernels.h"

// g++ 12 takes its own undefined operands of AVX-512 intrinsics for ours (GCC bug 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#define TS_KERNEL_TARGET __attribute__((target("aes,pclmul,avx512bw,vaes,vpclmulqdq,bmi2")))

namespace twinspan::esp::kernels {
namespace {

#define TS_OP static inline __attribute__((always_inline)) TS_KERNEL_TARGET

struct V {
  using Type = __m512i;
  static constexpr uint32_t kBlocks = 4;
  static constexpr int kStep = 8;

  TS_OP Type zero() { return _mm512_setzero_si512(); }
  TS_OP Type load(const uint8_t* bytes) { return _mm512_loadu_si512(bytes); }
  TS_OP void store(uint8_t* bytes, Type value) { _mm512_storeu_si512(bytes, value); }
  TS_OP Type first(__m128i block) { return _mm512_zextsi128_si512(block); }
  TS_OP Type broadcast(const uint8_t* block) {
    return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(block)));
  }
  TS_OP Type same(__m128i block) { return _mm512_broadcast_i32x4(block); }
  TS_OP Type both(long long high, long long low) {
    return _mm512_broadcast_i32x4(_mm_set_epi64x(high, low));
  }

  TS_OP Type exclusive(Type a, Type b) { return _mm512_xor_si512(a, b); }
  TS_OP Type exclusive(Type a, Type b, Type c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
  TS_OP Type add(Type a, Type b) { return _mm512_add_epi32(a, b); }
  TS_OP Type swap_halves(Type value) { return _mm512_shuffle_epi32(value, _MM_PERM_BADC); }
  // Lane 0 in all lanes, and lane 1 in lane 0.
  TS_OP Type spread_first(Type value) { return _mm512_shuffle_i64x2(value, value, 0); }
  TS_OP Type next_lane(Type value) { return _mm512_alignr_epi64(value, value, 2); }
  TS_OP Type interleave_low(Type a, Type b) { return _mm512_unpacklo_epi64(a, b); }
  TS_OP Type interleave_high(Type a, Type b) { return _mm512_unpackhi_epi64(a, b); }
  TS_OP Type reverse(Type value) {
    return _mm512_shuffle_epi8(value, _mm512_broadcast_i32x4(_mm_set_epi8(
                                          0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
  }
  template <int kHalves>
  TS_OP Type multiply(Type a, Type b) {
    return _mm512_clmulepi64_epi128(a, b, kHalves);
  }
  TS_OP Type aes(Type state, Type key) { return _mm512_aesenc_epi128(state, key); }
  TS_OP Type aes_last(Type state, Type key) { return _mm512_aesenclast_epi128(state, key); }

  TS_OP Type counters(__m128i block) {
    return _mm512_add_epi32(_mm512_broadcast_i32x4(block),
                            _mm512_set_epi32(3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  }
  template <int kLane>
  TS_OP Type spread(Type value) {
    return _mm512_shuffle_i64x2(value, value, kLane * 0x55);
  }
  // The counter blocks of the packet in that lane of `nonces`, which hold counter 1, from 2 on.
  template <int kLane>
  TS_OP Type spread_counters(Type nonces) {
    return _mm512_add_epi32(spread<kLane>(nonces),
                            _mm512_set_epi32(4, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0));
  }
  TS_OP Type counter_step() { return _mm512_broadcast_i32x4(_mm_set_epi32(kBlocks, 0, 0, 0)); }
  TS_OP Type big_endian_counter(Type counters) {
    return _mm512_shuffle_epi8(
        counters,
        _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)));
  }

  // The first `count` bytes; all from 64 on.
  TS_OP __mmask64 front(uint32_t count) {
    return _cvtu64_mask64(_bzhi_u64(~0ull, count < 64 ? count : 64));  // Looks at 8 bits of it.
  }
  TS_OP Type load_joined(const uint8_t* input, const uint8_t* output, uint32_t offset,
                         uint32_t joint, uint32_t length) {
    const __mmask64 from_input = front(joint > offset ? joint - offset : 0);
    const __mmask64 whole = front(length - offset);
    const Type head = _mm512_maskz_loadu_epi8(from_input, input + offset);
    return _mm512_mask_loadu_epi8(head, _kandn_mask64(from_input, whole), output + offset);
  }
  TS_OP Type store_partial(uint8_t* bytes, uint32_t count, Type value) {
    const __mmask64 taken = front(count);
    _mm512_mask_storeu_epi8(bytes, taken, value);
    return _mm512_maskz_mov_epi8(taken, value);
  }

  TS_OP Type gather(const __m128i* blocks) {
    const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(blocks[0]), blocks[1], 1);
    const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(blocks[2]), blocks[3], 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
  TS_OP __m128i sum_of_lanes(Type value) {
    const __m256i half =
        _mm256_xor_si256(_mm512_castsi512_si256(value), _mm512_extracti64x4_epi64(value, 1));
    return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  }
  // Lanes 0+2 and 1+3 of both.
  TS_OP Type halve(Type a, Type b) {
    return _mm512_xor_si512(_mm512_shuffle_i64x2(a, b, 0x44), _mm512_shuffle_i64x2(a, b, 0xee));
  }
  // Lane i is the sum of the lanes of values[i].
  TS_OP Type sums_of_lanes(const Type* values) {
    const Type low = halve(values[0], values[1]), high = halve(values[2], values[3]);
    return _mm512_xor_si512(_mm512_shuffle_i64x2(low, high, 0x88),
                            _mm512_shuffle_i64x2(low, high, 0xdd));
  }
  // Four rows of four blocks: lane j of row i becomes lane i of row j.
  TS_OP void transpose(Type* rows) {
    const Type low01 = _mm512_shuffle_i64x2(rows[0], rows[1], 0x44);
    const Type high01 = _mm512_shuffle_i64x2(rows[0], rows[1], 0xee);
    const Type low23 = _mm512_shuffle_i64x2(rows[2], rows[3], 0x44);
    const Type high23 = _mm512_shuffle_i64x2(rows[2], rows[3], 0xee);
    rows[0] = _mm512_shuffle_i64x2(low01, low23, 0x88);
    rows[1] = _mm512_shuffle_i64x2(low01, low23, 0xdd);
    rows[2] = _mm512_shuffle_i64x2(high01, high23, 0x88);
    rows[3] = _mm512_shuffle_i64x2(high01, high23, 0xdd);
  }
  TS_OP __m128i block(Type value) { return _mm512_castsi512_si128(value); }
  TS_OP void store_block(uint8_t* bytes, Type value, uint32_t lane) {
    __m128i block = _mm512_castsi512_si128(value);
    if (lane == 1) block = _mm512_extracti32x4_epi32(value, 1);
    if (lane == 2) block = _mm512_extracti32x4_epi32(value, 2);
    if (lane == 3) block = _mm512_extracti32x4_epi32(value, 3);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), block);
  }
  // Bit i: lane i of both is equal.
  TS_OP uint32_t equal_blocks(Type a, Type b) {
    const uint32_t halves = _mm512_cmpeq_epi64_mask(a, b);
    const uint32_t pairs = halves & halves >> 1;
    return (pairs & 1) | (pairs >> 1 & 2) | (pairs >> 2 & 4) | (pairs >> 3 & 8);
  }
};

}  // namespace
}  // namespace twinspan::esp::kernels

#include "esp/kernels/aes_gcm_body.h"

namespace twinspan::esp::kernels {

const Kernel kAesGcmVaes512 = make_kernel("vaes512");

}  // namespace twinspan::esp::kernels
