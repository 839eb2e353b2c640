// The notes of an import, as they are printed.
#pragma once

#include <string>
#include <vector>

#include "policy/import.h"

namespace twinspan::policy {

inline std::vector<std::string> notes_of(const Import& import) {
  std::vector<std::string> lines;
  for (const Finding& note : import.notes) lines.push_back(note.to_string());
  return lines;
}

}  // namespace twinspan::policy
