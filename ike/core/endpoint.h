// The IKEv2 endpoint of one gateway instance: sans-IO (no clock, socket, file or randomness
// inside).
//
// Three kinds of methods. handle_*() takes something in; after any of them, call poll_datagram()
// and poll_event() until they return nothing, and poll_timeout() once for the next deadline.
// Getters observe. Deterministic: the same inputs with the same Provider bytes give the same
// outputs. Thread: the control thread only.
#pragma once

#include <memory>
#include <optional>

#include "ike/core/command.h"
#include "ike/core/event.h"

namespace twinspan::ike {

struct Datagram {
  Endpoint local;
  Endpoint remote;
  Bytes bytes;  // The IKE message; the non-ESP marker of port 4500 is the driver's business.
  // It asks whether packets of its size get through: never to be fragmented, whatever is known of
  // the path.
  bool is_size_probe = false;
};

inline constexpr size_t kCookieThresholdDefault = 32;

struct EndpointOptions {
  bool export_keys = false;  // Emit EventIkeKeys.
  // Inbound SPIs are chosen so that spi % spi_modulus == tunnel % spi_modulus: the data plane
  // steers by it.
  uint32_t spi_modulus = 1;
  uint16_t ike_port = 500;
  uint16_t nat_port = 4500;
  // Half-open IKE SAs from which on a stranger must return a cookie (RFC 7296 2.6); 0: always.
  size_t cookie_threshold = kCookieThresholdDefault;
  Log log;
};

// Datagrams that were dropped or challenged, by reason, none of which changed anything; and some
// that cost something.
struct EndpointCounters {
  uint64_t malformed = 0, unknown_sa = 0, bad_integrity = 0, illegal = 0, replayed_or_late = 0,
           half_open_refused = 0, cookies_sent = 0, cookies_wrong = 0, no_peer = 0, oversized = 0,
           retransmits_sent = 0,
           hints = 0,  // Unauthenticated INVALID_SPI or INVALID_IKE_SPI that named an SA of ours.
      key_exchanges_answered = 0,  // IKE_SA_INIT requests for which a Diffie-Hellman was computed.
      grace_evicted = 0,           // Replaced inbound SAs that had to go before their grace time.
      path_probes = 0,             // The peer showed up elsewhere, which was looked into.
      remote_moves = 0,            // It had really moved.
      children_lost = 0,           // The peer did not have a child that we sent on.
      fragments_refused = 0,       // Too many, repeated, or cut larger than their siblings.
      reassemblies_dropped = 0;    // Begun, then too large, too late or of no use any more.
  uint64_t fragments_sent = 0, fragments_accepted = 0;        // No drops.
  uint64_t size_probes_sent = 0, size_probes_unanswered = 0;  // Of the path MTU; likewise.
  bool operator==(const EndpointCounters&) const = default;
};

class EndpointState;  // Hidden: ike/core/endpoint.cc.

class IkeEndpoint {
 public:
  IkeEndpoint(EndpointOptions options, Provider& provider);  // `provider` outlives this.
  ~IkeEndpoint();
  IkeEndpoint(const IkeEndpoint&) = delete;
  IkeEndpoint& operator=(const IkeEndpoint&) = delete;

  void handle_datagram(Instant now, const Datagram& datagram);
  void handle_timeout(Instant now);
  void handle_command(Instant now, Command command);

  std::optional<Datagram> poll_datagram();
  std::optional<Event> poll_event();
  std::optional<Instant> poll_timeout() const;  // nullopt: nothing is scheduled.

  const EndpointCounters& counters() const;
  // Something of the tunnel is still under settings from before CommandSetPeer.
  bool is_changing(TunnelId tunnel) const;
  // Every member of every SA and tunnel, secrets hashed: equal before and after input that must
  // change nothing. Left out is what keeps strangers in bounds and reaches no SA: counters, cookie
  // secrets, rate limits.
  std::string dump_state() const;

 private:
  std::unique_ptr<EndpointState> state_;
};

}  // namespace twinspan::ike
