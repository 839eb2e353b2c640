// ESP whose SPI one side does not have although the IKE SA stands (RFC 7296 1.5). The side that
// gets it says so inside the IKE SA; the side that sends it believes that, because it is
// authenticated, and makes the child anew. Hints outside of an IKE SA are in hints.h.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"
#include "ike/core/command.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

struct Context;
struct IkeSa;
class RateLimit;

// Only what still comes in so long after it first did is told: what was under way when its SA went,
// and our DELETE, have arrived by then.
inline constexpr Duration kUnknownSpiWait = 2s;
inline constexpr Duration kUnknownSpiMemory = 30s;
inline constexpr size_t kUnknownSpisMax = 8;  // Per tunnel; more make it forget the oldest.
// From one INVALID_SPI to the next, per tunnel.
inline constexpr Duration kInvalidSpiInterval = 5s;
// A child younger than that is not made anew, whatever the peer says: so much it costs at most.
inline constexpr Duration kRecreateInterval = 10s;

// What came in from the peers' addresses on SPIs that we do not have. Anyone can send that, so it
// is no part of an IKE SA. Pure.
class UnknownSpis {
 public:
  // One more packet for that tunnel. True: its peer is to be told now.
  bool note(Instant now, TunnelId tunnel, Spi spi);

 private:
  struct Sighting {
    Spi spi;
    Instant first;
  };
  struct Sightings {
    std::deque<Sighting> seen;  // The oldest first.
    std::optional<Instant> told;
  };
  void forget_old(Instant now);

  std::map<TunnelId, Sightings> tunnels_;
};

// Tells the peer: inside its IKE SA, or by a hint when there is none. Never for an SPI of ours, be
// it of an exchange in progress (the peer's ESP may overtake its answer) or kept for a grace time.
void handle_unknown_spi(Context& context, const CommandUnknownSpi& unknown, UnknownSpis& seen,
                        RateLimit& limit);

// INVALID_SPI in a request of the peer: children of ours that it does not have are made anew. The
// new pair is installed before the old one goes.
void believe_invalid_spis(Context& context, IkeSa& sa, const std::vector<Payload>& payloads);

}  // namespace twinspan::ike
