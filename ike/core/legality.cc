#include "ike/core/legality.h"

namespace twinspan::ike {
namespace {

using enum IkeSaState;
using enum ExchangeType;
using enum Direction;
constexpr Role kInitiator = Role::Initiator;
constexpr Role kResponder = Role::Responder;

constexpr PayloadSet kIdentity = kSetIdi | kSetIdr | kSetAuth;
constexpr PayloadSet kCertificates = kSetCert | kSetCertRequest;
constexpr PayloadSet kSelectors = kSetTsi | kSetTsr;
constexpr PayloadSet kAgreement = kSetSa | kSetKe | kSetNonce | kSelectors;

constexpr PayloadSet kInitNeeds = kSetSa | kSetKe | kSetNonce;
// RFC 7296 1.2: a CERTREQ comes before the CERT that it asks for, from IKE_SA_INIT on.
constexpr PayloadSet kInitBars = kIdentity | kSetCert | kSelectors | kSetDelete | kSetRepeated;
constexpr PayloadSet kAuthNeeds = kSetIdi | kSetAuth;
constexpr PayloadSet kAuthChild = kSetSa | kSelectors;
constexpr PayloadSet kAuthBars = kSetKe | kSetNonce | kSetDelete | kSetRepeated;
// Of the exchanges that carry key exchanges alone.
constexpr PayloadSet kKeBars =
    kIdentity | kCertificates | kSelectors | kSetSa | kSetNonce | kSetDelete | kSetRepeated;
constexpr PayloadSet kCreateNeeds = kSetSa | kSetNonce;
constexpr PayloadSet kCreateBars = kIdentity | kCertificates | kSetDelete | kSetRepeated;
constexpr PayloadSet kInformBars = kIdentity | kCertificates | kAgreement | kSetRepeated;

// Answers need nothing here: an error notify alone is a complete answer, and the handlers say what
// is missing from an agreement. What has no place in an exchange is barred in both directions.
constexpr LegalityRow kTable[] = {
    {Idle, IkeSaInit, kResponder, Request, kInitNeeds, kInitBars},
    {InitSent, IkeSaInit, kInitiator, Response, 0, kInitBars},
    // As many as were agreed, one state for "another is due"; IKE_AUTH has no row before the last.
    {IntermediateDue, IkeIntermediate, kResponder, Request, kSetKe, kKeBars},
    {IntermediateSent, IkeIntermediate, kInitiator, Response, 0, kKeBars},
    {InitAnswered, IkeAuth, kResponder, Request, kAuthNeeds, kAuthBars, kAuthChild},
    {AuthSent, IkeAuth, kInitiator, Response, 0, kAuthBars},

    {Established, CreateChildSa, kInitiator, Request, kCreateNeeds, kCreateBars},
    {Established, CreateChildSa, kResponder, Request, kCreateNeeds, kCreateBars},
    {Established, CreateChildSa, kInitiator, Response, 0, kCreateBars},
    {Established, CreateChildSa, kResponder, Response, 0, kCreateBars},
    {Established, IkeFollowupKe, kInitiator, Request, kSetKe, kKeBars},
    {Established, IkeFollowupKe, kResponder, Request, kSetKe, kKeBars},
    {Established, IkeFollowupKe, kInitiator, Response, 0, kKeBars},
    {Established, IkeFollowupKe, kResponder, Response, 0, kKeBars},
    {Established, Informational, kInitiator, Request, 0, kInformBars},
    {Established, Informational, kResponder, Request, 0, kInformBars},
    {Established, Informational, kInitiator, Response, 0, kInformBars},
    {Established, Informational, kResponder, Response, 0, kInformBars},

    // A peer that has decided already may use its rekeyed IKE SA before we have.
    {Candidate, CreateChildSa, kInitiator, Request, kCreateNeeds, kCreateBars},
    {Candidate, CreateChildSa, kResponder, Request, kCreateNeeds, kCreateBars},
    {Candidate, Informational, kInitiator, Request, 0, kInformBars},
    {Candidate, Informational, kResponder, Request, 0, kInformBars},

    // CREATE_CHILD_SA is answered with TEMPORARY_FAILURE here (RFC 7296 2.25), IKE_FOLLOWUP_KE with
    // STATE_NOT_FOUND, since what it continues went with the change of state.
    {Replaced, CreateChildSa, kInitiator, Request, kCreateNeeds, kCreateBars},
    {Replaced, CreateChildSa, kResponder, Request, kCreateNeeds, kCreateBars},
    {Replaced, CreateChildSa, kInitiator, Response, 0, kCreateBars},
    {Replaced, CreateChildSa, kResponder, Response, 0, kCreateBars},
    {Replaced, IkeFollowupKe, kInitiator, Request, kSetKe, kKeBars},
    {Replaced, IkeFollowupKe, kResponder, Request, kSetKe, kKeBars},
    {Replaced, IkeFollowupKe, kInitiator, Response, 0, kKeBars},
    {Replaced, IkeFollowupKe, kResponder, Response, 0, kKeBars},
    {Replaced, Informational, kInitiator, Request, 0, kInformBars},
    {Replaced, Informational, kResponder, Request, 0, kInformBars},
    {Replaced, Informational, kInitiator, Response, 0, kInformBars},
    {Replaced, Informational, kResponder, Response, 0, kInformBars},
    {Deleting, CreateChildSa, kInitiator, Request, kCreateNeeds, kCreateBars},
    {Deleting, CreateChildSa, kResponder, Request, kCreateNeeds, kCreateBars},
    {Deleting, IkeFollowupKe, kInitiator, Request, kSetKe, kKeBars},
    {Deleting, IkeFollowupKe, kResponder, Request, kSetKe, kKeBars},
    // What was in flight when we decided to close is still awaited, and ignored.
    {Deleting, IkeAuth, kInitiator, Response, 0, kAuthBars},
    {Deleting, CreateChildSa, kInitiator, Response, 0, kCreateBars},
    {Deleting, CreateChildSa, kResponder, Response, 0, kCreateBars},
    {Deleting, IkeFollowupKe, kInitiator, Response, 0, kKeBars},
    {Deleting, IkeFollowupKe, kResponder, Response, 0, kKeBars},
    {Deleting, Informational, kInitiator, Request, 0, kInformBars},
    {Deleting, Informational, kResponder, Request, 0, kInformBars},
    {Deleting, Informational, kInitiator, Response, 0, kInformBars},
    {Deleting, Informational, kResponder, Response, 0, kInformBars},
};

PayloadSet bit_of(const Payload& payload) {
  struct Visitor {
    PayloadSet operator()(const SaPayload&) const { return kSetSa; }
    PayloadSet operator()(const KePayload&) const { return kSetKe; }
    PayloadSet operator()(const IdPayload& id) const { return id.of_initiator ? kSetIdi : kSetIdr; }
    PayloadSet operator()(const CertPayload&) const { return kSetCert; }
    PayloadSet operator()(const CertRequestPayload&) const { return kSetCertRequest; }
    PayloadSet operator()(const AuthPayload&) const { return kSetAuth; }
    PayloadSet operator()(const NoncePayload&) const { return kSetNonce; }
    PayloadSet operator()(const TsPayload& ts) const { return ts.of_initiator ? kSetTsi : kSetTsr; }
    PayloadSet operator()(const DeletePayload&) const { return kSetDelete; }
    PayloadSet operator()(const NotifyPayload&) const { return 0; }
    PayloadSet operator()(const VendorIdPayload&) const { return 0; }
    PayloadSet operator()(const OpaquePayload&) const { return 0; }
  };
  return std::visit(Visitor{}, payload);
}

// A chain is one CERT per certificate (RFC 7296 3.6).
constexpr PayloadSet kMayRepeat = kSetDelete | kCertificates;

}  // namespace

PayloadSet payload_set(const std::vector<Payload>& payloads) {
  PayloadSet set = 0;
  for (const Payload& payload : payloads) {
    const PayloadSet bit = bit_of(payload);
    const bool is_repeated = (set & bit & ~kMayRepeat) != 0;
    set = static_cast<PayloadSet>(set | bit | (is_repeated ? kSetRepeated : 0));
  }
  return set;
}

std::span<const LegalityRow> legality_table() {
  return kTable;
}

Legality judge(const Situation& situation, PayloadSet payloads) {
  for (const LegalityRow& row : kTable) {
    if (row.state != situation.state || static_cast<uint8_t>(row.exchange) != situation.exchange ||
        row.role != situation.role || row.direction != situation.direction) {
      continue;
    }
    if ((payloads & row.forbidden) != 0) return Legality::ForbiddenPayload;
    if ((payloads & row.required) != row.required) return Legality::MissingPayload;
    const auto child = static_cast<PayloadSet>(payloads & row.child);
    // RFC 6023 3: without SA, TSi and TSr, but never with some of them.
    const bool goes_without = child == 0 && situation.admits_childless;
    if (child != row.child && !goes_without) return Legality::MissingPayload;
    return Legality::Legal;
  }
  return Legality::Unexpected;
}

}  // namespace twinspan::ike
