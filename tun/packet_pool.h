// A fixed block of packet buffers, cache-line aligned, taken once. Pages that no packet ever
// touches are never resident.
#pragma once

#include <cstdlib>
#include <memory>

#include "base/bytes.h"
#include "base/check.h"

namespace twinspan::tun {

class PacketPool {
 public:
  PacketPool(size_t count, size_t size)
      : size_(round_up(size)),
        memory_(static_cast<uint8_t*>(std::aligned_alloc(kAlignment, count * round_up(size)))) {
    CHECK(memory_ != nullptr);
  }
  uint8_t* buffer(size_t index) { return memory_.get() + index * size_; }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  static constexpr size_t round_up(size_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
  }

  size_t size_;
  std::unique_ptr<uint8_t, Free> memory_;
};

}  // namespace twinspan::tun
