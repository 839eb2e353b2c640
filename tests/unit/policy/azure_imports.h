// What the tests of Azure's JSON import it with.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "policy/import_azure.h"
#include "tests/unit/policy/notes.h"

namespace twinspan::policy {

inline Import imported(std::string_view text) {
  auto import = import_azure(text, "a.json");
  if (import) return *std::move(import);
  for (const ConfigError& error : import.error()) ADD_FAILURE() << error.to_string();
  return {};
}

}  // namespace twinspan::policy
