#include "policy/config_error.h"

#include <fmt/format.h>

namespace twinspan::policy {
namespace {

constexpr size_t kQuotedTextMax = 60;

bool is_utf8_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

}  // namespace

std::string ConfigError::to_string() const {
  std::string text = file;
  if (line != 0) text += fmt::format(":{}:{}", line, column);
  if (!text.empty()) text += ": ";
  if (!path.empty()) text += path + ": ";
  text += message;
  if (!remedy.empty()) text += "; " + remedy;
  return text;
}

std::string in_quotes(std::string_view text) {
  size_t end = std::min(text.size(), kQuotedTextMax);
  while (end < text.size() && end > 0 && is_utf8_continuation(text[end])) --end;
  std::string shown = "'";
  for (const char byte : text.substr(0, end)) {
    const bool is_control = static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
    shown += is_control ? '?' : byte;
  }
  return shown + (end < text.size() ? "...'" : "'");
}

}  // namespace twinspan::policy
