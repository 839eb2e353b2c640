// Files that somebody names on the command line, and what they include.
#pragma once

#include <string>

#include "base/result.h"
#include "policy/settings_text.h"

namespace twinspan::tools {

// At most `size_max` bytes. The error names the file and why it is not read.
Result<std::string, std::string> read_text_file(const std::string& path, size_t size_max);

// Follows the include statements of a swanctl.conf, with wildcards, as far as they lead to files in
// the folder of `path` or below it; links count as what they lead to.
policy::IncludeReader includes_inside(const std::string& path);

}  // namespace twinspan::tools
