// The SA database: what the workers look up (SaTable, immutable) and what the control thread edits
// (SaStore). SaStore::make_table() builds the next SaTable; the owner publishes it through a
// Snapshot.
//
// Invariants: an SA object outlives every table that names it. The mutable part of an InboundSa or
// OutboundSa is written by one thread only, that of the worker which owns its tunnel.
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
    kSpdEntriesMax;  // Per tunnel, old SAs that still receive included.

struct TunnelEntry {
  TunnelId tunnel;
  Spd spd;
  OutboundSa* only_any =
      nullptr;  // Set when an any-to-any entry (both families) takes every packet.
  SourcePolicy source_policy;
  std::shared_ptr<TunnelCounters> counters;
};

class SaTable {
 public:
  InboundSa* find_inbound(uint32_t spi) const;            // nullptr: unknown. `spi` in host order.
  const TunnelEntry* find_tunnel(TunnelId tunnel) const;  // nullptr: unknown.
  // The SA for an inner IP packet read from the tunnel's device, or nullptr and the reason in
  // `verdict`.
  OutboundSa* find_outbound(TunnelId tunnel, ByteView inner_packet, Verdict& verdict) const;
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

  void add_tunnel(TunnelId tunnel, SourcePolicy policy);
  void remove_tunnel(TunnelId tunnel);  // With its SAs.

  // Fails when the tunnel or the transforms are unknown, keys have the wrong size, an SPI is
  // reserved, or the child or its inbound SPI is already there.
  Result<void, std::string> install(SaPairParams params);
  void activate_outbound(
      ChildId child);  // Replaces the tunnel's SPD entry with the same selectors.
  void remove_outbound(ChildId child);
  void remove_inbound(Spi spi);
  void update_remote(ChildId child, const Endpoint& local, const Endpoint& remote);

  std::unique_ptr<const SaTable> make_table() const;

  // nullptr: unknown tunnel. Stays valid while the caller holds it.
  std::shared_ptr<const TunnelCounters> counters(TunnelId tunnel) const;
  std::shared_ptr<PathMtu> path(TunnelId tunnel) const;

 private:
  struct Child;
  struct Tunnel;
  const kernels::KernelSet& kernels_;
  RandomSource& random_;
  Tunnel* find_tunnel(TunnelId tunnel) const;
  Child* find_child(ChildId child) const;
  void forget_if_empty(ChildId child);

  std::map<TunnelId, std::unique_ptr<Tunnel>> tunnels_;
  std::map<ChildId, std::unique_ptr<Child>> children_;
  std::unordered_map<uint32_t, ChildId> child_by_inbound_spi_;
};

}  // namespace twinspan::esp
