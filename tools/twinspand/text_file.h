// Files that somebody names on the command line, and what they include.
#pragma once

#include <string>

#include "base/result.h"
#include "policy/settings_text.h"

namespace twinspan::tools {

struct TextFileFault {
  std::string why;  // Without the file's name.
  std::string remedy;
};

// At most `size_max` bytes of a regular file, or of what the shell has opened (/dev/stdin,
// /dev/fd/N). Never waits for a FIFO, a socket or a device: they are refused.
Result<std::string, TextFileFault> read_text_file(const std::string& path, size_t size_max);

// Follows the include statements of a swanctl.conf, as far as they lead to regular files in the
// folder of `path` or below it; links count as what they lead to. Nothing outside that folder is
// looked at. Wildcards may stand in the last part of a pattern. What is not there is no file.
policy::IncludeReader includes_inside(const std::string& path);

}  // namespace twinspan::tools
