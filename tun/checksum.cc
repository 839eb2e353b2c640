#include "tun/checksum.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace twinspan::tun {
namespace {

uint64_t sum_tail(const uint8_t* bytes, size_t length) {
  uint64_t sum = 0;
  size_t i = 0;
  for (; i + 4 <= length; i += 4) {
    uint32_t word;
    std::memcpy(&word, bytes + i, sizeof word);
    sum += word;
  }
  if ((length & 2) != 0) {
    uint16_t word;
    std::memcpy(&word, bytes + i, sizeof word);
    sum += word;
    i += 2;
  }
  if ((length & 1) != 0) {
    // RFC 1071 4.1: an odd last byte is padded with a zero byte after it.
    const uint8_t padded[2] = {bytes[i], 0};
    uint16_t word;
    std::memcpy(&word, padded, sizeof word);
    sum += word;
  }
  return sum;
}

#ifdef __SSE2__

// 32-bit words widened into 64-bit lanes, which cannot overflow: 2^14 words of 2^32.
// SSE2 is part of every x86-64, so nothing has to be chosen at run time.
uint64_t sum_blocks(const uint8_t* bytes, size_t blocks) {
  const __m128i zero = _mm_setzero_si128();
  __m128i even = zero;
  __m128i odd = zero;
  for (size_t i = 0; i < blocks; ++i) {
    const auto* at = reinterpret_cast<const __m128i*>(bytes + 32 * i);
    const __m128i a = _mm_loadu_si128(at);
    const __m128i b = _mm_loadu_si128(at + 1);
    even = _mm_add_epi64(even, _mm_unpacklo_epi32(a, zero));
    odd = _mm_add_epi64(odd, _mm_unpackhi_epi32(a, zero));
    even = _mm_add_epi64(even, _mm_unpacklo_epi32(b, zero));
    odd = _mm_add_epi64(odd, _mm_unpackhi_epi32(b, zero));
  }
  uint64_t lanes[2];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(lanes), _mm_add_epi64(even, odd));
  return lanes[0] + lanes[1];
}

#else

uint64_t sum_blocks(const uint8_t* bytes, size_t blocks) {
  uint64_t lanes[8] = {};
  for (size_t i = 0; i < blocks; ++i) {
    uint32_t words[8];
    std::memcpy(words, bytes + 32 * i, sizeof words);
    for (size_t lane = 0; lane < 8; ++lane) lanes[lane] += words[lane];
  }
  uint64_t sum = 0;
  for (const uint64_t lane : lanes) sum += lane;
  return sum;
}

#endif

}  // namespace

uint64_t checksum_sum(const uint8_t* bytes, size_t length) {
  const size_t blocks = length / 32;
  return sum_blocks(bytes, blocks) + sum_tail(bytes + 32 * blocks, length % 32);
}

}  // namespace twinspan::tun
