#include "ike/core/remote_path.h"

#include "ike/core/fragments.h"
#include "ike/core/sa_registry.h"

namespace twinspan::ike {
namespace {

void move_sa(Context& context, IkeSa& sa, const Endpoint& local, const Endpoint& remote) {
  sa.local = local;
  sa.remote = remote;
  // What they ask about is another path now.
  std::erase_if(sa.queue, [](const Task& task) { return task.kind == Task::Kind::SizeProbe; });
  for (const ChildSa& child : sa.children) {
    context.outbox.emit(EventUpdateRemote{.child = child.id, .local = local, .remote = remote});
  }
}

// Everything that we have with this peer at the place that it left: an IKE SA and its successor are
// one peer, and what lingers still has to say goodbye.
void follow_peer(Context& context, const IkeSa& proven, const Endpoint& remote) {
  const Endpoint left = proven.remote;
  proven.log.info("{}: the peer moved from {} to {}", proven.peer->name, left.to_string(),
                  remote.to_string());
  ++context.counters.remote_moves;
  for (IkeSa* sa : context.sas.of_tunnel(proven.tunnel())) {
    if (sa->remote != left || sa->established_at == Instant{}) continue;
    move_sa(context, *sa, sa->local, remote);
    if (!sa->is_announced) continue;
    context.outbox.emit(EventIkeMoved{.tunnel = sa->tunnel(),
                                      .initiator_spi = sa->spi_i,
                                      .responder_spi = sa->spi_r,
                                      .local = sa->local,
                                      .remote = remote});
  }
}

void ask(Context& context, IkeSa& sa) {
  if (!sa.window.in_flight()) {
    if (!has_task(sa, Task::Kind::Liveness)) {
      queue_task(context, sa, {.kind = Task::Kind::Liveness});
    }
  } else {
    send_datagrams(context, sa.local, sa.remote, sa.window.repeat());
  }
  if (!sa.window.in_flight()) return;
  sa.path.note_asked();
  if (sa.path.asks_candidate()) {
    send_datagrams(context, sa.local, sa.path.candidate(), sa.window.repeat());
  }
}

void note_candidate(Context& context, IkeSa& sa, const Endpoint& remote) {
  if (!sa.path.note_candidate(context.now, remote)) return;
  ++context.counters.path_probes;
  sa.log.info("{}: packets of the peer come from {}; asking whether it left {}", sa.peer->name,
              remote.to_string(), sa.remote.to_string());
  // Not from within the handler of the message that told it: that one answers first.
  sa.timers.arm(SaTimer::PathProbe, context.now);
}

}  // namespace

void note_remote(Context& context, IkeSa& sa, const Endpoint& local, const Endpoint& remote) {
  // RFC 7296 2.23: the port floats after IKE_SA_INIT, which is no move.
  if (is_half_open(sa.state())) return move_sa(context, sa, local, remote);
  // Without a NAT there is nothing to follow, and the port of ours that ESP uses stays what it is.
  if (sa.state() != IkeSaState::Established || sa.encapsulation != Encapsulation::Udp ||
      local != sa.local) {
    return;
  }
  if (remote != sa.remote) return note_candidate(context, sa, remote);
  if (sa.path.note_current(context.now) == PathProbe::Verdict::Stay) {
    sa.timers.cancel(SaTimer::PathProbe);
  }
}

void note_answer_path(Context& context, IkeSa& sa, const Endpoint& local, const Endpoint& remote) {
  const Endpoint candidate = sa.path.candidate();
  switch (sa.path.note_answer(context.now, remote)) {
    case PathProbe::Verdict::Move:
      sa.timers.cancel(SaTimer::PathProbe);
      return follow_peer(context, sa, candidate);
    case PathProbe::Verdict::Stay:
      return sa.timers.cancel(SaTimer::PathProbe);
    case PathProbe::Verdict::Wait:
      return note_remote(context, sa, local, remote);
  }
}

bool admits_auth_from(const IkeSa& sa, const Endpoint& remote) {
  return !is_half_open(sa.state()) || sa.remote.address == remote.address;
}

void handle_path_timer(Context& context, IkeSa& sa) {
  if (sa.state() != IkeSaState::Established) return;
  if (sa.path.note_time(context.now) != PathProbe::Verdict::Wait) return;
  sa.timers.arm(SaTimer::PathProbe, context.now + kPathAskInterval);
  ask(context, sa);
}

}  // namespace twinspan::ike
