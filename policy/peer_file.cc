#include "policy/peer_file.h"

#include <algorithm>

#include "policy/config_parse.h"
#include "policy/import_azure.h"
#include "policy/import_swanctl.h"

namespace twinspan::policy {
namespace {

std::string_view without_blanks_and_comments(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (!text.starts_with('#')) return text;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
}

// Flow style: JSON, or YAML without the quotes that JSON wants.
bool is_estate_in_braces(std::string_view text) {
  text.remove_prefix(1);
  const std::string_view first = without_blanks_and_comments(text);
  if (!first.starts_with('"') && !first.starts_with('}')) return true;
  // The cloud's words have no underscores.
  constexpr std::string_view kMarks[] = {"\"virtual_network", "\"local_network_gateways\""};
  return first.starts_with("\"version\"") ||
         std::ranges::any_of(kMarks, [&](std::string_view mark) {
           return text.find(mark) != std::string_view::npos;
         });
}

}  // namespace

PeerFileKind kind_of_text(std::string_view text) {
  text = without_blanks_and_comments(text);
  if (text.starts_with('[')) return PeerFileKind::Azure;
  if (text.starts_with('{'))
    return is_estate_in_braces(text) ? PeerFileKind::Estate : PeerFileKind::Azure;
  if (text.starts_with("---") || text.starts_with('%')) return PeerFileKind::Estate;
  // A section begins with its name; in YAML a colon stands behind the first word, and in what both
  // could be ("name : reference {") a brace ends the line.
  const std::string_view line = text.substr(0, text.find('\n'));
  const size_t brace = line.find('{');
  const size_t sign = line.find_first_of("=:{");
  if (sign != std::string_view::npos && line[sign] != ':') return PeerFileKind::Swanctl;
  if (line.starts_with("include ")) return PeerFileKind::Swanctl;
  const bool is_reference = brace != std::string_view::npos && sign != 0 && line[sign - 1] == ' ';
  if (is_reference) return PeerFileKind::Swanctl;
  // The brace may stand in a line of its own.
  const std::string_view rest = text.substr(std::min(line.size(), text.size()));
  return sign == std::string_view::npos && without_blanks_and_comments(rest).starts_with('{')
             ? PeerFileKind::Swanctl
             : PeerFileKind::Estate;
}

Result<Import, ConfigErrors> import_file(std::string_view text, std::string file_name,
                                         PeerFileKind kind, const IncludeReader& include,
                                         ImportFor purpose) {
  switch (kind) {
    case PeerFileKind::Swanctl:
      return import_swanctl(text, std::move(file_name), include, purpose);
    case PeerFileKind::Azure:
      return import_azure(text, std::move(file_name), purpose);
    case PeerFileKind::Estate:
      break;
  }
  Import result;
  TRY_ASSIGN(result.model, parse_config(text, std::move(file_name)));
  return result;
}

}  // namespace twinspan::policy
