#include "ike/core/supervisor.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ike/core/child_wishes.h"
#include "ike/core/lifetime.h"
#include "ike/core/resources.h"
#include "ike/core/sa_registry.h"
#include "ike/exchange/size_probe.h"

namespace twinspan::ike {
bool is_live(const IkeSa& sa) {
  return sa.state() != IkeSaState::Lingering && sa.state() != IkeSaState::Closed;
}

void check_bounds(const PeerConfig& peer) {
  CHECK(!peer.children.empty() && peer.children.size() <= kChildConfigsMax);
  CHECK(peer.resources >= 1 && peer.resources <= kResourcesMax);
}

bool is_making_children(const IkeSa& sa) {
  return child_of(sa.active) != nullptr || !sa.awaited_followups.empty() ||
         has_task(sa, Task::Kind::CreateChild) ||
         std::ranges::any_of(sa.children, [](const ChildSa& child) {
           return child.timers.is_armed(ChildTimer::Proof);
         });
}

namespace {

// A child of `sa` whose outbound half is such, for what `child` of another IKE SA carries.
bool has_counterpart(const IkeSa& sa, const ChildSa& child, Outbound half) {
  return std::ranges::any_of(sa.children, [&](const ChildSa& own) {
    return own.is_usable() && own.outbound_half == half &&
           is_same_traffic(own.traffic(), child.traffic());
  });
}

// Whatever the two ends make on `sa` has been made. A child with additional key exchanges takes
// several round trips, and there may be many of them.
bool gets_no_more(const IkeSa& sa, Instant now) {
  Instant last = sa.established_at;
  for (const ChildSa& child : sa.children) last = std::max(last, child.installed_at);
  return !is_making_children(sa) && now >= last + kActivateAfter;
}

// One that wins against `sa` too sends for the same traffic: of three IKE SAs two would take turns.
bool is_outdone(const std::vector<IkeSa*>& sas, const IkeSa& sa, const ChildSa& child) {
  return std::ranges::any_of(sas, [&](const IkeSa* other) {
    return other != &sa && other->state() == IkeSaState::Established && !other->is_redundant &&
           &choose_loser(sa, *other) == &sa && has_counterpart(*other, child, Outbound::Active);
  });
}

// All that is wanted of `sa` is there and sent on.
bool carries_everything(const IkeSa& sa) {
  const bool lacks_some = std::ranges::any_of(sa.peer->children, [&](const ChildConfig& config) {
    return missing_slot(sa, config).has_value();
  });
  return !lacks_some && std::ranges::all_of(sa.children, [](const ChildSa& child) {
    return !child.is_usable() || child.outbound_half == Outbound::Active;
  });
}

// Our request to rekey it is under way: the peer may have agreed already, and moved the children to
// an IKE SA that only it knows.
bool is_rekeying(const IkeSa& sa) {
  const OurExchange ours = kind_of(sa.active);
  return ours == OurExchange::RekeyIke || ours == OurExchange::FollowupIke;
}

// The peer, which closes the other one, may have asked for its first child there instead.
bool awaits_first_child(const IkeSa& winner, Instant now) {
  return !has_usable_child(winner) && now < winner.established_at + kActivateAfter;
}

// Whether `winner` may take the place of `loser`: the peer holds it as well (our answer to its
// IKE_AUTH may still be on its way), and so it does each child that the loser has. A peer that does
// not prove it, or refuses a child, is not waited for long; a child that waits for its proof has a
// timer of its own for that.
bool can_replace(const IkeSa& winner, const IkeSa& loser, Instant now) {
  if (is_rekeying(loser)) return false;
  const bool is_over = now >= winner.established_at + kActivateAfter;
  // The peer may send already on the child that we have asked for there.
  if (!is_over && (!winner.is_proven || std::holds_alternative<ChildExchange>(loser.active)))
    return false;
  // Under other settings there need be no counterparts.
  if (loser.is_outdated && carries_everything(winner)) return true;
  // Whatever the peer refuses there goes on here.
  if (has_usable_child(loser) && !has_usable_child(winner)) return false;
  const bool is_refused = gets_no_more(winner, now);
  return std::ranges::all_of(loser.children, [&](const ChildSa& child) {
    return !child.is_usable() || has_counterpart(winner, child, Outbound::Active) ||
           (is_refused && !has_counterpart(winner, child, Outbound::Waiting));
  });
}

}  // namespace

// --- Commands ---

void Supervisor::add(Context& context, PeerConfig peer, bool started) {
  const TunnelId id = peer.tunnel;
  if (tunnels_.contains(id)) take_away(context, id);
  if (leaving_.erase(id) != 0) context.outbox.emit(EventPeerRemoved{id});
  check_bounds(peer);
  Tunnel& tunnel = tunnels_[id];
  tunnel.peer = std::make_shared<const PeerConfig>(std::move(peer));
  tunnel.is_held_down = !started;
  touch(id);
}

void Supervisor::up(Context& context, TunnelId id) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr || !wait_for(context, *tunnel, Kind::Up)) return;
  if (tunnel->is_held_down)
    answer(context, *tunnel, Kind::Down,
           diagnose(Cause::Replaced, tunnel->peer->name, "by a later up"));
  tunnel->is_held_down = false;
  tunnel->has_new_failure = false;
  tunnel->has_failed_attempt = false;
  tunnel->renewal = {};
  const bool responds_only = tunnel->peer->mode == ConnectionMode::ResponderOnly;
  tunnel->timers.arm(TunnelTimer::UpDeadline,
                     context.now + (responds_only ? kUpWaitResponderOnly : kUpWaitMax));
  if (tunnel->timers.is_armed(TunnelTimer::Retry))
    tunnel->timers.arm(TunnelTimer::Retry, context.now);
  for (auto& [slot, wish] : tunnel->wishes) wish.retry_at = context.now;
  touch(id);
}

void Supervisor::down(Context& context, TunnelId id) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr || !wait_for(context, *tunnel, Kind::Down)) return;
  tunnel->is_held_down = true;
  touch(id);
}

void Supervisor::rekey_child(Context& context, TunnelId id) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr || !wait_for(context, *tunnel, Kind::RekeyChild)) return;
  touch(id);
  IkeSa* sa = preferred(context, id);
  const auto current = sa == nullptr ? std::vector<Spi>{} : sa->current_children();
  if (current.empty()) {
    return answer(context, *tunnel, Kind::RekeyChild,
                  diagnose(Cause::NotConnected, tunnel->peer->name));
  }
  for (const Spi inbound : current) {
    queue_task(context, *sa, {.kind = Task::Kind::RekeyChild, .inbound_spi = inbound});
  }
}

void Supervisor::rekey_ike(Context& context, TunnelId id) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr || !wait_for(context, *tunnel, Kind::RekeyIke)) return;
  touch(id);
  IkeSa* sa = preferred(context, id);
  if (sa == nullptr) {
    return answer(context, *tunnel, Kind::RekeyIke,
                  diagnose(Cause::NotConnected, tunnel->peer->name));
  }
  queue_task(context, *sa, {.kind = Task::Kind::RekeyIke});
}

void Supervisor::ask_path_size(Context& context, TunnelId id, uint32_t packet_size) {
  IkeSa* sa = preferred(context, id);
  if (sa == nullptr || !may_search_size(*sa)) return;
  const SizeSearch search(packet_size, sa->remote.address.family());
  if (!search.is_done())
    queue_task(context, *sa, {.kind = Task::Kind::SizeProbe, .search = search});
}

void Supervisor::shutdown(Context& context) {
  if (shutdown_deadline_) return;
  shutdown_deadline_ = context.now + kShutdownMax;
  for (auto& [id, tunnel] : tunnels_) {
    tunnel.is_held_down = true;
    tunnel.failure = diagnose(Cause::Shutdown, tunnel.peer->name);
    touch(id);
  }
}

// A command that cannot wait is answered at once, so that each gets exactly one answer.
bool Supervisor::wait_for(Context& context, Tunnel& tunnel, Kind kind) {
  // Of CommandSetPeer only the last one waits.
  const bool has_room = tunnel.waiting.size() < kWaitingCommandsMax || kind == Kind::SetPeer;
  if (has_room && !is_shutting_down()) {
    tunnel.waiting.push_back(kind);
    return true;
  }
  const Cause cause = is_shutting_down() ? Cause::Shutdown : Cause::TooManyCommands;
  context.outbox.emit(EventCommandDone{.tunnel = tunnel.peer->tunnel,
                                       .kind = kind,
                                       .ok = false,
                                       .diagnosis = diagnose(cause, tunnel.peer->name)});
  return false;
}

// --- For the handlers ---

Tunnel* Supervisor::find(TunnelId id) {
  const auto found = tunnels_.find(id);
  return found == tunnels_.end() ? nullptr : &found->second;
}

void Supervisor::fail(TunnelId id, const Diagnosis& why, Blame blame) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr) return;
  tunnel->failure = failures_.placed(*tunnel->peer, why);
  failures_.add(id, *tunnel->failure);
  tunnel->has_new_failure = true;
  if (blame == Blame::Ours) ++tunnel->failure_count;
  // A stranger's attempt says nothing about ours; who never initiates has no other to go by.
  const bool waits_for_peer = tunnel->peer->mode == ConnectionMode::ResponderOnly;
  if (blame == Blame::Ours || waits_for_peer) tunnel->has_failed_attempt = true;
  touch(id);
}

void Supervisor::record(TunnelId id, const Diagnosis& why) {
  if (const Tunnel* tunnel = find(id)) failures_.add(id, failures_.placed(*tunnel->peer, why));
}

bool Supervisor::admits_complaint(Context& context, TunnelId id) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr) return false;
  if (tunnel->last_complaint && context.now - *tunnel->last_complaint < kComplaintIntervalMin) {
    return false;
  }
  tunnel->last_complaint = context.now;
  return true;
}

void Supervisor::finish(Context& context, TunnelId id, Kind kind,
                        const std::optional<Diagnosis>& failure) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr) return;
  if (failure) record(id, *failure);
  answer(context, *tunnel, kind, failure);
}

void Supervisor::answer(Context& context, Tunnel& tunnel, Kind kind,
                        const std::optional<Diagnosis>& failure) {
  const auto count = std::erase(tunnel.waiting, kind);
  for (size_t i = 0; i < count; ++i) {
    context.outbox.emit(EventCommandDone{
        .tunnel = tunnel.peer->tunnel,
        .kind = kind,
        .ok = !failure.has_value(),
        .diagnosis = failure ? failures_.placed(*tunnel.peer, *failure) : Diagnosis{}});
  }
  if (kind == Kind::Up) tunnel.timers.cancel(TunnelTimer::UpDeadline);
  if (kind == Kind::SetPeer) tunnel.timers.cancel(TunnelTimer::ChangeDeadline);
}

void Supervisor::keep_inbound(Context& context, TunnelId id, const ChildSa& replaced,
                              Duration span) {
  Tunnel* tunnel = find(id);
  if (tunnel == nullptr) {
    context.outbox.emit(EventRemoveInbound{replaced.inbound});
    return;
  }
  auto& grace = tunnel->grace;
  const auto is_sibling = [&](const auto& kept) { return kept.slot == replaced.slot(); };
  if (std::ranges::count_if(grace, is_sibling) == std::ptrdiff_t{kGraceInboundMax}) {
    const auto oldest = std::ranges::find_if(grace, is_sibling);
    context.outbox.emit(EventRemoveInbound{oldest->spi});
    grace.erase(oldest);
    ++context.counters.grace_evicted;
  }
  const Instant until = context.now + span;
  grace.insert(std::ranges::upper_bound(grace, until, {}, &Tunnel::GraceInbound::until),
               {replaced.inbound, replaced.slot(), until});
  tunnel->timers.arm(TunnelTimer::Grace, tunnel->grace.front().until);
}

bool Supervisor::grace_holds(Spi spi) const {
  return std::ranges::any_of(tunnels_, [spi](const auto& entry) {
    return std::ranges::any_of(entry.second.grace,
                               [spi](const auto& kept) { return kept.spi == spi; });
  });
}

void Supervisor::flush_grace(Context& context, Tunnel& tunnel) {
  for (const auto& kept : tunnel.grace) context.outbox.emit(EventRemoveInbound{kept.spi});
  tunnel.grace.clear();
  tunnel.timers.cancel(TunnelTimer::Grace);
}

// --- Driving ---

void Supervisor::reconcile(Context& context) {
  failures_.flush(context.outbox);
  // Reconciling may touch again, but each round moves towards rest; the bound guards against our
  // error.
  for (unsigned round = 0; round < 4 && !touched_.empty(); ++round) {
    const std::set<TunnelId> ids = std::exchange(touched_, {});
    for (const TunnelId id : ids) {
      if (Tunnel* tunnel = find(id)) reconcile_tunnel(context, *tunnel);
    }
  }
  begin_waiting_attempts(context);
  report_removed(context);
  if (is_shutting_down()) finish_shutdown(context);
}

void Supervisor::reconcile_tunnel(Context& context, Tunnel& tunnel) {
  if (tunnel.is_held_down) {
    const Cause cause = is_shutting_down() ? Cause::Shutdown : Cause::HeldDown;
    hold_down(context, tunnel, diagnose(cause, tunnel.peer->name));
  } else {
    carry_on_change(context, tunnel);
    resolve_duplicates(context, tunnel);
    pursue(context, tunnel);
    conclude_change(context, tunnel);
  }
  answer_stranded(context, tunnel);
}

void Supervisor::hold_down(Context& context, Tunnel& tunnel, const Diagnosis& why) {
  bool is_gone = true;
  for (IkeSa* sa : context.sas.of_tunnel(tunnel.peer->tunnel)) {
    switch (sa->state()) {
      case IkeSaState::InitSent:
      case IkeSaState::IntermediateSent:
        close_silently(context, *sa, why);
        break;
      case IkeSaState::InitAnswered:
      case IkeSaState::IntermediateDue:
        withdraw_candidate(context, *sa, tunnel.peer->tunnel, why);
        break;
      // The responder of an IKE_AUTH in flight may have established already: only DELETE tells it.
      case IkeSaState::AuthSent:
      case IkeSaState::Candidate:
      case IkeSaState::Established:
      case IkeSaState::Replaced:
        close_with_delete(context, *sa, why, InboundFate::Now);
        break;
      default:
        break;
    }
    is_gone &= !is_live(*sa) || sa->tunnel() != tunnel.peer->tunnel;
  }
  tunnel.timers.cancel(TunnelTimer::Retry);
  tunnel.timers.cancel(TunnelTimer::ChildRetry);
  tunnel.timers.cancel(TunnelTimer::Resolve);
  tunnel.remote.is_resolving = false;
  tunnel.failure_count = 0;
  tunnel.up_since.reset();
  tunnel.wishes.clear();
  changing_.erase(tunnel.peer->tunnel);
  answer(context, tunnel, Kind::Up, why);
  answer(context, tunnel, Kind::SetPeer, why);
  report(context, tunnel, TunnelState::Down, why.message);
  if (!is_gone) return;
  flush_grace(context, tunnel);
  answer(context, tunnel, Kind::Down, std::nullopt);
}

const IkeSa& choose_loser(const IkeSa& a, const IkeSa& b) {
  if (a.established_at <= b.created_at) return a;
  if (b.established_at <= a.created_at) return b;
  // The ends decide at different times, and one of the SAs may be rekeyed in between.
  return a.origin < b.origin ? b : a;
}

void Supervisor::resolve_duplicates(Context& context, Tunnel& tunnel) {
  const auto sas = context.sas.of_tunnel(tunnel.peer->tunnel);
  for (IkeSa* a : sas) {
    for (IkeSa* b : sas) {
      if (a == b || a->state() != IkeSaState::Established || a->is_redundant ||
          b->state() != IkeSaState::Established || b->is_redundant) {
        continue;
      }
      IkeSa& loser = &choose_loser(*a, *b) == a ? *a : *b;
      IkeSa& winner = &loser == a ? *b : *a;
      // The loser serves until then.
      for (const Spi inbound : winner.current_children()) {
        ChildSa& child = *winner.find_child_by_inbound(inbound);
        if (winner.is_proven && !child.timers.is_armed(ChildTimer::Proof) &&
            !is_outdone(sas, winner, child)) {
          activate_child(context, winner, child);
        }
      }
      const bool ours_to_close = loser.role == Role::Initiator || winner.recovers;
      const bool may_go = ours_to_close || !awaits_first_child(winner, context.now);
      if (!may_go || !can_replace(winner, loser, context.now)) {
        loser.timers.arm(SaTimer::Reap,
                         std::max(winner.established_at + kActivateAfter, context.now + 1s));
        continue;
      }
      if (ours_to_close) {
        close_with_delete(context, loser, diagnose(Cause::Replaced, tunnel.peer->name),
                          InboundFate::Grace);
      } else {
        loser.is_redundant = true;
        loser.timers.arm(SaTimer::Reap, context.now + kRedundantReapAfter);
      }
    }
  }
}

void Supervisor::pursue(Context& context, Tunnel& tunnel) {
  const IkeSa* established = preferred(context, tunnel.peer->tunnel);
  if (established != nullptr && has_usable_child(*established)) {
    note_standing(context, tunnel, *established);
  } else {
    note_missing(context, tunnel, established);
  }
  attempt(context, tunnel);
}

void Supervisor::note_standing(Context& context, Tunnel& tunnel, const IkeSa& established) {
  if (!tunnel.up_since) tunnel.up_since = context.now;
  if (std::exchange(tunnel.has_failed_attempt, false) && tunnel.failure && established.is_outdated)
    answer(context, tunnel, Kind::SetPeer, *tunnel.failure);
  tunnel.failure.reset();
  tunnel.has_new_failure = false;
  tunnel.remote.connected();
  report(context, tunnel, TunnelState::Established, {});
  // What only the peer can begin is not waited for.
  const bool responds_only = tunnel.peer->mode == ConnectionMode::ResponderOnly;
  if (responds_only || is_complete(established)) answer(context, tunnel, Kind::Up, std::nullopt);
}

void Supervisor::note_missing(Context& context, Tunnel& tunnel, const IkeSa* established) {
  if (const auto up_since = std::exchange(tunnel.up_since, std::nullopt);
      up_since && context.now - *up_since >= kStableAfter) {
    tunnel.failure_count = std::min(tunnel.failure_count, 1u);
  }
  if (std::exchange(tunnel.has_failed_attempt, false)) {
    for (const Kind kind : {Kind::Up, Kind::SetPeer})
      answer(context, tunnel, kind, *tunnel.failure);
  }
  const bool responds_only = tunnel.peer->mode == ConnectionMode::ResponderOnly;
  const std::string reason = tunnel.failure  ? tunnel.failure->message
                             : responds_only ? "waiting for the peer to initiate"
                                             : "negotiating";
  report(context, tunnel,
         responds_only && established == nullptr ? TunnelState::Idle : TunnelState::Connecting,
         reason);
}

// An IKE SA where there is none under the present settings, and its children.
void Supervisor::attempt(Context& context, Tunnel& tunnel) {
  const TunnelId id = tunnel.peer->tunnel;
  const bool responds_only = tunnel.peer->mode == ConnectionMode::ResponderOnly;
  const IkeSa* const survivor = surviving(context, id);
  const bool is_up = tunnel.up_since.has_value();
  if (is_up) wish_for_children(context, tunnel, *survivor);
  if (survivor != nullptr && !survivor->is_outdated && is_up)
    return tunnel.timers.cancel(TunnelTimer::Retry);
  const auto sas = context.sas.of_tunnel(id);
  const bool negotiating =
      std::ranges::any_of(sas, [](const IkeSa* sa) { return is_negotiating(sa->state()); });
  const bool is_named = !tunnel.peer->remote_name.empty();
  if ((responds_only && (!is_named || is_up)) || negotiating || tunnel.remote.is_resolving) return;
  if (survivor != nullptr && !survivor->is_outdated)
    return wish_for_children(context, tunnel, *survivor);
  if (survivor == nullptr) tunnel.timers.cancel(TunnelTimer::ChildRetry);
  const bool is_too_early = std::ranges::any_of(
      sas, [&](const IkeSa* sa) { return may_lack_our_answer(*sa, context.now); });
  if (is_too_early || tunnel.timers.is_armed(TunnelTimer::Retry) || tunnel.is_in_line) return;
  Duration wait{};
  if (tunnel.failure_count > 0) wait = around(backoff_wait(tunnel.failure_count), context.provider);
  // Who waits for the peer to call looks its name up, and no more.
  if (responds_only && tunnel.was_resolved) wait = kResolveInterval;
  tunnel.timers.arm(TunnelTimer::Retry, context.now + wait);
}

// Commands that nothing will answer any more.
void Supervisor::answer_stranded(Context& context, Tunnel& tunnel) {
  const auto sas = context.sas.of_tunnel(tunnel.peer->tunnel);
  const auto any = [&](OurExchange exchange, Task::Kind task) {
    return std::ranges::any_of(sas, [&](const IkeSa* sa) {
      return is_live(*sa) && (kind_of(sa->active) == exchange || has_task(*sa, task));
    });
  };
  const Diagnosis why = tunnel.failure.value_or(diagnose(Cause::NotConnected, tunnel.peer->name));
  if (!any(OurExchange::RekeyChild, Task::Kind::RekeyChild))
    answer(context, tunnel, Kind::RekeyChild, why);
  if (!any(OurExchange::RekeyIke, Task::Kind::RekeyIke) &&
      !any(OurExchange::FollowupIke, Task::Kind::RekeyIke))
    answer(context, tunnel, Kind::RekeyIke, why);
}

void Supervisor::report(Context& context, Tunnel& tunnel, TunnelState state, std::string reason) {
  const bool is_new = !tunnel.is_reported || tunnel.state != state || tunnel.reason != reason ||
                      tunnel.has_new_failure;
  const bool with_diagnosis = tunnel.failure && state != TunnelState::Established;
  tunnel.has_new_failure = false;
  if (!is_new) return;
  tunnel.is_reported = true;
  tunnel.state = state;
  tunnel.reason = std::move(reason);
  if (tunnel.peer->name.size() && !tunnel.reason.empty()) {
    context.options.log.info("{}: {}", tunnel.peer->name, tunnel.reason);
  }
  context.outbox.emit(
      EventTunnelState{.tunnel = tunnel.peer->tunnel,
                       .state = state,
                       .reason = tunnel.reason,
                       .diagnosis = with_diagnosis ? *tunnel.failure : Diagnosis{}});
}

void Supervisor::handle_timeout(Context& context) {
  for (auto& [id, tunnel] : tunnels_) {
    while (const auto timer = tunnel.timers.take_due(context.now)) {
      handle_timer(context, tunnel, *timer);
      touch(id);
    }
  }
  if (is_shutting_down()) finish_shutdown(context);
}

void Supervisor::handle_timer(Context& context, Tunnel& tunnel, TunnelTimer timer) {
  switch (timer) {
    case TunnelTimer::Retry:
      return retry(context, tunnel);
    case TunnelTimer::ChildRetry:
      return create_due_children(context, tunnel);
    case TunnelTimer::Resolve:
      return handle_silent_resolver(context, tunnel);
    case TunnelTimer::UpDeadline: {
      const std::string& name = tunnel.peer->name;
      // A failure from before the command would explain nothing here.
      if (tunnel.peer->mode == ConnectionMode::ResponderOnly)
        return answer(context, tunnel, Kind::Up, diagnose(Cause::PeerDidNotCall, name));
      return answer(context, tunnel, Kind::Up,
                    tunnel.failure.value_or(diagnose(Cause::NoAnswer, name)));
    }
    case TunnelTimer::ChangeDeadline: {
      const bool responds_only = tunnel.peer->mode == ConnectionMode::ResponderOnly;
      const Cause cause = responds_only ? Cause::PeerDidNotCall : Cause::NoAnswer;
      return answer(context, tunnel, Kind::SetPeer,
                    tunnel.failure.value_or(diagnose(cause, tunnel.peer->name)));
    }
    case TunnelTimer::Grace:
      while (!tunnel.grace.empty() && tunnel.grace.front().until <= context.now) {
        context.outbox.emit(EventRemoveInbound{tunnel.grace.front().spi});
        tunnel.grace.pop_front();
      }
      if (!tunnel.grace.empty()) tunnel.timers.arm(TunnelTimer::Grace, tunnel.grace.front().until);
      return;
    case TunnelTimer::Count_:
      return;
  }
}

void Supervisor::finish_shutdown(Context& context) {
  if (is_quiet_) return;
  const bool any_live = std::ranges::any_of(
      context.sas.all(), [](const auto& entry) { return is_live(*entry.second); });
  if (any_live && context.now < *shutdown_deadline_) return;
  const Diagnosis why{.cause = cause_id(Cause::Shutdown), .message = "shutdown", .remedy = {}};
  for (const auto& [spi, sa] : context.sas.all()) {
    if (sa->state() != IkeSaState::Closed) close_silently(context, *sa, why);
  }
  is_quiet_ = true;
  report_removed(context);
  context.outbox.emit(EventQuiet{});
}

std::optional<Instant> Supervisor::next_timeout() const {
  std::optional<Instant> next = is_quiet_ ? std::nullopt : shutdown_deadline_;
  for (const auto& [id, tunnel] : tunnels_) next = earlier(next, tunnel.timers.next());
  return next;
}

}  // namespace twinspan::ike
