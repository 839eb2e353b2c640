// The run directory of one instance: created private, locked by the daemon that uses it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {

inline constexpr const char* kControlSocketName = "control.sock";
inline constexpr const char* kLockName = "lock";
inline constexpr const char* kInstanceName = "instance";        // Holds "GATEWAY-INSTANCE".
inline constexpr const char* kPeeringRecordsName = "peerings";  // policy/views.h: to_text().
inline constexpr const char* kRunDirRoot = "/run/twinspan";

// Creates `path` (0700) when missing. One that is there keeps its mode: it may be somebody else's.
// Refused when everybody may write to it.
Result<void, std::string> make_private_dir(const std::string& path);

struct RunDirError {
  std::string text;
  bool is_busy = false;  // A daemon runs in it.
};

// Makes `path` as make_private_dir() does and takes its lock for as long as the descriptor lives.
Result<tun::UniqueFd, RunDirError> lock_run_dir(const std::string& path);

// The content of a small file of the run directory; nullopt when it cannot be read.
std::optional<std::string> read_file(const std::string& path);

// Writes `text` to `path` so that a reader sees either the old or the new content.
Result<void, std::string> write_file_atomically(const std::string& path, const std::string& text);

}  // namespace twinspan::tools
