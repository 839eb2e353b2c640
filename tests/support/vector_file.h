// Reader of the tree's own test vectors, tests/vectors/*.vec.
//
//   # Comment: where the vectors come from.
//   [name of a case]
//   key = 00010203
//         04050607          (an indented line continues the value above)
//   text = "ASCII"
//   length = 42             (read with number(): decimal)
//
// A file that is missing, malformed or without a case makes the reading test fail by exception.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace twinspan {

class VectorCase {
 public:
  explicit VectorCase(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  bool has(std::string_view field) const { return fields_.contains(field); }
  Bytes bytes(std::string_view field) const;  // Hexadecimal digits, or a quoted text.
  size_t number(std::string_view field) const;
  std::string word(std::string_view field) const;  // As it stands in the file.

  void add(std::string field, std::string value);
  void continue_last(std::string_view more);

 private:
  [[noreturn]] void fail(std::string_view why) const;

  std::string name_;
  std::map<std::string, std::string, std::less<>> fields_;
  std::string last_field_;
};

// All cases of tests/vectors/<file_name>, in file order; at least one.
std::vector<VectorCase> read_vectors(std::string_view file_name);

Bytes from_hex(std::string_view digits);  // Throws on anything but an even number of digits.

}  // namespace twinspan
