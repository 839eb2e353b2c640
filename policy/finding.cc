#include "policy/finding.h"

#include <fmt/format.h>

#include <algorithm>

namespace twinspan::policy {

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "error";
    case Severity::Warning:
      return "warning";
    case Severity::Info:
      return "info";
  }
  return "";
}

std::string Finding::to_string() const {
  return fmt::format("{}:{}:{}: {}: {}{}{}{}{} [{}]", file, line, column, name_of(severity),
                     objects.empty() ? "" : objects.front(), objects.empty() ? "" : ": ", message,
                     remedy.empty() ? "" : "; ", remedy, id);
}

bool has_error(const Findings& findings) {
  return std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.severity == Severity::Error; });
}

}  // namespace twinspan::policy
