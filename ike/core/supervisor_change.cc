// The half of Supervisor that brings changed settings into effect (CommandSetPeer), and takes a
// tunnel away.
//
// The command itself only notes what has to give way; reconcile() carries it on from there, so that
// a second change, a lost message or a peer that is busy need no case of their own: each IKE SA is
// compared with what its tunnel has now.
#include <algorithm>
#include <utility>

#include "ike/core/child_wishes.h"
#include "ike/core/credentials.h"
#include "ike/core/reconfigure.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"

namespace twinspan::ike {
namespace {

bool stands(const IkeSa& sa) {
  return sa.state() == IkeSaState::Established && !sa.is_redundant;
}

// What only the peer can begin is not waited for.
bool has_what_it_wants(Context& context, const Tunnel& tunnel) {
  const IkeSa* sa = preferred(context, tunnel.peer->tunnel);
  const bool responds_only = tunnel.peer->mode == ConnectionMode::ResponderOnly;
  return sa != nullptr && (responds_only || is_complete(*sa));
}

bool is_under_other_settings(const IkeSa& sa, const Tunnel& tunnel) {
  return stands(sa) && (sa.is_outdated || sa.peer != tunnel.peer || has_marked_child(sa));
}

void swap_settings(std::shared_ptr<const PeerConfig>& held,
                   const std::shared_ptr<const PeerConfig>& former,
                   const std::shared_ptr<const PeerConfig>& fresh) {
  if (held == former) held = fresh;
}

// What has not come to IKE_AUTH depends only on settings that are still the same.
void keep_negotiating(Context& context, const std::shared_ptr<const PeerConfig>& former,
                      const std::shared_ptr<const PeerConfig>& fresh) {
  for (const auto& [spi, sa] : context.sas.all()) {
    const IkeSaState state = sa->state();
    if (is_half_open(state)) {
      for (auto& candidate : sa->candidates) swap_settings(candidate, former, fresh);
    }
    if (is_half_open(state) || (is_negotiating(state) && state != IkeSaState::AuthSent))
      swap_settings(sa->peer, former, fresh);
  }
}

// Attempts of ours end, what stands is to be replaced. Of the peer's attempts IKE_AUTH is refused,
// so that it begins anew at once.
void outdate(Context& context, TunnelId id, const Diagnosis& why) {
  for (IkeSa* sa : context.sas.of_tunnel(id)) {
    switch (sa->state()) {
      case IkeSaState::InitSent:
      case IkeSaState::IntermediateSent:
        close_silently(context, *sa, why);
        break;
      case IkeSaState::AuthSent:
        close_with_delete(context, *sa, why, InboundFate::Now);
        break;
      case IkeSaState::Established:
      case IkeSaState::Candidate:
        sa->is_outdated = true;
        break;
      default:
        break;
    }
  }
}

void close_outdated(Context& context, TunnelId id, const Diagnosis& why) {
  for (IkeSa* sa : context.sas.of_tunnel(id)) {
    const IkeSaState state = sa->state();
    if (state == IkeSaState::Established || state == IkeSaState::Candidate ||
        state == IkeSaState::Replaced) {
      close_with_delete(context, *sa, why, InboundFate::Now);
    }
  }
}

void close_early_attempts(Context& context, TunnelId id, const Diagnosis& why) {
  for (IkeSa* sa : context.sas.of_tunnel(id)) {
    if (is_negotiating(sa->state()) && sa->state() != IkeSaState::AuthSent)
      close_silently(context, *sa, why);
  }
}

}  // namespace

// --- Other settings ---

void Supervisor::set_peer(Context& context, PeerConfig peer, Effect effect) {
  const TunnelId id = peer.tunnel;
  Tunnel* const tunnel = find(id);
  if (tunnel == nullptr) return;
  check_bounds(peer);
  answer(context, *tunnel, Kind::SetPeer,
         diagnose(Cause::Replaced, tunnel->peer->name, "by a later change"));
  if (!wait_for(context, *tunnel, Kind::SetPeer)) return;
  const std::shared_ptr<const PeerConfig> former = tunnel->peer;
  effect = std::max(effect, needed_effect(*former, peer));
  peer.authentication =
      succeed(former->authentication, std::move(peer.authentication), context.now);
  tunnel->peer = std::make_shared<const PeerConfig>(std::move(peer));
  context.options.log.info("{}: new settings: {}", tunnel->peer->name, to_string(effect));
  changing_.insert(id);
  touch(id);
  if (!tunnel->is_held_down) begin_change(context, *tunnel, former, effect);
  if (tunnel->is_held_down || !tunnel->up_since)
    answer(context, *tunnel, Kind::SetPeer, std::nullopt);
}

void Supervisor::begin_change(Context& context, Tunnel& tunnel,
                              const std::shared_ptr<const PeerConfig>& former, Effect effect) {
  const TunnelId id = tunnel.peer->tunnel;
  const Diagnosis why = diagnose(Cause::Reconfigured, tunnel.peer->name);
  const bool responds_only = tunnel.peer->mode == ConnectionMode::ResponderOnly;
  tunnel.renewal = {};
  tunnel.wishes.clear();
  tunnel.failure_count = 0;
  tunnel.timers.cancel(TunnelTimer::ChildRetry);
  tunnel.timers.arm(TunnelTimer::ChangeDeadline,
                    context.now + (responds_only ? kUpWaitResponderOnly : kUpWaitMax));
  if (effect >= Effect::Reauth) {
    outdate(context, id, why);
  } else {
    keep_negotiating(context, former, tunnel.peer);
  }
  if (effect == Effect::Restart) {
    close_outdated(context, id, why);
    forget_remote(tunnel);
  }
  if (responds_only) {
    close_early_attempts(context, id, why);
    leave_line(tunnel);
    tunnel.timers.cancel(TunnelTimer::Retry);
  } else if (tunnel.timers.is_armed(TunnelTimer::Retry)) {
    tunnel.timers.arm(TunnelTimer::Retry, context.now);
  }
}

// It is somewhere else now, perhaps.
void Supervisor::forget_remote(Tunnel& tunnel) {
  leave_line(tunnel);
  tunnel.remote = {};
  tunnel.was_resolved = false;
  tunnel.timers.cancel(TunnelTimer::Resolve);
}

void Supervisor::leave_line(Tunnel& tunnel) {
  if (!std::exchange(tunnel.is_in_line, false)) return;
  for (auto& [remote, line] : lines_) std::erase(line, tunnel.peer->tunnel);
  std::erase_if(lines_, [](const auto& entry) { return entry.second.empty(); });
}

bool Supervisor::awaits_settings(const IkeSa& sa) const {
  const auto found = tunnels_.find(sa.tunnel());
  return found != tunnels_.end() && !sa.is_outdated && !found->second.is_held_down &&
         found->second.peer != sa.peer;
}

void Supervisor::carry_on_change(Context& context, Tunnel& tunnel) {
  const TunnelId id = tunnel.peer->tunnel;
  if (!changing_.contains(id)) return;
  for (IkeSa* sa : context.sas.of_tunnel(id)) {
    if (sa->state() != IkeSaState::Established || sa->is_outdated) continue;
    if (sa->peer != tunnel.peer && is_settled(*sa)) adopt_settings(context, *sa, tunnel.peer);
    if (sa->peer == tunnel.peer) delete_former_children(context, *sa);
    run_queue(context, *sa);
  }
}

void Supervisor::conclude_change(Context& context, Tunnel& tunnel) {
  const TunnelId id = tunnel.peer->tunnel;
  if (!changing_.contains(id)) return;
  const auto sas = context.sas.of_tunnel(id);
  const bool is_over =
      std::ranges::none_of(sas,
                           [&](const IkeSa* sa) { return is_under_other_settings(*sa, tunnel); }) &&
      std::ranges::none_of(sas, [](const IkeSa* sa) { return is_negotiating(sa->state()); });
  if (is_over && tunnel.up_since && has_what_it_wants(context, tunnel)) {
    tunnel.failure_count = 0;
    answer(context, tunnel, Kind::SetPeer, std::nullopt);
  }
  const bool is_awaited = std::ranges::find(tunnel.waiting, Kind::SetPeer) != tunnel.waiting.end();
  if (is_over && !is_awaited) changing_.erase(id);
}

// --- Gone ---

// Other connections may be meant as well.
void withdraw_candidate(Context& context, IkeSa& sa, TunnelId id, const Diagnosis& why) {
  std::erase_if(sa.candidates, [id](const auto& candidate) { return candidate->tunnel == id; });
  if (sa.candidates.empty()) return close_silently(context, sa, why);
  sa.peer = sa.candidates.front();
}

void Supervisor::remove(Context& context, TunnelId id) {
  if (!tunnels_.contains(id)) return;
  take_away(context, id);
  leaving_.insert(id);
}

void Supervisor::take_away(Context& context, TunnelId id) {
  Tunnel& tunnel = tunnels_.at(id);
  const Diagnosis why = diagnose(Cause::Removed, tunnel.peer->name);
  tunnel.is_held_down = true;
  leave_line(tunnel);
  for (const auto& [spi, sa] : context.sas.all()) {
    if (is_half_open(sa->state())) withdraw_candidate(context, *sa, id, why);
  }
  hold_down(context, tunnel, why);
  for (const Kind kind : {Kind::Up, Kind::RekeyChild, Kind::RekeyIke, Kind::SetPeer})
    answer(context, tunnel, kind, why);
  answer(context, tunnel, Kind::Down, std::nullopt);
  flush_grace(context, tunnel);
  changing_.erase(id);
  tunnels_.erase(id);
}

void Supervisor::report_removed(Context& context) {
  std::erase_if(leaving_, [&](TunnelId id) {
    const auto sas = context.sas.of_tunnel(id);
    if (std::ranges::any_of(sas, [](const IkeSa* sa) { return is_live(*sa); })) return false;
    context.outbox.emit(EventPeerRemoved{id});
    return true;
  });
}

}  // namespace twinspan::ike
