// What IKE hands to ESP when a Child SA is agreed: the one contract between the two.
#pragma once

#include <cstdint>

#include "base/algorithm.h"
#include "base/endpoint.h"
#include "base/secret.h"
#include "base/strong_id.h"
#include "base/traffic_selector.h"

namespace twinspan {

struct EspTransforms {
  Encryption encryption;
  IntegrityId integrity = IntegrityId::None;
  bool esn = true;
  bool operator==(const EspTransforms&) const = default;
};

// One direction's KEYMAT, already split (RFC 7296 2.17): `encryption` is the key followed by the
// AEAD's salt; `integrity` is empty with an AEAD.
struct EspKeys {
  SecretBytes encryption;
  SecretBytes integrity;
};

enum class Encapsulation : uint8_t {
  Udp,  // RFC 3948, port 4500, NAT or not.
  Esp,  // IP protocol 50.
};

// What one direction of an SA may carry (RFC 4301 4.4.2.1); 0: no limit. The data plane reports the
// soft limits once per SA and stops using it at a hard one. The sequence number space limits
// packets in any case (RFC 4303 3.3.3).
struct TrafficLimits {
  uint64_t soft_bytes = 0;  // Under the cipher, padding included.
  uint64_t hard_bytes = 0;
  uint64_t soft_packets = 0;
  uint64_t hard_packets = 0;
};

struct SaPairParams {
  ChildId child;
  TunnelId tunnel;
  // RFC 9611: of several pairs for the same traffic, the one that carries this share of its flows.
  // 0: the first pair, which carries all until there are others. The inbound SPI is congruent to
  // `tunnel + resource` modulo the number of workers.
  uint16_t resource = 0;
  EspTransforms transforms;
  Encapsulation encapsulation = Encapsulation::Udp;
  Spi inbound_spi;   // Chosen by us.
  Spi outbound_spi;  // Chosen by the peer.
  EspKeys inbound_keys;
  EspKeys outbound_keys;
  Endpoint local;  // Outer addresses; the ports count only with UDP encapsulation.
  Endpoint remote;
  // Both ends send from a UDP port of the SA's own to port 4500, so that the network and its cards
  // spread the SAs; the port that a packet of this SA comes from then says nothing of where the
  // peer is.
  bool own_source_port = false;
  // RFC 9347: both ends put AGGFRAG payloads, and nothing else, into this pair.
  bool aggfrag = false;
  TrafficSelectors local_selectors;
  TrafficSelectors remote_selectors;
  TrafficLimits limits;
  // Where selectors of one tunnel overlap, the pair with the lowest takes the packet.
  uint32_t precedence = 0;
  uint32_t replay_window_packets = 4096;  // 1024 at the least.
  // False: receive on the new SA, but keep sending on the old one until the peer has proven that it
  // holds the new SA (RFC 7296 2.8); EventActivateOutbound then follows.
  bool outbound_active = true;
};

}  // namespace twinspan
