#include "esp/kernels/null_cipher.h"

namespace twinspan::esp::kernels {

const Kernel* null_cipher() {
  return nullptr;
}

}  // namespace twinspan::esp::kernels
