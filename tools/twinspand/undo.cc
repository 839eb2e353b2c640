#include "tools/twinspand/undo.h"

#include <fmt/format.h>

namespace twinspan::tools {

std::string ChangeRefusal::to_string() const {
  if (not_undone.empty())
    return "the host refuses it, and nothing was changed: " + reason.to_string();
  std::vector<std::string> texts;
  for (const tun::HostError& error : not_undone) texts.push_back(error.to_string());
  return fmt::format("the host refuses it: {}; nor could all of it be taken back: {}",
                     reason.to_string(), fmt::join(texts, "; "));
}

std::string ChangeRefusal::remedy() const {
  if (not_undone.empty()) return reason.remedy;
  return fmt::format(
      "{}{}`twinspan apply` of the estate that runs puts its rules and routes up again",
      reason.remedy, reason.remedy.empty() ? "" : "; then ");
}

}  // namespace twinspan::tools
