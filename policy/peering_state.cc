#include "policy/peering_state.h"

#include <algorithm>
#include <set>

namespace twinspan::policy {
namespace {

// The half of a classic network is never written: the one in the other model stands for both.
bool needs_other_half(const Model& model, const Peering& peering) {
  const VirtualNetwork* const remote =
      find(model.virtual_networks, *peering.remote_virtual_network);
  return remote == nullptr || !remote->is_classic();
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

bool is_open_to_use(const Peering& spoke_half) {
  return *spoke_half.use_remote_gateways && *spoke_half.allow_virtual_network_access;
}

bool is_open_to_be_used(const Peering& hub_half) {
  return *hub_half.allow_gateway_transit && *hub_half.allow_virtual_network_access;
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

std::vector<TransitUse> transit_uses(const Model& model) {
  std::vector<TransitUse> uses;
  const PeeringIndex index(model);
  std::map<std::string_view, const VirtualNetworkGateway*> gateways;  // The first of a network.
  for (const auto& [name, gateway] : model.gateways)
    gateways.emplace(*gateway.virtual_network, &gateway);
  for (const auto& [name, half] : model.peerings) {
    if (!is_open_to_use(half)) continue;
    const VirtualNetwork* const spoke = find(model.virtual_networks, *half.virtual_network);
    const auto gateway = gateways.find(*half.remote_virtual_network);
    const Peering* const other = index.half(*half.remote_virtual_network, *half.virtual_network);
    if (spoke == nullptr || gateway == gateways.end() || other == nullptr) continue;
    if (!model.virtual_networks.contains(*half.remote_virtual_network)) continue;
    if (is_open_to_be_used(*other)) uses.push_back({spoke, gateway->second});
  }
  std::ranges::sort(uses, {}, [](const TransitUse& use) { return use.network->name; });
  return uses;
}

// Asked of every connection, in estates of thousands: nothing is looked up in lists.
std::vector<const VirtualNetwork*> networks_in_transit(const Model& model,
                                                       const VirtualNetworkGateway& gateway) {
  const std::string& hub = *gateway.virtual_network;
  std::set<std::string_view> admitted;
  std::vector<const VirtualNetwork*> networks;
  for (const auto& [name, half] : model.peerings) {
    if (*half.virtual_network == hub && is_open_to_be_used(half))
      admitted.insert(*half.remote_virtual_network);
  }
  if (admitted.empty()) return networks;
  const VirtualNetwork* const network = find(model.virtual_networks, hub);
  if (network == nullptr || gateway_of(model, *network) != &gateway) return networks;
  for (const auto& [name, half] : model.peerings) {
    if (*half.remote_virtual_network != hub || !is_open_to_use(half)) continue;
    const VirtualNetwork* const spoke = find(model.virtual_networks, *half.virtual_network);
    if (spoke != nullptr && admitted.contains(spoke->name)) networks.push_back(spoke);
  }
  std::ranges::sort(networks, {}, &VirtualNetwork::name);
  return networks;
}

PeeringIndex::PeeringIndex(const Model& model) {
  for (const auto& [name, half] : model.peerings)
    halves_.emplace(std::pair<std::string_view, std::string_view>(*half.virtual_network,
                                                                  *half.remote_virtual_network),
                    &half);
}

const Peering* PeeringIndex::half(const std::string& network, const std::string& remote) const {
  const auto found = halves_.find({network, remote});
  return found == halves_.end() ? nullptr : found->second;
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
