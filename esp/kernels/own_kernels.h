// The AES-GCM kernels of our own, one for each generation of x86 CPUs. Keys of 16 or 32 bytes.
#pragma once

#include "esp/kernels/aead.h"

namespace twinspan::esp::kernels {

extern const Kernel kAesGcmVaes512;  // AVX-512 with VAES and VPCLMULQDQ.
extern const Kernel kAesGcmVaes256;  // AVX2 with VAES and VPCLMULQDQ.
extern const Kernel kAesGcmAesni;    // AES-NI and PCLMULQDQ.

}  // namespace twinspan::esp::kernels
