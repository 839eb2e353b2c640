#include "ike/core/proposal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "base/check.h"

namespace twinspan::ike {
namespace {

constexpr uint16_t kNone = 0;  // INTEG NONE, DH NONE.
constexpr uint16_t kNoEsn = 0;
constexpr uint16_t kEsn = 1;
constexpr unsigned kTransformTypeMax = static_cast<unsigned>(TransformType::AdditionalKe7);

// RFC 7634: ChaCha20-Poly1305 carries no key length attribute.
Transform encryption_transform(Encryption encryption) {
  Transform transform{.type = TransformType::Encryption,
                      .id = static_cast<uint16_t>(encryption.id)};
  if (encryption.id != EncryptionId::ChaCha20Poly1305) transform.key_bits = encryption.key_bits;
  return transform;
}

template <class Id>
Transform plain(TransformType type, Id id) {
  return {.type = type, .id = static_cast<uint16_t>(id)};
}

// One acceptable combination: for each type the ids that satisfy it, in order of preference.
struct Wanted {
  std::vector<std::vector<Transform>> per_type;  // Each is one type; empty ones are left out.
  std::vector<TransformType> absent_or_none;     // Types that must be absent or offer NONE.
  std::vector<DhGroupId> additional;             // RFC 9370, in their order.
  bool has_groups = true;                        // False: groups are nobody's business here.
};

Wanted want(const IkeProposal& ours) {
  Wanted wanted;
  wanted.per_type.push_back({encryption_transform(ours.encryption)});
  wanted.per_type.push_back({plain(TransformType::Prf, ours.prf)});
  if (ours.integrity == IntegrityId::None) {
    wanted.absent_or_none.push_back(TransformType::Integrity);
  } else {
    wanted.per_type.push_back({plain(TransformType::Integrity, ours.integrity)});
  }
  wanted.per_type.push_back({plain(TransformType::DhGroup, ours.group)});
  wanted.additional = ours.additional;
  // Some peers list NO_ESN in IKE offers; it means nothing there.
  wanted.absent_or_none.push_back(TransformType::Esn);
  return wanted;
}

Wanted want(const EspProposal& ours, ChildDh dh) {
  Wanted wanted;
  wanted.per_type.push_back({encryption_transform(ours.encryption)});
  if (ours.integrity == IntegrityId::None) {
    wanted.absent_or_none.push_back(TransformType::Integrity);
  } else {
    wanted.per_type.push_back({plain(TransformType::Integrity, ours.integrity)});
  }
  if (dh == ChildDh::With && ours.pfs_group != DhGroupId::None) {
    wanted.per_type.push_back({plain(TransformType::DhGroup, ours.pfs_group)});
    wanted.additional = ours.additional;
  } else if (dh == ChildDh::With) {
    wanted.absent_or_none.push_back(TransformType::DhGroup);
  }
  wanted.has_groups = dh == ChildDh::With;
  std::vector<Transform> esn;
  if (ours.esn) esn.push_back(plain(TransformType::Esn, kEsn));
  esn.push_back(plain(TransformType::Esn, kNoEsn));
  wanted.per_type.push_back(std::move(esn));
  return wanted;
}

bool offers(const Proposal& proposal, const Transform& transform) {
  return std::ranges::find(proposal.transforms, transform) != proposal.transforms.end();
}

bool has_type(const Proposal& proposal, TransformType type) {
  return std::ranges::any_of(proposal.transforms,
                             [&](const Transform& t) { return t.type == type; });
}

bool known_type(TransformType type) {
  const auto number = static_cast<unsigned>(type);
  return number >= 1 && number <= kTransformTypeMax;
}

// RFC 7296 3.3.6: a proposal with a transform type that we do not understand must not be chosen,
// unless NONE is among its values.
bool has_only_known_types(const Proposal& proposal) {
  return std::ranges::all_of(proposal.transforms, [&](const Transform& t) {
    return known_type(t.type) || offers(proposal, {.type = t.type, .id = kNone});
  });
}

// What may be chosen at all, looked through once and not for each of our combinations: the list is
// a stranger's.
std::vector<const Proposal*> understood(const SaPayload& offer) {
  std::vector<const Proposal*> proposals;
  for (const Proposal& proposal : offer.proposals) {
    if (has_only_known_types(proposal)) proposals.push_back(&proposal);
  }
  return proposals;
}

// RFC 9370 2.2.1: our methods in their order, each under a later type of the peer's than the one
// before; a type that none falls to must offer NONE. From `index` on, appended to `taken`.
bool assign_additional(const Proposal& proposal, size_t index, std::span<const DhGroupId> methods,
                       std::vector<Transform>& taken) {
  if (index == kAdditionalKeMax) return methods.empty();
  const TransformType type = additional_ke_type(index);
  if (!has_type(proposal, type)) return assign_additional(proposal, index + 1, methods, taken);
  const auto take = [&](const Transform& transform, std::span<const DhGroupId> rest) {
    if (!offers(proposal, transform)) return false;
    taken.push_back(transform);
    if (assign_additional(proposal, index + 1, rest, taken)) return true;
    taken.pop_back();
    return false;
  };
  if (!methods.empty() && take(plain(type, methods.front()), methods.subspan(1))) return true;
  return take(plain(type, kNone), methods);
}

std::optional<std::vector<Transform>> match_additional(const Proposal& proposal,
                                                       const Wanted& wanted) {
  std::vector<Transform> taken;
  if (!wanted.has_groups) return taken;
  if (!assign_additional(proposal, 0, wanted.additional, taken)) return std::nullopt;
  return taken;
}

// Whether an answer's methods stand under the types under which we offer them: 6, 7 and so on.
bool keeps_types(const std::vector<Transform>& additional) {
  size_t index = 0;
  return std::ranges::all_of(additional, [&](const Transform& t) {
    return t.id == kNone || t.type == additional_ke_type(index++);
  });
}

// The transforms to take from `proposal`, or nothing when it does not hold what we want.
std::optional<std::vector<Transform>> match(const Proposal& proposal, const Wanted& wanted) {
  for (const TransformType type : wanted.absent_or_none) {
    if (has_type(proposal, type) && !offers(proposal, plain(type, kNone))) return std::nullopt;
  }
  std::vector<Transform> taken;
  for (const auto& alternatives : wanted.per_type) {
    const auto found =
        std::ranges::find_if(alternatives, [&](const Transform& t) { return offers(proposal, t); });
    if (found != alternatives.end()) {
      taken.push_back(*found);
    } else if (alternatives.front().type == TransformType::Esn &&
               !has_type(proposal, TransformType::Esn)) {
      // RFC 4303 2.2.1 asks for the transform; a peer that leaves it out can only mean 32 bits.
    } else {
      return std::nullopt;
    }
  }
  return taken;
}

bool took_esn(const std::vector<Transform>& taken) {
  return std::ranges::find(taken, plain(TransformType::Esn, kEsn)) != taken.end();
}

// An answer must hold exactly one transform of each type that it names.
bool is_single_choice(const SaPayload& answer) {
  if (answer.proposals.size() != 1 || understood(answer).empty()) return false;
  const auto& transforms = answer.proposals.front().transforms;
  for (size_t i = 0; i < transforms.size(); ++i) {
    for (size_t j = i + 1; j < transforms.size(); ++j) {
      if (transforms[i].type == transforms[j].type) return false;
    }
  }
  return true;
}

IkeSpi read_ike_spi(const Bytes& spi) {
  return spi.size() == 8 ? IkeSpi{load_be64(spi.data())} : IkeSpi{0};
}

Bytes write_ike_spi(std::optional<IkeSpi> spi) {
  if (!spi) return {};
  Bytes bytes(8);
  store_be64(bytes.data(), spi->value);
  return bytes;
}

Bytes write_spi(Spi spi) {
  Bytes bytes(4);
  store_be32(bytes.data(), spi.value);
  return bytes;
}

bool usable_esp(const Proposal& proposal) {
  return proposal.protocol == ProtocolId::Esp && proposal.spi.size() == 4 &&
         load_be32(proposal.spi.data()) > 255;
}

std::optional<IkeChoice> choose_ike(const Proposal& proposal, const IkeProposal& ours) {
  if (proposal.protocol != ProtocolId::Ike) return std::nullopt;
  const Wanted wanted = want(ours);
  auto additional = match_additional(proposal, wanted);
  if (!additional || !match(proposal, wanted)) return std::nullopt;
  return IkeChoice{.suite = ours.suite(),
                   .number = proposal.number,
                   .spi = read_ike_spi(proposal.spi),
                   .additional = *std::move(additional)};
}

std::optional<EspChoice> choose_esp(const Proposal& proposal, const EspProposal& ours, ChildDh dh) {
  if (!usable_esp(proposal)) return std::nullopt;
  const Wanted wanted = want(ours, dh);
  const auto taken = match(proposal, wanted);
  auto additional = match_additional(proposal, wanted);
  if (!taken || !additional) return std::nullopt;
  return EspChoice{.transforms = {ours.encryption, ours.integrity, took_esn(*taken)},
                   .group = dh == ChildDh::With ? ours.pfs_group : DhGroupId::None,
                   .number = proposal.number,
                   .spi = Spi{load_be32(proposal.spi.data())},
                   .additional = *std::move(additional)};
}

// Everything that one combination offers, in the order of the types.
std::vector<Transform> offered_transforms(const Wanted& wanted) {
  std::vector<Transform> transforms;
  for (const auto& alternatives : wanted.per_type) {
    transforms.insert(transforms.end(), alternatives.begin(), alternatives.end());
  }
  for (size_t i = 0; i < wanted.additional.size(); ++i) {
    transforms.push_back(plain(additional_ke_type(i), wanted.additional[i]));
  }
  return transforms;
}

// Combinations that differ in the group alone are one where groups take no part.
bool holds_same(const SaPayload& offer, const Proposal& proposal) {
  return std::ranges::any_of(offer.proposals, [&](const Proposal& other) {
    return other.transforms == proposal.transforms;
  });
}

}  // namespace

SaPayload offer_ike(const std::vector<IkeProposal>& ours, std::optional<IkeSpi> spi) {
  SaPayload offer;
  for (const IkeProposal& combination : ours) {
    Proposal proposal{.number = static_cast<uint8_t>(offer.proposals.size() + 1),
                      .protocol = ProtocolId::Ike,
                      .spi = write_ike_spi(spi),
                      .transforms = offered_transforms(want(combination))};
    offer.proposals.push_back(std::move(proposal));
  }
  return offer;
}

SaPayload offer_esp(const std::vector<EspProposal>& ours, Spi spi, ChildDh dh) {
  SaPayload offer;
  for (const EspProposal& combination : ours) {
    Proposal proposal{.number = static_cast<uint8_t>(offer.proposals.size() + 1),
                      .protocol = ProtocolId::Esp,
                      .spi = write_spi(spi),
                      .transforms = offered_transforms(want(combination, dh))};
    if (holds_same(offer, proposal)) continue;
    offer.proposals.push_back(std::move(proposal));
  }
  return offer;
}

std::optional<IkeChoice> select_ike(const SaPayload& offer, const std::vector<IkeProposal>& ours,
                                    uint16_t ke_group) {
  const auto proposals = understood(offer);
  std::optional<IkeChoice> other_group;
  for (const IkeProposal& combination : ours) {
    for (const Proposal* proposal : proposals) {
      auto choice = choose_ike(*proposal, combination);
      if (!choice) continue;
      if (static_cast<uint16_t>(combination.group) == ke_group) return choice;
      if (!other_group) other_group = choice;
    }
  }
  return other_group;
}

std::optional<EspChoice> select_esp(const SaPayload& offer, const std::vector<EspProposal>& ours,
                                    ChildDh dh, uint16_t ke_group) {
  const auto proposals = understood(offer);
  std::optional<EspChoice> other_group;
  for (const EspProposal& combination : ours) {
    for (const Proposal* proposal : proposals) {
      auto choice = choose_esp(*proposal, combination, dh);
      if (!choice) continue;
      if (static_cast<uint16_t>(choice->group) == ke_group) return choice;
      if (!other_group) other_group = choice;
    }
  }
  return other_group;
}

SaPayload answer_ike(const IkeChoice& choice, std::optional<IkeSpi> spi) {
  const IkeSuite& suite = choice.suite;
  SaPayload answer = offer_ike({{suite.encryption, suite.integrity, suite.prf, suite.group}}, spi);
  Proposal& proposal = answer.proposals.front();
  proposal.number = choice.number;
  std::ranges::copy(choice.additional, std::back_inserter(proposal.transforms));
  return answer;
}

SaPayload answer_esp(const EspChoice& choice, Spi spi) {
  SaPayload answer = offer_esp({{.encryption = choice.transforms.encryption,
                                 .integrity = choice.transforms.integrity,
                                 .pfs_group = choice.group,
                                 .esn = false}},
                               spi, ChildDh::With);
  Proposal& proposal = answer.proposals.front();
  proposal.number = choice.number;
  for (Transform& transform : proposal.transforms) {
    if (transform.type == TransformType::Esn && choice.transforms.esn) transform.id = kEsn;
  }
  std::ranges::copy(choice.additional, std::back_inserter(proposal.transforms));
  return answer;
}

std::optional<IkeChoice> accept_ike(const SaPayload& answer, const std::vector<IkeProposal>& ours) {
  if (!is_single_choice(answer)) return std::nullopt;
  for (const IkeProposal& combination : ours) {
    auto choice = choose_ike(answer.proposals.front(), combination);
    if (choice && keeps_types(choice->additional)) return choice;
  }
  return std::nullopt;
}

std::optional<EspChoice> accept_esp(const SaPayload& answer, const std::vector<EspProposal>& ours,
                                    ChildDh dh) {
  if (!is_single_choice(answer)) return std::nullopt;
  for (const EspProposal& combination : ours) {
    auto choice = choose_esp(answer.proposals.front(), combination, dh);
    if (choice && keeps_types(choice->additional)) return choice;
  }
  return std::nullopt;
}

std::vector<IkeProposal> established_first(std::vector<IkeProposal> ours, const IkeSuite& in_use) {
  std::stable_partition(ours.begin(), ours.end(),
                        [&](const IkeProposal& p) { return p.suite() == in_use; });
  return ours;
}

std::vector<IkeProposal> without_additional(const std::vector<IkeProposal>& ours) {
  std::vector<IkeProposal> left;
  std::ranges::copy_if(ours, std::back_inserter(left),
                       [](const IkeProposal& p) { return p.additional.empty(); });
  return left;
}

bool has_additional(const std::vector<IkeProposal>& ours) {
  return without_additional(ours).size() < ours.size();
}

std::vector<DhGroupId> EspChoice::additional_methods() const {
  std::vector<DhGroupId> methods;
  for (const Transform& t : additional) {
    if (t.id != kNone) methods.push_back(static_cast<DhGroupId>(t.id));
  }
  return methods;
}

std::vector<EspProposal> established_first(std::vector<EspProposal> ours,
                                           const EspTransforms& in_use,
                                           const ChildMethods& methods) {
  const auto same_suite = [&](const EspProposal& p) {
    return p.encryption == in_use.encryption && p.integrity == in_use.integrity;
  };
  std::stable_partition(ours.begin(), ours.end(), same_suite);
  std::stable_partition(ours.begin(), ours.end(), [&](const EspProposal& p) {
    return same_suite(p) && ChildMethods{p.pfs_group, p.additional} == methods;
  });
  return ours;
}

namespace {

const char* type_name(TransformType type) {
  switch (type) {
    case TransformType::Encryption:
      return "encryption";
    case TransformType::Prf:
      return "prf";
    case TransformType::Integrity:
      return "integrity";
    case TransformType::DhGroup:
      return "DH group";
    case TransformType::Esn:
      return "sequence numbers";
    default:
      return is_additional_ke(type) ? "additional key exchange" : "unknown transform";
  }
}

std::string encryption_name(const Transform& t) {
  const uint16_t bits = t.key_bits.value_or(256);
  const EncryptionProperties* known =
      find_encryption(Encryption{static_cast<EncryptionId>(t.id), bits});
  if (known != nullptr) return known->name;
  return t.key_bits ? fmt::format("encryption {}-{}", t.id, bits)
                    : fmt::format("encryption {}", t.id);
}

std::string transform_name(const Transform& t) {
  switch (t.type) {
    case TransformType::Encryption:
      return encryption_name(t);
    case TransformType::Prf:
      if (const auto* known = find_prf(static_cast<PrfId>(t.id)))
        return fmt::format("PRF-{}", known->name);
      break;
    case TransformType::Integrity:
      if (t.id == kNone) return "no integrity";
      if (const auto* known = find_integrity(static_cast<IntegrityId>(t.id))) return known->name;
      break;
    case TransformType::DhGroup:
      if (t.id == kNone) return "no PFS";
      if (const auto* known = find_dh_group(static_cast<DhGroupId>(t.id))) return known->name;
      break;
    case TransformType::Esn:
      return t.id == kEsn ? "ESN" : "no ESN";
    default:
      if (!is_additional_ke(t.type)) break;
      if (t.id == kNone) return "no additional";
      if (const char* const name = key_exchange_name(static_cast<DhGroupId>(t.id)))
        return fmt::format("+{}", name);
      return fmt::format("+{}", t.id);
  }
  return fmt::format("{} {}", type_name(t.type), t.id);
}

std::string proposal_name(const Proposal& proposal) {
  std::string text;
  for (const Transform& t : proposal.transforms)
    text += (text.empty() ? "" : "/") + transform_name(t);
  return text;
}

// The first type for which no value of any of their proposals is one of ours.
std::string first_difference(const SaPayload& theirs, const SaPayload& ours) {
  for (unsigned number = 1; number <= kTransformTypeMax; ++number) {
    const auto type = static_cast<TransformType>(number);
    const auto wants_type = [&](const Proposal& p) { return has_type(p, type); };
    const bool wanted = std::ranges::any_of(ours.proposals, wants_type);
    const bool offered = std::ranges::any_of(theirs.proposals, wants_type);
    if (!wanted && !offered) continue;
    const bool common = std::ranges::any_of(ours.proposals, [&](const Proposal& our) {
      return std::ranges::any_of(our.transforms, [&](const Transform& t) {
        return t.type == type && std::ranges::any_of(theirs.proposals, [&](const Proposal& their) {
                 return offers(their, t);
               });
      });
    });
    const bool both_without =
        std::ranges::any_of(ours.proposals,
                            [&](const Proposal& our) { return !has_type(our, type); }) &&
        std::ranges::any_of(theirs.proposals, [&](const Proposal& their) {
          return !has_type(their, type) || offers(their, plain(type, kNone));
        });
    if (!common && !both_without) return fmt::format("no common {}", type_name(type));
  }
  return "each value is known to both, but no single combination is";
}

std::string explain(const SaPayload& theirs, const SaPayload& ours) {
  return fmt::format("{}; the peer offers {}; we accept {}", first_difference(theirs, ours),
                     to_string(theirs), to_string(ours));
}

}  // namespace

std::string to_string(const SaPayload& offer) {
  std::string text;
  for (const Proposal& proposal : offer.proposals) {
    text += (text.empty() ? "" : " | ") + proposal_name(proposal);
    if (text.size() <= kOfferTextMax) continue;
    text.resize(kOfferTextMax);
    return text + " ...";
  }
  return text.empty() ? "nothing" : text;
}

std::string explain_ike(const SaPayload& offer, const std::vector<IkeProposal>& ours) {
  return explain(offer, offer_ike(ours, std::nullopt));
}

std::string explain_esp(const SaPayload& offer, const std::vector<EspProposal>& ours, ChildDh dh) {
  return explain(offer, offer_esp(ours, Spi{}, dh));
}

}  // namespace twinspan::ike
