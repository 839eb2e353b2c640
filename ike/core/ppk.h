// Post-quantum pre-shared keys (RFC 8784): which side uses one, and its way into the keys.
//
// Both sides say USE_PPK in IKE_SA_INIT. The initiator then names its PPK in IKE_AUTH and proves
// itself with the mixed keys, and, where the PPK is optional, with the unmixed ones as well
// (NO_PPK_AUTH). The responder's empty PPK_IDENTITY says that the mixed keys count. Rekeyed IKE SAs
// and all Child SAs inherit the PPK through SK_d. Thread: control.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ike/core/event.h"
#include "ike/crypto/key_schedule.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

struct IkeSa;

// What an IKE SA knows of it.
struct PpkState {
  bool is_agreed = false;  // Both sides said USE_PPK.
  bool is_in_use = false;  // Mixed in, and AUTH verified with it; or inherited.
  // While it is open which keys count: those without the PPK; the SA's own are mixed.
  std::optional<PpkSubkeys> unmixed;
};

// The connection insists on a PPK and the peer did not say USE_PPK.
bool lacks_required_ppk(const IkeSa& sa);

// --- Payloads ---
Payload ppk_identity(const std::string& id);  // Empty: the answer that confirms.
Payload no_ppk_auth(const AuthPayload& auth);

// --- Keys ---
// The SA's keys become the mixed ones; the others are kept until one of the next two.
void mix_ppk(Provider& provider, IkeSa& sa);
void unmix_ppk(IkeSa& sa);
void confirm_ppk(IkeSa& sa);  // AUTH verified with what is mixed in; nothing without.

// --- Decisions ---
// Initiator: what the answer to IKE_AUTH says about the PPK. A diagnosis when it may not be done
// without.
std::optional<Diagnosis> settle_ppk(IkeSa& sa, const std::vector<Payload>& payloads);

// Responder: by what the request proves itself.
enum class PpkUse : uint8_t {
  None,      // AUTH, as without RFC 8784.
  Mixed,     // AUTH, under the mixed keys.
  Declined,  // NO_PPK_AUTH: the named PPK is not ours, and both sides can do without.
};
Result<PpkUse, Diagnosis> choose_ppk(const IkeSa& sa, const std::vector<Payload>& payloads);

}  // namespace twinspan::ike
