// What is known of each tunnel: the state behind `twinspan status` and `show`, kept up by the IKE
// core's events. Down tunnels stand here too, with the reason. Thread: the control thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ike/core/event.h"
#include "policy/config_place.h"
#include "policy/plan.h"

namespace twinspan::tools {

// Azure's words.
enum class ConnectionStatus : uint8_t { Unknown, Connecting, Connected, NotConnected };
const char* to_string(ConnectionStatus status);

struct TunnelView {
  TunnelId id;
  policy::TunnelPlan plan;
  unsigned mtu = 0;          // Of the device.
  bool has_aggfrag = false;  // A pair with AGGFRAG was installed; its device keeps room for that.
  ike::TunnelState ike_state = ike::TunnelState::Idle;
  std::string reason;                                // Why it is not connected; empty when it is.
  ike::Diagnosis diagnosis;                          // Of the last failure; empty when connected.
  ike::Diagnosis last_failure;                       // Of any exchange, connected or not.
  std::string last_failure_at;                       // RFC 3339.
  policy::ConfigPlaces places;                       // Where its settings stand.
  std::vector<ike::EventChildEstablished> children;  // Live ones, the newest last.
  std::map<std::string, ike::Diagnosis> child_troubles;  // By child, of the last failure.
  std::optional<ike::EventIkeEstablished> ike;           // The newest IKE SA that stands.
  std::vector<ike::EventIkeEstablished> older_ikes;      // Stand beside it for a while.
  std::string established_since;                         // RFC 3339; kept across rekeys.
  uint64_t child_rekeys = 0;
  uint64_t ike_rekeys = 0;
  std::string
      last_change;  // What the last one takes and how far it came, as long as it is pending.

  ConnectionStatus status() const;
  bool is_usable() const { return !children.empty(); }
  bool serves(const std::string& child) const;  // By name; a part of it at least.
  size_t children_up() const;                   // Of those that the plan wants.
  // RFC 9611: the newest of the first resource that there is; nullptr: not usable.
  const ike::EventChildEstablished* first_child() const;
};

class TunnelBoard {
 public:
  void add(TunnelId id, const policy::TunnelPlan& plan, unsigned mtu,
           policy::ConfigPlaces places = {});

  void remove(TunnelId id);
  // All of them, in this order.
  void arrange(const std::vector<TunnelId>& order);

  // `now` is RFC 3339. Each returns the tunnel, or nullptr when it is unknown.
  TunnelView* apply(const ike::EventTunnelState& event);
  TunnelView* apply(const ike::EventExchangeFailed& event, const std::string& now);
  TunnelView* apply(const ike::EventChildEstablished& event, const std::string& now);
  TunnelView* apply(const ike::EventChildGone& event);
  TunnelView* apply(const ike::EventChildTrouble& event);
  TunnelView* apply(const ike::EventIkeEstablished& event);
  TunnelView* apply(const ike::EventIkeMoved& event);
  TunnelView* apply(const ike::EventIkeGone& event);

  TunnelView* find(TunnelId id);
  TunnelView* find(std::string_view connection);
  const std::vector<TunnelView>& tunnels() const { return tunnels_; }

 private:
  std::vector<TunnelView> tunnels_;  // In the order of the plan.
};

}  // namespace twinspan::tools
