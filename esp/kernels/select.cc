#include "esp/kernels/select.h"

#include <algorithm>
#include <iterator>

#include "esp/kernels/library_kernels.h"
#include "esp/kernels/null_cipher.h"
#include "esp/kernels/own_kernels.h"

namespace twinspan::esp::kernels {
namespace {

struct Candidate {
  const Kernel* kernel;
  bool (*runs_on)(const CpuFeatures& features);
};

// Fastest first; the last one runs everywhere.
constexpr Candidate kAesGcmCandidates[] = {
#if defined(__x86_64__)
    {&kAesGcmVaes512, [](const CpuFeatures& cpu) { return cpu.aesni && cpu.avx512 && cpu.vaes; }},
    {&kAesGcmVaes256, [](const CpuFeatures& cpu) { return cpu.aesni && cpu.avx2 && cpu.vaes; }},
    {&kAesGcmAesni, [](const CpuFeatures& cpu) { return cpu.aesni; }},
#endif
    {&kAesGcmOpenssl, [](const CpuFeatures&) { return true; }},
};

const Kernel* find_cbc(IntegrityId integrity) {
  switch (integrity) {
    case IntegrityId::HmacSha1_96:
      return &kCbcHmacSha1;
    case IntegrityId::HmacSha256_128:
      return &kCbcHmacSha256;
    case IntegrityId::HmacSha384_192:
      return &kCbcHmacSha384;
    case IntegrityId::HmacSha512_256:
      return &kCbcHmacSha512;
    case IntegrityId::None:
      return nullptr;  // Unauthenticated encryption does not exist here.
  }
  return nullptr;
}

}  // namespace

Result<KernelSet, std::string> KernelSet::choose(std::string_view requested,
                                                 const CpuFeatures& features) {
  const Kernel* const null = null_cipher();
  if (null != nullptr && requested == null->name) return KernelSet(*null);
  const auto fits = [&](const Candidate& candidate) {
    return requested.empty() ? candidate.runs_on(features) : candidate.kernel->name == requested;
  };
  const auto found = std::find_if(std::begin(kAesGcmCandidates), std::end(kAesGcmCandidates), fits);
  if (found == std::end(kAesGcmCandidates)) {
    return Err<std::string>("no kernel is called \"" + std::string(requested) + "\"");
  }
  if (!found->runs_on(features)) {
    return Err<std::string>("this CPU cannot run the kernel \"" + std::string(requested) + "\"");
  }
  return KernelSet(*found->kernel);
}

std::vector<const Kernel*> KernelSet::aes_gcm_kernels(const CpuFeatures& features) {
  std::vector<const Kernel*> kernels;
  for (const Candidate& candidate : kAesGcmCandidates) {
    if (candidate.runs_on(features)) kernels.push_back(candidate.kernel);
  }
  return kernels;
}

const Kernel* KernelSet::find(Encryption encryption, IntegrityId integrity) const {
  const EncryptionProperties* const properties = find_encryption(encryption);
  if (properties == nullptr) return nullptr;
  if (encryption.id == EncryptionId::AesCbc) return find_cbc(integrity);
  if (integrity != IntegrityId::None) return nullptr;
  if (encryption.id == EncryptionId::ChaCha20Poly1305) return &kChaChaPolyOpenssl;
  // Only the reference has the key size that hardly anybody uses.
  return encryption.key_bits == 192 ? &kAesGcmOpenssl : aes_gcm_;
}

}  // namespace twinspan::esp::kernels
