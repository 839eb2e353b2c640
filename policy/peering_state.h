// What two halves of a peering amount to: its state and how far each half knows the other network.
// Pure: what the halves were when they were last in force is handed in.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/model.h"

namespace twinspan::policy {

enum class PeeringState : uint8_t {
  Initiated,     // This half exists, the other one does not yet.
  Connected,     // Both do; or the remote network is classic, whose half nobody writes.
  Disconnected,  // Both did, and the other one was deleted: delete this one too, make both anew.
};

enum class PeeringSyncLevel : uint8_t {
  FullyInSync,
  RemoteNotInSync,  // Our network has changed, the remote half has not heard of it.
  LocalNotInSync,   // The remote network has changed, this half has not heard of it.
  LocalAndRemoteNotInSync,
};

std::string_view name_of(PeeringState state);      // "Connected"
std::string_view name_of(PeeringSyncLevel level);  // "FullyInSync"

// A half as it was last carried out.
struct PeeringRecord {
  bool was_connected = false;
  std::vector<IpPrefix> address_space;         // Of its network then.
  std::vector<IpPrefix> remote_address_space;  // Of the remote network then.
};

struct PeeringStatus {
  PeeringState state = PeeringState::Initiated;
  PeeringSyncLevel sync_level = PeeringSyncLevel::FullyInSync;
  bool operator==(const PeeringStatus&) const = default;
};

// The half that the remote network has; nullptr when there is none.
const Peering* other_half(const Model& model, const Peering& peering);

// Without a record nothing was carried out before, so nothing is out of step.
PeeringStatus status_of(const Model& model, const Peering& peering,
                        const std::optional<PeeringRecord>& record = std::nullopt);

// The record to keep once the half as it stands here is carried out.
PeeringRecord record_of(const Model& model, const Peering& peering);

// The peered network's VPN gateway that traffic of `network` may use: connected, this half uses
// remote gateways, the other one allows the transit. nullptr when there is none.
const VirtualNetworkGateway* transit_gateway(const Model& model, const VirtualNetwork& network);

// The gateway of a network; nullptr when it has none.
const VirtualNetworkGateway* gateway_of(const Model& model, const VirtualNetwork& network);

}  // namespace twinspan::policy
