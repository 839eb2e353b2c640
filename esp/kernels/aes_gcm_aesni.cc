// AES-GCM with AES-NI and PCLMULQDQ: one block a vector.
#include <immintrin.h>

#include "esp/kernels/own_kernels.h"
#include "esp/kernels/partial_vector.h"

#define TS_KERNEL_TARGET __attribute__((target("aes,pclmul,sse4.1")))

namespace twinspan::esp::kernels {
namespace {

#define TS_OP static inline __attribute__((always_inline)) TS_KERNEL_TARGET

struct V {
  using Type = __m128i;
  static constexpr uint32_t kBlocks = 1;
  static constexpr int kStep = 4;
  static constexpr uint32_t kBytes = 16;

  TS_OP Type zero() { return _mm_setzero_si128(); }
  TS_OP Type load(const uint8_t* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const Type*>(bytes));
  }
  TS_OP void store(uint8_t* bytes, Type value) {
    _mm_storeu_si128(reinterpret_cast<Type*>(bytes), value);
  }
  TS_OP Type first(__m128i block) { return block; }
  TS_OP Type broadcast(const uint8_t* block) { return load(block); }
  TS_OP Type same(__m128i block) { return block; }
  TS_OP Type both(long long high, long long low) { return _mm_set_epi64x(high, low); }

  TS_OP Type exclusive(Type a, Type b) { return _mm_xor_si128(a, b); }
  TS_OP Type exclusive(Type a, Type b, Type c) { return exclusive(exclusive(a, b), c); }
  TS_OP Type add(Type a, Type b) { return _mm_add_epi32(a, b); }
  TS_OP Type swap_halves(Type value) { return _mm_shuffle_epi32(value, 0x4e); }
  // Lane 0 in all lanes, and lane 1 in lane 0.
  TS_OP Type spread_first(Type value) { return value; }
  TS_OP Type next_lane(Type value) { return value; }
  TS_OP Type interleave_low(Type a, Type b) { return _mm_unpacklo_epi64(a, b); }
  TS_OP Type interleave_high(Type a, Type b) { return _mm_unpackhi_epi64(a, b); }
  TS_OP Type reverse(Type value) {
    return _mm_shuffle_epi8(value,
                            _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  }
  template <int kHalves>
  TS_OP Type multiply(Type a, Type b) {
    return _mm_clmulepi64_si128(a, b, kHalves);
  }
  TS_OP Type aes(Type state, Type key) { return _mm_aesenc_si128(state, key); }
  TS_OP Type aes_last(Type state, Type key) { return _mm_aesenclast_si128(state, key); }

  TS_OP Type counters(__m128i block) { return block; }
  TS_OP Type counter_step() { return _mm_set_epi32(kBlocks, 0, 0, 0); }
  TS_OP Type big_endian_counter(Type counters) {
    return _mm_shuffle_epi8(counters,
                            _mm_set_epi8(12, 13, 14, 15, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  }

  TS_OP Type load_joined(const uint8_t* input, const uint8_t* output, uint32_t offset,
                         uint32_t joint, uint32_t length) {
    uint8_t bytes[kBytes];
    copy_joined(bytes, kBytes, {input, output, offset, joint, length});
    return load(bytes);
  }
  TS_OP Type store_partial(uint8_t* bytes, uint32_t count, Type value) {
    uint8_t whole[kBytes];
    store(whole, value);
    keep_front(whole, kBytes, bytes, count);
    return load(whole);
  }

  TS_OP Type gather(const __m128i* blocks) { return blocks[0]; }
  TS_OP __m128i sum_of_lanes(Type value) { return value; }
  TS_OP Type sums_of_lanes(const Type* values) { return values[0]; }
  TS_OP __m128i block(Type value) { return value; }
  TS_OP void store_block(uint8_t* bytes, Type value, uint32_t) { store(bytes, value); }
  // Bit i: lane i of both is equal.
  TS_OP uint32_t equal_blocks(Type a, Type b) {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) == 0xffff ? 1 : 0;
  }
};

}  // namespace
}  // namespace twinspan::esp::kernels

#include "esp/kernels/aes_gcm_body.h"

namespace twinspan::esp::kernels {

const Kernel kAesGcmAesni = make_kernel("aesni");

}  // namespace twinspan::esp::kernels
