#include "ike/core/ppk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ike/core/ike_sa.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

// RFC 8784 5.1: a fixed binary string; both sides agree on its bytes out of band.
constexpr uint8_t kPpkIdFixed = 2;

Bytes identity_body(const std::string& id) {
  Bytes body(1 + id.size(), kPpkIdFixed);
  std::copy(id.begin(), id.end(), body.begin() + 1);
  return body;
}

Payload ppk_notify(NotifyType type, Bytes value) {
  return NotifyPayload{
      .protocol = ProtocolId::None, .spi = {}, .type = type, .value = std::move(value)};
}

constexpr size_t kNamedMax = 128;

// A peer chooses these bytes: only what is printable is shown, and not without end.
std::string named(const Bytes& body) {
  if (body.size() < 2) return "nothing";
  const ByteView shown = ByteView(body).first(std::min(body.size(), kNamedMax));
  const char* const rest = shown.size() < body.size() ? "..." : "";
  std::string text(shown.begin() + 1, shown.end());
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return to_hex(shown) + rest;
  }
  return "'" + text + rest + "'";
}

}  // namespace

bool lacks_required_ppk(const IkeSa& sa) {
  return sa.peer->ppk && sa.peer->ppk->is_required && !sa.ppk.is_agreed;
}

Payload ppk_identity(const std::string& id) {
  return ppk_notify(NotifyType::PpkIdentity, id.empty() ? Bytes{} : identity_body(id));
}

Payload no_ppk_auth(const AuthPayload& auth) {
  return ppk_notify(NotifyType::NoPpkAuth, auth.value);
}

void mix_ppk(Provider& provider, IkeSa& sa) {
  CHECK(sa.peer->ppk && !sa.ppk.unmixed);
  PpkSubkeys mixed = derive_ppk_keys(provider, sa.suite.prf, sa.peer->ppk->secret->view(), sa.keys);
  sa.ppk.unmixed = PpkSubkeys{.d = std::exchange(sa.keys.d, std::move(mixed.d)),
                              .pi = std::exchange(sa.keys.pi, std::move(mixed.pi)),
                              .pr = std::exchange(sa.keys.pr, std::move(mixed.pr))};
}

void unmix_ppk(IkeSa& sa) {
  if (!sa.ppk.unmixed) return;
  sa.keys.d = std::move(sa.ppk.unmixed->d);
  sa.keys.pi = std::move(sa.ppk.unmixed->pi);
  sa.keys.pr = std::move(sa.ppk.unmixed->pr);
  sa.ppk.unmixed.reset();
}

void confirm_ppk(IkeSa& sa) {
  if (!sa.ppk.unmixed) return;
  sa.ppk.is_in_use = true;
  sa.ppk.unmixed.reset();
}

std::optional<Diagnosis> settle_ppk(IkeSa& sa, const std::vector<Payload>& payloads) {
  if (!sa.ppk.unmixed) return std::nullopt;
  if (find_notify(payloads, NotifyType::PpkIdentity) != nullptr) {
    confirm_ppk(sa);
    return std::nullopt;
  }
  if (sa.peer->ppk->is_required) {
    return diagnose(Cause::PpkUnknown, sa.peer->name,
                    fmt::format("we named '{}'", sa.peer->ppk->id));
  }
  unmix_ppk(sa);
  return std::nullopt;
}

Result<PpkUse, Diagnosis> choose_ppk(const IkeSa& sa, const std::vector<Payload>& payloads) {
  const auto& ours = sa.peer->ppk;
  const auto* theirs = sa.ppk.is_agreed ? find_notify(payloads, NotifyType::PpkIdentity) : nullptr;
  if (theirs == nullptr) {
    if (!ours || !ours->is_required) return PpkUse::None;
    return Err<Diagnosis>{diagnose(Cause::PpkRequired, sa.peer->name)};
  }
  if (ours && theirs->value == identity_body(ours->id)) return PpkUse::Mixed;
  // RFC 8784 3: without the PPK only if the initiator proves itself without it, and if we may.
  const bool can_do_without = find_notify(payloads, NotifyType::NoPpkAuth) != nullptr;
  if (can_do_without && !(ours && ours->is_required)) return PpkUse::Declined;
  return Err<Diagnosis>{diagnose(Cause::PpkUnknown, sa.peer->name,
                                 fmt::format("it names {}, we have {}", named(theirs->value),
                                             ours ? "'" + ours->id + "'" : std::string("none")))};
}

}  // namespace twinspan::ike
