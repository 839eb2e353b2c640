// Exit codes of both programs; part of the interface.
#pragma once

namespace twinspan::tools {

enum ExitCode : int {
  kExitOk = 0,
  kExitNegative = 1,  // A negative verdict.
  kExitUsage = 2,
  kExitConfig = 3,       // The configuration is invalid.
  kExitUnreachable = 4,  // No daemon answers.
  kExitHost = 5,         // The host does not allow it: port taken, no TUN, no privilege.
};

}  // namespace twinspan::tools
