// "Did you mean": the known word nearest to what somebody typed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinspan::policy {

// Case, '-' and '_' do not count, so Azure's camelCase finds our snake_case; beyond that, one edit
// per three letters is forgiven. nullopt when nothing is near.
std::optional<std::string_view> nearest_word(std::string_view typed,
                                             const std::vector<std::string_view>& known);

// "did you mean 'region'?", or "known here: a, b, c" when nothing is near.
std::string suggestion(std::string_view typed, const std::vector<std::string_view>& known);

}  // namespace twinspan::policy
