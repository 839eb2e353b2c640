#include "ike/core/child_sa.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "ike/core/lifetime.h"
#include "ike/core/rekey_collision.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/create_child.h"

namespace twinspan::ike {
namespace {

// RFC 4303 3.3.3: without ESN the sequence numbers end, so packets have a limit of their own, and
// the two ends should not reach it in the same instant.
TrafficLimits traffic_limits(const ChildLifetime& lifetime, const EspTransforms& transforms,
                             RandomSource& random) {
  uint64_t hard_packets = lifetime.hard_packets;
  if (!transforms.esn && (hard_packets == 0 || hard_packets > kPacketsWithoutEsnMax)) {
    hard_packets = kPacketsWithoutEsnMax;
  }
  return {.soft_bytes = soft_limit(lifetime.hard_bytes, random),
          .hard_bytes = lifetime.hard_bytes,
          .soft_packets = soft_limit(hard_packets, random),
          .hard_packets = hard_packets};
}

SaPairParams pair_params(Context& context, const IkeSa& sa, const ChildSa& child, ChildKeys keys) {
  const ChildConfig& config = config_of(sa, child);
  EspKeys& outbound =
      child.is_initiator ? keys.initiator_to_responder : keys.responder_to_initiator;
  EspKeys& inbound = child.is_initiator ? keys.responder_to_initiator : keys.initiator_to_responder;
  return {.child = child.id,
          .tunnel = sa.tunnel(),
          .resource = child.resource,
          .transforms = child.transforms,
          .encapsulation = child.encapsulation,
          .inbound_spi = child.inbound,
          .outbound_spi = child.outbound,
          .inbound_keys = std::move(inbound),
          .outbound_keys = std::move(outbound),
          .local = sa.local,
          .remote = sa.remote,
          .own_source_port = child.resource > 0 && sa.has_source_ports,
          .aggfrag = child.aggfrag,
          .local_selectors = child.local,
          .remote_selectors = child.remote,
          .limits = traffic_limits(config.lifetime, child.transforms, context.provider),
          .precedence = static_cast<uint32_t>(&config - sa.peer->children.data()),
          .outbound_active = child.outbound_half == Outbound::Active};
}

EventChildEstablished established_event(const IkeSa& sa, const ChildSa& child) {
  return {.tunnel = sa.tunnel(),
          .child = child.id,
          .name = child.config,
          .resource = child.resource,
          .inbound_spi = child.inbound,
          .outbound_spi = child.outbound,
          .transforms = child.transforms,
          .local_selectors = child.local,
          .remote_selectors = child.remote,
          .narrowed = child.narrowed,
          .by_rekey = child.by_rekey,
          .is_initiator = child.is_initiator,
          .aggfrag = child.aggfrag};
}

void arm_lifetime(Context& context, const IkeSa& sa, ChildSa& child) {
  const ChildLifetime& lifetime = config_of(sa, child).lifetime;
  if (lifetime.soft_time > Duration{}) {
    child.timers.arm(ChildTimer::SoftLifetime,
                     context.now + with_jitter(lifetime.soft_time, context.provider));
  }
  if (lifetime.hard_time > Duration{}) {
    child.timers.arm(ChildTimer::HardLifetime, context.now + lifetime.hard_time);
  }
}

void arm_probe(Context& context, const IkeSa& sa, ChildSa& child) {
  if (child.group_negotiated) return context.supervisor.note_renewal(sa.tunnel(), true);
  if (!context.supervisor.is_renewal_unknown(sa.tunnel())) return;
  const auto at = kProbeAfterMin + kProbeAfterSpread * (context.provider.u32() % 1024) / 1024;
  child.timers.arm(ChildTimer::Probe, context.now + at);
}

// The child of IKE_AUTH has no timer: whoever holds its IKE SA holds it.
bool is_held_by_peer(const IkeSa& sa, const ChildSa& child) {
  return sa.is_proven && !child.timers.is_armed(ChildTimer::Proof);
}

// What the peer may not hold yet is the last resort among those that stay.
auto aptness(const IkeSa& sa, const ChildSa& child) {
  return std::tuple{child.is_usable(), is_held_by_peer(sa, child), child.id};
}

// Another child of the tunnel that could be sent on in place of `leaving`: the newest of the same
// resource. One of another resource takes over by itself when it is sent on, and is taken when
// otherwise nothing would be. Beside the first resource none is needed that the peer may not hold:
// the flows of this one leave by those before it (docs/decisions/0016-per-resource-sas.md).
SaRegistry::Place find_substitute(Context& context, TunnelId tunnel, const ChildSa& leaving) {
  SaRegistry::Place same, other;
  bool is_other_active = false, is_first_active = false;
  for (IkeSa* sa : context.sas.of_tunnel(tunnel)) {
    for (ChildSa& child : sa->children) {
      ChildTraffic traffic = leaving.traffic();
      traffic.resource = child.resource;
      if (child.id == leaving.id || child.is_deleting || child.outbound_half == Outbound::Removed ||
          !is_same_traffic(child.traffic(), traffic))
        continue;
      const bool is_other = child.resource != leaving.resource;
      const bool takes_over = is_other && child.outbound_half == Outbound::Active;
      is_other_active |= takes_over;
      is_first_active |= takes_over && child.resource == 0;
      SaRegistry::Place& best = is_other ? other : same;
      if (best.child == nullptr || aptness(*sa, child) > aptness(*best.sa, *best.child))
        best = {sa, &child};
    }
  }
  if (same.child == nullptr) return is_other_active ? same : other;
  return is_first_active && !is_held_by_peer(*same.sa, *same.child) ? SaRegistry::Place{} : same;
}

// The data plane sends on one child for the same selectors and resource. What was made under other
// settings does not push aside what has its traffic since, only to be deleted next.
bool has_given_way(Context& context, TunnelId tunnel, const ChildSa& child) {
  if (!child.former) return false;
  return std::ranges::any_of(context.sas.of_tunnel(tunnel), [&](const IkeSa* sa) {
    return std::ranges::any_of(sa->children, [&](const ChildSa& other) {
      return !other.former && other.outbound_half == Outbound::Active &&
             other.resource == child.resource && other.local == child.local &&
             other.remote == child.remote;
    });
  });
}

void supersede_others(Context& context, TunnelId tunnel, const ChildSa& active) {
  for (IkeSa* sa : context.sas.of_tunnel(tunnel)) {
    for (ChildSa& child : sa->children) {
      if (child.id != active.id && child.outbound_half == Outbound::Active &&
          is_same_traffic(child.traffic(), active.traffic())) {
        child.outbound_half = Outbound::Superseded;
      }
    }
  }
}

}  // namespace

ChildSa& install_child(Context& context, IkeSa& sa, ChildSa child, ChildKeys keys,
                       Activation activation) {
  CHECK(sa.state() == IkeSaState::Established);
  child.installed_at = context.now;
  child.outbound_half = activation == Activation::Now ? Outbound::Active : Outbound::Waiting;
  if (activation == Activation::Now) supersede_others(context, sa.tunnel(), child);
  if (activation == Activation::WhenProven) {
    child.timers.arm(ChildTimer::Activate, context.now + kActivateAfter);
  }
  // The first child needs none: before its IKE_AUTH is answered the peer takes no request at all.
  if (!child.is_initiator && child.group_negotiated) {
    child.timers.arm(ChildTimer::Proof, context.now + kActivateAfterRepetition);
  }
  arm_lifetime(context, sa, child);
  arm_probe(context, sa, child);
  context.outbox.emit(EventInstallPair{pair_params(context, sa, child, std::move(keys))});
  context.outbox.emit(established_event(sa, child));
  sa.log.info("{}: Child SA {:08x}_i {:08x}_o{}{}{}, {} === {}", sa.peer->name, child.inbound.value,
              child.outbound.value, child.by_rekey ? " by rekey" : "",
              child.resource > 0 ? fmt::format(" resource {}", child.resource) : "",
              child.aggfrag ? " AGGFRAG" : "", to_string(child.local), to_string(child.remote));
  sa.children.push_back(std::move(child));
  context.supervisor.touch(sa.tunnel());
  return sa.children.back();
}

void activate_child(Context& context, IkeSa& sa, ChildSa& child) {
  if (child.outbound_half == Outbound::Removed) return;
  child.timers.cancel(ChildTimer::Activate);
  if (has_given_way(context, sa.tunnel(), child)) return context.supervisor.touch(sa.tunnel());
  if (child.outbound_half != Outbound::Active) {
    context.outbox.emit(EventActivateOutbound{child.id});
    supersede_others(context, sa.tunnel(), child);
    context.supervisor.touch(sa.tunnel());  // Another IKE SA may have waited for that.
  }
  child.outbound_half = Outbound::Active;
  if (!child.replaces) return;
  ChildSa* old = sa.find_child(*child.replaces);
  if (old == nullptr) return;
  remove_outbound(context, sa, *old);
  if (!old->is_deleting) old->timers.arm(ChildTimer::Reap, context.now + kReapAfter);
}

void prove_child(Context& context, IkeSa& sa, ChildSa& child) {
  child.timers.cancel(ChildTimer::Proof);
  if (std::exchange(child.has_duplicate, false)) resolve_duplicate_children(context, sa, child.id);
}

void activate_proven(Context& context, IkeSa& sa) {
  for (ChildSa& child : sa.children) {
    prove_child(context, sa, child);
    if (child.timers.is_armed(ChildTimer::Activate)) activate_child(context, sa, child);
  }
}

namespace {

// Nothing has the same traffic, and nothing that has some of it is sent on: what was made for that
// under other settings waits no longer.
void activate_successors(Context& context, TunnelId tunnel, const ChildSa& leaving) {
  std::vector<SaRegistry::Place> waiting;
  for (IkeSa* sa : context.sas.of_tunnel(tunnel)) {
    for (ChildSa& child : sa->children) {
      if (child.id == leaving.id || !child.is_usable() ||
          !narrow_selectors({child.local, child.remote}, {leaving.local, leaving.remote})) {
        continue;
      }
      if (child.outbound_half == Outbound::Active) return;
      if (child.outbound_half == Outbound::Waiting) waiting.push_back({sa, &child});
    }
  }
  for (const auto& [sa, child] : waiting) activate_child(context, *sa, *child);
}

}  // namespace

void remove_outbound(Context& context, IkeSa& sa, ChildSa& child) {
  if (child.outbound_half == Outbound::Removed) return;
  const Outbound before = std::exchange(child.outbound_half, Outbound::Removed);
  child.timers.cancel(ChildTimer::Activate);
  if (before == Outbound::Active) {
    const auto substitute = find_substitute(context, sa.tunnel(), child);
    if (substitute.child != nullptr) {
      activate_child(context, *substitute.sa, *substitute.child);
    } else {
      activate_successors(context, sa.tunnel(), child);
    }
  }
  context.outbox.emit(EventRemoveOutbound{child.id});
}

void remove_child(Context& context, IkeSa& sa, ChildId id, InboundFate fate,
                  const std::string& reason) {
  ChildSa* child = sa.find_child(id);
  if (child == nullptr) return;
  remove_outbound(context, sa, *child);
  if (fate == InboundFate::Now) {
    context.outbox.emit(EventRemoveInbound{child->inbound});
  } else {
    const Duration span = kInboundGrace + (fate == InboundFate::Grace ? Duration{} : kCloseMax);
    context.supervisor.keep_inbound(context, sa.tunnel(), *child, span);
  }
  context.outbox.emit(EventChildGone{.tunnel = sa.tunnel(), .child = id, .reason = reason});
  std::erase_if(sa.children, [id](const ChildSa& other) { return other.id == id; });
  context.supervisor.touch(sa.tunnel());
}

void remove_all_children(Context& context, IkeSa& sa, InboundFate fate, const std::string& reason) {
  // None of them may stand in for another one that leaves.
  for (ChildSa& child : sa.children) child.is_deleting = true;
  while (!sa.children.empty()) remove_child(context, sa, sa.children.front().id, fate, reason);
}

void queue_child_delete(Context& context, IkeSa& sa, ChildSa& child) {
  if (child.is_deleting) return;
  child.is_deleting = true;
  child.timers.cancel_all();
  queue_task(context, sa, {.kind = Task::Kind::DeleteChild, .inbound_spi = child.inbound});
}

void handle_child_timer(Context& context, IkeSa& sa, ChildId id, ChildTimer timer) {
  ChildSa* child = sa.find_child(id);
  if (child == nullptr) return;
  switch (timer) {
    case ChildTimer::SoftLifetime:
      if (child->is_usable() && !child->replaced_by && !child->former) {
        queue_task(context, sa, {.kind = Task::Kind::RekeyChild, .inbound_spi = child->inbound});
      }
      return;
    case ChildTimer::HardLifetime: {
      const Diagnosis why = diagnose(Cause::LifetimeEnded, sa.peer->name);
      const ChildSlot slot = child->slot();
      // The peer's copy goes by DELETE; ours may not carry another packet.
      queue_child_delete(context, sa, *child);
      remove_child(context, sa, id, InboundFate::Now, why.message);
      context.supervisor.fail_child(context, sa.tunnel(), slot, why);
      return;
    }
    case ChildTimer::Probe:
      if (child->is_usable() && !child->replaced_by &&
          context.supervisor.is_renewal_unknown(sa.tunnel())) {
        queue_task(
            context, sa,
            {.kind = Task::Kind::RekeyChild, .inbound_spi = child->inbound, .is_probe = true});
      }
      return;
    case ChildTimer::Activate:
      activate_child(context, sa, *child);
      return run_queue(context, sa);
    case ChildTimer::Proof:
      prove_child(context, sa, *child);
      return run_queue(context, sa);
    case ChildTimer::Reap:
      return queue_child_delete(context, sa, *child);
    case ChildTimer::Count_:
      return;
  }
}

}  // namespace twinspan::ike
