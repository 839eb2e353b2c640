// What is said of a dropped packet is what docs/troubleshooting.md says of its reason.
#include "tools/twinspand/drop_reason.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "policy/firewall_drops.h"

namespace twinspan::tools {
namespace {

std::string troubleshooting() {
  std::ifstream file(TWINSPAN_TROUBLESHOOTING);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(DropReason, EveryFaultIsExplainedInTheWordsOfTheDocs) {
  const std::string page = troubleshooting();
  for (size_t i = 0; i < esp::kVerdictCount; ++i) {
    const auto verdict = static_cast<esp::Verdict>(i);
    const DropReason reason = describe(verdict);
    EXPECT_FALSE(reason.explanation.empty());
    if (reason.fix.empty()) continue;  // No fault.
    EXPECT_THAT(page, testing::HasSubstr(std::string(reason.explanation)))
        << esp::to_string(verdict);
  }
}

TEST(DropReason, SoIsEveryReasonOfNftables) {
  const std::string page = troubleshooting();
  for (const policy::FirewallReason& reason : policy::firewall_reasons()) {
    const std::string row =
        fmt::format("| `{}` | {} | {} |\n", reason.words, reason.explanation, reason.fix);
    EXPECT_THAT(page, testing::HasSubstr(row));
  }
}

}  // namespace
}  // namespace twinspan::tools
