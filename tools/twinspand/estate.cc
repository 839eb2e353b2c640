#include "tools/twinspand/estate.h"

#include <filesystem>

#include "policy/compile.h"
#include "policy/validate.h"
#include "tools/twinspand/estate_file.h"

namespace twinspan::tools {
namespace {

using Lines = std::vector<std::string>;

Lines to_lines(const std::vector<policy::ConfigError>& errors) {
  Lines lines;
  for (const policy::ConfigError& error : errors) lines.push_back(error.to_string());
  return lines;
}

}  // namespace

Result<Estate, Lines> load_estate(const std::string& path, const std::string& gateway,
                                  unsigned instance) {
  const auto model = read_model(path);
  if (!model) return Err(to_lines(model.error()));
  Estate estate;
  Lines errors;
  for (policy::Finding& finding : policy::validate(*model)) {
    const bool is_fatal = policy::stops_gateway(finding, gateway);
    if (is_fatal) finding.severity = policy::Severity::Error;
    (is_fatal ? errors : estate.warnings).push_back(finding.to_string());
  }
  if (!errors.empty()) return Err(errors);
  const std::string directory = std::filesystem::absolute(path).parent_path().string();
  auto plan = policy::compile(*model, gateway, instance, directory);
  if (!plan) return Err(to_lines(plan.error()));
  estate.plan = *std::move(plan);
  for (const policy::TunnelPlan& tunnel : estate.plan.tunnels) {
    estate.places.push_back(
        policy::places_of(*model, model->connections.find(tunnel.connection)->second));
  }
  TRY_ASSIGN(estate.credentials, load_credentials(estate.plan, path));
  return estate;
}

}  // namespace twinspan::tools
