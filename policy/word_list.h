// Names and prefixes in a sentence, and words of any case.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinspan::policy {

// "10.1.0.0/16, 10.2.0.0/16": words, or what has to_string().
template <class Value>
std::string listed(const std::vector<Value>& values) {
  std::vector<std::string> texts;
  for (const Value& value : values) {
    if constexpr (requires { value.to_string(); }) {
      texts.push_back(value.to_string());
    } else {
      texts.emplace_back(value);
    }
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

// "192.0.2.1 or 192.0.2.2"
inline std::string listed(std::span<const IpAddress> addresses, std::string_view between) {
  std::vector<std::string> texts;
  for (const IpAddress& address : addresses) texts.push_back(address.to_string());
  return fmt::format("{}", fmt::join(texts, between));
}

// "a, b, c, 97 more": of many words the first ones.
inline std::string first_of(std::span<const std::string> words, size_t named_max,
                            std::string_view between = ", ") {
  const auto named = words.first(std::min(words.size(), named_max));
  const size_t more = words.size() - named.size();
  return fmt::format("{}{}", fmt::join(named, between),
                     more == 0 ? "" : fmt::format("{}{} more", between, more));
}

inline std::string in_small_letters(std::string_view name) {
  std::string small(name);
  for (char& letter : small) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return small;
}

}  // namespace twinspan::policy
