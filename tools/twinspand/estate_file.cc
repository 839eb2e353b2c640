#include "tools/twinspand/estate_file.h"

#include "policy/config_parse.h"
#include "policy/yaml_tree.h"
#include "tools/twinspand/text_file.h"

namespace twinspan::tools {
namespace {

using policy::ConfigError;
using policy::ConfigErrors;

// Everything that describes a network is as large as an estate at most.
static_assert(policy::kImportTextMax == policy::kYamlTextMax);

Result<std::string, ConfigErrors> read_description(const std::string& path) {
  if (path.empty()) return Err(ConfigErrors{{"''", 0, 0, "", "is no name of a file", "name one"}});
  auto text = read_text_file(path, policy::kYamlTextMax);
  if (text) return *std::move(text);
  return Err(ConfigErrors{{path, 0, 0, "", text.error().why, text.error().remedy}});
}

Result<PeerFile, ConfigErrors> read_text_as(policy::PeerFileKind kind, const std::string& text,
                                            const std::string& path, policy::ImportFor purpose) {
  PeerFile file{.kind = kind, .content = {}};
  TRY_ASSIGN(file.content, policy::import_file(text, path, kind, includes_inside(path), purpose));
  return file;
}

}  // namespace

Result<policy::Model, ConfigErrors> read_model(const std::string& path) {
  TRY_ASSIGN(const std::string text, read_description(path));
  return policy::parse_config(text, path);
}

Result<PeerFile, ConfigErrors> read_as(policy::PeerFileKind kind, const std::string& path) {
  TRY_ASSIGN(const std::string text, read_description(path));
  return read_text_as(kind, text, path, policy::ImportFor::Estate);
}

Result<PeerFile, ConfigErrors> read_peer_file(const std::string& path) {
  TRY_ASSIGN(const std::string text, read_description(path));
  return read_text_as(policy::kind_of_text(text), text, path, policy::ImportFor::Comparison);
}

}  // namespace twinspan::tools
