// The JSON of `twinspan routes`, `show peering` and `show gateway`; add-only within a schema's
// version.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/effective_routes.h"
#include "policy/views.h"

namespace twinspan::tools {

nlohmann::json peerings_json(const std::vector<policy::PeeringView>& peerings);

// `running` is the gateway of this daemon, and which instance of it.
struct RunningInstance {
  std::string gateway;
  unsigned instance = 0;
};
nlohmann::json gateways_json(const std::vector<policy::GatewayView>& gateways,
                             const RunningInstance& running);

// `status_of` names the status of a connection.
using ConnectionStatusName = std::function<std::string(const std::string& connection)>;
nlohmann::json routes_json(const std::vector<policy::EffectiveRoute>& routes,
                           const ConnectionStatusName& status_of);

}  // namespace twinspan::tools
