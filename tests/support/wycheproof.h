// Reader of Project Wycheproof's JSON vectors (schema v1). The files are not part of the tree: the
// environment variable TWINSPAN_VECTORS names their folder when the build is configured and the
// test runs. A file that is missing or malformed makes the reading test fail by exception.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace twinspan {

enum class WycheproofResult { Valid, Invalid, Acceptable };

struct WycheproofCase {
  size_t id = 0;
  WycheproofResult result = WycheproofResult::Invalid;
  std::string comment;
  std::vector<std::string> flags;
  std::map<std::string, Bytes, std::less<>> bytes;   // "key", "msg", "public", ...
  std::map<std::string, size_t, std::less<>> sizes;  // Of the group: "keySize", "tagSize", in bits.

  bool has_flag(std::string_view flag) const;
  std::string name() const { return "case " + std::to_string(id) + " (" + comment + ")"; }
};

std::vector<WycheproofCase> read_wycheproof(std::string_view file_name);

}  // namespace twinspan
