// The half of Supervisor that begins negotiations: with which address, and beside what.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/ike_sa_init.h"

namespace twinspan::ike {
namespace {

// Or admits none yet.
bool needs_no_attempt(Context& context, TunnelId id) {
  return std::ranges::any_of(context.sas.of_tunnel(id), [&](const IkeSa* sa) {
    return is_negotiating(sa->state()) || may_lack_our_answer(*sa, context.now) ||
           (sa->state() == IkeSaState::Established && !sa->is_redundant && !sa->is_outdated);
  });
}

// What stands and is to give way to the attempt.
const IkeSa* find_outdated(Context& context, TunnelId id) {
  const auto sas = context.sas.of_tunnel(id);
  const auto found = std::ranges::find_if(sas, [](const IkeSa* sa) {
    return sa->state() == IkeSaState::Established && sa->is_outdated;
  });
  return found == sas.end() ? nullptr : *found;
}

void begin_attempt(Context& context, const Tunnel& tunnel, const IpAddress& remote) {
  const bool replaces = find_outdated(context, tunnel.peer->tunnel) != nullptr;
  initiate(context, tunnel.peer, remote).recovers = replaces;
}

size_t count_attempts(const Context& context, const IpAddress& remote) {
  return static_cast<size_t>(std::ranges::count_if(context.sas.all(), [&](const auto& entry) {
    return is_negotiating(entry.second->state()) && entry.second->remote.address == remote;
  }));
}

Diagnosis diagnose_name(const PeerConfig& peer, const std::string& detail) {
  return diagnose(Cause::NameUnresolved, peer.name,
                  fmt::format("{}: {}", peer.remote_name, detail));
}

}  // namespace

bool may_lack_our_answer(const IkeSa& sa, Instant now) {
  return sa.state() == IkeSaState::Established && !sa.is_proven &&
         now < sa.established_at + kActivateAfter;
}

void Supervisor::retry(Context& context, Tunnel& tunnel) {
  if (tunnel.is_held_down || needs_no_attempt(context, tunnel.peer->tunnel)) return;
  if (!tunnel.peer->remote_name.empty()) {
    // The peer of an SA that stands is where that is, whatever its name means by now.
    const IkeSa* outdated = find_outdated(context, tunnel.peer->tunnel);
    if (outdated != nullptr) return begin_attempt(context, tunnel, outdated->remote.address);
    return ask_for_addresses(context, tunnel);
  }
  const IpAddress& remote = tunnel.peer->remote_address;
  if (count_attempts(context, remote) < kAttemptsPerAddressMax)
    return begin_attempt(context, tunnel, remote);
  if (std::exchange(tunnel.is_in_line, true)) return;
  lines_[remote].push_back(tunnel.peer->tunnel);
}

// From anywhere in a line: of two gateways that start together each would otherwise make the IKE SA
// that the other one is making.
void Supervisor::begin_waiting_attempts(Context& context) {
  for (auto& [remote, line] : lines_) {
    size_t room =
        kAttemptsPerAddressMax - std::min(kAttemptsPerAddressMax, count_attempts(context, remote));
    while (room != 0 && !line.empty()) {
      std::swap(line[context.provider.u64() % line.size()], line.back());
      Tunnel* const tunnel = find(line.back());
      line.pop_back();
      if (tunnel == nullptr || !std::exchange(tunnel->is_in_line, false)) continue;
      if (tunnel->is_held_down || needs_no_attempt(context, tunnel->peer->tunnel)) continue;
      begin_attempt(context, *tunnel, tunnel->peer->remote_address);
      --room;
    }
  }
  std::erase_if(lines_, [](const auto& entry) { return entry.second.empty(); });
}

// --- Names ---

void Supervisor::ask_for_addresses(Context& context, Tunnel& tunnel) {
  if (tunnel.remote.is_resolving) return;
  tunnel.remote.is_resolving = true;
  tunnel.timers.arm(TunnelTimer::Resolve, context.now + kResolveMax);
  context.outbox.emit(
      EventResolve{.tunnel = tunnel.peer->tunnel, .name = tunnel.peer->remote_name});
}

void Supervisor::resolved(Context& context, const CommandResolved& answer) {
  Tunnel* tunnel = find(answer.tunnel);
  if (tunnel == nullptr || tunnel->peer->remote_name != answer.name) return;
  const bool is_awaited = std::exchange(tunnel->remote.is_resolving, false);
  tunnel->was_resolved = true;
  tunnel->timers.cancel(TunnelTimer::Resolve);
  const PeerConfig& peer = *tunnel->peer;
  // Without an answer the addresses of before may still be the peer's, for who calls from there.
  if (answer.error.empty()) tunnel->remote.take(answer.addresses, peer.local_address);
  touch(answer.tunnel);
  if (!is_awaited || tunnel->is_held_down || is_shutting_down() ||
      needs_no_attempt(context, answer.tunnel)) {
    return;
  }
  const std::string detail =
      !answer.error.empty() ? answer.error : describe_useless(answer.addresses, peer.local_address);
  const Diagnosis why = diagnose_name(peer, detail);
  const bool only_waits = peer.mode == ConnectionMode::ResponderOnly;
  if (tunnel->remote.addresses().empty() && !only_waits) return fail(answer.tunnel, why);
  // The name service may be behind this very tunnel, and who waits for the peer can do without.
  if (!answer.error.empty()) context.options.log.warning("{}: {}", peer.name, why.message);
  if (!only_waits) begin_attempt(context, *tunnel, *tunnel->remote.next());
}

void Supervisor::handle_silent_resolver(Context& context, const Tunnel& tunnel) {
  resolved(context, {.tunnel = tunnel.peer->tunnel,
                     .name = tunnel.peer->remote_name,
                     .addresses = {},
                     .error = "the name service does not answer"});
}

bool Supervisor::expects(const PeerConfig& peer, const IpAddress& remote) const {
  if (peer.remote_name.empty()) return peer.remote_address == remote;
  const auto found = tunnels_.find(peer.tunnel);
  return found != tunnels_.end() && found->second.remote.has(remote);
}

// A peer with a name may call from anywhere: its name service may lag behind, and who it is AUTH
// decides. What is expected at that address goes first.
Supervisor::Candidates Supervisor::candidates(const IpAddress& local,
                                              const IpAddress& remote) const {
  Candidates found;
  std::vector<std::shared_ptr<const PeerConfig>> unexpected;
  for (const auto& [id, tunnel] : tunnels_) {
    const PeerConfig& peer = *tunnel.peer;
    if (peer.local_address != local || peer.mode == ConnectionMode::InitiatorOnly) continue;
    const bool is_expected = expects(peer, remote);
    if (!is_expected && peer.remote_name.empty()) continue;
    if (tunnel.is_held_down) {
      found.is_held_down |= is_expected;
    } else {
      (is_expected ? found.peers : unexpected).push_back(tunnel.peer);
    }
  }
  found.peers.insert(found.peers.end(), unexpected.begin(), unexpected.end());
  return found;
}

// --- Beside an SA that seems lost ---

void Supervisor::recover(Context& context, const IkeSa& old) {
  Tunnel* tunnel = find(old.tunnel());
  if (tunnel == nullptr || tunnel->is_held_down || is_shutting_down()) return;
  if (tunnel->peer->mode == ConnectionMode::ResponderOnly) return;
  if (tunnel->last_recovery && context.now - *tunnel->last_recovery < kRecoveryIntervalMin) return;
  const auto sas = context.sas.of_tunnel(old.tunnel());
  const bool is_under_way = std::ranges::any_of(sas, [&](const IkeSa* sa) {
    return is_negotiating(sa->state()) || (sa != &old && may_lack_our_answer(*sa, context.now));
  });
  if (is_under_way) return;
  tunnel->last_recovery = context.now;
  context.options.log.info("{}: the peer seems to have lost our SA; negotiating beside it",
                           tunnel->peer->name);
  // A name may have changed its meaning since: the peer of this SA is where it is.
  const bool is_named = !tunnel->peer->remote_name.empty();
  const IpAddress remote = is_named ? old.remote.address : tunnel->peer->remote_address;
  initiate(context, tunnel->peer, remote).recovers = true;
}

IkeSa& initiate(Context& context, const std::shared_ptr<const PeerConfig>& peer,
                const IpAddress& remote) {
  auto made = std::make_unique<IkeSa>(Role::Initiator, peer, context.options.log);
  made->spi_i = context.sas.fresh_ike_spi(context.provider);
  made->origin = made->spi_i;
  made->origin_is_ours = true;
  made->local = {peer->local_address, context.options.ike_port};
  made->remote = {remote, context.options.ike_port};
  made->created_at = context.now;
  IkeSa& sa = context.sas.add(std::move(made));
  start_ike_sa_init(context, sa);
  return sa;
}

}  // namespace twinspan::ike
