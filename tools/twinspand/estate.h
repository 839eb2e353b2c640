// From the files on disk to what a gateway instance runs with: the plan and its keys.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/config_place.h"
#include "policy/model.h"
#include "policy/plan.h"
#include "tools/twinspand/credentials.h"

namespace twinspan::tools {

struct Estate {
  std::shared_ptr<const policy::Model> model;
  policy::Plan plan;
  std::vector<TunnelCredentials> credentials;  // By tunnel.
  std::vector<policy::ConfigPlaces> places;    // By tunnel.
  std::vector<std::string> warnings;           // One line each.
};

// Reads, parses, validates and compiles. The error holds every line to print; nothing was touched.
Result<Estate, std::vector<std::string>> load_estate(const std::string& path,
                                                     const std::string& gateway, unsigned instance);

}  // namespace twinspan::tools
