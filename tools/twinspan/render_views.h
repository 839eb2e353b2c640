// The views of networks, peerings and gateways as tables for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace twinspan::tools {

std::string render_routes(const nlohmann::json& answer);
std::string render_peerings(const nlohmann::json& answer);
std::string render_gateways(const nlohmann::json& answer);

}  // namespace twinspan::tools
