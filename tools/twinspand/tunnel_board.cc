#include "tools/twinspand/tunnel_board.h"

#include <algorithm>

#include "base/check.h"

namespace twinspan::tools {

const char* to_string(ConnectionStatus status) {
  switch (status) {
    case ConnectionStatus::Connecting:
      return "Connecting";
    case ConnectionStatus::Connected:
      return "Connected";
    case ConnectionStatus::NotConnected:
      return "NotConnected";
    case ConnectionStatus::Unknown:
      break;
  }
  return "Unknown";
}

ConnectionStatus TunnelView::status() const {
  if (is_usable()) return ConnectionStatus::Connected;
  switch (ike_state) {
    case ike::TunnelState::Connecting:
    case ike::TunnelState::Established:
      return ConnectionStatus::Connecting;
    case ike::TunnelState::Idle:
    case ike::TunnelState::Down:
      return ConnectionStatus::NotConnected;
  }
  return ConnectionStatus::Unknown;
}

bool TunnelView::serves(const std::string& child) const {
  return std::ranges::find(children, child, &ike::EventChildEstablished::name) != children.end();
}

size_t TunnelView::children_up() const {
  return static_cast<size_t>(std::ranges::count_if(
      plan.children, [this](const policy::ChildPlan& child) { return serves(child.name); }));
}

const ike::EventChildEstablished* TunnelView::first_child() const {
  const ike::EventChildEstablished* first = nullptr;
  for (const ike::EventChildEstablished& child : children) {
    if (first == nullptr || child.resource <= first->resource) first = &child;
  }
  return first;
}

void TunnelBoard::add(TunnelId id, const policy::TunnelPlan& plan, unsigned mtu,
                      policy::ConfigPlaces places) {
  tunnels_.push_back(
      {.id = id, .plan = plan, .mtu = mtu, .reason = "not tried yet", .places = std::move(places)});
}

void TunnelBoard::remove(TunnelId id) {
  std::erase_if(tunnels_, [&](const TunnelView& tunnel) { return tunnel.id == id; });
}

void TunnelBoard::arrange(const std::vector<TunnelId>& order) {
  CHECK(order.size() == tunnels_.size());
  std::vector<TunnelView> arranged;
  arranged.reserve(order.size());
  for (const TunnelId id : order) {
    TunnelView* const tunnel = find(id);
    CHECK(tunnel != nullptr);
    arranged.push_back(std::move(*tunnel));
  }
  tunnels_ = std::move(arranged);
}

TunnelView* TunnelBoard::apply(const ike::EventExchangeFailed& event, const std::string& now) {
  TunnelView* const tunnel = find(event.tunnel);
  if (tunnel == nullptr) return nullptr;
  tunnel->last_failure = event.record;
  tunnel->last_failure_at = now;
  return tunnel;
}

TunnelView* TunnelBoard::apply(const ike::EventTunnelState& event) {
  TunnelView* const tunnel = find(event.tunnel);
  if (tunnel == nullptr) return nullptr;
  tunnel->ike_state = event.state;
  if (!event.reason.empty()) tunnel->reason = event.reason;
  if (!event.diagnosis.cause.empty()) tunnel->diagnosis = event.diagnosis;
  return tunnel;
}

TunnelView* TunnelBoard::apply(const ike::EventChildEstablished& event, const std::string& now) {
  TunnelView* const tunnel = find(event.tunnel);
  if (tunnel == nullptr) return nullptr;
  if (tunnel->children.empty()) tunnel->established_since = now;
  if (event.by_rekey) ++tunnel->child_rekeys;
  tunnel->children.push_back(event);
  tunnel->child_troubles.erase(event.name);
  tunnel->reason.clear();
  tunnel->diagnosis = {};
  return tunnel;
}

TunnelView* TunnelBoard::apply(const ike::EventChildGone& event) {
  TunnelView* const tunnel = find(event.tunnel);
  if (tunnel == nullptr) return nullptr;
  std::erase_if(tunnel->children, [&](const auto& child) { return child.child == event.child; });
  if (tunnel->children.empty()) {
    tunnel->established_since.clear();
    tunnel->reason = event.reason;
  }
  return tunnel;
}

TunnelView* TunnelBoard::apply(const ike::EventChildTrouble& event) {
  TunnelView* const tunnel = find(event.tunnel);
  if (tunnel == nullptr) return nullptr;
  tunnel->child_troubles[event.name] = event.diagnosis;
  return tunnel;
}

TunnelView* TunnelBoard::apply(const ike::EventIkeEstablished& event) {
  TunnelView* const tunnel = find(event.tunnel);
  if (tunnel == nullptr) return nullptr;
  if (event.by_rekey) ++tunnel->ike_rekeys;
  if (tunnel->ike) tunnel->older_ikes.push_back(*std::move(tunnel->ike));
  tunnel->ike = event;
  return tunnel;
}

TunnelView* TunnelBoard::apply(const ike::EventIkeMoved& event) {
  TunnelView* const tunnel = find(event.tunnel);
  if (tunnel == nullptr) return nullptr;
  if (tunnel->ike && tunnel->ike->initiator_spi == event.initiator_spi) {
    tunnel->ike->local = event.local;
    tunnel->ike->remote = event.remote;
  }
  return tunnel;
}

TunnelView* TunnelBoard::apply(const ike::EventIkeGone& event) {
  TunnelView* const tunnel = find(event.tunnel);
  if (tunnel == nullptr) return nullptr;
  std::erase_if(tunnel->older_ikes,
                [&](const auto& older) { return older.initiator_spi == event.initiator_spi; });
  if (!tunnel->ike || tunnel->ike->initiator_spi != event.initiator_spi) return tunnel;
  // Of two that were made at the same time the later one may be the one that goes.
  tunnel->ike.reset();
  if (tunnel->older_ikes.empty()) return tunnel;
  tunnel->ike = std::move(tunnel->older_ikes.back());
  tunnel->older_ikes.pop_back();
  return tunnel;
}

TunnelView* TunnelBoard::find(TunnelId id) {
  const auto found = std::find_if(tunnels_.begin(), tunnels_.end(),
                                  [&](const TunnelView& tunnel) { return tunnel.id == id; });
  return found == tunnels_.end() ? nullptr : &*found;
}

TunnelView* TunnelBoard::find(std::string_view connection) {
  const auto found = std::find_if(tunnels_.begin(), tunnels_.end(), [&](const TunnelView& tunnel) {
    return tunnel.plan.connection == connection;
  });
  return found == tunnels_.end() ? nullptr : &*found;
}

}  // namespace twinspan::tools
