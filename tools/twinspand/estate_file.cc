#include "tools/twinspand/estate_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "policy/config_parse.h"
#include "policy/yaml_tree.h"

namespace twinspan::tools {
namespace {

using policy::ConfigErrors;

Err<ConfigErrors> refused(const std::string& path, std::string message) {
  return Err<ConfigErrors>({{.file = path,
                             .line = 0,
                             .column = 0,
                             .path = "",
                             .message = std::move(message),
                             .remedy = ""}});
}

// How a kind of file is told from others, and read.
struct Kind {
  bool (*matches)(const std::string& path, std::string_view text);
  Result<policy::Model, ConfigErrors> (*read)(std::string_view text, std::string path);
};

bool is_anything(const std::string&, std::string_view) {
  return true;
}

// The first row that matches counts; the estate format takes what is left.
constexpr Kind kKinds[] = {
    {is_anything, policy::parse_config},
};

}  // namespace

Result<std::string, ConfigErrors> read_estate_text(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure))
    return refused(path, "is a directory; an estate file is expected");
  std::ifstream file(path, std::ios::binary);
  if (!file) return refused(path, std::strerror(errno));
  std::string text(policy::kYamlTextMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > policy::kYamlTextMax)
    return refused(path, fmt::format("larger than {} MiB", policy::kYamlTextMax >> 20));
  return text;
}

Result<policy::Model, ConfigErrors> read_model(const std::string& path) {
  TRY_ASSIGN(const std::string text, read_estate_text(path));
  for (const Kind& kind : kKinds) {
    if (kind.matches(path, text)) return kind.read(text, path);
  }
  return refused(path, "no known kind of file");
}

}  // namespace twinspan::tools
