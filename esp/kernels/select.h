// Which kernels this process uses: chosen once at start, printed, passed to whoever makes SAs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/algorithm.h"
#include "base/result.h"
#include "esp/kernels/aead.h"
#include "esp/kernels/cpu.h"

namespace twinspan::esp::kernels {

class KernelSet {
 public:
  // `requested` is the name of an AES-GCM kernel, or empty for the best one that `features` allow.
  // Fails with a text for a human when it is unknown or the CPU lacks it.
  static Result<KernelSet, std::string> choose(std::string_view requested,
                                               const CpuFeatures& features);

  // All AES-GCM kernels that `features` allow, fastest first: what tests and benchmarks go through.
  static std::vector<const Kernel*> aes_gcm_kernels(const CpuFeatures& features);

  // nullptr: ESP has no such pair of transforms.
  const Kernel* find(Encryption encryption, IntegrityId integrity) const;
  const Kernel& aes_gcm() const { return *aes_gcm_; }
  const char* name() const {
    return aes_gcm_->name;
  }  // Of the AES-GCM kernel; `data_plane.kernel` in status.

 private:
  explicit KernelSet(const Kernel& aes_gcm) : aes_gcm_(&aes_gcm) {}

  const Kernel* aes_gcm_;
};

}  // namespace twinspan::esp::kernels
