// JSON answers as text for people. Plain ASCII; no colours unless the caller asks.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace twinspan::tools {

// Columns as wide as their widest cell, two spaces apart. The first row names them.
using TableRow = std::vector<std::string>;
std::string render_table(const std::vector<TableRow>& rows);

std::string render_status(const nlohmann::json& status);
std::string render_connection(const nlohmann::json& connection);
std::string render_event(const nlohmann::json& event);

}  // namespace twinspan::tools
