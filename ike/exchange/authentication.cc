#include "ike/exchange/authentication.h"

#include "ike/exchange/ike_intermediate.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

// RFC 7296 2.15: what one side signs: its own IKE_SA_INIT message, the other's nonce, its identity,
// and the IKE_INTERMEDIATE exchanges.
SecretBytes psk_value(Context& context, const IkeSa& sa, const IdPayload& id) {
  const bool by_initiator = id.of_initiator;
  const Bytes id_body = write_body(id);
  const Bytes intermediate = int_auth(sa);
  return psk_auth(context.provider, sa.suite.prf, sa.peer->psk->view(),
                  {.message = by_initiator ? sa.init_request : sa.init_response,
                   .peer_nonce = by_initiator ? sa.nonce_r : sa.nonce_i,
                   .sk_p = (by_initiator ? sa.keys.pi : sa.keys.pr).view(),
                   .id_body = id_body,
                   .int_auth = intermediate});
}

}  // namespace

IdPayload id_payload(const Identity& identity, bool of_initiator) {
  return {.of_initiator = of_initiator, .type = identity.type, .value = identity.value};
}

Identity identity_of(const IdPayload& id) {
  return {.type = id.type, .value = id.value};
}

Result<std::vector<Payload>, Diagnosis> prove_identity(Context& context, IkeSa& sa,
                                                       const IdPayload& id) {
  const SecretBytes value = psk_value(context, sa, id);
  std::vector<Payload> payloads;
  payloads.push_back(AuthPayload{.method = AuthMethod::SharedKey, .value = to_bytes(value.view())});
  return payloads;
}

std::optional<Diagnosis> refute_identity(Context& context, IkeSa& sa, const IdPayload& id,
                                         const std::vector<Payload>& payloads) {
  const auto* auth = find_payload<AuthPayload>(payloads);
  if (auth == nullptr) return diagnose(Cause::AuthMethod, sa.peer->name, "no AUTH");
  if (auth->method != AuthMethod::SharedKey) return diagnose(Cause::AuthMethod, sa.peer->name);
  if (!psk_value(context, sa, id).equals(auth->value))
    return diagnose(Cause::WrongPsk, sa.peer->name);
  return std::nullopt;
}

}  // namespace twinspan::ike
