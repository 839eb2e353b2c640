// Message IDs of one IKE SA (RFC 7296 2.1, 2.2, 2.3): a window of one request in each direction.
//
// The only owner of message IDs. Two halves:
//   ours    next_id_ is the ID of the request in flight, or of the next one to send.
//   theirs  expected_ is the next fresh request; the one before it stays cached with its answer.
//
//   peer's request ID      == expected_      Fresh      decrypt, handle, then answered()
//                          == expected_ - 1  Duplicate  same bytes: send the cached answer again
//                          anything else     Stale      drop
// A message is one datagram or several fragments; of a request that came in fragments it is
// fragment 1 that counts as its bytes (RFC 7383 2.6.1).
// Nothing moves before the message has been authenticated: classify() is const.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "ike/core/retransmit.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

class RequestWindow {
 public:
  enum class Verdict : uint8_t { Fresh, Duplicate, Stale };

  // --- Our requests ---
  bool in_flight() const { return in_flight_; }
  MessageId next_id() const { return next_id_; }
  // As it was sent first, unless that was to be repeated in another form.
  const std::vector<Bytes>& request() const { return request_; }
  // The same, to be sent again.
  const std::vector<Bytes>& repeat();
  bool is_repeated() const { return is_repeated_; }  // Also once it is answered.
  ExchangeType request_exchange() const { return request_exchange_; }
  unsigned sent_count() const { return sent_count_; }

  // `sent_count` 0: something else was sent first, and `datagrams` have all of their patience left.
  void begin_request(ExchangeType exchange, std::vector<Bytes> datagrams, RetransmitPolicy policy,
                     unsigned sent_count = 1);
  // Replaces the IKE_SA_INIT in flight by another one with the same ID (cookie, other group).
  void restart_request(Bytes bytes);
  // The wait until the next transmission; nullopt: given up. Counts one more transmission.
  std::optional<Duration> retransmit();
  bool awaits_response(MessageId id, uint8_t exchange) const;
  void response_accepted();  // The request is answered: the ID moves on.
  void abandon_request();    // The answer no longer matters; the SA is going away.

  // --- The peer's requests ---
  Verdict classify(MessageId id, ByteView request) const;
  // A fresh request was authenticated and answered.
  void answered(ByteView request, std::vector<Bytes> response);
  const std::vector<Bytes>& cached_response() const { return cached_response_; }
  MessageId expected() const { return expected_; }

 private:
  friend class StateDump;

  bool in_flight_ = false;
  MessageId next_id_{0};
  ExchangeType request_exchange_ = ExchangeType::IkeSaInit;
  std::vector<Bytes> request_;
  RetransmitPolicy policy_{};
  unsigned sent_count_ = 0;
  bool is_repeated_ = false;

  MessageId expected_{0};
  Bytes cached_request_;
  std::vector<Bytes> cached_response_;
};

}  // namespace twinspan::ike
