// CHECK stops the program when *we* are wrong. Never reachable from peer input, files or the host.
#pragma once

namespace twinspan {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace twinspan

#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::twinspan::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

// For per-packet code: checked in debug builds only.
#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(sizeof(condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif
