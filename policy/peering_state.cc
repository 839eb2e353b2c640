#include "policy/peering_state.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

bool is_classic(const VirtualNetwork& network) {
  return *network.deployment_model == DeploymentModel::Classic;
}

// The half of a classic network is never written: the one in the other model stands for both.
bool needs_other_half(const Model& model, const Peering& peering) {
  const VirtualNetwork* const remote =
      find(model.virtual_networks, *peering.remote_virtual_network);
  return remote == nullptr || !is_classic(*remote);
}

std::vector<IpPrefix> space_of(const Model& model, const MarkedText& name) {
  const VirtualNetwork* const network = find(model.virtual_networks, *name);
  std::vector<IpPrefix> space;
  if (network == nullptr) return space;
  for (const auto& prefix : *network->address_space) space.push_back(*prefix);
  std::ranges::sort(space);
  return space;
}

PeeringState state_of(const Model& model, const Peering& peering,
                      const std::optional<PeeringRecord>& record) {
  if (!needs_other_half(model, peering) || other_half(model, peering) != nullptr)
    return PeeringState::Connected;
  return record && record->was_connected ? PeeringState::Disconnected : PeeringState::Initiated;
}

PeeringSyncLevel sync_level_of(const PeeringRecord& now, const PeeringRecord& then) {
  const bool is_local_stale = now.remote_address_space != then.remote_address_space;
  const bool is_remote_stale = now.address_space != then.address_space;
  if (is_local_stale && is_remote_stale) return PeeringSyncLevel::LocalAndRemoteNotInSync;
  if (is_local_stale) return PeeringSyncLevel::LocalNotInSync;
  return is_remote_stale ? PeeringSyncLevel::RemoteNotInSync : PeeringSyncLevel::FullyInSync;
}

bool allows_transit(const Model& model, const Peering& spoke_half) {
  const Peering* const hub_half = other_half(model, spoke_half);
  return hub_half != nullptr && *hub_half->allow_gateway_transit;
}

}  // namespace

std::string_view name_of(PeeringState state) {
  switch (state) {
    case PeeringState::Initiated:
      return "Initiated";
    case PeeringState::Connected:
      return "Connected";
    case PeeringState::Disconnected:
      return "Disconnected";
  }
  return "";
}

std::string_view name_of(PeeringSyncLevel level) {
  switch (level) {
    case PeeringSyncLevel::FullyInSync:
      return "FullyInSync";
    case PeeringSyncLevel::RemoteNotInSync:
      return "RemoteNotInSync";
    case PeeringSyncLevel::LocalNotInSync:
      return "LocalNotInSync";
    case PeeringSyncLevel::LocalAndRemoteNotInSync:
      return "LocalAndRemoteNotInSync";
  }
  return "";
}

const Peering* other_half(const Model& model, const Peering& peering) {
  for (const auto& [name, other] : model.peerings) {
    if (&other != &peering && *other.virtual_network == *peering.remote_virtual_network &&
        *other.remote_virtual_network == *peering.virtual_network)
      return &other;
  }
  return nullptr;
}

PeeringStatus status_of(const Model& model, const Peering& peering,
                        const std::optional<PeeringRecord>& record) {
  PeeringStatus status{.state = state_of(model, peering, record)};
  if (record) status.sync_level = sync_level_of(record_of(model, peering), *record);
  return status;
}

PeeringRecord record_of(const Model& model, const Peering& peering) {
  return {.was_connected = state_of(model, peering, std::nullopt) == PeeringState::Connected,
          .address_space = space_of(model, peering.virtual_network),
          .remote_address_space = space_of(model, peering.remote_virtual_network)};
}

const VirtualNetworkGateway* gateway_of(const Model& model, const VirtualNetwork& network) {
  for (const auto& [name, gateway] : model.gateways) {
    if (*gateway.virtual_network == network.name) return &gateway;
  }
  return nullptr;
}

const VirtualNetworkGateway* transit_gateway(const Model& model, const VirtualNetwork& network) {
  for (const auto& [name, half] : model.peerings) {
    if (*half.virtual_network != network.name || !*half.use_remote_gateways) continue;
    const VirtualNetwork* const hub = find(model.virtual_networks, *half.remote_virtual_network);
    if (hub == nullptr || !allows_transit(model, half)) continue;
    if (const VirtualNetworkGateway* const gateway = gateway_of(model, *hub)) return gateway;
  }
  return nullptr;
}

}  // namespace twinspan::policy
