// `twinspan plan`: the running gateway's estate and another one. The daemon reads the file. Returns
// its exit code: kExitConfig when the file cannot be run or the change is refused.
#pragma once

#include "tools/twinspan/commands.h"

namespace twinspan::tools {

int run_plan(const CommandOptions& options);

}  // namespace twinspan::tools
