// Findings as JSON, alike wherever they are printed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "policy/finding.h"

namespace twinspan::tools {

nlohmann::ordered_json to_json(const policy::Finding& finding);

// What cannot be read or parsed is a finding as well: "file.form".
policy::Finding to_finding(const policy::ConfigError& error);

// With a newline. Names from files are bytes that were checked; what else is no UTF-8 (a path from
// the command line) is replaced, never thrown at.
std::string dumped(const nlohmann::ordered_json& json);

}  // namespace twinspan::tools
