// Where in which file a value stands. Every object and every field of the model keeps its mark, so
// that a finding made long after parsing still points at a line.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace twinspan::policy {

struct SourceMark {
  uint32_t file = 0;    // Index into Model::files.
  uint32_t line = 0;    // From 1; 0: not from a file.
  uint32_t column = 0;  // From 1, in bytes.
  auto operator<=>(const SourceMark&) const = default;
};

// A field's value with its place. An absent field holds the schema's default and its object's mark.
template <class T>
struct Marked {
  T value{};
  SourceMark mark;
  bool is_set = false;  // Written in the file, not defaulted.

  const T& operator*() const { return value; }
  const T* operator->() const { return &value; }
};

template <class T>
using MarkedList = Marked<std::vector<Marked<T>>>;

using MarkedText = Marked<std::string>;

}  // namespace twinspan::policy
