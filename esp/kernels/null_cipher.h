// The cipher that does nothing, to measure what the others cost. Only the preset bench has it.
#pragma once

#include "esp/kernels/aead.h"

namespace twinspan::esp::kernels {

// In place of AES-GCM, with packets of the same shape: nothing is encrypted, every packet is
// authentic. nullptr wherever TWINSPAN_NULL_CIPHER is off (null_cipher_absent.cc), so a binary
// that users run does not contain it.
const Kernel* null_cipher();

}  // namespace twinspan::esp::kernels
