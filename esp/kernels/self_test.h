// Whether a kernel does what it should, before it touches anybody's packets: compared with the
// reference, and shown forged packets. The libraries are tested as well: what they answer to a
// wrong ICV has differed between releases.
#pragma once

#include <optional>
#include <string>

#include "esp/kernels/select.h"

namespace twinspan::esp::kernels {

// What a kernel gets wrong, for a human; nullopt: nothing. Takes below a millisecond.
std::optional<std::string> self_test(const Kernel& kernel, const Kernel& reference);

// The AES-GCM kernel in use and the ChaCha20-Poly1305 kernel.
std::optional<std::string> self_test(const KernelSet& kernels);

}  // namespace twinspan::esp::kernels
