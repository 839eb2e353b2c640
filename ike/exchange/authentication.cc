#include "ike/exchange/authentication.h"

#include <fmt/format.h>

#include <utility>

#include "ike/exchange/ike_intermediate.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/signature_proof.h"

namespace twinspan::ike {
namespace {

// What the side of `id` signs, whatever it signs with (RFC 7296 2.15, RFC 9242 3.3.2). The views
// are good for as long as the object stands.
struct Covered {
  Covered(const IkeSa& sa, const IdPayload& id)
      : id_body(write_body(id)), intermediate(int_auth(sa)), octets(view(sa, id.of_initiator)) {}
  Covered(const Covered&) = delete;
  Covered& operator=(const Covered&) = delete;

  SignedOctets view(const IkeSa& sa, bool by_initiator) const {
    return {.message = by_initiator ? sa.init_request : sa.init_response,
            .peer_nonce = by_initiator ? sa.nonce_r : sa.nonce_i,
            .sk_p = (by_initiator ? sa.keys.pi : sa.keys.pr).view(),
            .id_body = id_body,
            .int_auth = intermediate};
  }

  Bytes id_body, intermediate;
  SignedOctets octets;
};

Bytes octets_to_sign(Context& context, const IkeSa& sa, const IdPayload& id) {
  const Covered covered(sa, id);
  return signed_octets(context.provider, sa.suite.prf, covered.octets);
}

// --- Pre-shared keys ---

SecretBytes psk_value(Context& context, const IkeSa& sa, const IdPayload& id,
                      const SecretBytes& secret) {
  const Covered covered(sa, id);
  return psk_auth(context.provider, sa.suite.prf, secret.view(), covered.octets);
}

const PreviousPsk* usable_previous(const PskAuthentication& own, Instant now) {
  return own.previous && now < own.previous->until ? &*own.previous : nullptr;
}

Payload prove_by_psk(Context& context, const IkeSa& sa, const PskAuthentication& own,
                     const IdPayload& id) {
  const PreviousPsk* const previous = usable_previous(own, context.now);
  const bool with_previous = sa.uses_previous_psk && previous != nullptr;
  const SecretBytes value =
      psk_value(context, sa, id, with_previous ? *previous->secret : *own.secret);
  return AuthPayload{.method = AuthMethod::SharedKey, .value = to_bytes(value.view())};
}

Result<PeerProof, Diagnosis> verify_psk(Context& context, const IkeSa& sa,
                                        const PskAuthentication& own, const IdPayload& id,
                                        const AuthPayload& auth) {
  if (psk_value(context, sa, id, *own.secret).equals(auth.value))
    return PeerProof{ProofKind::Psk, {}};
  const PreviousPsk* const previous = usable_previous(own, context.now);
  if (previous != nullptr && psk_value(context, sa, id, *previous->secret).equals(auth.value))
    return PeerProof{ProofKind::PreviousPsk, {}};
  return Err<Diagnosis>(diagnose(Cause::WrongPsk, sa.peer->name,
                                 previous != nullptr ? "the previous key differs as well" : ""));
}

// --- Methods ---

std::string method_text(AuthMethod method) {
  switch (method) {
    case AuthMethod::SharedKey:
      return "a pre-shared key";
    case AuthMethod::DigitalSignature:
      return "a digital signature (RFC 7427)";
    case AuthMethod::RsaSignature:
      return "an RSA signature of RFC 7296, with SHA-1";
  }
  return fmt::format("authentication method {}", static_cast<unsigned>(method));
}

const char* method_text(const Authentication& authentication) {
  static constexpr const char* kTexts[] = {"a pre-shared key", "a certificate", "a raw public key"};
  return kTexts[authentication.index()];
}

bool is_method_of(AuthMethod method, const Authentication& authentication) {
  return method == (std::holds_alternative<PskAuthentication>(authentication)
                        ? AuthMethod::SharedKey
                        : AuthMethod::DigitalSignature);
}

}  // namespace

IdPayload id_payload(const Identity& identity, bool of_initiator) {
  return {.of_initiator = of_initiator, .type = identity.type, .value = identity.value};
}

Identity identity_of(const IdPayload& id) {
  return {.type = id.type, .value = id.value};
}

Result<std::vector<Payload>, Diagnosis> prove_identity(Context& context, const IkeSa& sa,
                                                       const IdPayload& id) {
  const Authentication& own = sa.peer->authentication;
  if (const auto* certificate = std::get_if<CertificateAuthentication>(&own))
    return prove_by_certificate(sa, *certificate, octets_to_sign(context, sa, id));
  if (const auto* raw_key = std::get_if<RawKeyAuthentication>(&own))
    return prove_by_raw_key(sa, *raw_key, octets_to_sign(context, sa, id));
  std::vector<Payload> payloads;
  payloads.push_back(prove_by_psk(context, sa, std::get<PskAuthentication>(own), id));
  return payloads;
}

namespace {

Result<PeerProof, Diagnosis> verify_identity(Context& context, const IkeSa& sa, const IdPayload& id,
                                             const std::vector<Payload>& payloads) {
  const Authentication& ours = sa.peer->authentication;
  const auto* auth = find_payload<AuthPayload>(payloads);
  if (auth == nullptr) return Err<Diagnosis>(diagnose(Cause::AuthMethod, sa.peer->name, "no AUTH"));
  if (!is_method_of(auth->method, ours)) {
    return Err<Diagnosis>(diagnose(
        Cause::AuthMethod, sa.peer->name,
        fmt::format("it uses {}, we expect {}", method_text(auth->method), method_text(ours))));
  }
  if (const auto* psk = std::get_if<PskAuthentication>(&ours))
    return verify_psk(context, sa, *psk, id, *auth);
  const Bytes octets = octets_to_sign(context, sa, id);
  const SignedClaim claim{.id = id, .payloads = payloads, .octets = octets};
  if (const auto* certificate = std::get_if<CertificateAuthentication>(&ours))
    return verify_certificate(context, sa, *certificate, claim);
  return verify_raw_key(sa, std::get<RawKeyAuthentication>(ours), claim);
}

}  // namespace

std::optional<Diagnosis> refute_identity(Context& context, IkeSa& sa, const IdPayload& id,
                                         const std::vector<Payload>& payloads) {
  auto proof = verify_identity(context, sa, id, payloads);
  if (!proof) return std::move(proof).error();
  sa.proof = *std::move(proof);
  // RFC 7296 2.15 leaves each side its own key; a responder answers with the one that the peer has.
  if (sa.role == Role::Responder) sa.uses_previous_psk = sa.proof.kind == ProofKind::PreviousPsk;
  return std::nullopt;
}

bool has_previous_psk(const Context& context, const IkeSa& sa) {
  const auto* own = std::get_if<PskAuthentication>(&sa.peer->authentication);
  return own != nullptr && usable_previous(*own, context.now) != nullptr;
}

}  // namespace twinspan::ike
