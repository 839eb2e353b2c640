#include "esp/kernels/self_test.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/check.h"
#include "esp/kernels/cipher.h"
#include "esp/kernels/library_kernels.h"
#include "esp/kernels/null_cipher.h"

namespace twinspan::esp::kernels {
namespace {

// One packet short of two reductions, so that shared and unshared ones run.
constexpr size_t kPackets = 7;
// Around the steps of the widest kernel: a block, a vector, two, a step, two of them, and more than
// is hashed at once.
constexpr std::array<size_t, 11> kLengths = {2, 15, 16, 64, 65, 128, 257, 512, 520, 1424, 1600};

struct Batch {
  explicit Batch(size_t length)
      : text(kPackets * length), output(kPackets * length), icvs(kPackets * 16) {
    for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<uint8_t>(i * 31 + length);
    for (size_t i = 0; i < kPackets; ++i) {
      store_be64(&ivs[8 * i], i * 100 + length);
      packets[i] = {.input = &text[i * length],
                    .output = &output[i * length],
                    .input_length = static_cast<uint32_t>(length),
                    .trailer_length = 0,
                    .iv = &ivs[8 * i],
                    .aad = &ivs[0],
                    .aad_length = i % 2 == 0 ? 8u : 12u,
                    .icv = &icvs[16 * i],
                    .authentic = false};
    }
  }
  Bytes text, output, icvs;
  std::array<uint8_t, 8 * kPackets> ivs{};
  std::array<Packet, kPackets> packets;
};

std::unique_ptr<Cipher> make(const Kernel& kernel, uint32_t key_size, Direction direction) {
  static constexpr auto kKey = [] {
    std::array<uint8_t, 36> key{};
    for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i * 7 + 1);
    return key;
  }();
  return Cipher::make(kernel, {.key = kKey.data(), .key_size = key_size, .salt = kKey.data() + 32},
                      direction);
}

// Two kernels for one transform, and the key that both are tested with.
struct Comparison {
  const Kernel& kernel;
  const Kernel& reference;
  uint32_t key_size;
};

bool seals_like_the_reference(const Comparison& with, size_t length) {
  const auto own = make(with.kernel, with.key_size, Direction::Seal);
  const auto reference = make(with.reference, with.key_size, Direction::Seal);
  if (own == nullptr || reference == nullptr) return false;
  Batch sealed(length), expected(length);
  own->seal(sealed.packets.data(), kPackets);
  reference->seal(expected.packets.data(), kPackets);
  return sealed.output == expected.output && sealed.icvs == expected.icvs;
}

// Every packet but the one that is forged, and of that one nothing is left.
bool opens_what_is_authentic(const Comparison& with, size_t length) {
  const auto reference = make(with.reference, with.key_size, Direction::Seal);
  const auto own = make(with.kernel, with.key_size, Direction::Open);
  if (own == nullptr || reference == nullptr) return false;
  Batch batch(length);
  reference->seal(batch.packets.data(), kPackets);
  for (Packet& packet : batch.packets) packet.input = packet.output;
  const size_t forged = length % kPackets;
  batch.packets[forged].icv[length % 16] ^= 0x40;
  own->open(batch.packets.data(), kPackets);
  auto expected = batch.text;
  std::fill_n(expected.begin() + static_cast<ptrdiff_t>(forged * length), length, uint8_t{0});
  for (size_t i = 0; i < kPackets; ++i) {
    if (batch.packets[i].authentic != (i != forged)) return false;
  }
  return batch.output == expected;
}

}  // namespace

std::optional<std::string> self_test(const Kernel& kernel, const Kernel& reference) {
  for (const uint32_t key_size : {16u, 32u}) {
    const Comparison with{kernel, reference, key_size};
    if (make(reference, key_size, Direction::Seal) == nullptr) continue;  // Not a size of its own.
    for (const size_t length : kLengths) {
      const bool seals = seals_like_the_reference(with, length);
      if (seals && opens_what_is_authentic(with, length)) continue;
      return "the kernel \"" + std::string(kernel.name) + "\" does not " +
             (seals ? "open" : "seal") + " packets of " + std::to_string(length) +
             " bytes as it should";
    }
  }
  return std::nullopt;
}

std::optional<std::string> self_test(const KernelSet& kernels) {
  const bool is_null = &kernels.aes_gcm() == null_cipher();  // It has nothing to get wrong.
  if (auto flaw = is_null ? std::nullopt : self_test(kernels.aes_gcm(), kAesGcmOpenssl)) {
    return "AES-GCM: " + *flaw;
  }
  if (auto flaw = self_test(kChaChaPolyOpenssl, kChaChaPolyOpenssl))
    return "ChaCha20-Poly1305: " + *flaw;
  return std::nullopt;
}

}  // namespace twinspan::esp::kernels
