// What it takes to bring a running tunnel from one configuration to another. Pure.
//
// ike/core/supervisor_change.cc carries it out.
#pragma once

#include <optional>
#include <vector>

#include "ike/core/peer_config.h"

namespace twinspan::ike {

// Each one includes those before it.
enum class Effect : uint8_t {
  // Nothing is sent, SPIs and counters stay: names, connection mode, DPD, lifetimes, fragment size,
  // childless, size probing, and credentials of the same kind. Timers are armed anew, counted from
  // when their SA
  // was made. Limits in bytes and packets are for the next pairs.
  InPlace,
  // On the IKE SA that stands: a child whose proposals, AGGFRAG or place among overlapping ones
  // changed is rekeyed; for selectors that changed a new one is made, and then the former one is
  // deleted; what overlaps with nothing that is configured is deleted at once. Other children stay.
  Rekey,
  // IKE proposals, identities, authentication, PPK, the number of resources, selectors where there
  // are several: a new IKE SA is made
  // beside the one that stands, which is deleted when the new one carries its traffic. Who only
  // responds waits for the peer to come; until then the former one is not renewed.
  Reauth,
  // Addresses, name or encapsulation: the IKE SA is deleted, a new one is made.
  Restart,
};
const char* to_string(Effect effect);

// The least that brings `fresh` into effect where `held` is. Of keys and certificates only the kind
// is compared: whether new ones ask for a Reauth the caller knows.
Effect needed_effect(const PeerConfig& held, const PeerConfig& fresh);

// What becomes of the children of one ChildConfig.
enum class ChildChange : uint8_t { None, Rekey, Retire };
struct ChildFate {
  ChildChange change = ChildChange::None;
  const ChildConfig* successor = nullptr;  // In `fresh`, with the same selectors; none: Retire.
};
ChildFate fate_of(const ChildConfig& child, const PeerConfig& held, const PeerConfig& fresh);

// Whether a packet may match both.
bool overlaps(const TrafficSelectors& local, const TrafficSelectors& remote,
              const ChildConfig& config);

}  // namespace twinspan::ike
