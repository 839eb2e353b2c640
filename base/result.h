// Result<T, E>: a value, or the reason why there is none. Used wherever a peer, a file or the host
// may be wrong; what only we can get wrong is a CHECK (base/check.h).
#pragma once

#include <expected>
#include <utility>

namespace twinspan {

template <class T, class E>
using Result = std::expected<T, E>;

template <class E>
using Err = std::unexpected<E>;  // return Err(SomeError{...});

}  // namespace twinspan

#define TWINSPAN_CONCAT_INNER(a, b) a##b
#define TWINSPAN_CONCAT(a, b) TWINSPAN_CONCAT_INNER(a, b)

// TRY(f()) leaves the enclosing function with f's error.
#define TRY(expression)                                                       \
  do {                                                                        \
    auto try_result = (expression);                                           \
    if (!try_result) return ::std::unexpected(std::move(try_result).error()); \
  } while (false)

// TRY_ASSIGN(const int x, f()) binds f's value, or leaves the enclosing function with its error.
#define TRY_ASSIGN(declaration, expression) \
  TRY_ASSIGN_NAMED(TWINSPAN_CONCAT(try_result_, __LINE__), declaration, expression)
#define TRY_ASSIGN_NAMED(name, declaration, expression)         \
  auto name = (expression);                                     \
  if (!name) return ::std::unexpected(std::move(name).error()); \
  declaration = *std::move(name)
