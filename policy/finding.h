// What a rule found: how bad, where, about which objects, and what to do.
#pragma once

#include <string>
#include <vector>

#include "policy/config_error.h"

namespace twinspan::policy {

enum class Severity : uint8_t { Error, Warning, Info };

std::string_view name_of(Severity severity);  // "error"

struct Finding {
  std::string id;  // The rule's, stable: "connection.overlap".
  Severity severity = Severity::Error;
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  // Of the first object, where the mark is: "shared_key.file"; empty: the object as a whole.
  std::string field;
  std::vector<std::string> objects;  // "connections.a-to-b"; the first one is where the mark is.
  std::string message;
  std::string remedy;

  // "estate.yaml:12:5: error: connections.a-to-b: message; remedy [connection.overlap]"
  std::string to_string() const;
  bool operator==(const Finding&) const = default;
};

using Findings = std::vector<Finding>;

bool has_error(const Findings& findings);

}  // namespace twinspan::policy
