// What the AES-GCM kernels of our own keep per SA and direction: round keys and powers of H.
//
// One layout for every width of vector, so that one expansion serves them all. A context takes
// 5 KiB, of which packets of up to 64 bytes touch 15 cache lines. Keys and powers are written once,
// by expand_aes_gcm_context(); `head` is written by the kernel that uses it.
//
// Powers of H (the hash key of NIST SP 800-38D 6.3) are stored divided by x and in the order of
// their use: a run of n blocks is multiplied by n consecutive entries, whichever power the run
// begins with.
#pragma once

#include "esp/kernels/aead.h"

namespace twinspan::esp::kernels {

inline constexpr uint32_t kAesBlock = 16;
inline constexpr uint32_t kAesRoundKeysMax = 15;  // AES-256.
// Text of so many blocks, 1536 bytes, starts from `head` and is reduced once.
inline constexpr uint32_t kRunBlocks = 96;
inline constexpr uint32_t kRunBytes = kRunBlocks * kAesBlock;
inline constexpr uint32_t kHashPowers = kRunBlocks + 2;  // And the AAD's block and the lengths'.
// Behind H^1: read with blocks that are zero, when a run ends within a vector.
inline constexpr uint32_t kHashPowersPadding = 3;

struct alignas(kContextAlignment) AesGcmContext {
  uint8_t round_keys[kAesRoundKeysMax][kAesBlock];
  uint8_t salt_block[kAesBlock];  // The salt, then zeros: a counter block without IV and counter.
  // What the text's block i has XORed to the mask's block after two rounds, see aes_gcm_counter.h.
  uint8_t head[kRunBlocks][kAesBlock];
  // power i stands for H^(kHashPowers - i); `folded` holds the XOR of its halves, in both halves.
  uint8_t power[kHashPowers + kHashPowersPadding][kAesBlock];
  uint8_t folded[kHashPowers + kHashPowersPadding][kAesBlock];
  // What the lengths' block adds to the hash of packets like the last, see aes_gcm_small.h.
  uint8_t lengths_hash[kAesBlock];
  uint32_t lengths_of;   // Which packets it is for; 0: none.
  uint32_t round_count;  // 10 or 14.
  uint32_t head_nonce;   // Which nonces `head` is for: head_nonce_of().
  uint32_t head_blocks;  // So many blocks of it are filled.
};

// Index of H^exponent. Range: 1 to kHashPowers. Static, so that no kernel exports it.
static constexpr uint32_t power_index(uint32_t exponent) {
  return kHashPowers - exponent;
}

// Asks for AES-NI and PCLMULQDQ. False: a key of neither 16 nor 32 bytes.
bool expand_aes_gcm_context(void* context, const KeyMaterial& material, Direction direction);

}  // namespace twinspan::esp::kernels
