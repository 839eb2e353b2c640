#include "tun/checksum.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "esp/kernels/cpu.h"

namespace twinspan::tun {
namespace {

// Below this a call and a choice cost more than they save.
constexpr size_t kWorthAVector = 64;

// Each function here sums, and where kCopies copies what it reads to `out` as well.

template <bool kCopies>
uint64_t sum_tail(uint8_t* out, const uint8_t* bytes, size_t length) {
  if (kCopies && length != 0) std::memcpy(out, bytes, length);
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

// 32-bit words widened into 64-bit lanes, which cannot overflow: 2^14 words of 2^32.
template <bool kCopies>
uint64_t sum_anywhere(uint8_t* out, const uint8_t* bytes, size_t length) {
  const size_t blocks = length / 32;
  uint64_t lanes[8] = {};
  for (size_t i = 0; i < blocks; ++i) {
    uint32_t words[8];
    std::memcpy(words, bytes + 32 * i, sizeof words);
    if constexpr (kCopies) std::memcpy(out + 32 * i, words, sizeof words);
    for (size_t lane = 0; lane < 8; ++lane) lanes[lane] += words[lane];
  }
  uint64_t sum =
      sum_tail<kCopies>(kCopies ? out + 32 * blocks : nullptr, bytes + 32 * blocks, length % 32);
  for (const uint64_t lane : lanes) sum += lane;
  return sum;
}

#if defined(__x86_64__)

// Likewise, 64 bytes at a time: the even words of each vector are masked, the odd ones shifted.
template <bool kCopies>
__attribute__((target("avx2"))) uint64_t sum_avx2(uint8_t* out, const uint8_t* bytes,
                                                  size_t length) {
  const __m256i low = _mm256_set1_epi64x(0xffffffff);
  __m256i even = _mm256_setzero_si256();
  __m256i odd = even;
  const size_t blocks = length / 64;
  for (size_t i = 0; i < blocks; ++i) {
    const auto* at = reinterpret_cast<const __m256i*>(bytes + 64 * i);
    const __m256i a = _mm256_loadu_si256(at);
    const __m256i b = _mm256_loadu_si256(at + 1);
    if constexpr (kCopies) {
      auto* to = reinterpret_cast<__m256i*>(out + 64 * i);
      _mm256_storeu_si256(to, a);
      _mm256_storeu_si256(to + 1, b);
    }
    even = _mm256_add_epi64(even, _mm256_and_si256(a, low));
    odd = _mm256_add_epi64(odd, _mm256_srli_epi64(a, 32));
    even = _mm256_add_epi64(even, _mm256_and_si256(b, low));
    odd = _mm256_add_epi64(odd, _mm256_srli_epi64(b, 32));
  }
  uint64_t lanes[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), _mm256_add_epi64(even, odd));
  const size_t done = 64 * blocks;
  return lanes[0] + lanes[1] + lanes[2] + lanes[3] +
         sum_anywhere<kCopies>(kCopies ? out + done : nullptr, bytes + done, length % 64);
}

using Lanes512 = uint64_t __attribute__((vector_size(64)));

// Likewise; a mask takes the bytes behind the last whole vector, so that nothing is summed by
// words.
template <bool kCopies>
__attribute__((target("avx512f,avx512bw"))) uint64_t sum_avx512(uint8_t* out, const uint8_t* bytes,
                                                                size_t length) {
  constexpr uint64_t kLow = 0xffffffff;
  Lanes512 even = {};
  Lanes512 odd = {};
  const size_t done = length / 64 * 64;
  for (size_t i = 0; i < done; i += 64) {
    const __m512i words = _mm512_loadu_si512(bytes + i);
    if constexpr (kCopies) _mm512_storeu_si512(out + i, words);
    even += reinterpret_cast<Lanes512>(words) & kLow;
    odd += reinterpret_cast<Lanes512>(words) >> 32;
  }
  const __mmask64 rest = (uint64_t{1} << (length % 64)) - 1;
  const __m512i words = _mm512_maskz_loadu_epi8(rest, bytes + done);
  if constexpr (kCopies) _mm512_mask_storeu_epi8(out + done, rest, words);
  even += reinterpret_cast<Lanes512>(words) & kLow;
  odd += reinterpret_cast<Lanes512>(words) >> 32;
  const Lanes512 lanes = even + odd;
  uint64_t sum = 0;
  for (size_t lane = 0; lane < 8; ++lane) sum += lanes[lane];
  return sum;
}

#endif

uint64_t sum_only_anywhere(const uint8_t* bytes, size_t length) {
  return sum_anywhere<false>(nullptr, bytes, length);
}

#if defined(__x86_64__)
uint64_t sum_only_avx2(const uint8_t* bytes, size_t length) {
  return sum_avx2<false>(nullptr, bytes, length);
}
uint64_t sum_only_avx512(const uint8_t* bytes, size_t length) {
  return sum_avx512<false>(nullptr, bytes, length);
}
#endif

constexpr std::array kCodes = {
    ChecksumCode{sum_only_anywhere, sum_anywhere<true>},
#if defined(__x86_64__)
    ChecksumCode{sum_only_avx2, sum_avx2<true>},
    ChecksumCode{sum_only_avx512, sum_avx512<true>},
#endif
};

const ChecksumCode& best_code() {
  static const ChecksumCode& best = checksum_codes().back();
  return best;
}

}  // namespace

std::span<const ChecksumCode> checksum_codes() {
  const auto mask = esp::kernels::read_cpu_mask();
  const auto cpu = esp::kernels::probe_cpu(mask.value_or(esp::kernels::CpuMask{}));
  return std::span(kCodes).first(!cpu.avx2 ? 1 : !cpu.avx512 ? 2 : kCodes.size());
}

uint64_t checksum_sum(const uint8_t* bytes, size_t length) {
  if (length < kWorthAVector) return sum_tail<false>(nullptr, bytes, length);
  return best_code().sum(bytes, length);
}

uint64_t checksum_copy(uint8_t* out, const uint8_t* bytes, size_t length) {
  if (length < kWorthAVector) return sum_tail<true>(out, bytes, length);
  return best_code().copy(out, bytes, length);
}

}  // namespace twinspan::tun
