// One outbound ESP SA: a constant cold part, and a hot part (sequence number, limits, cipher) with
// one writer, the thread that seals for the queue of its tunnel's device. When the remote endpoint
// changes, the control thread makes a new OutboundSa around the same hot part and publishes it; a
// worker sees the endpoints of its table only.
#pragma once

#include <cstdint>
#include <memory>

#include "base/endpoint.h"
#include "base/sa_params.h"
#include "esp/esp_layout.h"
#include "esp/kernels/cipher.h"
#include "esp/path_mtu.h"
#include "esp/sa_events.h"
#include "esp/selectors.h"
#include "esp/sequence.h"
#include "esp/verdict.h"

namespace twinspan::esp {

// The constant part that both directions of a pair have in common.
struct SaIdentity {
  ChildId child;
  TunnelId tunnel;
  uint16_t resource = 0;  // RFC 9611; of SaPairParams.
  uint16_t queue = 0;     // Of the tunnel's device: that of the worker which owns the SA.
  Spi inbound_spi;
  Spi outbound_spi;
  Encapsulation encapsulation = Encapsulation::Udp;
  Endpoint local;
  Endpoint remote;
  bool has_own_source_port = false;  // Sent from another UDP port than that of `local`.
};

struct OutboundState {
  uint32_t spi;
  bool is_extended;  // ESN
  EspLayout layout;
  std::unique_ptr<kernels::Cipher> cipher;
  OutboundSequence sequence;
  TrafficLifetime lifetime;
  SaEvents events;
  std::shared_ptr<PathMtu> path;  // Of the tunnel.
};

class OutboundSa {
 public:
  OutboundSa(const SaIdentity& identity, std::shared_ptr<OutboundState> state)
      : identity_(identity), state_(std::move(state)) {}
  OutboundSa(const OutboundSa&) = delete;
  OutboundSa& operator=(const OutboundSa&) = delete;

  Spi spi() const { return identity_.outbound_spi; }
  Spi inbound_spi() const {
    return identity_.inbound_spi;
  }  // Of its pair; names the pair in records.
  ChildId child() const { return identity_.child; }
  TunnelId tunnel() const { return identity_.tunnel; }
  uint16_t resource() const { return identity_.resource; }
  uint16_t queue() const { return identity_.queue; }
  bool has_own_source_port() const { return identity_.has_own_source_port; }
  Encapsulation encapsulation() const { return identity_.encapsulation; }
  const Endpoint& local() const { return identity_.local; }
  const Endpoint& remote() const { return identity_.remote; }
  const EspLayout& layout() const { return state_->layout; }
  PathMtu& path() const { return *state_->path; }
  uint32_t outer_overhead() const {
    return esp::outer_overhead(identity_.remote.address.family(), identity_.encapsulation);
  }
  // The largest inner packet that fits the path as far as it is known.
  uint32_t inner_limit() const {
    return state_->path->inner_limit(state_->layout, outer_overhead());
  }

  uint32_t mss_mtu() const { return esp::mss_mtu(*state_->path, state_->layout, outer_overhead()); }

  // What the packets of one AGGFRAG payload may have together; 0 without AGGFRAG, and as long as
  // nothing says what fits.
  uint32_t payload_limit() const {
    const uint32_t fitting = layout().is_aggfrag() ? mss_mtu() : 0;
    return fitting == kIpLengthMax ? 0 : fitting;
  }

  // The sealing thread: event bits since the last call.
  uint8_t take_events() { return state_->events.take(); }
  OutboundState& state() { return *state_; }  // For seal() and tests.

  // Control thread: the same SA at other outer addresses.
  std::shared_ptr<OutboundSa> moved_to(const Endpoint& local, const Endpoint& remote) const;

 private:
  SaIdentity identity_;
  std::shared_ptr<OutboundState> state_;
};

}  // namespace twinspan::esp
