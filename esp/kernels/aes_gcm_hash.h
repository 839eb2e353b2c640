// GHASH (NIST SP 800-38D 6.4) on vectors. Part of aes_gcm_body.h.
//
// A block is byte-reversed, so that bit 127 is the coefficient of x^0. Powers of H are divided by x
// (aes_gcm_context.h), therefore a carry-less product is the 256-bit product of the field,
// coefficient of x^0 at bit 255. Products are summed as (low, middle, high) of Karatsuba's rule,
// three multiplications each, and a sum is reduced once: by 64 bits at a time, low half of low,
// then of middle, Q * x^192 = x^64 * (Q + x * Q * (1 + x + x^6)).
#pragma once

#include <immintrin.h>

#include "esp/kernels/aes_gcm_context.h"

#define TS_LEAF static inline __attribute__((always_inline)) TS_KERNEL_TARGET

namespace twinspan::esp::kernels {
namespace {

using Vec = V::Type;

// A sum of products that is not reduced yet.
struct Products {
  Vec low, middle, high;
};

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
TS_LEAF void add_product(Products& sum, const AesGcmContext& context, Vec data, size_t index) {
  add_product(sum, data, V::load(context.power[index]), V::load(context.folded[index]));
}

// A power of H for each lane, and the XOR of its halves.
struct PowerOfH {
  Vec power, folded;
};

// Two products at once; the halves of both vectors are folded in one.
TS_LEAF void add_pair(Products& sum, Vec first, Vec second, const PowerOfH& of_first,
                      const PowerOfH& of_second) {
  sum.low = V::exclusive(sum.low, V::template multiply<0x00>(first, of_first.power),
                         V::template multiply<0x00>(second, of_second.power));
  sum.high = V::exclusive(sum.high, V::template multiply<0x11>(first, of_first.power),
                          V::template multiply<0x11>(second, of_second.power));
  const Vec halves =
      V::exclusive(V::interleave_low(first, second), V::interleave_high(first, second));
  sum.middle = V::exclusive(sum.middle, V::template multiply<0x00>(halves, of_first.folded),
                            V::template multiply<0x11>(halves, of_second.folded));
}

// Two vectors that follow each other.
TS_LEAF void add_pair(Products& sum, const AesGcmContext& context, Vec first, Vec second,
                      size_t index) {
  const size_t next = index + V::kBlocks;
  add_pair(sum, first, second, {V::load(context.power[index]), V::load(context.folded[index])},
           {V::load(context.power[next]), V::load(context.folded[next])});
}

// One block, into lane 0.
TS_LEAF void add_block(Products& sum, const AesGcmContext& context, __m128i block, size_t index) {
  const __m128i power = _mm_loadu_si128(reinterpret_cast<const __m128i*>(context.power[index]));
  const __m128i folded = _mm_loadu_si128(reinterpret_cast<const __m128i*>(context.folded[index]));
  const __m128i halves = _mm_xor_si128(block, _mm_shuffle_epi32(block, 0x4e));
  sum.low = V::exclusive(sum.low, V::first(_mm_clmulepi64_si128(block, power, 0x00)));
  sum.high = V::exclusive(sum.high, V::first(_mm_clmulepi64_si128(block, power, 0x11)));
  sum.middle = V::exclusive(sum.middle, V::first(_mm_clmulepi64_si128(halves, folded, 0x00)));
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

}  // namespace
}  // namespace twinspan::esp::kernels
