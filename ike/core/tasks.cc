// What one IKE SA wants to do when its window is free: one exchange of ours after the other.
#include <algorithm>

#include "ike/core/supervisor.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/delete_sa.h"
#include "ike/exchange/ike_followup_ke.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/rekey_child.h"
#include "ike/exchange/rekey_ike.h"
#include "ike/exchange/size_probe.h"

namespace twinspan::ike {

bool has_task(const IkeSa& sa, Task::Kind kind) {
  return std::ranges::any_of(sa.queue, [kind](const Task& task) { return task.kind == kind; });
}

void add_task(IkeSa& sa, const Task& task) {
  const auto same = [&](const Task& other) {
    return other.kind == task.kind && other.inbound_spi == task.inbound_spi &&
           other.config == task.config && other.resource == task.resource;
  };
  if (std::ranges::any_of(sa.queue, same)) return;
  if (sa.queue.size() == kTasksMax) {
    sa.log.warning("{}: too many exchanges are waiting; {} is dropped", sa.peer->name,
                   to_string(task.kind));
    return;
  }
  // Deleting what nobody uses any more goes before making something new.
  if (task.kind == Task::Kind::DeleteChild) {
    sa.queue.push_front(task);
  } else {
    sa.queue.push_back(task);
  }
}

void queue_task(Context& context, IkeSa& sa, Task task) {
  add_task(sa, task);
  run_queue(context, sa);
}

namespace {

// The peer rekeys a child and has not shown that it has our answer. It would refuse to rekey the
// IKE SA now (RFC 7296 2.25.2); strongSwan 5.9.8, once the rekeys of both have crossed, agrees and
// forgets the child that it is about to have.
bool peer_is_rekeying(const ChildSa& child) {
  return child.by_rekey && child.outbound_half == Outbound::Waiting &&
         child.timers.is_armed(ChildTimer::Proof);
}

// A child that the peer may not know yet is not named.
bool is_ready(const IkeSa& sa, const Task& task, Instant now) {
  if (task.not_before > now) return false;
  // RFC 7296 2.25.2: nothing begins on children that the peer is about to take along to another IKE
  // SA; the tasks go with them.
  if (task.kind != Task::Kind::Liveness && awaits_followup(sa, std::nullopt)) return false;
  if (task.kind == Task::Kind::RekeyIke) return std::ranges::none_of(sa.children, peer_is_rekeying);
  if (task.kind != Task::Kind::RekeyChild) return true;
  const auto child = std::ranges::find(sa.children, task.inbound_spi, &ChildSa::inbound);
  return child == sa.children.end() || !child->timers.is_armed(ChildTimer::Proof);
}

void start_task(Context& context, IkeSa& sa, const Task& task) {
  switch (task.kind) {
    case Task::Kind::CreateChild:
      return start_create_child(context, sa, task);
    case Task::Kind::RekeyChild:
      return start_rekey_child(context, sa, task);
    case Task::Kind::RekeyIke:
      return start_rekey_ike(context, sa, task);
    case Task::Kind::DeleteChild:
      return start_delete_child(context, sa, task.inbound_spi);
    case Task::Kind::Liveness:
      return start_liveness(context, sa);
    case Task::Kind::InvalidSpi:
      return start_invalid_spi(context, sa, task.inbound_spi);
    case Task::Kind::SizeProbe:
      return start_size_probe(context, sa, task.search);
  }
}

}  // namespace

void run_queue(Context& context, IkeSa& sa) {
  // Each round starts one task or finds that there is nothing to start; a task may turn out to be
  // moot.
  while (sa.state() == IkeSaState::Established && !sa.window.in_flight() &&
         sa.active.index() == 0 && !sa.timers.is_armed(SaTimer::Hold) &&
         !context.supervisor.awaits_settings(sa)) {
    const auto ready = std::ranges::find_if(
        sa.queue, [&](const Task& task) { return is_ready(sa, task, context.now); });
    if (ready == sa.queue.end()) break;
    const Task task = *ready;
    sa.queue.erase(ready);
    start_task(context, sa, task);
    context.supervisor.touch(sa.tunnel());
  }
  std::optional<Instant> next;
  for (const Task& task : sa.queue) {
    if (task.not_before > context.now) next = earlier(next, task.not_before);
  }
  if (next) {
    sa.timers.arm(SaTimer::Queue, *next);
  } else {
    sa.timers.cancel(SaTimer::Queue);
  }
}

}  // namespace twinspan::ike
