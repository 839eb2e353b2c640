// Rules about BGP: who speaks it, with which numbers, from which addresses. They count where BGP is
// enabled; settings that nobody uses may be as they are.
#include "policy/bgp.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/connection_ends.h"
#include "policy/rules.h"
#include "policy/sku.h"

namespace twinspan::policy {
namespace {

const LocalNetworkGateway* peer_of(const Model& model, const Connection& connection) {
  if (connection.is_vnet_to_vnet()) return nullptr;
  return find(model.local_network_gateways, *connection.local_network_gateway2);
}

const BgpSettings* remote_speaker(const Model& model, const Connection& connection) {
  if (const auto* const remote = remote_gateway(model, connection)) return &remote->bgp_settings;
  const LocalNetworkGateway* const peer = peer_of(model, connection);
  return peer != nullptr && peer->bgp_settings.is_set ? &peer->bgp_settings : nullptr;
}

std::string remote_path(const Model& model, const Connection& connection) {
  if (const auto* const remote = remote_gateway(model, connection)) return path_of(*remote);
  const LocalNetworkGateway* const peer = peer_of(model, connection);
  return peer == nullptr ? path_of(connection) : path_of(*peer);
}

// The number of a gateway that has no bgp_settings.
uint32_t asn_of(const BgpSettings& settings) {
  return settings.is_set ? *settings.asn : kCloudGatewayAsn;
}

void expect_speakers(const Model& model, const Connection& connection,
                     const VirtualNetworkGateway& gateway, RuleReport& report) {
  const SourceMark mark = connection.enable_bgp.mark;
  for (const VirtualNetworkGateway* const speaker : {&gateway, remote_gateway(model, connection)}) {
    if (speaker == nullptr || *speaker->enable_bgp) continue;
    report.error({mark,
                  {path_of(connection), path_of(*speaker)},
                  fmt::format("enable_bgp, but {} has enable_bgp: false", speaker->name),
                  fmt::format("set enable_bgp: true on {}", speaker->name)});
  }
  const LocalNetworkGateway* const peer = peer_of(model, connection);
  if (peer == nullptr || peer->bgp_settings.is_set) return;
  report.error({mark,
                {path_of(connection), path_of(*peer)},
                fmt::format("enable_bgp, but {} has no bgp_settings", peer->name),
                "give it bgp_settings with the peer's asn and bgp_peering_address"});
}

void check_number(const std::string& path, const Marked<uint32_t>& asn, bool is_cloud_forbidden,
                  RuleReport& report) {
  if (is_reserved_asn(*asn)) {
    report.error({asn.mark,
                  {path},
                  fmt::format("ASN {} is reserved", *asn),
                  "use one of your own, or a private one: 64512 to 65514, 65521 to 65534, or "
                  "4200000000 to 4294967294"});
  } else if (is_cloud_forbidden) {
    report.error({asn.mark,
                  {path},
                  fmt::format("the cloud keeps ASN {} for itself", *asn),
                  "use another one: 64512 to 65514, or 65521 to 65534"});
  }
}

bool has_cloud_sku(const VirtualNetworkGateway& gateway) {
  return sku_of(gateway).name != all_skus().front().name;
}

bool lies_in(const VirtualNetwork& network, const IpAddress& address) {
  return std::ranges::any_of(*network.address_space,
                             [&](const auto& space) { return space->contains(address); });
}

void check_own_addresses(const Model& model, const VirtualNetworkGateway& gateway,
                         RuleReport& report) {
  const auto& addresses = gateway.bgp_settings.peering_addresses;
  const size_t expected = *gateway.active_active ? 2 : 1;
  if (addresses.is_set && addresses->size() != expected) {
    report.error(
        {addresses.mark,
         {path_of(gateway)},
         fmt::format("it has {} bgp_peering_addresses, {} gateway has {}", addresses->size(),
                     *gateway.active_active ? "an active/active" : "an active/standby", expected),
         "give one for each instance, or none: then they come from GatewaySubnet"});
  }
  if (!addresses.is_set && bgp_peering_addresses(model, gateway).empty()) {
    report.error({gateway.enable_bgp.mark,
                  {path_of(gateway)},
                  "there is no GatewaySubnet with room to take its BGP addresses from",
                  "add one, /27 or larger, or give bgp_peering_addresses"});
  }
  const VirtualNetwork* const network = network_of(model, gateway);
  const Subnet* const subnet = network == nullptr ? nullptr : gateway_subnet(*network);
  for (const auto& address : *addresses) {
    const bool is_inside = subnet != nullptr && subnet->prefix->contains(*address);
    if (network == nullptr || is_inside || is_gateway_apipa(*address)) continue;
    report.error({address.mark,
                  {path_of(gateway), path_of(*network)},
                  fmt::format("BGP address {} lies in neither GatewaySubnet nor 169.254.21.0 to "
                              "169.254.22.255",
                              address->to_string()),
                  "give an address of GatewaySubnet, or none"});
  }
}

void check_peer_address(const Model& model, const Connection& connection,
                        const LocalNetworkGateway& peer, RuleReport& report) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  const VirtualNetwork* const network = local_network(model, connection);
  if (network == nullptr || !peer.bgp_settings.is_set) return;
  for (const auto& address : *peer.bgp_settings.peering_addresses) {
    const std::vector<std::string> objects = {path_of(peer), path_of(*network)};
    if (lies_in(*network, *address)) {
      report.error({address.mark, objects,
                    fmt::format("the peer's BGP address {} lies in {} on our side",
                                address->to_string(), network->name),
                    "give the peer an address of its own network, such as a loopback"});
    }
    if (peer.gateway_ip_address.is_set && *address == *peer.gateway_ip_address) {
      report.error({address.mark,
                    {path_of(peer)},
                    "bgp_peering_address is the peer's public address",
                    "give an address behind the tunnel, such as a loopback"});
    }
    const bool has_apipa = std::ranges::any_of(bgp_peering_addresses(model, *gateway), is_apipa);
    if (is_apipa(*address) && !has_apipa) {
      report.error({address.mark,
                    {path_of(peer), path_of(*gateway)},
                    fmt::format("the peer's BGP address {} is link-local, ours is not",
                                address->to_string()),
                    "give the gateway a bgp_peering_address of 169.254.21.0 to 169.254.22.255"});
    }
  }
}

// Local network gateways with BGP, each once. One that stands for a gateway of our own is the same
// speaker again.
std::set<const LocalNetworkGateway*> foreign_speakers(const Model& model) {
  std::set<const LocalNetworkGateway*> speakers;
  for (const auto& [name, connection] : model.connections) {
    const LocalNetworkGateway* const peer = peer_of(model, connection);
    if (peer == nullptr || !*connection.enable_bgp) continue;
    if (counterpart_gateway(model, connection) == nullptr) speakers.insert(peer);
  }
  return speakers;
}

// Every speaker's address that is in use, with whose it is.
std::vector<std::pair<Marked<IpAddress>, std::string>> speaker_addresses(const Model& model) {
  std::vector<std::pair<Marked<IpAddress>, std::string>> addresses;
  for (const auto& [name, gateway] : model.gateways) {
    if (!*gateway.enable_bgp) continue;
    for (const IpAddress& address : bgp_peering_addresses(model, gateway)) {
      const bool is_written = gateway.bgp_settings.peering_addresses.is_set;
      const SourceMark mark =
          is_written ? gateway.bgp_settings.peering_addresses.mark : gateway.mark;
      addresses.push_back({{address, mark, is_written}, path_of(gateway)});
    }
  }
  for (const LocalNetworkGateway* const peer : foreign_speakers(model)) {
    for (const auto& address : *peer->bgp_settings.peering_addresses)
      addresses.emplace_back(address, path_of(*peer));
  }
  return addresses;
}

}  // namespace

void check_bgp_speakers(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    if (gateway == nullptr || !*connection.enable_bgp) continue;
    expect_speakers(model, connection, *gateway, report);
    const Connection* const back = counterpart_of(model, connection);
    if (back == nullptr || *back->enable_bgp) continue;
    report.error({connection.enable_bgp.mark,
                  {path_of(connection), path_of(*back)},
                  fmt::format("enable_bgp is true here and false on {}", back->name),
                  "set it alike in both directions"});
  }
}

void check_bgp_numbers(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    if (!*gateway.enable_bgp || !gateway.bgp_settings.is_set) continue;
    const uint32_t asn = *gateway.bgp_settings.asn;
    check_number(path_of(gateway), gateway.bgp_settings.asn,
                 has_cloud_sku(gateway) && is_cloud_asn(asn) && asn != kCloudGatewayAsn, report);
  }
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    const BgpSettings* const remote = remote_speaker(model, connection);
    if (gateway == nullptr || remote == nullptr || !*connection.enable_bgp) continue;
    if (const LocalNetworkGateway* const peer = peer_of(model, connection)) {
      check_number(path_of(*peer), peer->bgp_settings.asn,
                   has_cloud_sku(*gateway) && is_cloud_asn(*peer->bgp_settings.asn), report);
    }
    if (asn_of(gateway->bgp_settings) != asn_of(*remote)) continue;
    report.error({gateway->bgp_settings.is_set ? gateway->bgp_settings.asn.mark : gateway->mark,
                  {path_of(*gateway), remote_path(model, connection), path_of(connection)},
                  fmt::format("both ends of {} have ASN {}", name, asn_of(*remote)),
                  "give each side an ASN of its own"});
  }
}

void check_bgp_addresses(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    if (*gateway.enable_bgp) check_own_addresses(model, gateway, report);
  }
  for (const auto& [name, connection] : model.connections) {
    const LocalNetworkGateway* const peer = peer_of(model, connection);
    if (peer != nullptr && *connection.enable_bgp)
      check_peer_address(model, connection, *peer, report);
  }
  std::map<IpAddress, std::string> owners;
  for (const auto& [address, path] : speaker_addresses(model)) {
    const auto [owner, is_first] = owners.try_emplace(*address, path);
    if (is_first) continue;
    report.error(
        {address.mark,
         {path, owner->second},
         fmt::format("BGP address {} is that of {} as well", address->to_string(), owner->second),
         "every BGP speaker has an address of its own"});
  }
}

void check_static_beside_bgp(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const LocalNetworkGateway* const peer = peer_of(model, connection);
    if (peer == nullptr || !*connection.enable_bgp || !peer->bgp_settings.is_set) continue;
    const auto& speakers = *peer->bgp_settings.peering_addresses;
    for (const auto& prefix : *peer->address_prefixes) {
      const bool is_speaker = std::ranges::any_of(
          speakers, [&](const auto& address) { return *prefix == IpPrefix::host(*address); });
      if (is_speaker) continue;
      report.warning({prefix.mark,
                      {path_of(*peer), path_of(connection)},
                      fmt::format("{} is a static route, which wins over what BGP learns",
                                  prefix->to_string()),
                      "remove it, unless this is meant: the way to the peer's BGP address needs "
                      "no prefix"});
    }
  }
}

}  // namespace twinspan::policy
