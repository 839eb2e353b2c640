// What `explain`, `drops` and `verify` found, for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace twinspan::tools {

std::string render_explanation(const nlohmann::json& answer);
std::string render_drops(const nlohmann::json& answer);
std::string render_checks(const nlohmann::json& answer);

}  // namespace twinspan::tools
