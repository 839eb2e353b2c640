#include "base/secret.h"

#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace twinspan {

// One SA has several keys, of a few hundred bytes to 5 KiB when expanded. Guard pages per secret
// (sodium_malloc) would cost three pages each; the plain heap with mlock keeps a thousand tunnels
// cheap.
SecretBytes::SecretBytes(size_t size) : size_(size) {
  if (size == 0) return;
  data_ = static_cast<uint8_t*>(std::calloc(1, size));
  CHECK(data_ != nullptr);
  sodium_mlock(data_, size);  // May fail under RLIMIT_MEMLOCK; the secret is still wiped.
}

SecretBytes::SecretBytes(ByteView bytes) : SecretBytes(bytes.size()) {
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  release();
}

// sodium_munlock would also unlock neighbours on the same page, so secrets are wiped and their
// pages stay locked; the number of locked pages is bounded by the heap that secrets ever used.
void SecretBytes::release() {
  if (data_ == nullptr) return;
  sodium_memzero(data_, size_);
  std::free(data_);
  data_ = nullptr;
  size_ = 0;
}

bool SecretBytes::equals(ByteView other) const {
  return constant_time_equal(view(), other);
}

bool constant_time_equal(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  return a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(ByteSpan bytes) {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

}  // namespace twinspan
