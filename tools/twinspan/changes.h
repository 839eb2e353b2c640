// `twinspan plan`, `apply`, `confirm` and `replace gateway`: the running gateway's estate and
// another one. The daemon reads the file, so what is told is what is done. Each returns its exit
// code: kExitConfig when the file cannot be run or the change is refused, kExitNegative when the
// host refuses it.
#pragma once

#include "tools/twinspan/commands.h"

namespace twinspan::tools {

int run_plan(const CommandOptions& options);
int run_apply(const CommandOptions& options);
int run_confirm(const CommandOptions& options);
int run_replace_gateway(const CommandOptions& options);

}  // namespace twinspan::tools
