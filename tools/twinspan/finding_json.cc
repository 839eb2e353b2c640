#include "tools/twinspan/finding_json.h"

#include <nlohmann/json.hpp>

namespace twinspan::tools {

using nlohmann::ordered_json;

ordered_json to_json(const policy::Finding& finding) {
  return {{"id", finding.id},         {"severity", name_of(finding.severity)},
          {"file", finding.file},     {"line", finding.line},
          {"column", finding.column}, {"objects", finding.objects},
          {"field", finding.field},   {"message", finding.message},
          {"remedy", finding.remedy}};
}

policy::Finding to_finding(const policy::ConfigError& error) {
  return {.id = "file.form",
          .severity = policy::Severity::Error,
          .file = error.file,
          .line = error.line,
          .column = error.column,
          .objects = {error.path.empty() ? error.file : error.path},
          .message = error.message,
          .remedy = error.remedy.empty() ? "correct it as the message says" : error.remedy};
}

std::string dumped(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace twinspan::tools
