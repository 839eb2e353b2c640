#include "esp/kernels/cipher.h"

#include "base/check.h"

namespace twinspan::esp::kernels {

Cipher::Cipher(const Kernel& kernel)
    : kernel_(kernel), memory_(kernel.context_size + kContextAlignment), context_(memory_.data()) {
  size_t room = memory_.size();
  CHECK(std::align(kContextAlignment, kernel.context_size, context_, room) != nullptr);
}

std::unique_ptr<Cipher> Cipher::make(const Kernel& kernel, const KeyMaterial& material,
                                     Direction direction) {
  std::unique_ptr<Cipher> cipher(new Cipher(kernel));
  if (!kernel.expand(cipher->context_, material, direction)) return nullptr;
  return cipher;
}

Cipher::~Cipher() {
  kernel_.release(context_);
}

}  // namespace twinspan::esp::kernels
