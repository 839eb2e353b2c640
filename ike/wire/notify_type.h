// Notify message types (RFC 7296 3.10.1 and the IANA registry) that Twinspan sends or reads. Others
// pass through as their number.
#pragma once

#include <cstdint>

namespace twinspan::ike {

enum class NotifyType : uint16_t {
  // Errors: 1 to 16383.
  UnsupportedCriticalPayload = 1,
  InvalidIkeSpi = 4,
  InvalidMajorVersion = 5,
  InvalidSyntax = 7,
  InvalidMessageId = 9,
  InvalidSpi = 11,
  NoProposalChosen = 14,
  InvalidKePayload = 17,
  AuthenticationFailed = 24,
  SinglePairRequired = 34,
  NoAdditionalSas = 35,
  InternalAddressFailure = 36,
  FailedCpRequired = 37,
  TsUnacceptable = 38,
  InvalidSelectors = 39,
  UnacceptableAddresses = 40,   // RFC 4555
  UnexpectedNatDetected = 41,   // RFC 4555
  UseAssignedHomeAddress = 42,  // RFC 5026
  TemporaryFailure = 43,
  ChildSaNotFound = 44,
  InvalidGroupId = 45,       // RFC 9838
  AuthorizationFailed = 46,  // RFC 9838
  StateNotFound = 47,        // RFC 9370
  TsMaxQueue = 48,           // RFC 9611
  // Status: 16384 upwards.
  InitialContact = 16384,
  SetWindowSize = 16385,
  AdditionalTsPossible = 16386,
  IpcompSupported = 16387,
  NatDetectionSourceIp = 16388,
  NatDetectionDestinationIp = 16389,
  Cookie = 16390,
  UseTransportMode = 16391,
  HttpCertLookupSupported = 16392,
  RekeySa = 16393,
  EspTfcPaddingNotSupported = 16394,
  NonFirstFragmentsAlso = 16395,
  MobikeSupported = 16396,
  AuthLifetime = 16403,
  MultipleAuthSupported = 16404,
  TicketOpaque = 16413,
  ChildlessSupported = 16418,
  QcdToken = 16419,  // QUICK_CRASH_DETECTION
  IkeMessageIdSyncSupported = 16420,
  FragmentationSupported = 16430,
  SignatureHashAlgorithms = 16431,
  UsePpk = 16435,                         // RFC 8784
  PpkIdentity = 16436,                    // RFC 8784
  NoPpkAuth = 16437,                      // RFC 8784
  IntermediateExchangeSupported = 16438,  // RFC 9242
  AdditionalKeyExchange = 16441,          // RFC 9370
  UseAggfrag = 16442,                     // RFC 9347
  SaResourceInfo = 16444,                 // RFC 9611
};

constexpr bool is_error(NotifyType type) {
  return static_cast<uint16_t>(type) < 16384;
}

// "NO_PROPOSAL_CHOSEN"; nullptr for a number without a name here.
const char* notify_name(NotifyType type);

}  // namespace twinspan::ike
