// What one seed of the random walk means: who the two gateways are and what the network does.
#pragma once

#include "tests/support/sim_link.h"
#include "tests/support/sim_peers.h"

namespace twinspan::ike {

enum class WalkKind : uint8_t {
  // The network loses, repeats and reorders IKE messages, but each one comes through after a few
  // transmissions. Nothing else happens, so no tunnel may go down and no ESP packet may be lost.
  Lossy,
  // Also partitions, crashes, operators and NATs that forget: in the end everything must be back.
  Chaotic,
};

struct WalkPlan {
  WalkKind kind{};
  PeerConfig config[2];
  SimLink link;
  Duration esp_interval{};
  bool has_nat = false;                  // In front of A.
  bool always_asks_for_cookies = false;  // Both sides.
  uint32_t workers[2] = {1, 1};          // EndpointOptions::spi_modulus of each side.
};

inline constexpr Duration kWalkMin = 600s;

WalkPlan plan_walk(uint64_t seed);

}  // namespace twinspan::ike
