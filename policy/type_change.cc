#include "policy/type_change.h"

#include <fmt/format.h>

#include "policy/rules.h"

namespace twinspan::policy {
namespace {

const char* word_of(VpnType type) {
  return type == VpnType::RouteBased ? "route-based" : "policy-based";
}

const char* word_of(GatewayGeneration generation) {
  return generation == GatewayGeneration::Generation1 ? "Generation1" : "Generation2";
}

// Of both directions: the other gateway's object leads to this one as well.
std::vector<std::string> connections_of(const Model& model, std::string_view gateway) {
  std::vector<std::string> connections;
  for (const auto& [name, connection] : model.connections) {
    if (*connection.virtual_network_gateway1 == gateway ||
        *connection.virtual_network_gateway2 == gateway)
      connections.push_back(path_of(connection));
  }
  return connections;
}

// Networks that use this gateway although it is another network's.
void add_transit_losses(const Model& model, const VirtualNetworkGateway& gateway,
                        std::vector<std::string>& lost) {
  for (const auto& [name, peering] : model.peerings) {
    if (*peering.use_remote_gateways && *peering.remote_virtual_network == *gateway.virtual_network)
      lost.push_back(fmt::format("{}: the way of {} through this gateway, until then",
                                 path_of(peering), *peering.virtual_network));
  }
}

void add_gateway_losses(const VirtualNetworkGateway& gateway, std::vector<std::string>& lost) {
  for (const IpConfiguration& configuration : gateway.ip_configurations) {
    lost.push_back(fmt::format("address {} of {}, unless the new gateway is given it again",
                               configuration.public_ip_address->to_string(), path_of(gateway)));
  }
  const BgpSettings& bgp = gateway.bgp_settings;
  if (bgp.is_set)
    lost.push_back(fmt::format("BGP settings of {}: AS {}", path_of(gateway), *bgp.asn));
}

std::vector<std::string> losses(const Model& model, const Plan& running) {
  std::vector<std::string> lost;
  for (const TunnelPlan& tunnel : running.tunnels) {
    lost.push_back(
        fmt::format("connections.{}: its IKE SA and {} Child SA(s) with {}, their counters, and "
                    "all traffic until it is connected again",
                    tunnel.connection, tunnel.children.size(), tunnel.remote_text()));
  }
  const auto gateway = model.gateways.find(running.gateway);
  if (gateway == model.gateways.end()) return lost;
  add_transit_losses(model, gateway->second, lost);
  add_gateway_losses(gateway->second, lost);
  return lost;
}

// What cannot be changed in place, as a sentence; empty: nothing.
std::string changed_kind(const Model& before, const Plan& running,
                         const VirtualNetworkGateway& after) {
  if (*after.vpn_type != running.vpn_type) {
    return fmt::format("vpn_type of a running gateway cannot be changed from {} to {}",
                       word_of(running.vpn_type), word_of(*after.vpn_type));
  }
  const VirtualNetworkGateway* const former = find(before.gateways, running.gateway);
  if (former == nullptr || !former->generation.is_set || !after.generation.is_set ||
      *former->generation == *after.generation)
    return "";
  return fmt::format("generation of a running gateway cannot be changed from {} to {}",
                     word_of(*former->generation), word_of(*after.generation));
}

}  // namespace

std::string Refusal::to_string() const {
  std::string text = fmt::format("{}: {}\n", object, message);
  text += fmt::format("delete first: {}\n", fmt::join(delete_first, ", "));
  for (const std::string& line : lost) text += fmt::format("lost: {}\n", line);
  return text + remedy + "\n";
}

std::optional<Refusal> refuse_kind(const Model& before, const Plan& running, const Model& after) {
  const auto gateway = after.gateways.find(running.gateway);
  if (gateway == after.gateways.end()) return std::nullopt;
  const std::string change = changed_kind(before, running, gateway->second);
  if (change.empty()) return std::nullopt;
  Refusal refusal{
      .object = path_of(gateway->second),
      .message = change,
      .delete_first = connections_of(before, running.gateway),
      .lost = losses(before, running),
      .remedy = fmt::format("`twinspan replace gateway {} FILE` does it step by step; the "
                            "administrators of the other ends have to change theirs as well",
                            running.gateway)};
  refusal.delete_first.push_back(refusal.object);
  return refusal;
}

}  // namespace twinspan::policy
