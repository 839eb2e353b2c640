#include "policy/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace twinspan::policy {
namespace {

constexpr size_t kTypedWordMax =
    80;  // Beyond it nobody mistyped a key; edit distance is quadratic.
constexpr size_t kListedWordsMax = 24;

std::string normal_form(std::string_view word) {
  std::string normal;
  for (const char letter : word) {
    if (letter == '-' || letter == '_' || letter == ' ') continue;
    normal += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return normal;
}

// Levenshtein distance with one row.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest_word(std::string_view typed,
                                             const std::vector<std::string_view>& known) {
  if (typed.empty() || typed.size() > kTypedWordMax) return std::nullopt;
  const std::string wanted = normal_form(typed);
  std::optional<std::string_view> nearest;
  size_t distance_min = std::max<size_t>(1, wanted.size() / 3) + 1;
  for (const std::string_view word : known) {
    const size_t distance = edit_distance(wanted, normal_form(word));
    if (distance >= distance_min) continue;
    distance_min = distance;
    nearest = word;
  }
  return nearest;
}

std::string suggestion(std::string_view typed, const std::vector<std::string_view>& known) {
  if (const auto nearest = nearest_word(typed, known)) {
    return fmt::format("did you mean '{}'?", *nearest);
  }
  if (known.empty()) return "there is none";
  const size_t shown = std::min(known.size(), kListedWordsMax);
  return fmt::format(
      "known here: {}{}",
      fmt::join(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
      shown < known.size() ? ", ..." : "");
}

}  // namespace twinspan::policy
