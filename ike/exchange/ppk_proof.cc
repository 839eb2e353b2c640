#include "ike/exchange/ppk_proof.h"

#include <fmt/format.h>

#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

// The request as a peer without the PPK would have sent it: NO_PPK_AUTH in AUTH's place.
std::vector<Payload> without_ppk(std::vector<Payload> payloads) {
  const auto* other = find_notify(payloads, NotifyType::NoPpkAuth);
  if (other == nullptr) return payloads;
  const Bytes value = other->value;
  for (Payload& payload : payloads) {
    if (auto* auth = std::get_if<AuthPayload>(&payload)) auth->value = value;
  }
  return payloads;
}

// The proof without the PPK, where there is one, tells which of the two secrets differs.
Diagnosis explain_mismatch(Context& context, IkeSa& sa, const IdPayload& id,
                           const std::vector<Payload>& payloads, Diagnosis why) {
  unmix_ppk(sa);
  const bool has_other = find_notify(payloads, NotifyType::NoPpkAuth) != nullptr;
  if (has_other && !refute_identity(context, sa, id, without_ppk(payloads)))
    return diagnose(Cause::WrongPpk, sa.peer->name);
  if (!has_other) {
    why.message += fmt::format(" (or the post-quantum pre-shared keys '{}' do)", sa.peer->ppk->id);
  }
  return why;
}

}  // namespace

Result<std::vector<Payload>, Diagnosis> prove_with_ppk(Context& context, IkeSa& sa,
                                                       const IdPayload& id) {
  if (!sa.ppk.is_agreed) return prove_identity(context, sa, id);
  const PpkConfig& ppk = *sa.peer->ppk;
  TRY_ASSIGN(const auto plain, prove_identity(context, sa, id));
  mix_ppk(context.provider, sa);
  TRY_ASSIGN(auto proof, prove_identity(context, sa, id));
  proof.push_back(ppk_identity(ppk.id));
  if (!ppk.is_required) proof.push_back(no_ppk_auth(*find_payload<AuthPayload>(plain)));
  return proof;
}

std::optional<Diagnosis> refute_with_ppk(Context& context, IkeSa& sa, const IdPayload& id,
                                         const std::vector<Payload>& payloads) {
  const auto use = choose_ppk(sa, payloads);
  if (!use) return use.error();
  if (*use == PpkUse::None) return refute_identity(context, sa, id, payloads);
  if (*use == PpkUse::Declined) return refute_identity(context, sa, id, without_ppk(payloads));
  mix_ppk(context.provider, sa);
  auto failure = refute_identity(context, sa, id, payloads);
  if (failure) return explain_mismatch(context, sa, id, payloads, *std::move(failure));
  confirm_ppk(sa);
  return std::nullopt;
}

}  // namespace twinspan::ike
