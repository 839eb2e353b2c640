#include "tests/support/call_counts.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstddef>

namespace {

// Counted from the first call on, which comes before main().
constinit std::atomic<uint64_t> allocations{0};
constinit std::atomic<uint64_t> locks{0};

void count(std::atomic<uint64_t>& calls) {
  calls.fetch_add(1, std::memory_order_relaxed);
}

// The library's function of that name.
template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

namespace twinspan {

CallCounts calls_so_far() {
  return {allocations.load(), locks.load()};
}

}  // namespace twinspan

#ifdef TWINSPAN_SANITIZED

// The sanitizers have an allocator of their own, which operator new calls without malloc(3).
// Declared as in <sanitizer/allocator_interface.h>, which not every compiler brings.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             size_t),
                                                         void (*free_hook)(const volatile void*));

namespace {

const int is_hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, size_t) { count(allocations); }, [](const volatile void*) {});

}  // namespace

#else

// Whatever allocates comes here: operator new, calloc() of a library, strdup() and its kin.
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t number, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) noexcept {
  count(allocations);
  return __libc_malloc(size);
}
void* calloc(size_t number, size_t size) noexcept {
  count(allocations);
  return __libc_calloc(number, size);
}
void* realloc(void* memory, size_t size) noexcept {
  count(allocations);
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) noexcept {
  count(allocations);
  return __libc_memalign(alignment, size);
}

}  // extern "C"

#endif

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static auto* const lock = original<int(pthread_mutex_t*)>("pthread_mutex_lock");
  count(locks);
  return lock(mutex);
}
int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  static auto* const lock = original<int(pthread_mutex_t*)>("pthread_mutex_trylock");
  count(locks);
  return lock(mutex);
}
int pthread_rwlock_rdlock(pthread_rwlock_t* mutex) noexcept {
  static auto* const lock = original<int(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
  count(locks);
  return lock(mutex);
}
int pthread_rwlock_wrlock(pthread_rwlock_t* mutex) noexcept {
  static auto* const lock = original<int(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
  count(locks);
  return lock(mutex);
}

}  // extern "C"
