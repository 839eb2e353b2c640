#include "tools/twinspan/import.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "policy/config_parse.h"
#include "policy/estate_writer.h"
#include "policy/export_strongswan.h"
#include "policy/shared_keys.h"
#include "policy/validate.h"
#include "tools/twinspan/finding_json.h"
#include "tools/twinspand/estate_file.h"
#include "tools/twinspand/exit_code.h"
#include "tools/twinspand/secret_store.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

using nlohmann::ordered_json;
using policy::ConfigErrors;
using policy::ImportedKey;

constexpr const char* kImportSchema = "twinspan.import/1";
constexpr const char* kExportSchema = "twinspan.export/1";

template <class Lines>
std::string joined(const Lines& lines) {
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : "\n") + line.to_string();
  return text;
}

int report_unread(const ConfigErrors& faults, const ImportOptions& options, std::ostream& out,
                  std::ostream& error) {
  error << joined(faults) << "\n";
  if (!options.json) return kExitConfig;
  ordered_json findings = ordered_json::array();
  for (const policy::ConfigError& fault : faults) findings.push_back(to_json(to_finding(fault)));
  out << dumped({{"schema", kImportSchema},
                 {"estate", ""},
                 {"findings", std::move(findings)},
                 {"keys", ordered_json::array()},
                 {"error", joined(faults)}});
  return kExitConfig;
}

std::string key_path(const std::string& folder, const ImportedKey& key) {
  return (std::filesystem::path(folder) / key.file).string();
}

// One file of mode 0600. Never over another one.
Result<void, std::string> write_key(const std::string& path, const ImportedKey& key) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const tun::UniqueFd file(::open(path.c_str(), flags, 0600));
  if (!file) return Err(fmt::format("{}: {}", path, std::strerror(errno)));
  const SecretBytes content = policy::encode_key(key.bytes.view(), key.encoding);
  const ssize_t written = ::write(file.get(), content.data(), content.size());
  if (written == static_cast<ssize_t>(content.size())) return {};
  const std::string why = written < 0 ? std::strerror(errno) : "the disk is full";
  ::unlink(path.c_str());
  return Err(fmt::format("{}: {}", path, why));
}

// All of them or none.
Result<void, std::string> write_keys(const std::string& folder,
                                     const std::vector<ImportedKey>& keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto written = write_key(key_path(folder, keys[i]), keys[i]);
    if (written) continue;
    for (size_t done = 0; done < i; ++done) ::unlink(key_path(folder, keys[done]).c_str());
    return Err(written.error() + "; no key was written");
  }
  return {};
}

// `obstacle`: why no key was written where they were wanted.
void print_json(const policy::Import& import, const std::string& estate,
                const std::string& obstacle, const ImportOptions& options, std::ostream& out) {
  const bool is_written = !options.keys_to.empty() && obstacle.empty();
  ordered_json findings = ordered_json::array(), keys = ordered_json::array();
  for (const policy::Finding& note : import.notes) findings.push_back(to_json(note));
  for (const ImportedKey& key : import.keys)
    keys.push_back({{"file", key.file}, {"written", is_written}});
  ordered_json answer = {{"schema", kImportSchema},
                         {"estate", estate},
                         {"findings", std::move(findings)},
                         {"keys", std::move(keys)}};
  if (!obstacle.empty()) answer["error"] = obstacle;
  out << dumped(answer);
}

// " in base64", of what is no text.
std::string manner_of(const ImportedKey& key) {
  return key.encoding == policy::KeyEncoding::Text ? ""
                                                   : fmt::format(" in {}", name_of(key.encoding));
}

void print_notes(const policy::Import& import, const ImportOptions& options, std::ostream& error) {
  for (const policy::Finding& note : import.notes) error << note.to_string() << "\n";
  for (const ImportedKey& key : import.keys) {
    error << (options.keys_to.empty()
                  ? fmt::format("{}: has to be made, with the key that stands in {}{}; --keys-to "
                                "FOLDER makes it\n",
                                key.file, options.file, manner_of(key))
                  : fmt::format("{}: written\n", key_path(options.keys_to, key)));
  }
}

// The keys of one connection, as far as it has them.
struct Keys {
  std::shared_ptr<const SecretBytes> shared_key, ppk;
};
KeyFileResult<Keys> read_keys(const policy::Model& model, const policy::Connection& of) {
  const KeyFolder folder = KeyFolder::of_estate(model.files.front());
  Keys keys;
  if (of.shared_key_file.is_set) {
    TRY_ASSIGN(keys.shared_key, folder.read_psk(*of.shared_key_file, policy::key_form(model, of)));
  }
  if (of.ppk) {
    TRY_ASSIGN(keys.ppk, folder.read_ppk(*of.ppk->file));
  }
  return keys;
}

Result<std::string, NoExport> conf_of(const ExportOptions& options) {
  const auto model = read_model(options.file);
  if (!model) return Err(NoExport{kExitConfig, joined(model.error())});
  const policy::Findings findings = policy::validate(*model);
  if (policy::has_error(findings)) return Err(NoExport{kExitConfig, joined(findings)});
  const auto* const connection = policy::find(model->connections, options.connection);
  Keys read;
  if (options.with_key && connection != nullptr) {
    auto keys = read_keys(*model, *connection);
    if (!keys) return Err(NoExport{kExitConfig, keys.error().text});
    read = *std::move(keys);
  }
  policy::ExportKeys keys;
  if (read.shared_key) keys.shared_key = read.shared_key->view();
  if (read.ppk) keys.ppk = read.ppk->view();
  auto exported = policy::export_strongswan(*model, options.connection, options.instance, keys);
  if (exported) return *std::move(exported);
  return Err(NoExport{connection == nullptr ? kExitUsage : kExitConfig, joined(exported.error())});
}

}  // namespace

int import_estate(const ImportOptions& options, std::ostream& out, std::ostream& error) {
  const auto read = read_as(options.kind, options.file);
  if (!read) return report_unread(read.error(), options, out, error);
  const policy::Import& import = read->content;
  const std::string estate = policy::write_estate(import.model);
  // A few words of a template may say more than an estate file takes.
  if (const auto again = policy::parse_config(estate, "the estate that it makes"); !again)
    return report_unread(again.error(), options, out, error);
  std::string obstacle;
  if (!options.keys_to.empty()) {
    if (const auto written = write_keys(options.keys_to, import.keys); !written)
      obstacle = written.error();
  }
  if (options.json) print_json(import, estate, obstacle, options, out);
  if (!obstacle.empty()) {
    error << obstacle << "\n";
    return kExitNegative;
  }
  if (!options.json) {
    out << estate << std::flush;
    print_notes(import, options, error);
  }
  return policy::has_error(import.notes) ? kExitNegative : kExitOk;
}

int refuse_export(const ExportOptions& options, const NoExport& why, std::ostream& out,
                  std::ostream& error) {
  if (options.json)
    out << dumped({{"schema", kExportSchema}, {"swanctl_conf", ""}, {"error", why.text}});
  error << why.text << "\n";
  return why.exit_code;
}

int export_strongswan_conf(const ExportOptions& options, std::ostream& out, std::ostream& error) {
  const auto conf = conf_of(options);
  if (!conf) return refuse_export(options, conf.error(), out, error);
  out << (options.json ? dumped({{"schema", kExportSchema}, {"swanctl_conf", *conf}}) : *conf)
      << std::flush;
  return kExitOk;
}

}  // namespace twinspan::tools
