#include "ike/core/unknown_spi.h"

#include <algorithm>

#include "ike/core/hints.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"

namespace twinspan::ike {

bool UnknownSpis::note(Instant now, TunnelId tunnel, Spi spi) {
  forget_old(now);
  auto& [seen, told] = tunnels_[tunnel];
  const auto known = std::ranges::find(seen, spi, &Sighting::spi);
  if (known == seen.end()) {
    if (seen.size() == kUnknownSpisMax) seen.pop_front();
    seen.push_back({spi, now});
    return false;
  }
  if (now - known->first < kUnknownSpiWait) return false;
  if (told && now - *told < kInvalidSpiInterval) return false;
  told = now;
  return true;
}

void UnknownSpis::forget_old(Instant now) {
  for (auto& [tunnel, sightings] : tunnels_) {
    std::erase_if(sightings.seen,
                  [&](const Sighting& s) { return now - s.first >= kUnknownSpiMemory; });
  }
  std::erase_if(tunnels_, [&](const auto& entry) {
    const auto& [seen, told] = entry.second;
    return seen.empty() && (!told || now - *told >= kInvalidSpiInterval);
  });
}

namespace {

// Raw ESP has no ports, and a child may have one of its own (docs/ikev2.md).
bool comes_from_peer_of(const IkeSa& sa, const CommandUnknownSpi& unknown) {
  return sa.state() == IkeSaState::Established && !sa.is_redundant &&
         sa.local.address == unknown.local.address && sa.remote.address == unknown.remote.address &&
         (unknown.remote.port == 0 || unknown.remote.port == sa.remote.port || sa.has_source_ports);
}

}  // namespace

void handle_unknown_spi(Context& context, const CommandUnknownSpi& unknown, UnknownSpis& seen,
                        RateLimit& limit) {
  if (context.sas.inbound_in_use(unknown.spi) || context.supervisor.grace_holds(unknown.spi))
    return;
  // The packet does not say which of them the peer has it from.
  std::multimap<TunnelId, IkeSa*> sas;
  for (const auto& [spi, sa] : context.sas.all()) {
    if (comes_from_peer_of(*sa, unknown)) sas.emplace(sa->tunnel(), sa.get());
  }
  if (sas.empty()) return send_invalid_spi(context, unknown, limit);
  std::optional<TunnelId> noted;
  bool is_told = false;
  for (const auto& [tunnel, sa] : sas) {
    if (noted != tunnel) is_told = seen.note(context.now, tunnel, unknown.spi);
    noted = tunnel;
    if (!is_told) continue;
    sa->log.info("{}: the peer sends on SPI {:08x}, which we do not have; telling it",
                 sa->peer->name, unknown.spi.value);
    queue_task(context, *sa, {.kind = Task::Kind::InvalidSpi, .inbound_spi = unknown.spi});
  }
}

namespace {

// Not one that the peer may not have yet, nor one that is on its way out.
bool may_be_lost(IkeSa& sa, const ChildSa& child, Instant now) {
  const bool is_sent_on =
      child.outbound_half == Outbound::Active || child.outbound_half == Outbound::Superseded;
  const bool is_replaced = child.replaced_by && sa.find_child(*child.replaced_by) != nullptr;
  return child.is_usable() && is_sent_on && !is_replaced &&
         !child.timers.is_armed(ChildTimer::Proof) && now - child.installed_at >= kRecreateInterval;
}

bool is_being_made(const IkeSa& sa, const ChildSlot& slot) {
  const ChildExchange* active = child_of(sa.active);
  return active != nullptr && active->slot() == slot;
}

void make_anew(Context& context, IkeSa& sa, ChildSa& lost) {
  ++context.counters.children_lost;
  const ChildSlot slot = lost.slot();
  // It still receives, and what the peer may have of it after all goes with the reaper's DELETE.
  lost.is_redundant = true;
  lost.timers.cancel(ChildTimer::SoftLifetime);
  lost.timers.arm(ChildTimer::Reap, context.now + kReapAfter);
  context.supervisor.fail_child(context, sa.tunnel(), slot,
                                diagnose(Cause::PeerLostChild, sa.peer->name));
  if (is_being_made(sa, slot)) return;
  add_task(sa, {.kind = Task::Kind::CreateChild, .config = slot.config, .resource = slot.resource});
}

}  // namespace

void believe_invalid_spis(Context& context, IkeSa& sa, const std::vector<Payload>& payloads) {
  if (sa.state() != IkeSaState::Established) return;
  for (const Payload& payload : payloads) {
    const auto* notify = std::get_if<NotifyPayload>(&payload);
    if (notify == nullptr || notify->type != NotifyType::InvalidSpi || notify->value.size() != 4) {
      continue;
    }
    ChildSa* child = sa.find_child_by_outbound(Spi{load_be32(notify->value.data())});
    if (child != nullptr && may_be_lost(sa, *child, context.now)) make_anew(context, sa, *child);
  }
}

}  // namespace twinspan::ike
