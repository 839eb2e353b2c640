// The half of Gateway that carries out what the IKE core asks for, and writes down what it tells.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "tools/twinspand/diagnosis_json.h"
#include "tools/twinspand/gateway.h"
#include "tools/twinspand/wiring.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

const char* to_word(ike::TunnelState state) {
  switch (state) {
    case ike::TunnelState::Idle:
      return "idle";
    case ike::TunnelState::Connecting:
      return "connecting";
    case ike::TunnelState::Established:
      return "established";
    case ike::TunnelState::Down:
      return "down";
  }
  return "unknown";
}

std::string spi_text(Spi spi) {
  return fmt::format("0x{:08x}", spi.value);
}

}  // namespace

void Gateway::handle(ike::Event event) {
  std::visit([this](auto& value) { on(std::move(value)); }, event);
}

void Gateway::publish_if_changed() {
  if (!table_changed_) return;
  table_changed_ = false;
  data_plane_.publish();
}

void Gateway::on(ike::EventInstallPair event) {
  const Spi inbound_spi = event.params.inbound_spi;
  if (parts_.key_log) parts_.key_log->write(event.params);
  table_changed_ = true;
  TunnelView* const tunnel = event.params.aggfrag ? board_.find(event.params.tunnel) : nullptr;
  if (tunnel != nullptr && !std::exchange(tunnel->has_aggfrag, true)) {
    update_mtu(*tunnel, event.params.remote.address);
  }
  if (const auto installed = data_plane_.install(std::move(event.params)); !installed) {
    log_.error("SA {} cannot be installed: {}", spi_text(inbound_spi), installed.error());
    driver_.command(ike::CommandHardLimit{inbound_spi});  // Makes the core delete it on both sides.
  }
}

void Gateway::on(const ike::EventActivateOutbound& event) {
  table_changed_ = true;
  data_plane_.activate_outbound(event.child);
}

void Gateway::on(const ike::EventRemoveOutbound& event) {
  table_changed_ = true;
  data_plane_.remove_outbound(event.child);
}

void Gateway::on(const ike::EventRemoveInbound& event) {
  table_changed_ = true;
  data_plane_.remove_inbound(event.spi);
}

void Gateway::on(const ike::EventUpdateRemote& event) {
  table_changed_ = true;
  data_plane_.update_remote(event.child, event.local, event.remote);
}

void Gateway::on(const ike::EventPathSize& event) {
  const TunnelView* const tunnel = board_.find(event.tunnel);
  if (tunnel == nullptr || !event.fitting) return;
  const auto news = data_plane_.settle_path(event.tunnel, event.asked, *event.fitting);
  if (news == esp::PathMtu::News::None) return;
  if (news == esp::PathMtu::News::Narrower) {
    log_.warning("{}: {}", tunnel->plan.connection, silent_path_text(*event.fitting));
  } else {
    log_.info("{}: packets of {} bytes get through again", tunnel->plan.connection, *event.fitting);
  }
  parts_.journal.add(
      "path-mtu", tunnel->plan.connection,
      {{"bytes", data_plane_.path_mtu(event.tunnel)}, {"asked", event.asked}, {"from", "probe"}});
}

void Gateway::on(const ike::EventResolve& event) {
  names_.resolve(event.name, [this, event](const NameAnswer& answer) {
    driver_.command(ike::CommandResolved{.tunnel = event.tunnel,
                                         .name = event.name,
                                         .addresses = answer ? *answer : std::vector<IpAddress>{},
                                         .error = answer ? "" : answer.error()});
  });
}

void Gateway::on(const ike::EventTunnelState& event) {
  const TunnelView* const tunnel = board_.apply(event);
  if (tunnel == nullptr) return;
  if (!event.diagnosis.cause.empty()) {
    log_.warning("{}: {} ({})", tunnel->plan.connection, event.diagnosis.message,
                 event.diagnosis.remedy);
  } else {
    log_.info("{}: {}{}{}", tunnel->plan.connection, to_word(event.state),
              event.reason.empty() ? "" : ": ", event.reason);
  }
  parts_.journal.add("tunnel-state", tunnel->plan.connection,
                     {{"state", to_word(event.state)},
                      {"reason", event.reason},
                      {"cause", event.diagnosis.cause},
                      {"message", event.diagnosis.message},
                      {"remedy", event.diagnosis.remedy}});
}

// The tunnel's state, which follows, tells people; this is the whole record for programs.
void Gateway::on(const ike::EventExchangeFailed& event) {
  const TunnelView* const tunnel = board_.apply(event, rfc3339_now());
  if (tunnel == nullptr) return;
  json record = diagnosis_json(event.record, tunnel->places);
  record.erase("connection");
  parts_.journal.add("exchange-failed", tunnel->plan.connection, std::move(record));
}

void Gateway::on(const ike::EventChildEstablished& event) {
  const TunnelView* const tunnel = board_.apply(event, rfc3339_now());
  if (tunnel == nullptr) return;
  log_.info(
      "{}: Child SA {} {}, in {} out {}{}{}{}", tunnel->plan.connection,
      event.by_rekey ? "rekeyed" : "established", event.is_initiator ? "by us" : "by the peer",
      spi_text(event.inbound_spi), spi_text(event.outbound_spi),
      event.resource > 0 ? fmt::format(", resource {}", event.resource) : "",
      event.aggfrag ? ", AGGFRAG" : "",
      event.narrowed ? fmt::format(", narrowed to {} === {}", to_string(event.local_selectors),
                                   to_string(event.remote_selectors))
                     : "");
  parts_.journal.add(event.by_rekey ? "child-rekeyed" : "child-established",
                     tunnel->plan.connection,
                     {{"child", event.name},
                      {"resource", event.resource},
                      {"aggfrag", event.aggfrag},
                      {"spi_in", spi_text(event.inbound_spi)},
                      {"spi_out", spi_text(event.outbound_spi)},
                      {"narrowed", event.narrowed},
                      {"is_initiator", event.is_initiator}});
  update_carrier(*tunnel);
}

void Gateway::on(const ike::EventChildGone& event) {
  const TunnelView* const tunnel = board_.apply(event);
  if (tunnel == nullptr) return;
  log_.info("{}: Child SA gone: {}", tunnel->plan.connection, event.reason);
  parts_.journal.add("child-gone", tunnel->plan.connection, {{"reason", event.reason}});
  update_carrier(*tunnel);
}

void Gateway::on(const ike::EventChildTrouble& event) {
  const TunnelView* const tunnel = board_.apply(event);
  if (tunnel == nullptr) return;
  log_.warning("{}: child {}: {} ({})", tunnel->plan.connection, event.name,
               event.diagnosis.message, event.diagnosis.remedy);
  parts_.journal.add("child-trouble", tunnel->plan.connection,
                     {{"child", event.name},
                      {"cause", event.diagnosis.cause},
                      {"message", event.diagnosis.message},
                      {"remedy", event.diagnosis.remedy}});
}

void Gateway::on(const ike::EventIkeEstablished& event) {
  TunnelView* const tunnel = board_.apply(event);
  if (tunnel == nullptr) return;
  if (!tunnel->plan.remote_name.empty()) update_mtu(*tunnel, event.remote.address);
  log_.info("{}: IKE SA {:016x}:{:016x} {} with {}", tunnel->plan.connection,
            event.initiator_spi.value, event.responder_spi.value,
            event.by_rekey ? "rekeyed" : "established", event.remote.to_string());
  parts_.journal.add(event.by_rekey ? "ike-rekeyed" : "ike-established", tunnel->plan.connection,
                     {{"initiator_spi", fmt::format("{:016x}", event.initiator_spi.value)},
                      {"responder_spi", fmt::format("{:016x}", event.responder_spi.value)},
                      {"remote", event.remote.to_string()},
                      {"authentication", ike::to_string(event.proof.kind)},
                      {"with_ppk", event.with_ppk},
                      {"is_initiator", event.is_initiator}});
}

void Gateway::on(const ike::EventIkeMoved& event) {
  const TunnelView* const tunnel = board_.apply(event);
  if (tunnel == nullptr) return;
  log_.info("{}: IKE SA {:016x}:{:016x} moved to {}", tunnel->plan.connection,
            event.initiator_spi.value, event.responder_spi.value, event.remote.to_string());
  parts_.journal.add("ike-moved", tunnel->plan.connection,
                     {{"initiator_spi", fmt::format("{:016x}", event.initiator_spi.value)},
                      {"responder_spi", fmt::format("{:016x}", event.responder_spi.value)},
                      {"remote", event.remote.to_string()}});
}

void Gateway::on(const ike::EventIkeGone& event) {
  const TunnelView* const tunnel = board_.apply(event);
  if (tunnel == nullptr) return;
  log_.info("{}: IKE SA {:016x}:{:016x} gone: {}", tunnel->plan.connection,
            event.initiator_spi.value, event.responder_spi.value, event.reason);
  parts_.journal.add("ike-gone", tunnel->plan.connection, {{"reason", event.reason}});
}

void Gateway::on(const ike::EventCommandDone& event) {
  const auto found = waiting_.find({event.tunnel, event.kind});
  if (found == waiting_.end() || found->second.empty()) return;
  const CommandOutcome outcome = std::move(found->second.front());
  found->second.pop_front();
  outcome(event.ok, event.diagnosis);
}

void Gateway::on(const ike::EventPeerRemoved& event) {
  if (const TunnelView* const tunnel = board_.find(event.tunnel))
    log_.info("{}: the peer has been told that the connection is gone", tunnel->plan.connection);
}

void Gateway::on(const ike::EventMessage& event) {
  const TunnelView* const tunnel = board_.find(event.tunnel);
  if (tunnel != nullptr) log_.debug("{}: {}", tunnel->plan.connection, event.text);
  const auto listeners = listeners_;  // One of them may leave while it is told.
  for (const auto& [id, listener] : listeners) {
    if (listener.tunnel == event.tunnel) listener.tell(event.text);
  }
}

void Gateway::on(const ike::EventIkeKeys& event) {
  if (parts_.key_log) parts_.key_log->write(event);
}

void Gateway::on(const ike::EventQuiet&) {
  if (!stopped_) return;
  const auto stopped = std::exchange(stopped_, nullptr);
  publish_if_changed();
  stopped();
}

void Gateway::update_carrier(const TunnelView& tunnel) {
  carriers_.at(tunnel.id)->want(tunnel.is_usable());
}

void Gateway::command(CommandKind kind, TunnelId tunnel, CommandOutcome outcome) {
  waiting_[{tunnel, kind}].push_back(std::move(outcome));
  switch (kind) {
    case CommandKind::Up:
      return driver_.command(ike::CommandUp{tunnel});
    case CommandKind::Down:
      return driver_.command(ike::CommandDown{tunnel});
    case CommandKind::RekeyChild:
      return driver_.command(ike::CommandRekeyChild{tunnel});
    case CommandKind::RekeyIke:
      return driver_.command(ike::CommandRekeyIke{tunnel});
    case CommandKind::SetPeer:
      break;  // Comes with settings, not by this way.
  }
  CHECK(false);
}

// Of a peer with a name it is only known where it is when it is there, and whether payloads have a
// header of their own, when that is agreed.
void Gateway::update_mtu(TunnelView& tunnel, const IpAddress& remote) {
  const unsigned path_mtu = parts_.host.path_mtu(tunnel.plan.local_address, remote);
  const unsigned mtu = inner_mtu(tunnel.plan, path_mtu, tunnel.has_aggfrag);
  if (mtu == tunnel.mtu) return;
  if (const auto set = parts_.host.set_mtu(tunnel.plan.device, mtu); !set) {
    return log_.warning("{}: {}", tunnel.plan.connection, set.error().to_string());
  }
  log_.info("{}: MTU {} of device {}", tunnel.plan.connection, mtu, tunnel.plan.device);
  data_plane_.set_device_mtu(tunnel.id, mtu);
  tunnel.mtu = mtu;
}

int Gateway::listen(TunnelId tunnel, std::function<void(const std::string&)> listener) {
  listeners_[next_listener_] = {tunnel, std::move(listener)};
  return next_listener_++;
}

}  // namespace twinspan::tools
