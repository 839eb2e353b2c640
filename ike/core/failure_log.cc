#include "ike/core/failure_log.h"

#include <algorithm>
#include <utility>

#include "ike/core/diagnosis.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Diagnosis FailureLog::placed(const PeerConfig& peer, Diagnosis why) const {
  if (!why.peer_address.empty()) return why;
  why.connection = peer.name;
  why.peer_identity = peer.remote_identity.to_string();
  why.peer_address = scene_                     ? scene_->remote.to_string()
                     : peer.remote_name.empty() ? peer.remote_address.to_string()
                                                : peer.remote_name;
  if (!scene_) return why;
  why.exchange = exchange_name(scene_->exchange);
  why.role = scene_->role == Role::Initiator ? "initiator" : "responder";
  return why;
}

void FailureLog::add(TunnelId tunnel, const Diagnosis& why) {
  // What ends an SA without a failed exchange is told by the tunnel's state alone.
  if (why.exchange.empty() || why.cause == cause_id(Cause::PeerDeleted)) return;
  const auto same = [&](const Failure& known) {
    return known.tunnel == tunnel && known.why.cause == why.cause &&
           known.why.exchange == why.exchange && known.why.message == why.message;
  };
  if (failures_.size() >= kFailuresPerStepMax || std::ranges::any_of(failures_, same)) return;
  failures_.push_back({tunnel, why});
}

void FailureLog::flush(Outbox& outbox) {
  look_away();
  for (Failure& failure : std::exchange(failures_, {})) {
    outbox.emit(EventExchangeFailed{failure.tunnel, std::move(failure.why)});
  }
}

}  // namespace twinspan::ike
