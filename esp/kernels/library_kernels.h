// The kernels that stand on a library. aes_gcm_openssl is the reference that every SIMD kernel is
// compared with, and the fall-back for a CPU that has none.
#pragma once

#include "esp/kernels/aead.h"

namespace twinspan::esp::kernels {

extern const Kernel kAesGcmOpenssl;      // Key of 16, 24 or 32 bytes.
extern const Kernel kChaChaPolyOpenssl;  // Key of 32 bytes.
extern const Kernel kCbcHmacSha1;        // AES-CBC, key of 16, 24 or 32 bytes, and the HMAC named.
extern const Kernel kCbcHmacSha256;
extern const Kernel kCbcHmacSha384;
extern const Kernel kCbcHmacSha512;

// Shared by the AEADs of OpenSSL, which differ in the cipher's name only.
inline constexpr uint32_t kEvpAeadContextSize = 64;
bool expand_evp_aead(void* context, const char* cipher, const KeyMaterial& material,
                     Direction direction);
void release_evp_aead(void* context);
void seal_evp_aead(void* context, Packet* packets, size_t count);
void open_evp_aead(void* context, Packet* packets, size_t count);

}  // namespace twinspan::esp::kernels
