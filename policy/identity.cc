#include "policy/identity.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

constexpr std::string_view kKeyIdPrefix = "keyid:";

bool is_letter_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) { return letter > 0x20 && letter < 0x7F; });
}

// Digits and dots only, or with colons: somebody meant an address.
bool looks_like_address(std::string_view text) {
  return text.find(':') != std::string_view::npos ||
         text.find_first_not_of("0123456789./") == std::string_view::npos;
}

bool is_domain_name(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.front() == '-' ||
      text.find("..") != std::string_view::npos)
    return false;
  return std::ranges::all_of(text, [](char letter) {
    return is_letter_or_digit(letter) || letter == '.' || letter == '-' || letter == '_';
  });
}

std::optional<Identity> parse_email(std::string_view text, size_t at) {
  const std::string_view user = text.substr(0, at);
  if (user.empty() || !is_printable(user) || !is_domain_name(text.substr(at + 1)))
    return std::nullopt;
  return Identity{IdentityType::Email, std::string(text)};
}

}  // namespace

std::optional<Identity> parse_identity(std::string_view text) {
  if (text.empty() || text.size() > kIdentityMax) return std::nullopt;
  if (const auto address = IpAddress::parse(text)) return identity_of(*address);
  if (text.starts_with(kKeyIdPrefix)) {
    text.remove_prefix(kKeyIdPrefix.size());
    if (text.empty()) return std::nullopt;
    return Identity{IdentityType::KeyId, std::string(text)};
  }
  if (const size_t at = text.find('@'); at != std::string_view::npos) return parse_email(text, at);
  if (looks_like_address(text) || !is_domain_name(text)) return std::nullopt;
  return Identity{IdentityType::Fqdn, std::string(text)};
}

bool is_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);  // Absolute.
  if (text.empty() || text.size() > 253 || looks_like_address(text)) return false;
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.size() > 63 || label.ends_with('-') || !is_domain_name(label)) return false;
    text.remove_prefix(std::min(label.size() + 1, text.size()));
  }
  return true;
}

Identity identity_of(const IpAddress& address) {
  return {address.is_v4() ? IdentityType::Ipv4 : IdentityType::Ipv6, address.to_string()};
}

}  // namespace twinspan::policy
