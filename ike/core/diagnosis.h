// The catalogue of failures: a stable cause, what happened in words, and what to change. Pure.
#pragma once

#include <span>
#include <string>

#include "ike/core/failure_record.h"
#include "ike/wire/notify_type.h"

namespace twinspan::ike {

enum class Cause : uint8_t {
  NoAnswer,       // No IKE_SA_INIT answer on port 500.
  NoAnswerNat,    // IKE_SA_INIT worked, IKE_AUTH on port 4500 stayed unanswered.
  NoIkeAuth,      // The peer began with IKE_SA_INIT, and its IKE_AUTH did not come.
  NoIkeProposal,  // No IKE proposal in common; found by us or said by the peer.
  NoEspProposal,
  InvalidKe,             // The peer insists on a group that we do not offer.
  PfsMismatch,           // The ESP algorithms agree, the groups of CREATE_CHILD_SA do not.
  WrongPsk,              // The peer's AUTH does not verify with our key.
  AuthRefused,           // The peer refused our AUTH.
  IdentityMismatch,      // The peer is not who we expect, or asks for somebody else.
  PpkRequired,           // We require a post-quantum pre-shared key, the peer uses none.
  PpkUnknown,            // One side does not know the PPK that the other one names.
  WrongPpk,              // Same name, different bytes.
  AdditionalKeRequired,  // We require additional key exchanges, the peer has none.
  AuthMethod,            // The peer proves itself by another method than the connection wants.
  NoCommonHash,          // The peer names no hash that our key can sign with.
  WrongSignature,        // The peer's AUTH does not verify with its key.
  CertificateUntrusted,  // No CA of ours stands above the peer's certificate.
  CertificateExpired,    // Or not yet valid.
  CertificateRevoked,
  RevocationUnknown,    // A CRL is missing or out of date.
  CertificateUnfit,     // Malformed, or not made for IKE.
  CertificateIdentity,  // It is for somebody else than the peer says that it is.
  CertificateRefused,   // The peer refused our certificate, key or identity.
  TsUnacceptable,
  ChildRefused,  // Another refusal of the Child SA.
  PeerDeleted,
  PeerDead,           // Liveness probe unanswered.
  NameUnresolved,     // No address to try.
  PeerLostChild,      // It says so inside the IKE SA.
  RequestUnanswered,  // Another request unanswered until given up.
  BadMessage,         // INVALID_SYNTAX and other protocol violations.
  TemporaryFailure,   // The peer was busy until we gave up.
  LifetimeEnded,
  HeldDown,
  Removed,
  Reconfigured,  // Its settings changed.
  NotConnected,
  PeerDidNotCall,  // Responder-only: nobody came.
  Shutdown,
  Replaced,  // Another SA with the same peer took over.
  TooManyCommands,
  NoResources,  // A bound of ours was reached.
};

// A row of the catalogue; docs/troubleshooting.md shows it, and a test compares the two.
struct CauseWords {
  Cause cause;
  const char* id;  // Stable: "wrong-psk".
  const char* message;
  const char* remedy;  // {} is the connection's name.
  const char* likely;  // What is usually behind it.
  const char* field;   // Of the connection, as policy/config_place.h knows it; empty: none.
};
std::span<const CauseWords> all_causes();
const char* cause_id(Cause cause);

// `detail` is appended to the message when it is not empty; `connection` is PeerConfig::name.
Diagnosis diagnose(Cause cause, const std::string& connection, const std::string& detail = {});

// What a notify error of the peer means in an exchange that concerns the IKE SA or a Child SA
// (ike/core/notify_catalogue.h).
enum class NotifyScope : uint8_t { IkeSa, Child };
Cause cause_of(NotifyType type, NotifyScope scope);
Diagnosis diagnose(NotifyType type, NotifyScope scope, const std::string& connection);

// `why` with both sides' values; the first difference names the likely cause and the field.
Diagnosis compared(Diagnosis why, OfferComparison comparison);

}  // namespace twinspan::ike
