// A failure record for people: what failed, both sides in a small table, what to change where.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace twinspan::tools {

// Several lines, each beginning with `indent`; empty for null.
std::string render_diagnosis(const nlohmann::json& diagnosis, const std::string& indent);

}  // namespace twinspan::tools
