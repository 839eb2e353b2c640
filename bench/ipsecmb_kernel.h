// libipsec-mb's AES-256-GCM behind the kernel interface, for comparison only: its direct API, a
// call for each packet, and its burst API, which seals up to 64 packets by one call.
#pragma once

#include "esp/kernels/aead.h"

namespace twinspan::bench {

extern const esp::kernels::Kernel kAesGcmIpsecMb;
extern const esp::kernels::Kernel kAesGcmIpsecMbBurst;

}  // namespace twinspan::bench
