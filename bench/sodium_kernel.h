// libsodium's AES-256-GCM behind the kernel interface, for comparison only.
#pragma once

#include "esp/kernels/aead.h"

namespace twinspan::bench {

extern const esp::kernels::Kernel kAesGcmSodium;
bool sodium_has_aes_gcm();  // It asks for AES-NI.

}  // namespace twinspan::bench
