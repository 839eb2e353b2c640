#include "tools/twinspand/estate.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "policy/compile.h"
#include "policy/config_parse.h"
#include "policy/validate.h"

namespace twinspan::tools {
namespace {

using Lines = std::vector<std::string>;

constexpr size_t kEstateSizeMax = 4 * 1024 * 1024;

Result<std::string, Lines> read_estate_file(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) {
    return Err(Lines{path + ": is a directory; an estate file is expected"});
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Err(Lines{fmt::format("{}: {}", path, std::strerror(errno))});
  std::string text(kEstateSizeMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kEstateSizeMax) {
    return Err(Lines{fmt::format("{}: larger than {} MiB", path, kEstateSizeMax >> 20)});
  }
  return text;
}

Lines to_lines(const std::vector<policy::ConfigError>& errors) {
  Lines lines;
  for (const policy::ConfigError& error : errors) lines.push_back(error.to_string());
  return lines;
}

}  // namespace

Result<Estate, Lines> load_estate(const std::string& path, const std::string& gateway,
                                  unsigned instance) {
  TRY_ASSIGN(const std::string text, read_estate_file(path));
  const auto model = policy::parse_config(text, path);
  if (!model) return Err(to_lines(model.error()));
  Estate estate;
  Lines errors;
  for (const policy::Finding& finding : policy::validate(*model)) {
    const bool is_error = finding.severity == policy::Severity::Error;
    (is_error ? errors : estate.warnings).push_back(finding.to_string());
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
