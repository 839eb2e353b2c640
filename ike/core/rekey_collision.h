// Who keeps what when requests cross (RFC 7296 2.8.1, 2.8.2, 2.25). Pure: nonces and situations in,
// a decision out.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace twinspan::ike {

// The nonces of one exchange that made an SA.
struct ExchangeNonces {
  Bytes initiator;
  Bytes responder;
};

// RFC 7296 2.8.1: compared octet by octet; a prefix is lower than what it begins.
bool nonce_is_lower(ByteView a, ByteView b);

// The lower one of an exchange's two nonces.
const Bytes& lowest_nonce(const ExchangeNonces& nonces);

enum class CollisionOutcome : uint8_t { KeepOurs, KeepTheirs };

// RFC 7296 2.8.1, 2.8.2: of two SAs made by crossing rekeys, the one with the lowest of the four
// nonces is closed by the side that made it. `ours` is the exchange that we initiated.
CollisionOutcome resolve_collision(const ExchangeNonces& ours, const ExchangeNonces& theirs);

// --- RFC 7296 2.25: what to answer while something of our own is under way ---

// What we are doing in the IKE SA on which the request came.
enum class OurExchange : uint8_t {
  None,
  CreateChild,
  RekeyChild,
  DeleteChild,
  RekeyIke,
  FollowupIke,  // Agreed; key exchanges follow (RFC 9370 2.2.4).
  DeleteIke,
  Other
};
// What the peer asks for.
enum class TheirRequest : uint8_t { CreateChild, RekeyChild, RekeyIke };
// How the child that the peer wants to rekey stands with us.
enum class ChildStanding : uint8_t { None, Usable, Closing, AlreadyReplaced };

enum class CrossingAnswer : uint8_t { Proceed, TemporaryFailure, ChildSaNotFound };

struct Crossing {
  OurExchange ours = OurExchange::None;
  TheirRequest theirs = TheirRequest::CreateChild;
  ChildStanding child = ChildStanding::None;  // Only for RekeyChild.
};
CrossingAnswer answer_crossing(const Crossing& crossing);

}  // namespace twinspan::ike
