#include "policy/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace twinspan::policy {
namespace {

constexpr size_t kNameMax = 80;  // As policy/object_reader.cc takes them.
constexpr unsigned kGatewaySubnetLengthV4 = 27;
constexpr unsigned kGatewaySubnetLengthMaxV4 = 29;
constexpr unsigned kGatewaySubnetLengthV6 = 64;

bool is_letter_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

std::string well_formed(std::string_view wished) {
  std::string name;
  for (const char letter : wished.substr(0, kNameMax)) {
    const bool is_usable = is_letter_or_digit(letter) || letter == '_' ||
                           (!name.empty() && (letter == '-' || letter == '.'));
    if (is_usable) {
      name += letter;
    } else if (!name.empty()) {
      name += '-';
    }
  }
  return name.empty() ? "unnamed" : name;
}

}  // namespace

void ImportNotes::add(Severity severity, std::string_view id, Note note) {
  if (notes_.size() >= kImportNotesMax) {
    ++dropped_;
    worst_dropped_ = std::min(worst_dropped_, severity);  // The worst one is the first.
    return;
  }
  notes_.push_back({.id = std::string(id),
                    .severity = severity,
                    .file = note.mark.file < files_.size() ? files_[note.mark.file] : "",
                    .line = note.mark.line,
                    .column = note.mark.column,
                    .objects = {std::move(note.path)},
                    .message = std::move(note.message),
                    .remedy = std::move(note.remedy)});
}

Findings ImportNotes::take() {
  std::ranges::stable_sort(
      notes_, {}, [](const Finding& note) { return std::tie(note.file, note.line, note.column); });
  if (dropped_ > 0) {
    notes_.push_back({.id = "import.more",
                      .severity = worst_dropped_,
                      .file = files_.empty() ? "" : files_.front(),
                      .line = 1,
                      .column = 1,
                      .objects = {},
                      .message = fmt::format("{} more things are not carried over", dropped_),
                      .remedy = "import the file in parts"});
  }
  return std::move(notes_);
}

std::string ImportNames::take(std::string_view wished) {
  const std::string name = well_formed(wished);
  for (unsigned& number = numbers_[name];;) {
    const std::string suffix = ++number == 1 ? "" : fmt::format("-{}", number);
    std::string candidate = name.substr(0, kNameMax - suffix.size()) + suffix;
    if (taken_.insert(candidate).second) return candidate;
  }
}

bool choose_gateway_subnet(VirtualNetwork& network) {
  for (const Marked<IpPrefix>& space : *network.address_space) {
    const bool is_v4 = space->family() == IpFamily::V4;
    const unsigned wanted = is_v4 ? kGatewaySubnetLengthV4 : kGatewaySubnetLengthV6;
    const unsigned longest = is_v4 ? kGatewaySubnetLengthMaxV4 : kGatewaySubnetLengthV6;
    if (space->length() > longest || space->length() == 0) continue;
    const IpPrefix chosen(space->last_address(), std::max(wanted, space->length()));
    network.subnets.push_back({kGatewaySubnetName, space.mark, marked(chosen, space.mark)});
    return true;
  }
  return false;
}

}  // namespace twinspan::policy
