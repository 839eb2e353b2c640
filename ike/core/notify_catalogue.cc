#include "ike/core/notify_catalogue.h"

#include <algorithm>
#include <iterator>

namespace twinspan::ike {
namespace {

constexpr NotifyMeaning kMeanings[] = {
    {NotifyType::UnsupportedCriticalPayload, Cause::BadMessage, Cause::BadMessage,
     "the peer does not know a payload of ours that must not be ignored (RFC 7296 2.5)"},
    {NotifyType::InvalidIkeSpi, Cause::PeerDead, Cause::PeerDead,
     "the peer has no such IKE SA: it restarted or deleted it (RFC 7296 1.5)"},
    {NotifyType::InvalidMajorVersion, Cause::BadMessage, Cause::BadMessage,
     "the peer speaks another major version of IKE, perhaps IKEv1 alone (RFC 7296 2.5)"},
    {NotifyType::InvalidSyntax, Cause::BadMessage, Cause::BadMessage,
     "the peer takes our message for malformed, or a device on the way changed it (RFC 7296 2.21)"},
    {NotifyType::InvalidMessageId, Cause::BadMessage, Cause::BadMessage,
     "the peer counts the messages of this IKE SA differently (RFC 7296 2.3)"},
    {NotifyType::InvalidSpi, Cause::PeerDead, Cause::ChildRefused,
     "the peer has no such Child SA: it restarted or deleted it (RFC 7296 1.5)"},
    {NotifyType::NoProposalChosen, Cause::NoIkeProposal, Cause::NoEspProposal,
     "no combination of algorithms is in both offers; some peers answer so to an address that they "
     "do not know (RFC 7296 2.7)"},
    {NotifyType::InvalidKePayload, Cause::InvalidKe, Cause::InvalidKe,
     "the peer wants another Diffie-Hellman group, which our offer does not have (RFC 7296 1.3)"},
    {NotifyType::AuthenticationFailed, Cause::AuthRefused, Cause::AuthRefused,
     "the keys differ, or the peer does not know our identity; a missing or other post-quantum key "
     "too (RFC 7296 2.21.2, RFC 8784 3)"},
    {NotifyType::SinglePairRequired, Cause::TsUnacceptable, Cause::TsUnacceptable,
     "the peer takes one pair of addresses at a time (RFC 7296 2.9)"},
    {NotifyType::NoAdditionalSas, Cause::NoResources, Cause::NoResources,
     "the peer does not accept more Child SAs on this IKE SA (RFC 7296 1.3)"},
    {NotifyType::InternalAddressFailure, Cause::ChildRefused, Cause::ChildRefused,
     "the peer expects clients that ask for an address, and has none to give (RFC 7296 3.15.4)"},
    {NotifyType::FailedCpRequired, Cause::ChildRefused, Cause::ChildRefused,
     "the peer expects clients that ask for an address (RFC 7296 2.19)"},
    {NotifyType::TsUnacceptable, Cause::TsUnacceptable, Cause::TsUnacceptable,
     "no address range is in both sides' selectors (RFC 7296 2.9)"},
    {NotifyType::InvalidSelectors, Cause::TsUnacceptable, Cause::TsUnacceptable,
     "the peer got an ESP packet outside the agreed selectors (RFC 7296 3.10.1)"},
    {NotifyType::UnacceptableAddresses, Cause::ChildRefused, Cause::ChildRefused,
     "the peer refuses the addresses of a MOBIKE update (RFC 4555 3.5)"},
    {NotifyType::UnexpectedNatDetected, Cause::BadMessage, Cause::ChildRefused,
     "the peer sees a NAT where it was told that there is none (RFC 4555 3.9)"},
    {NotifyType::UseAssignedHomeAddress, Cause::ChildRefused, Cause::ChildRefused,
     "the peer expects a Mobile IPv6 client with another home address (RFC 5026)"},
    {NotifyType::TemporaryFailure, Cause::TemporaryFailure, Cause::TemporaryFailure,
     "the peer is busy with an exchange of its own (RFC 7296 2.25)"},
    {NotifyType::ChildSaNotFound, Cause::ChildRefused, Cause::ChildRefused,
     "the peer has deleted the Child SA that we want to rekey (RFC 7296 2.25)"},
    {NotifyType::InvalidGroupId, Cause::BadMessage, Cause::ChildRefused,
     "the peer takes the request for one of group key management (RFC 9838)"},
    {NotifyType::AuthorizationFailed, Cause::AuthRefused, Cause::AuthRefused,
     "the peer knows us but does not allow this (RFC 9838)"},
    {NotifyType::StateNotFound, Cause::NoIkeProposal, Cause::NoEspProposal,
     "the peer has forgotten a key exchange that IKE_FOLLOWUP_KE should continue (RFC 9370 2.2.4)"},
    {NotifyType::TsMaxQueue, Cause::NoResources, Cause::NoResources,
     "the peer does not accept more Child SAs for these selectors (RFC 9611)"},
};

}  // namespace

std::span<const NotifyMeaning> all_meanings() {
  return kMeanings;
}

const NotifyMeaning* find_meaning(NotifyType type) {
  const auto found = std::ranges::find(kMeanings, type, &NotifyMeaning::type);
  return found == std::end(kMeanings) ? nullptr : found;
}

}  // namespace twinspan::ike
