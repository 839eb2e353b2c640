#include "ike/core/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>

#include "ike/core/notify_catalogue.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

constexpr CauseWords kCatalogue[] = {
    {Cause::NoAnswer, "no-answer", "the peer did not answer IKE_SA_INIT",
     "check the peer's address in {}, that its gateway runs, and that UDP port 500 is open both "
     "ways",
     "the peer's gateway is off or at another address, or a firewall drops UDP port 500",
     "remote_address"},
    {Cause::NameUnresolved, "name-unresolved",
     "the peer's name leads to no address that can be tried",
     "check fqdn of the peer of {}, and the host's name service with `getent ahosts`",
     "the name is misspelt or has no such address, or no name server can be reached",
     "remote_address"},
    {Cause::NoAnswerNat, "no-answer-4500", "the peer answered IKE_SA_INIT but not IKE_AUTH",
     "check that UDP port 4500 is open both ways for {}, and the peer's log for a refused "
     "IKE_AUTH",
     "a firewall or NAT on the way passes UDP port 500 but not 4500, or the peer drops IKE_AUTH in "
     "silence",
     ""},
    {Cause::NoIkeAuth, "no-ike-auth",
     "the peer began with IKE_SA_INIT and was answered, but its IKE_AUTH did not come",
     "check that UDP port 4500 is open both ways for {}, and that our answers reach the peer",
     "a firewall or NAT on the way passes UDP port 500 but not 4500, or somebody forges the peer's "
     "address",
     ""},
    {Cause::NoIkeProposal, "no-ike-proposal",
     "no IKE proposal in common with the peer, or the peer has no connection for us or holds it "
     "down",
     "compare ike_encryption, ike_integrity, ike_prf and dh_group in the ipsec_policy of {} with "
     "the peer's",
     "the ipsec_policy of the two sides differs in an IKE algorithm", "ipsec_policy"},
    {Cause::NoEspProposal, "no-esp-proposal", "no ESP proposal in common with the peer",
     "compare ipsec_encryption, ipsec_integrity, pfs_group and esn in the ipsec_policy of {} with "
     "the peer's",
     "the ipsec_policy of the two sides differs in an ESP algorithm or in PFS", "ipsec_policy"},
    {Cause::InvalidKe, "no-common-group", "the peer insists on a DH group that we do not offer",
     "compare dh_group and pfs_group in the ipsec_policy of {} with the peer's",
     "the two sides are configured with different Diffie-Hellman groups", "ipsec_policy"},
    {Cause::PfsMismatch, "pfs-mismatch",
     "the two sides' PFS differs: the Child SA cannot be renewed when its lifetime ends",
     "compare pfs_group in the ipsec_policy of {} with the peer's",
     "one side has PFS and the other has not, or another Diffie-Hellman group",
     "ipsec_policy.pfs_group"},
    {Cause::WrongPsk, "wrong-psk", "the peer's AUTH does not verify: the pre-shared keys differ",
     "compare shared_key of {} with the peer's",
     "the key files of the two sides hold different bytes", "shared_key"},
    {Cause::AuthRefused, "auth-refused",
     "the peer refused our AUTH: the pre-shared keys differ, or it does not expect our identity",
     "compare shared_key, local_id and remote_id of {} with the peer's",
     "the key files differ, or the peer has another remote_id or local_id than we send",
     "shared_key"},
    {Cause::IdentityMismatch, "wrong-identity", "the peer is not the one that we expect",
     "compare remote_id of {} with the peer's own identity, and local_id with what the peer "
     "expects",
     "local_id and remote_id of the two sides do not mirror each other", "remote_id"},
    {Cause::AuthMethod, "auth-method",
     "the peer proves itself by another method than this connection wants",
     "give {} and the peer the same authentication_type",
     "one side is configured for a pre-shared key, the other for certificates, public keys or EAP",
     "authentication_type"},
    {Cause::NoCommonHash, "no-common-hash",
     "the peer names no hash algorithm that our key can sign with",
     "enable signatures with SHA-2 (RFC 7427), and for an Ed25519 key Ed25519 (RFC 8420), at the "
     "peer of {}, or give us a key of another type",
     "the peer's software knows no RFC 7427, or no Ed25519", "authentication_type"},
    {Cause::WrongSignature, "wrong-signature",
     "the peer's AUTH does not verify with the peer's public key",
     "compare the certificate or public key that {} expects with the private key of the peer",
     "the peer signs with another key than the one that its certificate or our file has",
     "authentication_type"},
    {Cause::CertificateUntrusted, "certificate-untrusted",
     "no CA of ours stands above the peer's certificate",
     "add the missing CA to inbound_auth_certificate_chain of {}, or let the peer send the "
     "certificates between its own and the root",
     "the root CA of the peer is missing here, or the peer sends no intermediate certificates",
     "certificate_authentication"},
    {Cause::CertificateExpired, "certificate-expired",
     "the peer's certificate, or one above it, is not valid at this time",
     "renew the certificate at the peer of {}, and check the clocks of both sides",
     "a certificate was not renewed in time, or a clock is wrong", "certificate_authentication"},
    {Cause::CertificateRevoked, "certificate-revoked",
     "the peer's certificate, or one above it, was revoked",
     "let the CA issue a new certificate for the peer of {}",
     "the CA has put the certificate on its list of revoked ones", "certificate_authentication"},
    {Cause::RevocationUnknown, "revocation-unknown",
     "it cannot be told whether the peer's certificate was revoked",
     "put a current CRL of each CA into certificate_revocation_lists of {} and run `twinspan "
     "reload-credentials`",
     "the CRL of a CA is missing here, or is out of date", "certificate_authentication"},
    {Cause::CertificateUnfit, "certificate-unfit",
     "the peer's certificate is broken or not made for IKE",
     "let the CA issue another certificate for the peer of {}",
     "the certificate has the wrong extensions, a weak algorithm, or too many CAs above it",
     "certificate_authentication"},
    {Cause::CertificateIdentity, "certificate-identity",
     "the peer's certificate is not for the identity that the peer claims",
     "let the CA put the peer's identity into the certificate as a subjectAltName, or make "
     "remote_id of {} one of the names in it",
     "local_id of the peer is none of the names in its certificate", "remote_id"},
    {Cause::CertificateRefused, "certificate-refused",
     "the peer refused our AUTH: it does not trust our certificate or key, or does not expect our "
     "identity",
     "see the peer's log for {}: the peer must know our CA or public key, and local_id must be a "
     "name in our certificate",
     "the peer does not have our CA or public key, a CRL or clock there is out of date, or the "
     "identities differ",
     "authentication_type"},
    {Cause::PpkRequired, "ppk-required",
     "a post-quantum pre-shared key is required, and the peer uses none",
     "give the peer the ppk of {0}, or set `required: false` in the ppk of {0}",
     "the peer has no post-quantum pre-shared key, or its software does not know RFC 8784", "ppk"},
    {Cause::PpkUnknown, "ppk-unknown",
     "the peer does not know the post-quantum pre-shared key of that name",
     "compare the id in the ppk of {} with the peer's",
     "the two sides call their post-quantum pre-shared key by different names", "ppk"},
    {Cause::WrongPpk, "wrong-ppk",
     "the peer's AUTH does not verify: the post-quantum pre-shared keys differ",
     "compare the file in the ppk of {} with the peer's",
     "the post-quantum key files of the two sides hold different bytes", "ppk"},
    {Cause::AdditionalKeRequired, "additional-key-exchanges-required",
     "additional key exchanges are required, and the peer does not offer IKE_INTERMEDIATE for them",
     "give the peer the additional_key_exchanges of {0}, or set `required: false` in those of {0}",
     "the peer has no additional key exchanges, or its software does not know RFC 9370",
     "additional_key_exchanges"},
    {Cause::TsUnacceptable, "no-common-selectors", "no common traffic selectors with the peer",
     "compare the address prefixes or traffic_selector_policies of {} with the peer's",
     "the prefixes of the two sides do not mirror each other, or one side is policy-based and the "
     "other is not",
     "remote_selectors"},
    {Cause::ChildRefused, "child-refused", "the peer refused the Child SA",
     "see the peer's log for the child of {}", "the peer's policy does not admit this Child SA",
     ""},
    {Cause::PeerDeleted, "peer-deleted", "the peer deleted the SA",
     "see the peer's log for why it closed {}",
     "somebody closed the connection at the peer, or its policy changed", ""},
    {Cause::PeerDead, "peer-dead", "the peer no longer answers liveness probes",
     "check the path to the peer of {} and that its gateway runs",
     "the path is interrupted, or the peer's gateway has stopped or restarted", ""},
    {Cause::PeerLostChild, "peer-lost-child", "the peer does not have the Child SA that we send on",
     "nothing to do for {}: it is made anew; when that repeats, see the peer's log",
     "the peer lost the Child SA without saying so, or removed it earlier than we did", ""},
    {Cause::RequestUnanswered, "request-unanswered", "the peer no longer answers our requests",
     "check the path to the peer of {} and that its gateway runs",
     "the path is interrupted, or the peer's gateway has stopped or restarted", ""},
    {Cause::BadMessage, "bad-message",
     "the peer sent, or says that we sent, a message that breaks the protocol",
     "see the message in the log of {} and report it to the peer's vendor or to us",
     "the two implementations understand the protocol differently, or a device on the way changes "
     "messages",
     ""},
    {Cause::TemporaryFailure, "peer-busy", "the peer answered TEMPORARY_FAILURE to every try",
     "look at the peer of {}: an exchange of its own seems to hang",
     "the peer is busy with an exchange of its own that does not end", ""},
    {Cause::LifetimeEnded, "lifetime-ended",
     "the SA reached its hard lifetime before it was renewed",
     "see the log of {} for why rekeying failed",
     "rekeying failed or never happened before the lifetime was over", "ipsec_policy"},
    {Cause::HeldDown, "held-down", "held down by command", "run `twinspan up {}`",
     "somebody ran `twinspan down`", ""},
    {Cause::Removed, "removed", "the connection was removed from the configuration", "add {} again",
     "the connection was taken out of the estate file", ""},
    {Cause::Reconfigured, "reconfigured", "the settings of the connection changed",
     "nothing to do for {}: it goes on under the new settings",
     "somebody applied a changed configuration", ""},
    {Cause::NotConnected, "not-connected", "the tunnel is not connected",
     "run `twinspan up {}` first", "there is no SA that the command could be about", ""},
    {Cause::PeerDidNotCall, "peer-did-not-call",
     "the connection is responder-only and waits for the peer, which did not initiate",
     "start the connection at the peer of {}, or change connection_mode",
     "the peer waits for us too, or cannot reach us", "connection_mode"},
    {Cause::Shutdown, "shutdown", "the gateway is shutting down", "start the gateway of {} again",
     "the gateway was told to stop", ""},
    {Cause::Replaced, "replaced", "another SA with the same peer took over", "nothing to do for {}",
     "both sides connected at the same time, or the peer started over", ""},
    {Cause::TooManyCommands, "too-many-commands", "too many commands are waiting for this tunnel",
     "wait for the commands on {} to finish", "a script repeats commands faster than they end", ""},
    {Cause::NoResources, "limit-reached", "a limit on SAs was reached",
     "see the limits in the log of {}", "more SAs than the limits of either side admit", ""},
};

const CauseWords& entry_of(Cause cause) {
  for (const CauseWords& entry : kCatalogue) {
    if (entry.cause == cause) return entry;
  }
  return kCatalogue[0];
}

}  // namespace

const char* cause_id(Cause cause) {
  return entry_of(cause).id;
}

std::span<const CauseWords> all_causes() {
  return kCatalogue;
}

Diagnosis diagnose(Cause cause, const std::string& connection, const std::string& detail) {
  const CauseWords& entry = entry_of(cause);
  return {.cause = entry.id,
          .message = detail.empty() ? std::string(entry.message)
                                    : fmt::format("{} ({})", entry.message, detail),
          .remedy = fmt::format(fmt::runtime(entry.remedy), connection),
          .likely_cause = entry.likely,
          .connection = connection,
          .config_object = "connections." + connection,
          .config_field = entry.field};
}

Diagnosis diagnose(NotifyType type, NotifyScope scope, const std::string& connection) {
  Diagnosis why =
      diagnose(cause_of(type, scope), connection, "the peer answered " + notify_text(type));
  if (const NotifyMeaning* const known = find_meaning(type)) why.likely_cause = known->meaning;
  return why;
}

Diagnosis compared(Diagnosis why, OfferComparison comparison) {
  if (!comparison.config_field.empty()) why.config_field = comparison.config_field;
  if (!comparison.first_difference.empty()) {
    const auto item =
        std::ranges::find(comparison.items, comparison.first_difference, &ComparedItem::item);
    why.likely_cause =
        item == comparison.items.end()
            ? why.likely_cause
            : fmt::format("{}: ours {}, the peer's {}", item->item, item->ours, item->theirs);
    why.remedy = fmt::format("make {} of {} and the peer's agree: change one of them",
                             why.config_field, why.config_object);
  }
  why.compared = std::move(comparison);
  return why;
}

Cause cause_of(NotifyType type, NotifyScope scope) {
  if (const NotifyMeaning* const known = find_meaning(type)) {
    return scope == NotifyScope::IkeSa ? known->ike : known->child;
  }
  return scope == NotifyScope::IkeSa ? Cause::BadMessage : Cause::ChildRefused;
}

}  // namespace twinspan::ike
