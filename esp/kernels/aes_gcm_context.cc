// Key expansion (FIPS 197 5.2) and powers of H for the AES-GCM kernels, with AES-NI and PCLMULQDQ.
#include "esp/kernels/aes_gcm_context.h"

#include <immintrin.h>

#define TS_KERNEL_TARGET __attribute__((target("aes,pclmul,sse4.1")))

namespace twinspan::esp::kernels {
namespace {

// x86 vectors are loaded and stored through these, so that no alignment is assumed.
TS_KERNEL_TARGET __m128i load(const uint8_t* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}
TS_KERNEL_TARGET void store(uint8_t* bytes, __m128i value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), value);
}

// The four words of a round key, each the XOR of `previous` up to it and of `word`.
TS_KERNEL_TARGET __m128i chain(__m128i previous, __m128i word) {
  previous = _mm_xor_si128(previous, _mm_slli_si128(previous, 4));
  previous = _mm_xor_si128(previous, _mm_slli_si128(previous, 8));
  return _mm_xor_si128(previous, word);
}

// SubWord(RotWord(last word)) XOR Rcon, in all words.
TS_KERNEL_TARGET __m128i rotated(__m128i key, uint32_t rcon) {
  const __m128i assisted = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, 0), 0xff);
  return _mm_xor_si128(assisted, _mm_set1_epi32(static_cast<int>(rcon)));
}

// SubWord(last word), in all words.
TS_KERNEL_TARGET __m128i substituted(__m128i key) {
  return _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, 0), 0xaa);
}

TS_KERNEL_TARGET void expand_128(AesGcmContext& context, const uint8_t* key) {
  __m128i word = load(key);
  store(context.round_keys[0], word);
  uint32_t rcon = 1;
  for (uint32_t round = 1; round <= 10; ++round) {
    word = chain(word, rotated(word, rcon));
    store(context.round_keys[round], word);
    rcon = rcon << 1 ^ (rcon >= 0x80 ? 0x11b : 0);
  }
}

TS_KERNEL_TARGET void expand_256(AesGcmContext& context, const uint8_t* key) {
  __m128i even = load(key), odd = load(key + kAesBlock);
  store(context.round_keys[0], even);
  store(context.round_keys[1], odd);
  uint32_t rcon = 1;
  for (uint32_t round = 2; round <= 14; round += 2) {
    even = chain(even, rotated(odd, rcon));
    store(context.round_keys[round], even);
    rcon <<= 1;
    if (round == 14) break;
    odd = chain(odd, substituted(even));
    store(context.round_keys[round + 1], odd);
  }
}

TS_KERNEL_TARGET __m128i encrypt_zero(const AesGcmContext& context) {
  __m128i state = load(context.round_keys[0]);
  for (uint32_t round = 1; round < context.round_count; ++round)
    state = _mm_aesenc_si128(state, load(context.round_keys[round]));
  return _mm_aesenclast_si128(state, load(context.round_keys[context.round_count]));
}

TS_KERNEL_TARGET __m128i byte_reversed(__m128i value) {
  return _mm_shuffle_epi8(value,
                          _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

// value / x modulo x^128 + x^7 + x^2 + x + 1. Bit 127 is the coefficient of x^0, so this is a shift
// to the left; what leaves at x^0 returns as 1/x = x^127 + x^6 + x + 1.
TS_KERNEL_TARGET __m128i divided_by_x(__m128i value) {
  const __m128i carry = _mm_srli_epi64(value, 63);
  const __m128i shifted = _mm_or_si128(_mm_slli_epi64(value, 1), _mm_slli_si128(carry, 8));
  const __m128i leaving = _mm_sub_epi64(_mm_setzero_si128(), _mm_srli_si128(carry, 8));
  const __m128i everywhere = _mm_unpacklo_epi64(leaving, leaving);
  const __m128i inverse = _mm_set_epi64x(static_cast<long long>(0xc200000000000000), 1);
  return _mm_xor_si128(shifted, _mm_and_si128(everywhere, inverse));
}

// a * b * x: of two operands that are divided by x, the product divided by x. aes_gcm_body.h says
// how the reduction works.
TS_KERNEL_TARGET __m128i multiplied(__m128i a, __m128i b) {
  const __m128i polynomial = _mm_set_epi64x(static_cast<long long>(0xc200000000000000), 1);
  const __m128i low = _mm_clmulepi64_si128(a, b, 0x00);
  const __m128i high = _mm_clmulepi64_si128(a, b, 0x11);
  __m128i middle =
      _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10));
  middle = _mm_xor_si128(middle, _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e),
                                               _mm_clmulepi64_si128(polynomial, low, 0x01)));
  return _mm_xor_si128(high, _mm_xor_si128(_mm_shuffle_epi32(middle, 0x4e),
                                           _mm_clmulepi64_si128(polynomial, middle, 0x01)));
}

TS_KERNEL_TARGET void make_powers(AesGcmContext& context) {
  const __m128i first = divided_by_x(byte_reversed(encrypt_zero(context)));
  __m128i power = first;
  for (uint32_t exponent = 1; exponent <= kHashPowers; ++exponent) {
    if (exponent > 1) power = multiplied(power, first);
    store(context.power[power_index(exponent)], power);
    store(context.folded[power_index(exponent)],
          _mm_xor_si128(power, _mm_shuffle_epi32(power, 0x4e)));
  }
}

}  // namespace

bool expand_aes_gcm_context(void* memory, const KeyMaterial& material, Direction) {
  auto& context = *static_cast<AesGcmContext*>(memory);
  switch (material.key_size) {
    case 16:
      context.round_count = 10;
      expand_128(context, material.key);
      break;
    case 32:
      context.round_count = 14;
      expand_256(context, material.key);
      break;
    default:
      return false;
  }
  for (uint32_t i = 0; i < 4; ++i) context.salt_block[i] = material.salt[i];
  make_powers(context);
  return true;
}

}  // namespace twinspan::esp::kernels
