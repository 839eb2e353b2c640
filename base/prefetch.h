// Cache lines asked for ahead of their use, all at once: what is found through several pointers is
// otherwise waited for line after line, a tenth of a microsecond each where thousands of objects
// take turns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twinspan {

inline constexpr size_t kCacheLine = 64;

// `address` need not be valid any more.
inline void prefetch_lines(const void* address, size_t size) {
  const auto first = reinterpret_cast<uintptr_t>(address) & ~uintptr_t{kCacheLine - 1};
  const auto end = reinterpret_cast<uintptr_t>(address) + size;
  for (uintptr_t line = first; line < end; line += kCacheLine) {
    __builtin_prefetch(reinterpret_cast<const void*>(line), 1);
  }
}

template <class T>
void prefetch(const T* object) {
  prefetch_lines(object, sizeof(T));
}

}  // namespace twinspan
