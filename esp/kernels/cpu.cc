#include "esp/kernels/cpu.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>

namespace twinspan::esp::kernels {
namespace {

// CPUID leaf 7, EBX in the low and ECX in the high half: the second word of OPENSSL_ia32cap.
constexpr uint64_t ebx(unsigned bit) {
  return uint64_t{1} << bit;
}
constexpr uint64_t ecx(unsigned bit) {
  return uint64_t{1} << (32 + bit);
}

constexpr uint64_t kAvx2 = ebx(5);
constexpr uint64_t kAvx512 =
    ebx(16) | ebx(17) | ebx(21) | ebx(28) | ebx(30) | ebx(31)  // F DQ IFMA CD BW VL
    | ecx(1) | ecx(6) | ecx(11) | ecx(12) | ecx(14);           // VBMI VBMI2 VNNI BITALG VPOPCNTDQ
constexpr uint64_t kVaes = ecx(9) | ecx(10);                   // VAES VPCLMULQDQ

bool hide(std::string_view word, CpuMask& mask) {
  if (word == "avx512") return mask.avx512 = true;
  if (word == "vaes") return mask.vaes = true;
  if (word == "avx2") return mask.avx2 = true;
  return word.empty();
}

}  // namespace

std::optional<CpuMask> parse_cpu_mask(std::string_view text) {
  CpuMask mask;
  while (true) {
    const size_t comma = text.find(',');
    if (!hide(text.substr(0, comma), mask)) return std::nullopt;
    if (comma == std::string_view::npos) return mask;
    text.remove_prefix(comma + 1);
  }
}

std::optional<CpuMask> read_cpu_mask() {
  const char* const text = std::getenv(kCpuMaskVariable);
  return parse_cpu_mask(text == nullptr ? "" : text);
}

CpuFeatures probe_cpu(const CpuMask& mask) {
  CpuFeatures features;
#if defined(__x86_64__)
  __builtin_cpu_init();
  features.aesni = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") &&
                   __builtin_cpu_supports("sse4.1");
  features.avx2 = __builtin_cpu_supports("avx2");
  features.vaes =
      features.avx2 && __builtin_cpu_supports("vaes") && __builtin_cpu_supports("vpclmulqdq");
  features.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("bmi2");
#endif
  if (mask.avx512) features.avx512 = false;
  if (mask.vaes) features.vaes = false;
  if (mask.avx2) features.avx2 = false;
  return features;
}

std::string openssl_ia32cap(const CpuMask& mask) {
  const uint64_t hidden =
      (mask.avx512 ? kAvx512 : 0) | (mask.vaes ? kVaes : 0) | (mask.avx2 ? kAvx2 : 0);
  return hidden == 0 ? "" : fmt::format(":~{:#x}", hidden);
}

}  // namespace twinspan::esp::kernels
