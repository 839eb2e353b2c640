// One direction of one SA: a kernel and the key expanded for it.
// Thread: made by the control thread, then used by the one thread that owns the SA's direction.
#pragma once

#include <memory>

#include "base/prefetch.h"
#include "base/secret.h"
#include "esp/kernels/aead.h"

namespace twinspan::esp::kernels {

class Cipher {
 public:
  // nullptr: the kernel refused the material, or OpenSSL has not got the algorithm.
  static std::unique_ptr<Cipher> make(const Kernel& kernel, const KeyMaterial& material,
                                      Direction direction);
  ~Cipher();
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;

  void seal(Packet* packets, size_t count) { kernel_.seal(context_, packets, count); }
  void open(Packet* packets, size_t count) { kernel_.open(context_, packets, count); }

 private:
  friend class CipherMemory;
  explicit Cipher(const Kernel& kernel);

  const Kernel& kernel_;
  SecretBytes memory_;  // Wiped when released; holds the context at the next aligned address.
  void* context_;
};

// Where a cipher works, for whoever wants it in the cache ahead of time. Does not keep the cipher
// and touches neither it nor its context.
class CipherMemory {
 public:
  explicit CipherMemory(const Cipher& cipher)
      : cipher_(&cipher), context_(cipher.context_), prefetch_(cipher.kernel_.prefetch) {}

  void prefetch() const {
    twinspan::prefetch(cipher_);
    if (prefetch_ != nullptr) prefetch_(context_);
  }

 private:
  const Cipher* cipher_;
  const void* context_;
  void (*prefetch_)(const void* context);
};

}  // namespace twinspan::esp::kernels
