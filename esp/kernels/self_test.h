// A known answer and a comparison with the reference, before a kernel touches anybody's packets.
#pragma once

#include <optional>
#include <string>

#include "esp/kernels/aead.h"

namespace twinspan::esp::kernels {

// What an AES-GCM kernel gets wrong, for a human; nullopt: nothing. Takes below a millisecond.
std::optional<std::string> self_test(const Kernel& kernel);

}  // namespace twinspan::esp::kernels
