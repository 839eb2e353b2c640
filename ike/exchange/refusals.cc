#include "ike/exchange/refusals.h"

#include <algorithm>

#include "ike/core/offer_comparison.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {

Diagnosis ike_refused(const PeerConfig& peer, const std::vector<IkeProposal>& offered,
                      const NotifyPayload& error, const std::string& detail) {
  Diagnosis why = diagnose(error.type, NotifyScope::IkeSa, peer.name);
  if (!detail.empty())
    why.message = diagnose(cause_of(error.type, NotifyScope::IkeSa), peer.name, detail).message;
  if (const auto group = wanted_group(error))
    return compared(std::move(why), compare_ike_group(*group, offered));
  if (error.type == NotifyType::NoProposalChosen) {
    why = compared(std::move(why), compare_ike(nullptr, offered));
    // A peer without RFC 9370 refuses every offer that has transforms of types 6 to 12.
    if (without_additional(offered).empty())
      why.likely_cause +=
          ", or the peer does not know the additional key exchanges that we require";
    return why;
  }
  if (error.type == NotifyType::AuthenticationFailed) {
    if (!std::holds_alternative<PskAuthentication>(peer.authentication))
      why = diagnose(Cause::CertificateRefused, peer.name, detail);
    // RFC 7296 2.21.2: the peer does not say whether it was the key or the identity.
    OfferComparison identities = compare_identities(peer, {});
    identities.config_field.clear();
    return compared(std::move(why), std::move(identities));
  }
  return why;
}

Diagnosis child_refused(const PeerConfig& peer, const ChildOffer& offered,
                        const NotifyPayload& error) {
  Diagnosis why = diagnose(error.type, NotifyScope::Child, peer.name);
  if (const auto group = wanted_group(error))
    return compared(std::move(why), compare_esp_group(*group, offered.proposals));
  if (error.type == NotifyType::NoProposalChosen)
    return compared(std::move(why), compare_esp(nullptr, offered.proposals, offered.dh));
  if (cause_of(error.type, NotifyScope::Child) == Cause::TsUnacceptable)
    return compared(std::move(why), compare_selectors({offered.local, offered.remote}, nullptr));
  return why;
}

Diagnosis pfs_refused(const PeerConfig& peer, const ChildOffer& offered,
                      const NotifyPayload& error) {
  Diagnosis why =
      diagnose(Cause::PfsMismatch, peer.name, "the peer answered " + notify_text(error.type));
  if (const auto group = wanted_group(error))
    return compared(std::move(why), compare_esp_group(*group, offered.proposals));
  OfferComparison groups = compare_esp(nullptr, offered.proposals, ChildDh::With);
  groups.config_field = why.config_field;
  // Without PFS our offer names no group at all.
  const bool is_named = std::ranges::any_of(
      groups.items, [](const ComparedItem& item) { return item.item == "dh_group"; });
  if (!is_named) groups.items.push_back({.item = "dh_group", .ours = "None", .theirs = ""});
  return compared(std::move(why), std::move(groups));
}

}  // namespace twinspan::ike
