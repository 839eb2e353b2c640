// NAT detection and the way to port 4500 (RFC 7296 2.23). Pure functions; SHA-1 is only a checksum
// here.
#pragma once

#include <vector>

#include "base/endpoint.h"
#include "ike/core/peer_config.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

// What the NAT_DETECTION notifies of the peer say.
struct NatStatus {
  bool peer_supports = false;      // It sent both notifies.
  bool local_behind_nat = false;   // The peer sees us under another address or port.
  bool remote_behind_nat = false;  // The peer's address or port was changed on the way.
  bool remote_forces_udp = false;  // Its source hash is the one that says "encapsulate anyway".
  bool operator==(const NatStatus&) const = default;
};

struct NatSpis {
  IkeSpi initiator;
  IkeSpi responder;
};

Bytes nat_hash(Provider& provider, const NatSpis& spis, const Endpoint& endpoint);

// Our two notifies. With forced UDP the source hash is that of 0.0.0.0:0: any peer then believes
// that we are behind a NAT and encapsulates, and one of our own kind can tell that it is only a
// wish.
std::vector<Payload> nat_notifies(Provider& provider, const NatSpis& spis, const Endpoint& local,
                                  const Endpoint& remote, Encapsulation encapsulation);

// `local` and `remote` as the message shows them.
NatStatus read_nat_notifies(Provider& provider, const NatSpis& spis, const Endpoint& local,
                            const Endpoint& remote, const std::vector<Payload>& payloads);

// What carries ESP: UDP when we want it or the path needs it and the peer can; raw otherwise.
Encapsulation decide_encapsulation(const NatStatus& nat, Encapsulation wanted);

}  // namespace twinspan::ike
