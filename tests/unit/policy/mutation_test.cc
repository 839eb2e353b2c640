// Whatever the text, the policy layer answers: parsing, validating and compiling mutated estates
// never crashes, hangs or reports nothing. Seeded; a failure names its seed.
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

constexpr int kRoundsPerEstate = 1500;

// splitmix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  size_t below(size_t bound) {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return static_cast<size_t>((mixed ^ (mixed >> 31)) % bound);
  }

 private:
  uint64_t state_;
};

constexpr std::string_view kSpice[] = {
    "\"", "'",    "{",  "}",    "[",        "]",   ":",   ": ", "- ",   "\n",    "\n  ",  "\t",
    "#",  "&a ",  "*a", "!!",   "!x ",      "|\n", ">\n", "? ", "<<",   "---\n", "...\n", "%",
    "~",  "null", "0",  "\xff", "\xc3\xa4", "\\",  ",",   "\r", "::/0", "/33",   "@",     "`"};

std::string mutated_once(std::string text, Random& random) {
  const size_t place = random.below(text.size() + 1);
  const size_t length = std::min(random.below(40), text.size() - place);
  switch (random.below(5)) {
    case 0:
      return text.insert(place, kSpice[random.below(std::size(kSpice))]);
    case 1:
      return text.erase(place, length);
    case 2:
      return text.insert(random.below(text.size() + 1), text.substr(place, length));
    case 3:
      if (place < text.size()) text[place] = static_cast<char>(random.below(256));
      return text;
    default: {
      // Swap two words: well-formed texts with wrong meanings.
      const size_t word = text.find_first_of(" \n", place);
      if (word == std::string::npos) return text;
      const std::string moved =
          text.substr(word, std::min<size_t>(text.find_first_of(" \n,", word + 1) - word, 40));
      return text.insert(random.below(text.size() + 1), moved);
    }
  }
}

void expect_an_answer(const std::string& text) {
  const auto model = parse_config(text, "m.yaml");
  if (!model) {
    ASSERT_FALSE(model.error().empty());
    for (const ConfigError& error : model.error()) {
      EXPECT_GE(error.line, 1u);
      EXPECT_GE(error.column, 1u);
      EXPECT_FALSE(error.message.empty());
    }
    return;
  }
  const bool is_good = !has_error(validate(*model));
  for (const auto& [name, gateway] : model->gateways) {
    const auto plan = compile(*model, name, 0, "");
    if (plan) {
      EXPECT_FALSE(plan->to_string().empty());
    } else {
      EXPECT_FALSE(is_good) << "no error found, yet: " << plan.error().front().to_string();
    }
  }
}

void mutate(const std::string& original, uint64_t first_seed) {
  for (uint64_t seed = first_seed; seed < first_seed + kRoundsPerEstate; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::string text = original;
    for (size_t count = 1 + random.below(4); count > 0; --count)
      text = mutated_once(std::move(text), random);
    expect_an_answer(text);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Mutation, EveryMutatedEstateIsAnswered) {
  mutate(kGoodEstate, 1000);
}

TEST(Mutation, EveryMutatedExampleIsAnswered) {
  mutate(read_source_file("examples/vnet-to-vnet.yaml"), 10000);
  mutate(read_source_file("examples/site-to-site.yaml"), 20000);
  mutate(read_source_file("examples/policy-based.yaml"), 30000);
}

TEST(Mutation, EveryBeginningOfAnEstateIsAnswered) {
  const std::string text = kGoodEstate;
  for (size_t size = 0; size < text.size(); ++size) expect_an_answer(text.substr(0, size));
}

}  // namespace
}  // namespace twinspan::policy
