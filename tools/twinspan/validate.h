// `twinspan validate` and `twinspan schema`: what can be said about estate files without a daemon.
#pragma once

#include <iosfwd>
#include <string>

#include "policy/finding.h"

namespace twinspan::tools {

struct ValidateOptions {
  std::string file;
  std::string peer_file;   // Empty: none.
  std::string connection;  // Whose checklist is wanted; empty: findings.
  bool json = false;
  std::string from = {};  // With `to`: the way between two networks is wanted.
  std::string to = {};
};

// Writes findings or a checklist to `out`, what stops it to `error` (with json to `out` as well).
// Returns the exit code: kExitNegative with a finding of severity error or a failed step,
// kExitConfig when a file cannot be read or parsed, kExitUsage when there is no such connection or
// network.
int validate_files(const ValidateOptions& options, std::ostream& out, std::ostream& error);

struct SchemaOptions {
  bool reference = false;  // The reference text of docs/model.md instead of the JSON Schema.
};

// What cannot be read or parsed, and what `validate` says of the rest without its key files: the
// errors alone.
policy::Findings errors_of_estate(const std::string& file);

int print_schema(const SchemaOptions& options, std::ostream& out);

}  // namespace twinspan::tools
