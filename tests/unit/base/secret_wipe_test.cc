// Secrets are zero before the heap gets them back. Seen from inside free(): the sanitizers have a
// hook for it; without them this program's own free() is the hook.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/secret.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TWINSPAN_SANITIZER_HEAP
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TWINSPAN_SANITIZER_HEAP
#endif

namespace twinspan {
namespace {

// The block under watch, and what its bytes were when it was freed.
struct Watch {
  const uint8_t* block = nullptr;
  size_t size = 0;
  bool freed = false;
  bool was_zero = false;
} watch;

void before_free(const volatile void* pointer) {
  if (pointer == nullptr || pointer != watch.block) return;
  watch.freed = true;
  watch.was_zero =
      std::all_of(watch.block, watch.block + watch.size, [](uint8_t byte) { return byte == 0; });
  watch.block = nullptr;
}

}  // namespace
}  // namespace twinspan

#ifdef TWINSPAN_SANITIZER_HEAP
// sanitizer/allocator_interface.h declares it; g++ 12 does not install that header.
extern "C" int __sanitizer_install_malloc_and_free_hooks(  // NOLINT(bugprone-reserved-identifier)
    void (*after_malloc)(const volatile void*, size_t), void (*before_free)(const volatile void*));
namespace twinspan {
namespace {
void after_malloc(const volatile void*, size_t) {}
const int kHooksInstalled = __sanitizer_install_malloc_and_free_hooks(after_malloc, before_free);
}  // namespace
}  // namespace twinspan
#else
extern "C" void __libc_free(void* pointer);  // NOLINT(bugprone-reserved-identifier): glibc's own.
extern "C" void free(void* pointer) noexcept {
  twinspan::before_free(pointer);
  __libc_free(pointer);
}
#endif

namespace twinspan {
namespace {

void start_watching(const SecretBytes& secret) {
  watch = {.block = secret.data(), .size = secret.size()};
}

TEST(SecretWipe, TheWatchSeesWhatIsNotWiped) {
  auto* const block = static_cast<uint8_t*>(std::malloc(32));
  ASSERT_NE(block, nullptr);
  std::fill_n(block, 32, uint8_t{0x5a});
  watch = {.block = block, .size = 32};
  std::free(block);
  EXPECT_TRUE(watch.freed);
  EXPECT_FALSE(watch.was_zero);
}

TEST(SecretWipe, ADestroyedSecretIsZero) {
  {
    const SecretBytes secret(Bytes(48, 0x5a));
    start_watching(secret);
  }
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.was_zero);
}

TEST(SecretWipe, AnOverwrittenSecretIsZero) {
  SecretBytes secret(Bytes(48, 0x5a));
  start_watching(secret);
  secret = SecretBytes(Bytes(48, 0xa5));
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.was_zero);
}

TEST(SecretWipe, AMovedSecretIsNotFreedUntilItsNewOwnerIs) {
  SecretBytes from(Bytes(48, 0x5a));
  start_watching(from);
  {
    const SecretBytes to(std::move(from));
    EXPECT_FALSE(watch.freed);
  }
  EXPECT_TRUE(watch.freed);
  EXPECT_TRUE(watch.was_zero);
}

}  // namespace
}  // namespace twinspan
