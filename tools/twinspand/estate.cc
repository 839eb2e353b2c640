#include "tools/twinspand/estate.h"

#include <filesystem>

#include "policy/attach.h"
#include "policy/compile.h"
#include "policy/shared_keys.h"
#include "policy/validate.h"
#include "tools/twinspand/estate_file.h"
#include "tun/interface_names.h"

namespace twinspan::tools {
namespace {

using Lines = std::vector<std::string>;

Lines to_lines(const std::vector<policy::ConfigError>& errors) {
  Lines lines;
  for (const policy::ConfigError& error : errors) lines.push_back(error.to_string());
  return lines;
}

// The model's findings: those that stop the gateway, or else the estate's warnings.
Result<Lines, Lines> judge(const policy::Model& model, const std::string& gateway) {
  Lines errors, warnings;
  for (policy::Finding& finding : policy::validate(model)) {
    const bool is_fatal = policy::stops_gateway(finding, gateway);
    if (is_fatal) finding.severity = policy::Severity::Error;
    (is_fatal ? errors : warnings).push_back(finding.to_string());
  }
  if (!errors.empty()) return Err(errors);
  return warnings;
}

Result<Estate, Lines> load(std::shared_ptr<const policy::Model> model, const std::string& path,
                           const std::string& gateway, unsigned instance) {
  Estate estate{.model = std::move(model)};
  TRY_ASSIGN(estate.warnings, judge(*estate.model, gateway));
  const std::string directory = std::filesystem::absolute(path).parent_path().string();
  const policy::HostFacts facts{.interfaces = tun::interface_names()};
  auto plan = policy::compile(*estate.model, gateway, instance, directory, facts);
  if (!plan) return Err(to_lines(plan.error()));
  estate.plan = *std::move(plan);
  const auto& self = estate.model->gateways.find(gateway)->second;
  for (std::string& warning : policy::attachment_warnings(*estate.model, self, facts))
    estate.warnings.push_back(std::move(warning));
  for (const policy::TunnelPlan& tunnel : estate.plan.tunnels) {
    estate.places.push_back(policy::places_of(
        *estate.model, estate.model->connections.find(tunnel.connection)->second));
  }
  TRY_ASSIGN(estate.credentials, load_credentials(estate.plan, path, policy::key_characters(self)));
  return estate;
}

}  // namespace

Result<Estate, EstateFault> load_estate(const std::string& path, const std::string& gateway,
                                        unsigned instance) {
  auto read = read_model(path);
  if (!read) return Err(EstateFault{to_lines(read.error()), nullptr});
  read->fields.clear();  // Lines tell its places.
  const auto model = std::make_shared<const policy::Model>(*std::move(read));
  auto estate = load(model, path, gateway, instance);
  if (!estate) return Err(EstateFault{std::move(estate).error(), model});
  return *std::move(estate);
}

}  // namespace twinspan::tools
