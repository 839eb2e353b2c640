// A read-mostly map from a 32-bit key to a pointer: open addressing in one array, at most half
// full. Built once, then read by the workers without a lock. The keys are our own SPIs and tunnel
// numbers, so nobody outside can choose colliding ones.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace twinspan::esp {

template <class T>
class FlatIndex {
 public:
  explicit FlatIndex(size_t count = 0)
      : slots_(std::bit_ceil(2 * count + 2)),
        shift_(65u - static_cast<unsigned>(std::bit_width(slots_.size()))) {}

  void insert(uint32_t key, T* value) {
    size_t slot = first_slot(key);
    while (slots_[slot].value != nullptr) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = {key, value};
  }
  T* find(uint32_t key) const {
    for (size_t slot = first_slot(key);; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].value == nullptr || slots_[slot].key == key) return slots_[slot].value;
    }
  }

 private:
  struct Slot {
    uint32_t key = 0;
    T* value = nullptr;
  };
  // Fibonacci hashing: the top bits of the product depend on all bits of the key.
  size_t first_slot(uint32_t key) const {
    return static_cast<size_t>((key * 0x9e3779b97f4a7c15u) >> shift_);
  }

  std::vector<Slot> slots_;
  unsigned shift_;
};

}  // namespace twinspan::esp
