#include "ike/core/offer_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace twinspan::ike {
namespace {

constexpr uint16_t kNone = 0;
constexpr uint16_t kEsn = 1;

enum class Kind : uint8_t { Ike, Esp };

struct Row {
  TransformType type;
  const char* item;
  const char* ike_field;
  const char* esp_field;
};

// Of the connection itself, not of its IPsec policy.
constexpr const char* kAddedField = "additional_key_exchanges";

// In the order in which people compare suites, which is not that of the numbers.
constexpr std::array kRows = {
    Row{TransformType::Encryption, "encryption", "ike_encryption", "ipsec_encryption"},
    Row{TransformType::Integrity, "integrity", "ike_integrity", "ipsec_integrity"},
    Row{TransformType::Prf, "prf", "ike_prf", ""},
    Row{TransformType::DhGroup, "dh_group", "dh_group", "pfs_group"},
    Row{TransformType::Esn, "esn", "", "esn"},
    Row{TransformType::AdditionalKe1, "additional_key_exchange_1", kAddedField, kAddedField},
    Row{TransformType::AdditionalKe2, "additional_key_exchange_2", kAddedField, kAddedField},
    Row{TransformType::AdditionalKe3, "additional_key_exchange_3", kAddedField, kAddedField},
    Row{TransformType::AdditionalKe4, "additional_key_exchange_4", kAddedField, kAddedField},
    Row{TransformType::AdditionalKe5, "additional_key_exchange_5", kAddedField, kAddedField},
    Row{TransformType::AdditionalKe6, "additional_key_exchange_6", kAddedField, kAddedField},
    Row{TransformType::AdditionalKe7, "additional_key_exchange_7", kAddedField, kAddedField},
};

std::string cut(std::string text) {
  if (text.size() <= kComparedTextMax) return text;
  text.resize(kComparedTextMax);
  return text + " ...";
}

template <class Properties>
std::string name_or_number(const Properties* properties, uint16_t number) {
  return properties == nullptr ? fmt::format("#{}", number) : properties->name;
}

std::string encryption_word(const Transform& t) {
  const uint16_t bits = t.key_bits.value_or(256);
  const auto* const known = find_encryption(Encryption{static_cast<EncryptionId>(t.id), bits});
  if (known != nullptr) return known->name;
  return t.key_bits ? fmt::format("#{}-{}", t.id, bits) : fmt::format("#{}", t.id);
}

// As the configuration writes it; "#3" for what it has no word for.
std::string word_of(const Transform& t) {
  switch (t.type) {
    case TransformType::Encryption:
      return encryption_word(t);
    case TransformType::Prf:
      return name_or_number(find_prf(static_cast<PrfId>(t.id)), t.id);
    case TransformType::Integrity:
      return t.id == kNone ? "None"
                           : name_or_number(find_integrity(static_cast<IntegrityId>(t.id)), t.id);
    case TransformType::DhGroup:
      return t.id == kNone ? "None"
                           : name_or_number(find_dh_group(static_cast<DhGroupId>(t.id)), t.id);
    case TransformType::Esn:
      return t.id == kEsn ? "true" : "false";
    default:
      if (!is_additional_ke(t.type)) break;
      if (t.id == kNone) return "None";
      if (const char* const name = key_exchange_name(static_cast<DhGroupId>(t.id))) return name;
  }
  return fmt::format("#{}", t.id);
}

// What a proposal says of one type: its transforms, or NONE where it has none of them.
std::vector<Transform> values(const Proposal& proposal, TransformType type) {
  std::vector<Transform> found;
  for (const Transform& t : proposal.transforms) {
    if (t.type == type) found.push_back(t);
  }
  if (found.empty()) found.push_back({.type = type, .id = kNone});
  return found;
}

bool names(const SaPayload& offer, TransformType type) {
  return std::ranges::any_of(offer.proposals, [type](const Proposal& p) {
    return std::ranges::any_of(p.transforms, [type](const Transform& t) { return t.type == type; });
  });
}

bool have_common(const Proposal& a, const Proposal& b, TransformType type) {
  const auto of_b = values(b, type);
  return std::ranges::any_of(values(a, type), [&](const Transform& t) {
    return std::ranges::find(of_b, t) != of_b.end();
  });
}

std::string cell(const SaPayload& offer, TransformType type) {
  std::vector<std::string> words;
  std::string text;
  for (const Proposal& proposal : offer.proposals) {
    for (const Transform& t : values(proposal, type)) {
      std::string word = word_of(t);
      if (std::ranges::find(words, word) != words.end()) continue;
      text += (text.empty() ? "" : " ") + word;
      if (text.size() > kComparedTextMax) return cut(std::move(text));
      words.push_back(std::move(word));
    }
  }
  return text;
}

bool differs(const SaPayload& ours, const SaPayload& theirs, TransformType type) {
  return std::ranges::none_of(ours.proposals, [&](const Proposal& our) {
    return std::ranges::any_of(
        theirs.proposals, [&](const Proposal& their) { return have_common(our, their, type); });
  });
}

// The first type without a common value. When each has one but no combination is common: the first
// that the two most similar combinations disagree about.
const Row* first_difference(const SaPayload& ours, const SaPayload& theirs) {
  for (const Row& row : kRows) {
    if (differs(ours, theirs, row.type)) return &row;
  }
  const Row* first = nullptr;
  size_t fewest = kRows.size() + 1;
  for (const Proposal& our : ours.proposals) {
    for (const Proposal& their : theirs.proposals) {
      const Row* here = nullptr;
      size_t count = 0;
      for (const Row& row : kRows) {
        if (have_common(our, their, row.type)) continue;
        if (count++ == 0) here = &row;
      }
      if (here == nullptr || count >= fewest) continue;
      fewest = count;
      first = here;
    }
  }
  return first;
}

std::string policy_field(const Row& row, Kind kind) {
  if (is_additional_ke(row.type)) return kAddedField;
  return fmt::format("ipsec_policy.{}", kind == Kind::Ike ? row.ike_field : row.esp_field);
}

OfferComparison compare(const SaPayload* theirs, const SaPayload& ours, Kind kind) {
  OfferComparison result;
  for (const Row& row : kRows) {
    if (!names(ours, row.type) && (theirs == nullptr || !names(*theirs, row.type))) continue;
    result.items.push_back({.item = row.item,
                            .ours = cell(ours, row.type),
                            .theirs = theirs == nullptr ? "" : cell(*theirs, row.type),
                            .differs = theirs != nullptr && differs(ours, *theirs, row.type)});
  }
  result.our_offer = to_string(ours);
  result.config_field = "ipsec_policy";
  if (theirs == nullptr) return result;
  result.peer_offer = to_string(*theirs);
  if (const Row* const first = first_difference(ours, *theirs)) {
    result.first_difference = first->item;
    result.config_field = policy_field(*first, kind);
  }
  return result;
}

// The peer told its group and nothing else.
OfferComparison compare_group(uint16_t theirs, OfferComparison ours, Kind kind) {
  const Row* const row = std::ranges::find(kRows, TransformType::DhGroup, &Row::type);
  for (ComparedItem& item : ours.items) {
    if (item.item != row->item) continue;
    item.theirs = word_of({.type = TransformType::DhGroup, .id = theirs});
    item.differs = true;
  }
  ours.first_difference = row->item;
  ours.config_field = policy_field(*row, kind);
  return ours;
}

// Either side unknown: not a difference that we know of.
ComparedItem compared(const char* item, const std::string& ours, const std::string& theirs,
                      bool differs) {
  return {.item = item,
          .ours = cut(ours),
          .theirs = cut(theirs),
          .differs = differs && !theirs.empty()};
}

OfferComparison from_items(std::vector<ComparedItem> items, const char* default_field) {
  OfferComparison result{.items = std::move(items), .config_field = default_field};
  const auto first = std::ranges::find(result.items, true, &ComparedItem::differs);
  if (first != result.items.end()) result.config_field = result.first_difference = first->item;
  return result;
}

std::string text_of(const std::optional<Identity>& identity) {
  return identity ? identity->to_string() : "";
}

}  // namespace

OfferComparison compare_ike(const SaPayload* theirs, const std::vector<IkeProposal>& ours) {
  return compare(theirs, offer_ike(ours, std::nullopt), Kind::Ike);
}

OfferComparison compare_esp(const SaPayload* theirs, const std::vector<EspProposal>& ours,
                            ChildDh dh) {
  return compare(theirs, offer_esp(ours, Spi{}, dh), Kind::Esp);
}

OfferComparison compare_ike_group(uint16_t theirs, const std::vector<IkeProposal>& ours) {
  return compare_group(theirs, compare_ike(nullptr, ours), Kind::Ike);
}

OfferComparison compare_esp_group(uint16_t theirs, const std::vector<EspProposal>& ours) {
  return compare_group(theirs, compare_esp(nullptr, ours, ChildDh::With), Kind::Esp);
}

OfferComparison compare_selectors(const SelectorPair& ours, const SelectorPair* theirs) {
  const auto row = [&](const char* item, auto side) {
    if (theirs == nullptr) return compared(item, to_string(ours.*side), "", false);
    return compared(item, to_string(ours.*side), to_string(theirs->*side),
                    narrow(theirs->*side, ours.*side).empty());
  };
  return from_items({row("local_selectors", &SelectorPair::local),
                     row("remote_selectors", &SelectorPair::remote)},
                    "remote_selectors");
}

OfferComparison compare_identities(const PeerConfig& ours, const IdentityPair& theirs) {
  return from_items({compared("remote_id", ours.remote_identity.to_string(), text_of(theirs.remote),
                              theirs.remote != ours.remote_identity),
                     compared("local_id", ours.local_identity.to_string(), text_of(theirs.local),
                              theirs.local && theirs.local != ours.local_identity)},
                    "remote_id");
}

}  // namespace twinspan::ike
