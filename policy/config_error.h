// Why a configuration cannot be used: where, what, and what to do about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/source_mark.h"

namespace twinspan::policy {

inline constexpr size_t kConfigErrorsMax =
    100;  // A broken file makes thousands; nobody reads more.

struct ConfigError {
  std::string file;
  uint32_t line = 0;  // 0: the file as a whole, or no file at all.
  uint32_t column = 0;
  std::string path;  // "connections.a-to-b.encapsulation"; empty above the first key.
  std::string message;
  std::string remedy;  // May be empty.

  // "estate.yaml:12:5: connections.a-to-b.encapsulation: message; remedy"
  std::string to_string() const;
  bool operator==(const ConfigError&) const = default;
};

using ConfigErrors = std::vector<ConfigError>;

// Text of the user's for a message: control characters replaced, cut at 60 bytes, in quotes.
std::string in_quotes(std::string_view text);

}  // namespace twinspan::policy
