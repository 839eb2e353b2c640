// SecretBytes: key material. Locked in memory where the host allows it, wiped when released,
// compared in constant time, never printed. Move-only; copy() is explicit and rare.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace twinspan {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(size_t size);  // Zeroed.
  explicit SecretBytes(ByteView bytes);
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  SecretBytes copy() const { return SecretBytes(view()); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const uint8_t* data() const { return data_; }
  uint8_t* data() { return data_; }
  ByteView view() const { return {data_, size_}; }
  ByteSpan span() { return {data_, size_}; }

  // Constant time for equal sizes; the size itself is not secret.
  bool equals(ByteView other) const;

 private:
  void release();

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// Constant-time comparison of public-length values such as MACs.
bool constant_time_equal(ByteView a, ByteView b);

// Overwrites memory in a way that the compiler keeps.
void wipe(ByteSpan bytes);

}  // namespace twinspan
