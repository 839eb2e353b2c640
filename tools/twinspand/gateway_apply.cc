// The half of Gateway that takes on another estate while it runs.
//
// First everything that the host may refuse, each step with the one that takes it back; then what
// cannot be refused: tunnels go, change and come. Tunnels that nothing changed about are not
// touched, so they lose no packet, and their peers hear nothing.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "ike/core/diagnosis.h"
#include "policy/change_effect.h"
#include "policy/diff.h"
#include "tools/twinspand/gateway.h"
#include "tools/twinspand/isolation.h"
#include "tools/twinspand/wiring.h"
#include "tun/descriptor_limit.h"

namespace twinspan::tools {
namespace {

using policy::TunnelSuccession;

// Such a tunnel is made anew beside its predecessor.
bool needs_device(const TunnelSuccession& pair) {
  return pair.after != nullptr &&
         (pair.before == nullptr || pair.before->device != pair.after->device);
}

ike::Effect to_effect(policy::ChangeAction action) {
  switch (action) {
    case policy::ChangeAction::Rekey:
      return ike::Effect::Rekey;
    case policy::ChangeAction::Reauth:
      return ike::Effect::Reauth;
    case policy::ChangeAction::Restart:
      return ike::Effect::Restart;
    default:
      return ike::Effect::InPlace;
  }
}

bool loses_device(const TunnelSuccession& pair) {
  return pair.before != nullptr &&
         (pair.after == nullptr || pair.before->device != pair.after->device);
}

}  // namespace

// What the host has given for the next estate.
struct Gateway::Granted {
  OuterSockets::Opened sockets;
  std::map<std::string, tun::TunDevice> devices;  // By connection.
};

Result<void, ChangeRefusal> Gateway::apply(Estate next) {
  if (stopped_) return Err(ChangeRefusal{{"the gateway", "it is stopping", ""}, {}});
  const Estate before = estate_;
  const Changes changes{before.plan, policy::succession(before.plan, next.plan)};
  Undo undo;
  auto granted = prepare(next.plan, changes.tunnels, undo);
  if (!granted) return Err(ChangeRefusal{std::move(granted).error(), undo.take_back()});
  undo.forget();
  carry_out(changes, std::move(next), *std::move(granted));
  return {};
}

// The routes come last: they lead to the new devices at once, and away from those that go.
Result<Gateway::Granted, tun::HostError> Gateway::prepare(
    const policy::Plan& next, const std::vector<TunnelSuccession>& tunnels, Undo& undo) {
  Granted granted;
  TRY(tun::raise_descriptor_limit(descriptors_needed(estate_.plan, options_.workers) +
                                  descriptors_needed(next, options_.workers)));
  if (next.local_addresses != estate_.plan.local_addresses) TRY(check_host(next.local_addresses));
  TRY_ASSIGN(granted.sockets, sockets_.open(parts_.host, next, options_));
  TRY(put_up_isolation(next));
  undo.add([this] { return put_up_isolation(estate_.plan); });
  for (const TunnelSuccession& tunnel : tunnels) {
    if (!needs_device(tunnel)) continue;
    // Runs when what was granted, with the device's descriptor, is gone.
    undo.add([this, name = tunnel.after->device]() -> Result<void, tun::HostError> {
      parts_.host.delete_tun(name);
      return {};
    });
    TRY_ASSIGN(tun::TunDevice device, open_device(*tunnel.after));
    granted.devices.emplace(tunnel.after->connection, std::move(device));
  }
  undo.add([this] { return set_routes(estate_.plan, true); });
  TRY(set_routes(next, true));
  return granted;
}

void Gateway::carry_out(const Changes& changes, Estate next, Granted granted) {
  std::map<std::string, TunnelId> ids;  // By the name before.
  for (const TunnelView& tunnel : board_.tunnels()) ids.emplace(tunnel.plan.connection, tunnel.id);
  sockets_.hand_over(std::move(granted.sockets), data_plane_);
  for (const TunnelSuccession& tunnel : changes.tunnels) {
    if (loses_device(tunnel)) retire(*board_.find(ids.at(tunnel.before->connection)));
  }
  estate_ = std::move(next);
  const policy::TunnelSources former_sources =
      std::exchange(sources_, policy::TunnelSources(estate_.plan));
  const Former former{changes.before, former_sources};
  std::vector<TunnelId> order;
  for (const TunnelSuccession& tunnel : changes.tunnels) {
    if (tunnel.after == nullptr) continue;
    const size_t index = order.size();  // Those that stay and come are in the plan's order.
    if (needs_device(tunnel)) {
      add_tunnel(index, std::move(granted.devices.at(tunnel.after->connection)));
      order.push_back(last_id_);
    } else {
      order.push_back(ids.at(tunnel.before->connection));
      change_tunnel(*board_.find(order.back()), former, index);
    }
  }
  board_.arrange(order);
  data_plane_.publish();
  record_peerings();
  negotiate(changes.tunnels);
}

void Gateway::retire(const TunnelView& tunnel) {
  const TunnelId id = tunnel.id;
  const std::string connection = tunnel.plan.connection;
  const std::string device = tunnel.plan.device;
  driver_.command(ike::CommandRemovePeer{id});
  fail_waiting(id, connection);
  data_plane_.remove_tunnel(id);
  carriers_.erase(id);
  inbound_packets_seen_.erase(id.value);
  board_.remove(id);
  parts_.host.delete_tun(device);
  log_.info("{}: removed, with device {}", connection, device);
  parts_.journal.add("connection-removed", connection, {{"device", device}});
}

// Whoever waits for the end of a command has it now.
void Gateway::fail_waiting(TunnelId id, const std::string& connection) {
  std::vector<CommandOutcome> outcomes;
  for (auto& [key, waiting] : waiting_) {
    if (key.first == id) std::ranges::move(waiting, std::back_inserter(outcomes));
  }
  std::erase_if(waiting_, [&](const auto& entry) { return entry.first.first == id; });
  const ike::Diagnosis diagnosis{.cause = "removed",
                                 .message = "the connection was removed meanwhile",
                                 .connection = connection};
  for (const CommandOutcome& outcome : outcomes) outcome(false, diagnosis);
}

// What this side has of it; IKE follows when all tunnels are as they should be.
void Gateway::change_tunnel(TunnelView& tunnel, const Former& former, size_t index) {
  const policy::TunnelPlan& plan = estate_.plan.tunnels[index];
  const policy::TunnelPlan old_plan = std::exchange(tunnel.plan, plan);
  tunnel.places = estate_.places[index];
  auto policy = to_source_policy(estate_.plan, sources_, plan);
  if (policy != to_source_policy(former.plan, former.sources, old_plan))
    data_plane_.set_source_policy(tunnel.id, std::move(policy));
  if (plan == old_plan) return;
  data_plane_.set_traffic(tunnel.id, {.copy_dscp = plan.copy_dscp});
  if (plan.remote_name.empty()) {
    update_mtu(tunnel, plan.remote_address);
  } else if (tunnel.ike) {
    update_mtu(tunnel, tunnel.ike->remote.address);
  }
}

// Keys are read with every estate, so those of tunnels that stay as they are may be new.
void Gateway::negotiate(const std::vector<TunnelSuccession>& tunnels) {
  warn_of_credentials();
  size_t index = 0;
  for (const TunnelSuccession& tunnel : tunnels) {
    if (tunnel.after == nullptr) continue;
    const TunnelView& view = board_.tunnels()[index];
    if (needs_device(tunnel)) {
      driver_.command(ike::CommandAddPeer{.peer = peer_config(view, index)});
      parts_.journal.add("connection-added", view.plan.connection, {{"device", view.plan.device}});
    } else if (*tunnel.before == view.plan) {
      set_credentials(index);
    } else {
      change_peer(tunnel, index);
    }
    ++index;
  }
}

void Gateway::change_peer(const TunnelSuccession& tunnel, size_t index) {
  const TunnelId id = board_.tunnels()[index].id;
  TunnelView& view = *board_.find(id);
  policy::ChangeAction action = policy::ChangeAction::InPlace;
  for (const std::string& member : policy::changed_members(*tunnel.before, view.plan))
    action = std::max(action, policy::tunnel_effect(member).action);
  const std::string word = policy::to_string(action);
  log_.info("{}: changes, {}", view.plan.connection, word);
  parts_.journal.add("connection-changed", view.plan.connection, {{"action", word}});
  view.last_change = word + ": under way";
  waiting_[{id, CommandKind::SetPeer}].push_back(
      [this, id, word](bool ok, const ike::Diagnosis& diagnosis) {
        conclude_change(id, word, ok, diagnosis);
      });
  driver_.command(
      ike::CommandSetPeer{.peer = peer_config(view, index), .effect = to_effect(action)});
}

// The new settings hold for whatever begins from now on; only what stands may lag behind.
void Gateway::conclude_change(TunnelId id, const std::string& action, bool ok,
                              const ike::Diagnosis& diagnosis) {
  TunnelView* const tunnel = board_.find(id);
  // A later change has an end of its own.
  if (tunnel == nullptr || diagnosis.cause == ike::cause_id(ike::Cause::Replaced)) return;
  const std::string& name = tunnel->plan.connection;
  if (ok) {
    log_.info("{}: runs as changed", name);
    parts_.journal.add("connection-change-in-force", name, {{"action", action}});
    return;
  }
  tunnel->last_change = action + ": " + diagnosis.message;
  log_.info("{}: the change is pending: {}", name, diagnosis.message);
  parts_.journal.add(
      "connection-change-pending", name,
      {{"action", action}, {"cause", diagnosis.cause}, {"message", diagnosis.message}});
}

}  // namespace twinspan::tools
