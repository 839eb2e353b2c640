// The half of Supervisor that looks after the single children of a tunnel: what is missing is
// created, each in its own time, and whether what stands can be renewed is found out early
// (docs/decisions/0010-childless.md).
#include "ike/core/child_wishes.h"

#include <algorithm>
#include <utility>

#include "ike/core/lifetime.h"
#include "ike/core/reconfigure.h"
#include "ike/core/resources.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"

namespace twinspan::ike {
namespace {

bool is_making(const IkeSa& sa, const ChildSlot& slot) {
  const ChildExchange* active = child_of(sa.active);
  if (active != nullptr && active->slot() == slot) return true;
  return std::ranges::any_of(sa.queue, [&](const Task& task) {
    return task.kind == Task::Kind::CreateChild && task.config == slot.config &&
           task.resource == slot.resource;
  });
}

// Of those that `wanted` admits, the one that wins against each other.
template <class Wanted>
IkeSa* winner_of(Context& context, TunnelId id, Wanted wanted) {
  IkeSa* best = nullptr;
  for (IkeSa* sa : context.sas.of_tunnel(id)) {
    if (sa->state() != IkeSaState::Established || sa->is_redundant || !wanted(*sa)) continue;
    if (best == nullptr || &choose_loser(*sa, *best) == best) best = sa;
  }
  return best;
}

}  // namespace

bool serves(const IkeSa& sa, std::string_view config) {
  return newest_child(sa, config) != nullptr;
}

bool has_usable_child(const IkeSa& sa) {
  return std::ranges::any_of(sa.children, [](const ChildSa& child) { return child.is_usable(); });
}

bool is_complete(const IkeSa& sa) {
  return std::ranges::all_of(sa.peer->children,
                             [&](const ChildConfig& config) { return serves(sa, config.name); });
}

IkeSa* surviving(Context& context, TunnelId id) {
  return winner_of(context, id, [](const IkeSa&) { return true; });
}

IkeSa* preferred(Context& context, TunnelId id) {
  IkeSa* const with_child = winner_of(context, id, has_usable_child);
  return with_child != nullptr ? with_child : surviving(context, id);
}

// --- What is missing ---

void Supervisor::fail_child(Context& context, TunnelId id, const ChildSlot& slot,
                            const Diagnosis& why) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr) return;
  const Diagnosis placed = failures_.placed(*tunnel->peer, why);
  failures_.add(id, placed);
  if (tunnel->peer->find_child(slot.config) != nullptr) note_failed_wish(context, *tunnel, slot);
  trouble(context, id, slot.config, placed);
  const IkeSa* sa = preferred(context, id);
  if (sa == nullptr || !has_usable_child(*sa)) return fail(id, placed);
  // Who waits for the tunnel does not wait for its additional children.
  if (slot.resource == 0) {
    for (const Kind kind : {Kind::Up, Kind::SetPeer}) answer(context, *tunnel, kind, placed);
  }
  touch(id);
}

void Supervisor::note_failed_wish(Context& context, Tunnel& tunnel, const ChildSlot& slot) {
  ChildWish& wish = tunnel.wishes[slot];
  const auto served_since = std::exchange(wish.served_since, std::nullopt);
  if (served_since && context.now - *served_since >= kStableAfter) wish.failure_count = 0;
  ++wish.failure_count;
  wish.retry_at.reset();
}

void Supervisor::trouble(Context& context, TunnelId id, const std::string& config,
                         const Diagnosis& why) {
  const Tunnel* tunnel = find(id);
  if (tunnel == nullptr) return;
  context.outbox.emit(EventChildTrouble{
      .tunnel = id, .name = config, .diagnosis = failures_.placed(*tunnel->peer, why)});
}

// What stands for a while is a success; until then the next failure is one more.
void Supervisor::note_served(Context& context, Tunnel& tunnel, const ChildSlot& slot) {
  const auto found = tunnel.wishes.find(slot);
  if (found == tunnel.wishes.end()) return;
  ChildWish& wish = found->second;
  wish.retry_at.reset();
  if (wish.failure_count == 0) {
    tunnel.wishes.erase(found);
  } else if (!wish.served_since) {
    wish.served_since = context.now;
  } else if (context.now - *wish.served_since >= kStableAfter) {
    tunnel.wishes.erase(found);
  }
}

// Each child that is missing gets its own time; the others are not asked. Of additional ones the
// next is asked for when this one stands: the ends number them in this order.
void Supervisor::wish_for_children(Context& context, Tunnel& tunnel, const IkeSa& sa) {
  const bool responds_only = tunnel.peer->mode == ConnectionMode::ResponderOnly;
  for (const ChildSa& child : sa.children) {
    if (child.is_usable()) note_served(context, tunnel, child.slot());
  }
  std::optional<Instant> next;
  for (const ChildConfig& config : sa.peer->children) {
    // The peer begins, except with what our change of the settings asks for.
    if (responds_only && !succeeds_former(sa, config)) continue;
    const auto slot = missing_slot(sa, config);
    if (slot && !is_making(sa, *slot)) next = earlier(next, wish_for(context, tunnel, sa, *slot));
  }
  if (next) {
    tunnel.timers.arm(TunnelTimer::ChildRetry, *next);
  } else {
    tunnel.timers.cancel(TunnelTimer::ChildRetry);
  }
}

// When it is tried.
Instant Supervisor::wish_for(Context& context, Tunnel& tunnel, const IkeSa& sa,
                             const ChildSlot& slot) {
  ChildWish& wish = tunnel.wishes[slot];
  if (wish.retry_at) return *wish.retry_at;
  Duration wait{};
  if (wish.failure_count > 0) wait = around(backoff_wait(wish.failure_count), context.provider);
  // A responder leaves the first tries to the IKE SA's initiator, or both would create a child.
  // Additional ones are for one side alone.
  if (sa.role == Role::Responder && !serves(sa, slot.config)) wait += kResponderWait;
  wish.retry_at = context.now + wait;
  return *wish.retry_at;
}

void Supervisor::create_due_children(Context& context, Tunnel& tunnel) {
  IkeSa* sa = surviving(context, tunnel.peer->tunnel);
  if (sa == nullptr || tunnel.is_held_down) return;
  for (const ChildConfig& config : sa->peer->children) {
    const auto slot = missing_slot(*sa, config);
    if (!slot || is_making(*sa, *slot)) continue;
    const auto wish = tunnel.wishes.find(*slot);
    if (wish == tunnel.wishes.end() || !wish->second.retry_at ||
        *wish->second.retry_at > context.now) {
      continue;
    }
    wish->second.retry_at.reset();
    queue_task(
        context, *sa,
        {.kind = Task::Kind::CreateChild, .config = slot->config, .resource = slot->resource});
  }
}

// --- What cannot be renewed ---

bool Supervisor::goes_childless(TunnelId id) {
  const Tunnel* tunnel = find(id);
  return tunnel != nullptr && tunnel->renewal.goes_childless();
}

bool Supervisor::is_renewal_unknown(TunnelId id) {
  const Tunnel* tunnel = find(id);
  return tunnel != nullptr && tunnel->renewal.is_unknown();
}

void Supervisor::note_renewal(TunnelId id, bool works) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr) return;
  tunnel->renewal.by_create_child = works;
  if (works) tunnel->renewal.refusal.reset();
}

void Supervisor::note_auth_child(Context& context, TunnelId id, bool is_made) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr) return;
  tunnel->renewal.by_ike_auth = is_made;
  const auto refusal = std::exchange(tunnel->renewal.refusal, std::nullopt);
  if (!is_made || !refusal) return;
  failures_.add(id, *refusal);
  trouble(context, id, tunnel->peer->children.front().name, *refusal);
}

bool Supervisor::refuse_renewal(const IkeSa& sa, const ChildExchange& own, const Diagnosis& why) {
  Tunnel* tunnel = find(sa.tunnel());
  if (tunnel == nullptr) return false;
  // What is missing beside children that stand says nothing about those, unless it is the same.
  if (!own.rekeys && !own.is_additional && has_usable_child(sa)) return false;
  Renewal& renewal = tunnel->renewal;
  renewal.by_create_child = false;
  const PeerConfig& peer = *tunnel->peer;
  if (own.rekeys || own.is_additional || own.config != peer.children.front().name) return false;
  if (peer.mode == ConnectionMode::ResponderOnly || !renewal.may_come_with_auth()) return false;
  if (sa.role == Role::Responder && !renewal.by_ike_auth) return false;
  renewal.refusal = failures_.placed(peer, why);
  return true;
}

}  // namespace twinspan::ike
