// Checks of YAML text that need no grammar, made before and beside yaml-cpp.
#pragma once

#include <optional>
#include <string_view>

#include "policy/yaml_tree.h"

namespace twinspan::policy {

// Size, UTF-8, NUL and control characters: the first fault.
std::optional<YamlError> check_yaml_text(std::string_view text, uint32_t file);

// Whether the quoted text that begins at `offset` (after tags, anchors and blanks) has its closing
// quote. Block scalars and plain texts need none.
bool has_closing_quote(std::string_view text, size_t offset);

// The first quote at or after `offset` that opens a text and is never closed.
std::optional<size_t> find_open_quote(std::string_view text, size_t offset);

SourceMark mark_of_offset(std::string_view text, size_t offset, uint32_t file);

// Whether line `line` (from 1) is indented with a tab.
bool is_indented_with_tab(std::string_view text, uint32_t line);

}  // namespace twinspan::policy
