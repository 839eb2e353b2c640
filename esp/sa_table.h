// The SA database: what the workers look up (SaTable, immutable) and what the control thread edits
// (SaStore). SaStore::make_table() builds the next SaTable; the owner publishes it through a
// Snapshot.
//
// RFC 9611: a tunnel may have several SAs for the same traffic, one for each resource. Its device
// then has several queues; resource r is served by queue r % queues, and each queue has one worker.
// find_outbound() is told which queue the packet was read from, and gives that queue's SAs alone.
//
// Invariants: an SA object outlives every table that names it. The mutable part of an InboundSa or
// OutboundSa is written by one thread only, that of the worker which owns its queue of the tunnel.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/sa_params.h"
#include "esp/flat_index.h"
#include "esp/inbound_sa.h"
#include "esp/kernels/aead.h"
#include "esp/outbound_sa.h"
#include "esp/spd.h"
#include "esp/verdict.h"

namespace twinspan::esp {

inline constexpr size_t kTunnelsMax = 65536;
inline constexpr size_t kChildrenMax =
    kSpdEntriesMax;                             // Per tunnel, old SAs that still receive included.
inline constexpr unsigned kResourcesMax = 256;  // Per tunnel; a device has no more queues.

struct TunnelEntry {
  TunnelId tunnel;
  Spd spd;
  // Set when an any-to-any entry (both families) takes every packet; `only_any` is its SA of
  // resource 0.
  const SpdEntry* any_entry = nullptr;
  OutboundSa* only_any = nullptr;
  TunnelCounters* first_counters = nullptr;  // Of queue 0, found without touching `counters`.
  unsigned resources = 1;                    // That every entry with an SA has.
  SourcePolicy source_policy;
  std::vector<std::shared_ptr<TunnelCounters>> counters;  // By queue of the device.

  unsigned queues() const { return static_cast<unsigned>(counters.size()); }
  TunnelCounters& counters_of(unsigned queue) const {
    return queue == 0 ? *first_counters : *counters[queue];
  }
};

class SaTable {
 public:
  InboundSa* find_inbound(uint32_t spi) const;            // nullptr: unknown. `spi` in host order.
  const TunnelEntry* find_tunnel(TunnelId tunnel) const;  // nullptr: unknown.
  // The SA for an inner IP packet read from a queue of the tunnel's device, or nullptr and the
  // reason in `verdict`. Of several resources it is that of the packet's flow, but never another
  // queue's: a packet that steering has put elsewhere leaves by an SA of its queue.
  OutboundSa* find_outbound(TunnelId tunnel, ByteView inner_packet, Verdict& verdict,
                            unsigned queue = 0) const;
  // Every SA that traffic to `remote` leaves by. Looks at all of them: not for the packet path.
  void visit_outbound(const IpAddress& remote, const std::function<void(OutboundSa&)>& visit) const;
  size_t inbound_count() const { return inbound_.size(); }

 private:
  friend class SaStore;
  SaTable(std::vector<std::shared_ptr<InboundSa>> inbound,
          std::vector<std::shared_ptr<const TunnelEntry>> tunnels);

  std::vector<std::shared_ptr<InboundSa>> inbound_;  // What the indices point at.
  std::vector<std::shared_ptr<const TunnelEntry>> tunnels_;
  FlatIndex<InboundSa> inbound_by_spi_;
  FlatIndex<const TunnelEntry> tunnel_by_id_;
};

// Control thread. Nothing here is visible to a worker before the owner publishes make_table().
class SaStore {
 public:
  // `random` seeds the CBC IV generators; both outlive the store.
  SaStore(const kernels::KernelSet& kernels, RandomSource& random);
  ~SaStore();

  // `queues`: of its device, each with a worker of its own.
  void add_tunnel(TunnelId tunnel, SourcePolicy policy, unsigned queues = 1);
  void remove_tunnel(TunnelId tunnel);  // With its SAs.
  // Of its SAs too, which keep their counters and windows.
  void set_source_policy(TunnelId tunnel, SourcePolicy policy);

  // Fails when the tunnel or the transforms are unknown, keys have the wrong size, an SPI is
  // reserved, the resource is out of range, or the child or its inbound SPI is already there.
  Result<void, std::string> install(SaPairParams params);
  // Replaces the SA of the same selectors and resource in the tunnel's SPD.
  void activate_outbound(ChildId child);
  void remove_outbound(ChildId child);
  void remove_inbound(Spi spi);
  void update_remote(ChildId child, const Endpoint& local, const Endpoint& remote);

  std::unique_ptr<const SaTable> make_table() const;

  // By how many resources the tunnel's traffic leaves in the next table: the longest run from 0 on
  // without a gap, at least 1.
  unsigned resources(TunnelId tunnel) const;
  // By queue; empty: unknown tunnel. Valid while the caller holds them.
  std::vector<std::shared_ptr<const TunnelCounters>> counters(TunnelId tunnel) const;
  // nullptr: unknown tunnel. Likewise.
  std::shared_ptr<PathMtu> path(TunnelId tunnel) const;

 private:
  struct Child;
  struct Tunnel;
  const kernels::KernelSet& kernels_;
  RandomSource& random_;
  Tunnel* find_tunnel(TunnelId tunnel) const;
  Result<void, std::string> check_room(const SaPairParams& params) const;
  Child* find_child(ChildId child) const;
  static std::shared_ptr<const TunnelEntry> make_entry(TunnelId id, const Tunnel& tunnel);
  void forget_if_empty(ChildId child);

  std::map<TunnelId, std::unique_ptr<Tunnel>> tunnels_;
  std::map<ChildId, std::unique_ptr<Child>> children_;
  std::unordered_map<uint32_t, ChildId> child_by_inbound_spi_;
};

}  // namespace twinspan::esp
