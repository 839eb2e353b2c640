// The batch interface of the ciphers: what a kernel is, independent of ESP.
//
// A Kernel is a set of functions for one transform on one kind of CPU. Its expanded key is a plain
// block of memory (Cipher in cipher.h owns it), so that an SA pays no virtual call and no set-up
// per packet. KernelSet (select.h) says which kernels this process uses, chosen once.
//
// This header includes nothing but fixed-width integers: SIMD kernels are compiled per function for
// CPUs that the rest of the program may not run on, and any inline library function they used could
// be picked by the linker for everybody.
//
// Threads: a context belongs to one thread at a time. No function allocates except `expand`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twinspan::esp::kernels {

inline constexpr uint32_t kContextAlignment = 64;
inline constexpr size_t kBatchMax = 64;  // Packets that seal and open hand over in one call.

enum class Direction : uint8_t { Seal, Open };

// What an SA's context is made from; copied or expanded by `expand`, not kept.
struct KeyMaterial {
  const uint8_t* key = nullptr;
  uint32_t key_size = 0;
  const uint8_t* salt = nullptr;           // AEAD: 4 bytes, the constant head of every nonce.
  const uint8_t* integrity_key = nullptr;  // CBC with HMAC alone.
  uint32_t integrity_key_size = 0;
  uint32_t icv_size = 16;
  const uint8_t* iv_seed = nullptr;  // CBC, Direction::Seal: kIvSeedSize unpredictable bytes.
};
inline constexpr uint32_t kIvSeedSize = 32;

// One packet of a batch. `output` is `input` (in place) or does not overlap it. Without default
// values, so that an array of them on the stack costs nothing.
struct Packet {
  const uint8_t* input;
  uint8_t* output;
  uint32_t input_length;
  // Seal: so many bytes behind the output of `input` already hold plaintext (the ESP trailer) and
  // are sealed where they are. Open: 0.
  uint32_t trailer_length;
  uint8_t* iv;  // AEAD: the nonce's last 8 bytes. CBC: 16 bytes, written by seal.
  // AEAD: any length. CBC: 8 bytes (SPI and sequence number) or 12 (with ESN: SPI, high half, low
  // half).
  const uint8_t* aad;
  uint32_t aad_length;
  uint8_t* icv;    // Written by seal, compared by open in constant time.
  bool authentic;  // Open: the result. When false, `output` is wiped.
};

struct Kernel {
  const char* name;       // "openssl"
  uint32_t context_size;  // Aligned to kContextAlignment by the owner, zeroed before expand.
  bool (*expand)(void* context, const KeyMaterial& material,
                 Direction direction);  // False: refused.
  void (*release)(void* context);  // Frees what expand took; the owner wipes the context itself.
  void (*seal)(void* context, Packet* packets, size_t count);
  void (*open)(void* context, Packet* packets, size_t count);
  // Asks for the cache lines that a small packet needs; nullptr: nothing worth asking for. The
  // context need not exist any more.
  void (*prefetch)(const void* context) = nullptr;
};

class KernelSet;

}  // namespace twinspan::esp::kernels
