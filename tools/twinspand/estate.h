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

// Nothing was touched.
struct EstateFault {
  std::vector<std::string> errors;             // Every line to print.
  std::shared_ptr<const policy::Model> model;  // nullptr: the file has no form to speak of.
};

// Reads, parses, validates and compiles.
Result<Estate, EstateFault> load_estate(const std::string& path, const std::string& gateway,
                                        unsigned instance);

}  // namespace twinspan::tools
