// One connection section of swanctl.conf, read as far as a model carries it. For
// policy/import_swanctl.cc alone, which makes objects of it.
#pragma once

#include <optional>

#include "policy/config_error.h"
#include "policy/import.h"
#include "policy/settings_text.h"
#include "policy/swanctl_words.h"

namespace twinspan::policy {

struct SwanctlConnection {
  std::string name;  // The section's.
  SourceMark mark;
  Marked<IpAddress> local_address;   // Not set: the file does not tell.
  Marked<IpAddress> remote_address;  // Or remote_name, or neither.
  MarkedText remote_name;
  std::vector<TrafficSelectorPolicy> children;  // At least one.
  bool is_any_to_any = false;
  // Without its ends, and without the names of files that the section does not name.
  Connection connection;
};

// What all connections of a file are read with.
struct SwanctlReading {
  const std::vector<std::string>& files;
  ImportNotes& notes;
  ImportFor purpose = ImportFor::Estate;
  ConfigErrors errors{};  // At most kConfigErrorsMax.

  void wrong(SourceMark mark, std::string path, std::string message) {
    if (errors.size() >= kConfigErrorsMax) return;
    errors.push_back(
        {files[mark.file], mark.line, mark.column, std::move(path), std::move(message), ""});
  }
};

// nullopt: it is left out, or there is an error; either has been told.
std::optional<SwanctlConnection> read_swanctl_connection(const SettingsSection& section,
                                                         SwanctlReading& reading);

}  // namespace twinspan::policy
