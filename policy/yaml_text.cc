#include "policy/yaml_text.h"

#include <fmt/format.h>

namespace twinspan::policy {
namespace {

// Bytes of the well-formed UTF-8 sequence at the front (RFC 3629 4), 0 when there is none.
size_t utf8_sequence_size(std::string_view text) {
  const auto at = [&](size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xC2 && lead <= 0xDF   ? 2
                      : lead >= 0xE0 && lead <= 0xEF ? 3
                      : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                     : 0;
  if (size == 0 || text.size() < size) return 0;
  for (size_t index = 1; index < size; ++index) {
    if ((at(index) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and code points past U+10FFFF.
  if (lead == 0xE0 && at(1) < 0xA0) return 0;
  if (lead == 0xED && at(1) > 0x9F) return 0;
  if (lead == 0xF0 && at(1) < 0x90) return 0;
  if (lead == 0xF4 && at(1) > 0x8F) return 0;
  return size;
}

bool is_allowed_control(char byte) {
  return byte == '\t' || byte == '\n' || byte == '\r';
}

size_t skip_node_properties(std::string_view text, size_t offset) {
  while (offset < text.size()) {
    const char byte = text[offset];
    if (byte == ' ' || is_allowed_control(byte)) {
      ++offset;
    } else if (byte == '#') {
      offset = std::min(text.find('\n', offset), text.size());
    } else if (byte == '&' || byte == '!') {
      offset = std::min(text.find_first_of(" \t\r\n", offset), text.size());
    } else {
      break;
    }
  }
  return offset;
}

bool is_quote(char byte) {
  return byte == '"' || byte == '\'';
}

// A quote or '#' inside a plain text ("don't") begins nothing.
bool begins_token(std::string_view text, size_t offset) {
  constexpr std::string_view kBeforeTokens = " \t\r\n[{,:";
  return offset == 0 || kBeforeTokens.find(text[offset - 1]) != std::string_view::npos;
}

// The offset after the closing quote of the text that the quote at `offset` opens; npos: there is
// none.
size_t end_of_quoted(std::string_view text, size_t offset) {
  const char quote = text[offset];
  for (size_t index = offset + 1; index < text.size(); ++index) {
    if (quote == '"' && text[index] == '\\') {
      ++index;
    } else if (text[index] == quote) {
      const bool is_doubled = quote == '\'' && index + 1 < text.size() && text[index + 1] == quote;
      if (!is_doubled) return index + 1;
      ++index;  // '' inside single quotes is one quote.
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<YamlError> check_yaml_text(std::string_view text, uint32_t file) {
  if (text.size() > kYamlTextMax) {
    return YamlError{
        {file, 1, 1},
        fmt::format("the file has {} bytes, more than the {} allowed", text.size(), kYamlTextMax),
        "split the estate"};
  }
  for (size_t offset = 0; offset < text.size();) {
    const char byte = text[offset];
    if (byte == '\0') {
      return YamlError{mark_of_offset(text, offset, file), "a NUL byte",
                       "save the file as UTF-8 text"};
    }
    if ((static_cast<unsigned char>(byte) < 0x20 && !is_allowed_control(byte)) || byte == 0x7F) {
      return YamlError{mark_of_offset(text, offset, file),
                       fmt::format("control character 0x{:02x}", static_cast<unsigned char>(byte)),
                       "remove it"};
    }
    const size_t size = utf8_sequence_size(text.substr(offset));
    if (size == 0) {
      return YamlError{mark_of_offset(text, offset, file),
                       fmt::format("byte 0x{:02x} is not UTF-8", static_cast<unsigned char>(byte)),
                       "save the file as UTF-8 text"};
    }
    offset += size;
  }
  return std::nullopt;
}

bool has_closing_quote(std::string_view text, size_t offset) {
  offset = skip_node_properties(text, offset);
  if (offset >= text.size() || !is_quote(text[offset])) return true;
  return end_of_quoted(text, offset) != std::string_view::npos;
}

std::optional<size_t> find_open_quote(std::string_view text, size_t offset) {
  while (offset < text.size()) {
    if (is_quote(text[offset]) && begins_token(text, offset)) {
      const size_t end = end_of_quoted(text, offset);
      if (end == std::string_view::npos) return offset;
      offset = end;
    } else if (text[offset] == '#' && begins_token(text, offset)) {
      offset = std::min(text.find('\n', offset), text.size());
    } else {
      ++offset;
    }
  }
  return std::nullopt;
}

SourceMark mark_of_offset(std::string_view text, size_t offset, uint32_t file) {
  SourceMark mark{.file = file, .line = 1, .column = 1};
  for (const char byte : text.substr(0, offset)) {
    ++mark.column;
    if (byte == '\n') mark = {.file = file, .line = mark.line + 1, .column = 1};
  }
  return mark;
}

bool is_indented_with_tab(std::string_view text, uint32_t line) {
  size_t begin = 0;
  for (uint32_t current = 1; current < line; ++current) {
    const size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return false;
    begin = end + 1;
  }
  const size_t first = text.find_first_not_of(' ', begin);
  return first != std::string_view::npos && text[first] == '\t';
}

}  // namespace twinspan::policy
