// One inbound ESP SA. Cold part constant after creation; hot part (replay window, limits, cipher)
// has one writer: the thread that opens for the queue of its tunnel's device. Both are split as in
// OutboundSa.
#pragma once

#include <memory>

#include "base/sa_params.h"
#include "esp/outbound_sa.h"
#include "esp/replay_window.h"
#include "esp/source_filter.h"

namespace twinspan::esp {

// What one worker has done for a tunnel. On cache lines of its own: the next one is another
// worker's.
struct alignas(64) TunnelCounters {
  DirectionCounters inbound;   // Written by the thread that opens.
  DirectionCounters outbound;  // Written by the thread that seals.
};

struct InboundState {
  bool is_extended;  // ESN
  EspLayout layout;
  std::unique_ptr<kernels::Cipher> cipher;
  ReplayWindow window;
  TrafficLifetime lifetime;
  SaEvents events;
  std::shared_ptr<const SelectorPair> selectors;
  std::shared_ptr<TunnelCounters> counters;  // Of the tunnel's queue.
  std::shared_ptr<const PathMtu> path;       // Likewise.
};

class InboundSa {
 public:
  InboundSa(const SaIdentity& identity, std::shared_ptr<const SourceFilter> source_filter,
            std::shared_ptr<InboundState> state);
  InboundSa(const InboundSa&) = delete;
  InboundSa& operator=(const InboundSa&) = delete;

  Spi spi() const { return identity_.inbound_spi; }
  Spi outbound_spi() const { return identity_.outbound_spi; }
  ChildId child() const { return identity_.child; }
  TunnelId tunnel() const { return identity_.tunnel; }
  uint16_t queue() const { return identity_.queue; }
  bool has_own_source_port() const { return identity_.has_own_source_port; }
  Encapsulation encapsulation() const { return identity_.encapsulation; }
  const Endpoint& local() const { return identity_.local; }
  const Endpoint& remote() const { return identity_.remote; }
  const EspLayout& layout() const { return state_->layout; }
  // What a TCP connection through the tunnel is told to fit; both directions of a pair agree.
  uint32_t mss_mtu() const {
    return esp::mss_mtu(*state_->path, state_->layout,
                        outer_overhead(identity_.remote.address.family(), identity_.encapsulation));
  }
  // Which inner sources may not come out of it; the peer's own address may be among them.
  const SourceFilter& source_filter() const { return *source_filter_; }

  // RFC 4301 5.2: Accept, or why the packet may not come out of it.
  Verdict judge(const InnerPacket& packet) const {
    if (!state_->selectors->admits_inbound(packet)) return Verdict::SelectorMismatch;
    if (source_filter_->refuses(packet.family, packet.source)) return Verdict::SourceRefused;
    return Verdict::Accept;
  }

  // As OutboundSa::prefetch().
  void prefetch() const;

  // The opening thread: event bits since the last call, the tunnel's counters, and the highest
  // authenticated sequence number (which packet is the newest).
  uint8_t take_events() { return state_->events.take(); }
  DirectionCounters& counters() { return state_->counters->inbound; }
  uint64_t highest_sequence() const { return state_->window.highest(); }
  InboundState& state() { return *state_; }  // For open() and tests.

  // Control thread: the same SA at other outer addresses.
  std::shared_ptr<InboundSa> moved_to(const Endpoint& local, const Endpoint& remote,
                                      std::shared_ptr<const SourceFilter> source_filter) const;

 private:
  SaIdentity identity_;
  std::shared_ptr<const SourceFilter> source_filter_;
  std::shared_ptr<InboundState> state_;
  // Of the state, found without touching it.
  kernels::CipherMemory cipher_;
  const SelectorPair* selectors_;
  const TunnelCounters* counters_;
  const PathMtu* path_;
};

}  // namespace twinspan::esp
