// `twinspan import` and `twinspan export`: between estate files and what other programs read. They
// need no daemon. The estate goes to standard output, what it does not carry to standard error, and
// keys nowhere unless a folder for them is named.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "policy/config_parse.h"
#include "policy/estate_writer.h"
#include "policy/export_strongswan.h"
#include "policy/peer_file.h"
#include "policy/validate.h"
#include "tools/twinspan/commands.h"
#include "tools/twinspan/text_file.h"
#include "tools/twinspand/exit_code.h"
#include "tools/twinspand/secret_store.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;
using policy::ConfigErrors;
using policy::Finding;
using policy::ImportedKey;

int report(const ConfigErrors& errors) {
  for (const policy::ConfigError& error : errors) std::cerr << error.to_string() << "\n";
  return kExitConfig;
}

json to_json(const Finding& finding) {
  return {
      {"id", finding.id},           {"severity", std::string(policy::name_of(finding.severity))},
      {"file", finding.file},       {"line", finding.line},
      {"column", finding.column},   {"objects", finding.objects},
      {"message", finding.message}, {"remedy", finding.remedy}};
}

std::string key_path(const std::string& folder, const ImportedKey& key) {
  return (std::filesystem::path(folder) / key.file).string();
}

// One file of mode 0600 with the key and a newline, which is no part of it. Never over another one.
Result<void, std::string> write_key(const std::string& path, ByteView key) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const tun::UniqueFd file(::open(path.c_str(), flags, 0600));
  if (!file) return Err<std::string>(fmt::format("{}: {}", path, std::strerror(errno)));
  SecretBytes content(key.size() + 1);
  std::memcpy(content.data(), key.data(), key.size());
  content.data()[key.size()] = '\n';
  const ssize_t written = ::write(file.get(), content.data(), content.size());
  if (written == static_cast<ssize_t>(content.size())) return {};
  const std::string why = written < 0 ? std::strerror(errno) : "the disk is full";
  ::unlink(path.c_str());
  return Err<std::string>(fmt::format("{}: {}", path, why));
}

// All of them or none.
Result<void, std::string> write_keys(const std::string& folder,
                                     const std::vector<ImportedKey>& keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto written = write_key(key_path(folder, keys[i]), keys[i].bytes.view());
    if (written) continue;
    for (size_t done = 0; done < i; ++done) ::unlink(key_path(folder, keys[done]).c_str());
    return Err<std::string>(written.error() + "; no key was written");
  }
  return {};
}

void print(const policy::Import& import, const CommandOptions& options) {
  const std::string estate = policy::write_estate(import.model);
  if (options.json) {
    json result = {{"schema", "twinspan.import/1"},
                   {"estate", estate},
                   {"findings", json::array()},
                   {"keys", json::array()}};
    for (const Finding& note : import.notes) result["findings"].push_back(to_json(note));
    for (const ImportedKey& key : import.keys)
      result["keys"].push_back({{"file", key.file}, {"written", !options.keys_to.empty()}});
    std::cout << result.dump(2) << std::endl;
    return;
  }
  std::cout << estate << std::flush;
  for (const Finding& note : import.notes) std::cerr << note.to_string() << "\n";
  for (const ImportedKey& key : import.keys) {
    std::cerr << (options.keys_to.empty()
                      ? fmt::format("{}: has to be made, with the key that stands in {}; "
                                    "--keys-to FOLDER makes it\n",
                                    key.file, options.file)
                      : fmt::format("{}: written\n", key_path(options.keys_to, key)));
  }
}

int run_import(const CommandOptions& options, policy::PeerFileKind kind) {
  const auto text = read_text_file(options.file, policy::kImportTextMax);
  if (!text) {
    std::cerr << text.error() << "\n";
    return kExitConfig;
  }
  const auto import = policy::import_file(*text, options.file, kind, includes_inside(options.file));
  if (!import) return report(import.error());
  if (!options.keys_to.empty()) {
    if (const auto written = write_keys(options.keys_to, import->keys); !written) {
      std::cerr << written.error() << "\n";
      return kExitNegative;
    }
  }
  print(*import, options);
  return policy::has_error(import->notes) ? kExitNegative : kExitOk;
}

// The bytes of a key file that the estate names. False: it cannot be read, which has been printed.
bool read_key(const std::string& estate, const std::string& file,
              std::shared_ptr<const SecretBytes>& key) {
  const auto path = std::filesystem::absolute(estate).parent_path() / file;
  auto read = read_psk(path.string());
  if (!read) {
    std::cerr << read.error() << "\n";
    return false;
  }
  key = *std::move(read);
  return true;
}

}  // namespace

int run_import_azure(const CommandOptions& options) {
  return run_import(options, policy::PeerFileKind::Azure);
}

int run_import_swanctl(const CommandOptions& options) {
  return run_import(options, policy::PeerFileKind::Swanctl);
}

int run_export_strongswan(const CommandOptions& options) {
  const auto text = read_text_file(options.file, policy::kImportTextMax);
  if (!text) {
    std::cerr << text.error() << "\n";
    return kExitConfig;
  }
  const auto model = policy::parse_config(*text, options.file);
  if (!model) return report(model.error());
  const policy::Findings findings = policy::validate(*model);
  if (policy::has_error(findings)) {
    for (const Finding& finding : findings) std::cerr << finding.to_string() << "\n";
    return kExitConfig;
  }
  std::shared_ptr<const SecretBytes> shared_key, ppk;
  const auto* const connection = policy::find(model->connections, options.connection);
  if (options.with_key && connection != nullptr) {
    if (connection->shared_key_file.is_set &&
        !read_key(options.file, *connection->shared_key_file, shared_key))
      return kExitConfig;
    if (connection->ppk && !read_key(options.file, *connection->ppk->file, ppk)) return kExitConfig;
  }
  policy::ExportKeys keys;
  if (shared_key) keys.shared_key = shared_key->view();
  if (ppk) keys.ppk = ppk->view();
  const auto exported =
      policy::export_strongswan(*model, options.connection, options.instance, keys);
  if (!exported) {
    report(exported.error());
    return connection == nullptr ? kExitUsage : kExitConfig;
  }
  std::cout << *exported << std::flush;
  return kExitOk;
}

}  // namespace twinspan::tools
