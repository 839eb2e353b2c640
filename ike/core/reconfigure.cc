#include "ike/core/reconfigure.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ike/core/lifetime.h"
#include "ike/core/peer_change.h"

namespace twinspan::ike {
namespace {

struct Lifetime {
  Duration soft{}, hard{};
  bool operator==(const Lifetime&) const = default;
};

Lifetime ike_lifetime(const PeerConfig& peer) {
  return {peer.ike_soft_lifetime, peer.ike_hard_lifetime};
}

Lifetime child_lifetime(const ChildConfig& config) {
  return {config.lifetime.soft_time, config.lifetime.hard_time};
}

// Counted from `since`. What is overdue for its renewal has as much time for it as was meant.
template <class Timer>
void arm_lifetime(Context& context, TimerTable<Timer>& timers, Instant since, Lifetime lifetime) {
  timers.cancel(Timer::SoftLifetime);
  timers.cancel(Timer::HardLifetime);
  Instant end = since + lifetime.hard;
  if (lifetime.soft > Duration{}) {
    const Instant renewal =
        std::max(context.now, since + with_jitter(lifetime.soft, context.provider));
    timers.arm(Timer::SoftLifetime, renewal);
    end = std::max(end, renewal + lifetime.hard - lifetime.soft);
  }
  if (lifetime.hard > Duration{}) timers.arm(Timer::HardLifetime, end);
}

void arm_liveness(Context& context, IkeSa& sa) {
  sa.timers.cancel(SaTimer::Liveness);
  if (sa.peer->dpd_interval > Duration{}) {
    sa.timers.arm(SaTimer::Liveness,
                  std::max(context.now, sa.last_inbound + sa.peer->dpd_interval));
  }
}

// Under a name that no configuration has, the same for what was rekeyed into each other.
void retire(ChildSa& child, const ChildConfig& config) {
  child.former = config;
  child.config = fmt::format("{}~{}", config.name, child.origin.id.value);
  child.timers.cancel(ChildTimer::SoftLifetime);
  child.timers.cancel(ChildTimer::Probe);
}

void adopt_child_settings(Context& context, ChildSa& child, const PeerConfig& held,
                          const PeerConfig& fresh) {
  const ChildConfig* config = held.find_child(child.config);
  CHECK(config != nullptr);
  const ChildFate fate = fate_of(*config, held, fresh);
  if (fate.change == ChildChange::Retire) return retire(child, *config);
  child.config = fate.successor->name;
  child.is_outdated |= fate.change == ChildChange::Rekey;
  const Lifetime lifetime = child_lifetime(*fate.successor);
  if (child.is_deleting || lifetime == child_lifetime(*config)) return;
  arm_lifetime(context, child.timers, child.installed_at, lifetime);
  if (child.replaced_by) child.timers.cancel(ChildTimer::SoftLifetime);
}

// The peer holds it, and it is sent on.
bool carries(const ChildSa& child, const ChildConfig& config) {
  return child.is_usable() && child.config == config.name &&
         child.outbound_half == Outbound::Active && !child.timers.is_armed(ChildTimer::Proof);
}

bool is_former(const ChildSa& child) {
  return child.is_usable() && child.former.has_value();
}

// All that is configured for its traffic stands.
bool is_dispensable(const IkeSa& sa, const ChildSa& former) {
  if (former.timers.is_armed(ChildTimer::Proof)) return false;
  return std::ranges::all_of(sa.peer->children, [&](const ChildConfig& config) {
    return !overlaps(former.local, former.remote, config) ||
           std::ranges::any_of(sa.children,
                               [&](const ChildSa& child) { return carries(child, config); });
  });
}

}  // namespace

bool is_settled(const IkeSa& sa) {
  const bool is_idle = sa.active.index() == 0 ||
                       std::holds_alternative<LivenessExchange>(sa.active) ||
                       std::holds_alternative<SizeProbeExchange>(sa.active) ||
                       std::holds_alternative<DeleteChildExchange>(sa.active);
  return sa.state() == IkeSaState::Established && is_idle && sa.awaited_followups.empty();
}

void adopt_settings(Context& context, IkeSa& sa, std::shared_ptr<const PeerConfig> fresh) {
  CHECK(is_settled(sa));
  const std::shared_ptr<const PeerConfig> held = std::exchange(sa.peer, std::move(fresh));
  if (ike_lifetime(*held) != ike_lifetime(*sa.peer))
    arm_lifetime(context, sa.timers, sa.keyed_at, ike_lifetime(*sa.peer));
  if (held->dpd_interval != sa.peer->dpd_interval) arm_liveness(context, sa);
  // What is missing is asked for by the supervisor.
  std::erase_if(sa.queue, [](const Task& task) { return task.kind == Task::Kind::CreateChild; });
  for (ChildSa& child : sa.children) {
    if (!child.former) adopt_child_settings(context, child, *held, *sa.peer);
  }
  for (const Spi inbound : sa.current_children()) {
    const ChildSa& child = *sa.find_child_by_inbound(inbound);
    if (child.is_outdated && !child.former)
      add_task(sa, {.kind = Task::Kind::RekeyChild, .inbound_spi = inbound});
  }
  sa.log.info("{}: IKE SA {:016x}_i {:016x}_r has the new settings", sa.peer->name, sa.spi_i.value,
              sa.spi_r.value);
}

void delete_former_children(Context& context, IkeSa& sa) {
  std::vector<ChildId> dispensable;
  for (const ChildSa& child : sa.children) {
    if (is_former(child) && is_dispensable(sa, child)) dispensable.push_back(child.id);
  }
  for (const ChildId id : dispensable) {
    ChildSa* child = sa.find_child(id);
    if (child == nullptr) continue;
    // Others carry its traffic: none of what it was rekeyed into stands in for it. The peer drops
    // what still comes in on it when it has our DELETE.
    if (child->outbound_half == Outbound::Active) child->outbound_half = Outbound::Superseded;
    remove_outbound(context, sa, *child);
    queue_child_delete(context, sa, *child);
  }
}

bool has_marked_child(const IkeSa& sa) {
  return std::ranges::any_of(sa.children, [&](const ChildSa& child) {
    const bool is_replaced =
        child.replaced_by &&
        std::ranges::find(sa.children, *child.replaced_by, &ChildSa::id) != sa.children.end();
    return child.is_usable() && !is_replaced && (child.is_outdated || child.former);
  });
}

bool succeeds_former(const IkeSa& sa, const ChildConfig& config) {
  return std::ranges::any_of(sa.children, [&](const ChildSa& child) {
    return is_former(child) && overlaps(child.local, child.remote, config);
  });
}

}  // namespace twinspan::ike
