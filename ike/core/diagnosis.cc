#include "ike/core/diagnosis.h"

#include <fmt/format.h>

namespace twinspan::ike {
namespace {

struct Entry {
  Cause cause;
  const char* id;
  const char* message;
  const char* remedy;  // {} is the connection's name.
};

constexpr Entry kCatalogue[] = {
    {Cause::NoAnswer, "no-answer", "the peer did not answer IKE_SA_INIT",
     "check the peer's address in {}, that its gateway runs, and that UDP port 500 is open both "
     "ways"},
    {Cause::NoAnswerNat, "no-answer-4500", "the peer answered IKE_SA_INIT but not IKE_AUTH",
     "check that UDP port 4500 is open both ways for {}, and the peer's log for a refused "
     "IKE_AUTH"},
    {Cause::NoIkeProposal, "no-ike-proposal",
     "no IKE proposal in common with the peer, or the peer has no connection for us or holds it "
     "down",
     "compare ike_encryption, ike_integrity, ike_prf and dh_group in the ipsec_policy of {} with "
     "the peer's"},
    {Cause::NoEspProposal, "no-esp-proposal", "no ESP proposal in common with the peer",
     "compare ipsec_encryption, ipsec_integrity, pfs_group and esn in the ipsec_policy of {} with "
     "the peer's"},
    {Cause::InvalidKe, "no-common-group", "the peer insists on a DH group that we do not offer",
     "compare dh_group and pfs_group in the ipsec_policy of {} with the peer's"},
    {Cause::WrongPsk, "wrong-psk", "the peer's AUTH does not verify: the pre-shared keys differ",
     "compare shared_key of {} with the peer's"},
    {Cause::AuthRefused, "auth-refused",
     "the peer refused our AUTH: the pre-shared keys differ, or it does not expect our identity",
     "compare shared_key, local_id and remote_id of {} with the peer's"},
    {Cause::IdentityMismatch, "wrong-identity", "the peer is not the one that we expect",
     "compare remote_id of {} with the peer's own identity, and local_id with what the peer "
     "expects"},
    {Cause::AuthMethod, "auth-method",
     "the peer wants another authentication method than a pre-shared key",
     "set the peer of {} to authenticate with a pre-shared key on both sides"},
    {Cause::PpkRequired, "ppk-required",
     "a post-quantum pre-shared key is required, and the peer uses none",
     "give the peer the ppk of {0}, or set `required: false` in the ppk of {0}"},
    {Cause::PpkUnknown, "ppk-unknown",
     "the peer does not know the post-quantum pre-shared key of that name",
     "compare the id in the ppk of {} with the peer's"},
    {Cause::WrongPpk, "wrong-ppk",
     "the peer's AUTH does not verify: the post-quantum pre-shared keys differ",
     "compare the file in the ppk of {} with the peer's"},
    {Cause::TsUnacceptable, "no-common-selectors", "no common traffic selectors with the peer",
     "compare the address prefixes or traffic_selector_policies of {} with the peer's"},
    {Cause::ChildRefused, "child-refused", "the peer refused the Child SA",
     "see the peer's log for the child of {}"},
    {Cause::PeerDeleted, "peer-deleted", "the peer deleted the SA",
     "see the peer's log for why it closed {}"},
    {Cause::PeerDead, "peer-dead", "the peer no longer answers liveness probes",
     "check the path to the peer of {} and that its gateway runs"},
    {Cause::RequestUnanswered, "request-unanswered", "the peer no longer answers our requests",
     "check the path to the peer of {} and that its gateway runs"},
    {Cause::BadMessage, "bad-message",
     "the peer sent, or says that we sent, a message that breaks the protocol",
     "see the message in the log of {} and report it to the peer's vendor or to us"},
    {Cause::TemporaryFailure, "peer-busy", "the peer answered TEMPORARY_FAILURE to every try",
     "look at the peer of {}: an exchange of its own seems to hang"},
    {Cause::LifetimeEnded, "lifetime-ended",
     "the SA reached its hard lifetime before it was renewed",
     "see the log of {} for why rekeying failed"},
    {Cause::HeldDown, "held-down", "held down by command", "run `twinspan up {}`"},
    {Cause::Removed, "removed", "the connection was removed from the configuration",
     "add {} again"},
    {Cause::NotConnected, "not-connected", "the tunnel is not connected",
     "run `twinspan up {}` first"},
    {Cause::PeerDidNotCall, "peer-did-not-call",
     "the connection is responder-only and waits for the peer, which did not initiate",
     "start the connection at the peer of {}, or change connection_mode"},
    {Cause::Shutdown, "shutdown", "the gateway is shutting down", "start the gateway of {} again"},
    {Cause::Replaced, "replaced", "another SA with the same peer took over",
     "nothing to do for {}"},
    {Cause::TooManyCommands, "too-many-commands", "too many commands are waiting for this tunnel",
     "wait for the commands on {} to finish"},
    {Cause::NoResources, "limit-reached", "a limit on SAs was reached",
     "see the limits in the log of {}"},
};

const Entry& entry_of(Cause cause) {
  for (const Entry& entry : kCatalogue) {
    if (entry.cause == cause) return entry;
  }
  return kCatalogue[0];
}

}  // namespace

const char* cause_id(Cause cause) {
  return entry_of(cause).id;
}

Diagnosis diagnose(Cause cause, const std::string& connection, const std::string& detail) {
  const Entry& entry = entry_of(cause);
  return {.cause = entry.id,
          .message = detail.empty() ? std::string(entry.message)
                                    : fmt::format("{} ({})", entry.message, detail),
          .remedy = fmt::format(fmt::runtime(entry.remedy), connection)};
}

Cause cause_of(NotifyType type, NotifyScope scope) {
  switch (type) {
    case NotifyType::NoProposalChosen:
      return scope == NotifyScope::IkeSa ? Cause::NoIkeProposal : Cause::NoEspProposal;
    case NotifyType::InvalidKePayload:
      return Cause::InvalidKe;
    case NotifyType::AuthenticationFailed:
      return Cause::AuthRefused;
    case NotifyType::TsUnacceptable:
    case NotifyType::SinglePairRequired:
    case NotifyType::InvalidSelectors:
      return Cause::TsUnacceptable;
    case NotifyType::TemporaryFailure:
      return Cause::TemporaryFailure;
    case NotifyType::NoAdditionalSas:
      return Cause::NoResources;
    case NotifyType::InvalidSyntax:
    case NotifyType::UnsupportedCriticalPayload:
    case NotifyType::InvalidMajorVersion:
    case NotifyType::InvalidMessageId:
      return Cause::BadMessage;
    default:
      return scope == NotifyScope::IkeSa ? Cause::BadMessage : Cause::ChildRefused;
  }
}

}  // namespace twinspan::ike
