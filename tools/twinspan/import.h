// `twinspan import` and `twinspan export`: between estate files and what other programs read,
// without a daemon.
#pragma once

#include <iosfwd>
#include <string>

#include "policy/peer_file.h"

namespace twinspan::tools {

struct ImportOptions {
  policy::PeerFileKind kind = policy::PeerFileKind::Azure;
  std::string file;
  std::string keys_to;  // The folder for key files; empty: keys are written nowhere.
  bool json = false;
};

// Writes an estate to `out` and what it does not carry to `error` (with json both to `out`).
// Returns the exit code: kExitNegative when something was left out or is missing, or when a key
// file cannot be made; kExitConfig when the file cannot be read, and then there is no estate.
int import_estate(const ImportOptions& options, std::ostream& out, std::ostream& error);

struct ExportOptions {
  std::string file;  // The estate.
  std::string connection;
  unsigned instance = 0;
  bool with_key = false;
  bool json = false;
};

// Why there is nothing to write.
struct NoExport {
  int exit_code = 0;
  std::string text;  // Lines, without the last one's end.
};
// Returns the exit code.
int refuse_export(const ExportOptions& options, const NoExport& why, std::ostream& out,
                  std::ostream& error);

// Writes the other end's swanctl.conf to `out`. Returns kExitUsage when there is no such
// connection, kExitConfig when the estate, or a key that is wanted, cannot be used.
int export_strongswan_conf(const ExportOptions& options, std::ostream& out, std::ostream& error);

}  // namespace twinspan::tools
