// What each reason of a dropped packet says, and what to do, in the words of
// docs/troubleshooting.md.
#pragma once

#include <string_view>

#include "esp/verdict.h"

namespace twinspan::tools {

struct DropReason {
  std::string_view explanation;
  std::string_view fix;
};
DropReason describe(esp::Verdict reason);

}  // namespace twinspan::tools
