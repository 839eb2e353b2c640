// Both sides' values of a negotiation side by side, for the record of its failure. Pure; everything
// of the peer's is cut to a bounded text.
#pragma once

#include "ike/core/failure_record.h"
#include "ike/core/proposal.h"
#include "ike/core/selector_narrowing.h"

namespace twinspan::ike {

inline constexpr size_t kComparedTextMax = 400;  // Characters of one cell.

// `theirs` is nullptr when the peer refused without a counter-offer.
OfferComparison compare_ike(const SaPayload* theirs, const std::vector<IkeProposal>& ours);
OfferComparison compare_esp(const SaPayload* theirs, const std::vector<EspProposal>& ours,
                            ChildDh dh);

// INVALID_KE_PAYLOAD: the peer names one group, which ours do not have.
OfferComparison compare_ike_group(uint16_t theirs, const std::vector<IkeProposal>& ours);
OfferComparison compare_esp_group(uint16_t theirs, const std::vector<EspProposal>& ours);

// The peer's selectors as seen from our side; nullptr: it did not tell.
OfferComparison compare_selectors(const SelectorPair& ours, const SelectorPair* theirs);

struct IdentityPair {
  std::optional<Identity> local;  // nullopt: the peer does not ask for anybody.
  std::optional<Identity> remote;
};
OfferComparison compare_identities(const PeerConfig& ours, const IdentityPair& theirs);

}  // namespace twinspan::ike
