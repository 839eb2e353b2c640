// The records of failed exchanges of one step of the endpoint: each gets its place (whom we talked
// to, in which exchange and role) and becomes one EventExchangeFailed. Thread: control.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ike/core/legality.h"
#include "ike/core/outbox.h"
#include "ike/core/peer_config.h"

namespace twinspan::ike {

// One step handles one message or the timers of one moment; a failure more than this says nothing
// new.
inline constexpr size_t kFailuresPerStepMax = 32;

// The exchange that is being looked at.
struct Scene {
  uint8_t exchange = 0;
  Role role = Role::Initiator;  // Ours in this exchange.
  Endpoint remote;
};

class FailureLog {
 public:
  void look_at(const Scene& scene) { scene_ = scene; }
  void look_away() { scene_.reset(); }

  // `why` with connection, peer and exchange, where it has none yet.
  Diagnosis placed(const PeerConfig& peer, Diagnosis why) const;
  // `why` is placed. The same failure twice in one step is one.
  void add(TunnelId tunnel, const Diagnosis& why);
  // Emits what was added, oldest first, and looks away: the step is over.
  void flush(Outbox& outbox);

 private:
  struct Failure {
    TunnelId tunnel;
    Diagnosis why;
  };

  std::optional<Scene> scene_;
  std::vector<Failure> failures_;
};

}  // namespace twinspan::ike
