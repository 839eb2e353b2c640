#include "ike/wire/notify_type.h"

#include <algorithm>
#include <iterator>

namespace twinspan::ike {

namespace {

struct NamedType {
  NotifyType type;
  const char* name;
};

constexpr NamedType kNames[] = {
    {NotifyType::UnsupportedCriticalPayload, "UNSUPPORTED_CRITICAL_PAYLOAD"},
    {NotifyType::InvalidIkeSpi, "INVALID_IKE_SPI"},
    {NotifyType::InvalidMajorVersion, "INVALID_MAJOR_VERSION"},
    {NotifyType::InvalidSyntax, "INVALID_SYNTAX"},
    {NotifyType::InvalidMessageId, "INVALID_MESSAGE_ID"},
    {NotifyType::InvalidSpi, "INVALID_SPI"},
    {NotifyType::NoProposalChosen, "NO_PROPOSAL_CHOSEN"},
    {NotifyType::InvalidKePayload, "INVALID_KE_PAYLOAD"},
    {NotifyType::AuthenticationFailed, "AUTHENTICATION_FAILED"},
    {NotifyType::SinglePairRequired, "SINGLE_PAIR_REQUIRED"},
    {NotifyType::NoAdditionalSas, "NO_ADDITIONAL_SAS"},
    {NotifyType::InternalAddressFailure, "INTERNAL_ADDRESS_FAILURE"},
    {NotifyType::FailedCpRequired, "FAILED_CP_REQUIRED"},
    {NotifyType::TsUnacceptable, "TS_UNACCEPTABLE"},
    {NotifyType::InvalidSelectors, "INVALID_SELECTORS"},
    {NotifyType::UnacceptableAddresses, "UNACCEPTABLE_ADDRESSES"},
    {NotifyType::UnexpectedNatDetected, "UNEXPECTED_NAT_DETECTED"},
    {NotifyType::UseAssignedHomeAddress, "USE_ASSIGNED_HoA"},
    {NotifyType::TemporaryFailure, "TEMPORARY_FAILURE"},
    {NotifyType::ChildSaNotFound, "CHILD_SA_NOT_FOUND"},
    {NotifyType::InvalidGroupId, "INVALID_GROUP_ID"},
    {NotifyType::AuthorizationFailed, "AUTHORIZATION_FAILED"},
    {NotifyType::StateNotFound, "STATE_NOT_FOUND"},
    {NotifyType::TsMaxQueue, "TS_MAX_QUEUE"},
    {NotifyType::InitialContact, "INITIAL_CONTACT"},
    {NotifyType::SetWindowSize, "SET_WINDOW_SIZE"},
    {NotifyType::AdditionalTsPossible, "ADDITIONAL_TS_POSSIBLE"},
    {NotifyType::IpcompSupported, "IPCOMP_SUPPORTED"},
    {NotifyType::NatDetectionSourceIp, "NAT_DETECTION_SOURCE_IP"},
    {NotifyType::NatDetectionDestinationIp, "NAT_DETECTION_DESTINATION_IP"},
    {NotifyType::Cookie, "COOKIE"},
    {NotifyType::UseTransportMode, "USE_TRANSPORT_MODE"},
    {NotifyType::HttpCertLookupSupported, "HTTP_CERT_LOOKUP_SUPPORTED"},
    {NotifyType::RekeySa, "REKEY_SA"},
    {NotifyType::EspTfcPaddingNotSupported, "ESP_TFC_PADDING_NOT_SUPPORTED"},
    {NotifyType::NonFirstFragmentsAlso, "NON_FIRST_FRAGMENTS_ALSO"},
    {NotifyType::MobikeSupported, "MOBIKE_SUPPORTED"},
    {NotifyType::AuthLifetime, "AUTH_LIFETIME"},
    {NotifyType::MultipleAuthSupported, "MULTIPLE_AUTH_SUPPORTED"},
    {NotifyType::TicketOpaque, "TICKET_OPAQUE"},
    {NotifyType::ChildlessSupported, "CHILDLESS_IKEV2_SUPPORTED"},
    {NotifyType::QcdToken, "QUICK_CRASH_DETECTION"},
    {NotifyType::IkeMessageIdSyncSupported, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED"},
    {NotifyType::FragmentationSupported, "IKEV2_FRAGMENTATION_SUPPORTED"},
    {NotifyType::SignatureHashAlgorithms, "SIGNATURE_HASH_ALGORITHMS"},
    {NotifyType::UsePpk, "USE_PPK"},
    {NotifyType::PpkIdentity, "PPK_IDENTITY"},
    {NotifyType::NoPpkAuth, "NO_PPK_AUTH"},
    {NotifyType::IntermediateExchangeSupported, "INTERMEDIATE_EXCHANGE_SUPPORTED"},
    {NotifyType::AdditionalKeyExchange, "ADDITIONAL_KEY_EXCHANGE"},
    {NotifyType::UseAggfrag, "USE_AGGFRAG"},
    {NotifyType::SaResourceInfo, "SA_RESOURCE_INFO"},
};

}  // namespace

const char* notify_name(NotifyType type) {
  const auto found = std::ranges::find(kNames, type, &NamedType::type);
  return found == std::end(kNames) ? nullptr : found->name;
}

}  // namespace twinspan::ike
