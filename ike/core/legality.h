// Which message may be looked at in which state: evaluated before any handler, after
// authentication.
//
// A message for which no row exists is dropped or refused without a handler seeing it. Only the
// rows of IKE_AUTH can lead to Established, and only Established (and what it turns into) has rows
// for CREATE_CHILD_SA: a Child SA cannot come into being on an IKE SA whose AUTH was not verified.
#pragma once

#include <span>
#include <vector>

#include "ike/core/ike_sa_state.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

enum class Role : uint8_t { Initiator, Responder };    // Ours, in the IKE SA.
enum class Direction : uint8_t { Request, Response };  // Of the message that came in.

// A set of payload kinds, one bit each.
using PayloadSet = uint16_t;
inline constexpr PayloadSet kSetSa = 1 << 0, kSetKe = 1 << 1, kSetIdi = 1 << 2, kSetIdr = 1 << 3,
                            kSetAuth = 1 << 4, kSetNonce = 1 << 5, kSetTsi = 1 << 6,
                            kSetTsr = 1 << 7, kSetDelete = 1 << 8, kSetCert = 1 << 9,
                            kSetCertRequest = 1 << 10;
// One of them but DELETE, CERT and CERTREQ stands more than once: which one is meant would be
// anybody's guess, and AUTH might cover another one than what is acted upon.
inline constexpr PayloadSet kSetRepeated = 1 << 15;
PayloadSet payload_set(const std::vector<Payload>& payloads);

struct LegalityRow {
  IkeSaState state;
  ExchangeType exchange;
  Role role;
  Direction direction;
  PayloadSet required;
  PayloadSet forbidden;
  PayloadSet child = 0;  // All of them; none only where the IKE SA may go without (RFC 6023).
};
std::span<const LegalityRow> legality_table();

enum class Legality : uint8_t { Legal, Unexpected, MissingPayload, ForbiddenPayload };

struct Situation {
  IkeSaState state;
  uint8_t exchange;  // Raw: the peer chooses it.
  Role role;
  Direction direction;
  bool admits_childless = false;  // The responder announced it in IKE_SA_INIT.
};
Legality judge(const Situation& situation, PayloadSet payloads);

}  // namespace twinspan::ike
