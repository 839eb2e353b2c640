// What the tests of Azure's JSON import it with.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "policy/import_azure.h"

namespace twinspan::policy {

inline Import imported(std::string_view text) {
  auto import = import_azure(text, "a.json");
  if (import) return *std::move(import);
  for (const ConfigError& error : import.error()) ADD_FAILURE() << error.to_string();
  return {};
}

inline std::vector<std::string> notes_of(const Import& import) {
  std::vector<std::string> lines;
  for (const Finding& note : import.notes) lines.push_back(note.to_string());
  return lines;
}

}  // namespace twinspan::policy
