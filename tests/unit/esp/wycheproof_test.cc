// Project Wycheproof's AEAD vectors through every kernel (TWINSPAN_VECTORS names their folder).
#include "tests/support/wycheproof.h"

#include "esp/kernels/library_kernels.h"
#include "tests/unit/esp/kernel_fixture.h"

namespace twinspan::esp::kernels {
namespace {

// ESP's AEADs have a nonce of 96 bits and a tag of 128; nothing else can be said to a kernel.
bool is_esp_shape(const WycheproofCase& test) {
  return test.sizes.at("ivSize") == 96 && test.sizes.at("tagSize") == 128;
}

size_t run_all(const Kernel& kernel, std::string_view file,
               std::initializer_list<size_t> key_bits) {
  size_t count = 0;
  for (const WycheproofCase& test : read_wycheproof(file)) {
    if (!is_esp_shape(test)) continue;
    const AeadCase aead{test.bytes.at("key"), test.bytes.at("iv"), test.bytes.at("aad"),
                        test.bytes.at("msg"), test.bytes.at("ct"), test.bytes.at("tag")};
    if (std::find(key_bits.begin(), key_bits.end(), aead.key.size() * 8) == key_bits.end()) {
      EXPECT_EQ(make_cipher(kernel, aead.key_and_salt(), Direction::Open), nullptr) << test.name();
      continue;
    }
    if (test.result == WycheproofResult::Valid) {
      expect_seals(kernel, aead, test.name());
      expect_opens(kernel, aead, test.name());
    } else {
      expect_refuses(kernel, aead, test.name());
    }
    ++count;
  }
  return count;
}

TEST(Wycheproof, AesGcmThroughEveryKernel) {
  for (const Kernel* kernel : KernelSet::aes_gcm_kernels(probe_cpu({}))) {
    SCOPED_TRACE(kernel->name);
    EXPECT_GT(run_all(*kernel, "aes_gcm_test.json", {128, 256}), 100u);
  }
}

TEST(Wycheproof, ChaCha20Poly1305) {
  EXPECT_GT(run_all(kChaChaPolyOpenssl, "chacha20_poly1305_test.json", {256}), 200u);
}

}  // namespace
}  // namespace twinspan::esp::kernels
