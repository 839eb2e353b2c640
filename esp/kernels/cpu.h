// What this CPU can do, and a mask that hides some of it, from our kernels and from OpenSSL, so
// that the code for lesser CPUs can be tested on a better one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace twinspan::esp::kernels {

inline constexpr const char* kCpuMaskVariable = "TWINSPAN_CPU_MASK";

// Which features to hide; words of the mask "avx512,vaes,avx2".
struct CpuMask {
  bool avx512 = false;
  bool vaes = false;  // With VPCLMULQDQ.
  bool avx2 = false;
  bool operator==(const CpuMask&) const = default;
};

// nullopt: a word is unknown. The empty text masks nothing.
std::optional<CpuMask> parse_cpu_mask(std::string_view text);

// Of the variable above in this process's environment.
std::optional<CpuMask> read_cpu_mask();

struct CpuFeatures {
  bool aesni = false;  // AES-NI, PCLMULQDQ, SSE4.1
  bool avx2 = false;
  bool vaes = false;    // VAES, VPCLMULQDQ
  bool avx512 = false;  // F, BW, DQ, VL, and BMI2
};

// Features that the CPU and the operating system have and the mask leaves.
CpuFeatures probe_cpu(const CpuMask& mask);

// The value of the environment variable OPENSSL_ia32cap that hides the same from OpenSSL, empty
// when nothing is masked. OpenSSL reads it while libcrypto is loaded, before main(): a program that
// was started without it has to set it and execute itself again.
std::string openssl_ia32cap(const CpuMask& mask);

}  // namespace twinspan::esp::kernels
