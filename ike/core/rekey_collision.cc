#include "ike/core/rekey_collision.h"

#include <algorithm>

namespace twinspan::ike {

bool nonce_is_lower(ByteView a, ByteView b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

const Bytes& lowest_nonce(const ExchangeNonces& nonces) {
  return nonce_is_lower(nonces.initiator, nonces.responder) ? nonces.initiator : nonces.responder;
}

CollisionOutcome resolve_collision(const ExchangeNonces& ours, const ExchangeNonces& theirs) {
  return nonce_is_lower(lowest_nonce(ours), lowest_nonce(theirs)) ? CollisionOutcome::KeepTheirs
                                                                  : CollisionOutcome::KeepOurs;
}

CrossingAnswer answer_crossing(const Crossing& crossing) {
  using enum CrossingAnswer;
  // RFC 7296 2.25.2: nothing starts on an IKE SA that is being closed, nor a child on one being
  // rekeyed.
  if (crossing.ours == OurExchange::DeleteIke) return TemporaryFailure;
  // RFC 9370 2.2.4: a crossing of two rekeys is decided by the answers to both CREATE_CHILD_SA
  // requests. Ours is answered, and theirs was not there.
  if (crossing.ours == OurExchange::FollowupIke) return TemporaryFailure;
  if (crossing.theirs == TheirRequest::RekeyIke) {
    const bool child_under_way = crossing.ours == OurExchange::CreateChild ||
                                 crossing.ours == OurExchange::RekeyChild ||
                                 crossing.ours == OurExchange::DeleteChild;
    return child_under_way ? TemporaryFailure : Proceed;
  }
  if (crossing.ours == OurExchange::RekeyIke) return TemporaryFailure;
  if (crossing.theirs == TheirRequest::CreateChild) return Proceed;
  // RFC 7296 2.25.1.
  switch (crossing.child) {
    case ChildStanding::None:
      return ChildSaNotFound;
    case ChildStanding::Closing:
      return TemporaryFailure;
    // A second rekey of a child whose replacement stands: the peer deletes the old one soon.
    case ChildStanding::AlreadyReplaced:
      return TemporaryFailure;
    case ChildStanding::Usable:
      return Proceed;
  }
  return TemporaryFailure;
}

}  // namespace twinspan::ike
