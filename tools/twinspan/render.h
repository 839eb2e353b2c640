// JSON answers as text for people. Plain ASCII; no colours unless the caller asks.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace twinspan::tools {

std::string render_status(const nlohmann::json& status);
std::string render_connection(const nlohmann::json& connection);
std::string render_event(const nlohmann::json& event);

}  // namespace twinspan::tools
