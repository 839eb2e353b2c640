// SA payloads as set algebra (RFC 7296 2.7, 3.3): our offer, the responder's choice, the check of
// an answer, and an explanation when there is no agreement. Pure; transform ids of a peer are only
// compared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ike/core/peer_config.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

struct IkeChoice {
  IkeSuite suite;
  uint8_t number = 0;  // Of the chosen proposal.
  IkeSpi spi{};        // The peer's; only in an IKE rekey.
  // Types 6 to 12 as the chosen proposal has them, NONE included (RFC 9370 2.2.1).
  std::vector<Transform> additional{};
};

struct EspChoice {
  EspTransforms transforms;
  DhGroupId group = DhGroupId::None;
  uint8_t number = 0;
  Spi spi{};                            // The peer's.
  std::vector<Transform> additional{};  // As in IkeChoice.

  std::vector<DhGroupId> additional_methods() const;
};

// The key exchanges of a Child SA.
struct ChildMethods {
  DhGroupId group = DhGroupId::None;
  std::vector<DhGroupId> additional{};
  bool operator==(const ChildMethods&) const = default;
};

// Whether DH groups, the additional ones among them, take part: never in IKE_AUTH (RFC 7296 1.2),
// always in CREATE_CHILD_SA.
enum class ChildDh : uint8_t { Without, With };

SaPayload offer_ike(const std::vector<IkeProposal>& ours, std::optional<IkeSpi> spi);
SaPayload offer_esp(const std::vector<EspProposal>& ours, Spi spi, ChildDh dh);

// The responder's choice: our order of preference decides, except that a combination whose group is
// that of the KE payload at hand comes first, because it saves a round trip.
std::optional<IkeChoice> select_ike(const SaPayload& offer, const std::vector<IkeProposal>& ours,
                                    uint16_t ke_group);
std::optional<EspChoice> select_esp(const SaPayload& offer, const std::vector<EspProposal>& ours,
                                    ChildDh dh, uint16_t ke_group);

// The answer that announces a choice.
SaPayload answer_ike(const IkeChoice& choice, std::optional<IkeSpi> spi);
SaPayload answer_esp(const EspChoice& choice, Spi spi);

// The initiator's check: exactly one proposal, and one that we offered.
std::optional<IkeChoice> accept_ike(const SaPayload& answer, const std::vector<IkeProposal>& ours);
std::optional<EspChoice> accept_esp(const SaPayload& answer, const std::vector<EspProposal>& ours,
                                    ChildDh dh);

// Both offers side by side and the first transform type without a common value, for a diagnosis.
std::string explain_ike(const SaPayload& offer, const std::vector<IkeProposal>& ours);
std::string explain_esp(const SaPayload& offer, const std::vector<EspProposal>& ours, ChildDh dh);

// "AES-GCM-16-256 / PRF 6 / group 20"; cut, since whoever makes the offer decides how long it is.
inline constexpr size_t kOfferTextMax = 400;
std::string to_string(const SaPayload& offer);

// RFC 9370: the combinations that need no additional key exchange; whether any does.
std::vector<IkeProposal> without_additional(const std::vector<IkeProposal>& ours);
bool has_additional(const std::vector<IkeProposal>& ours);

// What is in use first, so that a rekey changes nothing that need not change.
std::vector<IkeProposal> established_first(std::vector<IkeProposal> ours, const IkeSuite& in_use);
std::vector<EspProposal> established_first(std::vector<EspProposal> ours,
                                           const EspTransforms& in_use,
                                           const ChildMethods& methods);

}  // namespace twinspan::ike
