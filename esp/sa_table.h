// The SA database: what the workers look up (SaTable, immutable) and what the control thread edits
// (SaStore). SaStore::make_table() builds the next SaTable; the owner publishes it through a Snapshot.
//
// Invariants: an SA object outlives every table that names it. The mutable part of an InboundSa or
// OutboundSa is written by one thread only, that of the worker which owns its tunnel.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ip_prefix.h"
#include "base/random.h"
#include "base/result.h"
#include "base/sa_params.h"
#include "esp/inbound_sa.h"
#include "esp/kernels/aead.h"
#include "esp/outbound_sa.h"
#include "esp/verdict.h"

namespace twinspan::esp {

inline constexpr size_t kTunnelsMax = 65536;

// Which inner sources may come out of a tunnel, beside the selectors of its SAs. Used when the selectors
// are any-to-any, where they check nothing (empty lists otherwise).
struct SourcePolicy {
  bool refuse_martians = false;          // Loopback, unspecified, multicast, broadcast, link-local sources.
  std::vector<IpPrefix> refused_sources; // Own networks, own and peer gateway addresses.
};

struct TunnelCounters {
  DirectionCounters inbound;   // Written by the thread that opens.
  DirectionCounters outbound;  // Written by the thread that seals.
};

// One ordered SPD entry of a tunnel: packets from `local` to `remote` leave by `sa`.
struct SpdEntry {
  ChildId child;
  TrafficSelectors local;
  TrafficSelectors remote;
  std::shared_ptr<OutboundSa> sa;  // nullptr: no active outbound SA, the packet is dropped (NoSa).
};

struct TunnelEntry {
  TunnelId tunnel;
  std::vector<SpdEntry> spd;
  OutboundSa* only_any = nullptr;  // Set when one any-to-any entry (both families) is all there is.
  SourcePolicy source_policy;
  std::shared_ptr<TunnelCounters> counters;
};

class SaTable {
 public:
  InboundSa* find_inbound(uint32_t spi) const;             // nullptr: unknown. `spi` in host order.
  const TunnelEntry* find_tunnel(TunnelId tunnel) const;   // nullptr: unknown.
  // The SA for an inner IP packet read from the tunnel's device, or nullptr and the reason in `verdict`.
  OutboundSa* find_outbound(TunnelId tunnel, ByteView inner_packet, Verdict& verdict) const;
  size_t inbound_count() const { return inbound_.size(); }

 private:
  friend class SaStore;
  std::unordered_map<uint32_t, std::shared_ptr<InboundSa>> inbound_;
  std::unordered_map<uint32_t, TunnelEntry> tunnels_;
};

// Control thread. Nothing here is visible to a worker before the owner publishes make_table().
class SaStore {
 public:
  // `random` seeds the CBC IV generators; both outlive the store.
  SaStore(const kernels::KernelSet& kernels, RandomSource& random);

  void add_tunnel(TunnelId tunnel, SourcePolicy policy);
  void remove_tunnel(TunnelId tunnel);  // With its SAs.

  // Fails when the transforms are unknown, keys have the wrong size, or the inbound SPI is taken.
  Result<void, std::string> install(SaPairParams params);
  void activate_outbound(ChildId child);   // Replaces the tunnel's SPD entry with the same selectors.
  void remove_outbound(ChildId child);
  void remove_inbound(Spi spi);
  void update_remote(ChildId child, const Endpoint& local, const Endpoint& remote);

  std::unique_ptr<const SaTable> make_table() const;

  // nullptr: unknown tunnel. Stays valid while the caller holds it.
  std::shared_ptr<const TunnelCounters> counters(TunnelId tunnel) const;

 private:
  struct Child;
  struct Tunnel;
  const kernels::KernelSet& kernels_;
  RandomSource& random_;
  std::unordered_map<uint32_t, std::unique_ptr<Tunnel>> tunnels_;
};

}  // namespace twinspan::esp
