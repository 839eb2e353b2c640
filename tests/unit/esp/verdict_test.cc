// Every reason to drop has words of its own, and docs/troubleshooting.md says what to do about it.
#include "esp/verdict.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace twinspan::esp {
namespace {

TEST(Verdict, EveryReasonToDropIsInTheDocumentation) {
  std::ifstream file(TWINSPAN_TROUBLESHOOTING);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::set<std::string> words;
  for (size_t i = 0; i < kVerdictCount; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    const std::string word = to_string(verdict);
    EXPECT_TRUE(words.insert(word).second) << word;
    if (verdict == Verdict::Accept) continue;
    EXPECT_NE(text.find("| `" + word + "` | "), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace twinspan::esp
