// What the change of one member of a plan costs a running gateway: the one table that the list of
// changes, the daemon and docs/changes.md follow.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace twinspan::policy {

// From the cheapest of a change to the dearest, between coming and going.
enum class ChangeAction : uint8_t {
  Add,
  InPlace,  // Nothing is negotiated; SAs stay.
  Rekey,    // SAs are replaced under the keys of the IKE SA, without loss.
  Reauth,   // A new IKE SA with everything that hangs on it.
  Restart,  // The tunnel goes down and comes up again.
  Remove,
};
const char* to_string(ChangeAction action);  // "in-place"
// What it does to the packets of a tunnel that may begin by itself.
std::string_view traffic_effect(ChangeAction action);

struct ChangeEffect {
  std::string_view member;   // Of TunnelPlan or Plan, as policy/diff.h names it.
  std::string_view setting;  // What an estate file calls it.
  ChangeAction action = ChangeAction::InPlace;
  std::string_view impact;
};

std::span<const ChangeEffect> tunnel_effects();
// Of the instance's own members those that can change while it runs.
std::span<const ChangeEffect> instance_effects();
// Of a member of TunnelPlan that policy/diff.h compares.
const ChangeEffect& tunnel_effect(std::string_view member);

// The table of docs/changes.md.
std::string change_reference();

}  // namespace twinspan::policy
