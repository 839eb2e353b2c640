// Rules about gateways of both kinds, about references, and about what is not carried out yet.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/connection_ends.h"
#include "policy/identity.h"
#include "policy/rules.h"
#include "policy/suggest.h"

namespace twinspan::policy {
namespace {

template <class Object>
void expect_reference(const MarkedText& reference, std::string_view kind,
                      const ByName<Object>& objects, const std::string& from, RuleReport& report) {
  if (!reference.is_set || find(objects, *reference) != nullptr) return;
  std::vector<std::string_view> names;
  for (const auto& [name, object] : objects) names.push_back(name);
  report.error({reference.mark,
                {from},
                fmt::format("there is no {} {}", kind, in_quotes(*reference)),
                suggestion(*reference, names)});
}

size_t connections_of(const Model& model, const VirtualNetworkGateway& gateway) {
  return static_cast<size_t>(std::ranges::count_if(model.connections, [&](const auto& named) {
    return *named.second.virtual_network_gateway1 == gateway.name;
  }));
}

void check_one_policy_based(const Model& model, const VirtualNetworkGateway& gateway,
                            RuleReport& report) {
  const std::string remedy =
      "make the gateway route-based: delete its connections and itself, then create them anew";
  const size_t connections = connections_of(model, gateway);
  if (connections > 1) {
    report.error(
        {gateway.vpn_type.mark,
         {path_of(gateway)},
         fmt::format("a policy-based gateway has one connection, this one has {}", connections),
         remedy});
  }
  if (*gateway.enable_bgp) {
    report.error({gateway.enable_bgp.mark,
                  {path_of(gateway)},
                  "a policy-based gateway speaks no BGP",
                  remedy});
  }
  if (*gateway.active_active) {
    report.error({gateway.active_active.mark,
                  {path_of(gateway)},
                  "a policy-based gateway is never active/active",
                  remedy});
  }
}

// Outside a network nobody routes what is reserved.
bool is_no_gateways(const IpAddress& address) {
  return is_unusable(address) || is_reserved(address);
}

void check_public_address(const VirtualNetworkGateway& gateway,
                          const IpConfiguration& configuration, RuleReport& report) {
  const auto& public_address = configuration.public_ip_address;
  const auto& private_address = configuration.private_ip_address;
  for (const Marked<IpAddress>* const address : {&public_address, &private_address}) {
    if (!address->is_set || !is_no_gateways(**address)) continue;
    report.error({address->mark,
                  {path_of(gateway)},
                  fmt::format("no gateway is reached at {}", (*address)->to_string()),
                  "give the gateway's own address"});
  }
  if (!private_address.is_set || private_address->family() == public_address->family()) return;
  report.error(
      {private_address.mark,
       {path_of(gateway)},
       "private and public address are of different families",
       "a NAT between IPv4 and IPv6 cannot carry a tunnel: give two addresses of one family"});
}

void check_local_address(const LocalNetworkGateway& gateway, RuleReport& report) {
  if (!gateway.gateway_ip_address.is_set && !gateway.fqdn.is_set) {
    return report.error(
        {gateway.mark, {path_of(gateway)}, "it has no address", "give gateway_ip_address or fqdn"});
  }
  if (gateway.gateway_ip_address.is_set && gateway.fqdn.is_set) {
    return report.error({gateway.fqdn.mark,
                         {path_of(gateway)},
                         "it has both gateway_ip_address and fqdn",
                         "keep one"});
  }
  if (gateway.fqdn.is_set && !is_host_name(*gateway.fqdn)) {
    report.error({gateway.fqdn.mark,
                  {path_of(gateway)},
                  fmt::format("{} is no name that can be resolved", in_quotes(*gateway.fqdn)),
                  IpAddress::parse(*gateway.fqdn) ? "give the address as gateway_ip_address"
                                                  : "give a domain name, such as vpn.example.net"});
  }
  if (gateway.gateway_ip_address.is_set && is_no_gateways(*gateway.gateway_ip_address)) {
    report.error(
        {gateway.gateway_ip_address.mark,
         {path_of(gateway)},
         fmt::format("no gateway is reached at {}", gateway.gateway_ip_address->to_string()),
         "give the peer's public address"});
  }
}

// What is modelled, and not carried out.
std::string off_for_now(std::string_view besides) {
  return fmt::format(
      "it is checked here, but twinspand does not start a gateway that needs it yet: set it to "
      "false{}",
      besides);
}

void note_gateway_features(const VirtualNetworkGateway& gateway, RuleReport& report) {
  if (*gateway.enable_bgp) {
    report.warning({gateway.enable_bgp.mark,
                    {path_of(gateway)},
                    "enable_bgp: true is not supported yet",
                    off_for_now(", as on its connections")});
  }
  if (*gateway.active_active) {
    report.warning({gateway.active_active.mark,
                    {path_of(gateway)},
                    "active_active: true is not supported yet",
                    off_for_now(" and keep one of the ip_configurations")});
  }
}

void note_connection_features(const Model& model, const Connection& connection,
                              RuleReport& report) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  if (!*connection.enable_bgp || gateway == nullptr) return;
  report.warning({connection.enable_bgp.mark,
                  {path_of(connection), path_of(*gateway)},
                  "enable_bgp: true is not supported yet",
                  off_for_now(connection.is_vnet_to_vnet()
                                  ? " in both directions; the other network's prefixes follow by "
                                    "themselves"
                                  : " and list the prefixes in the local network gateway")});
}

}  // namespace

void check_references(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    expect_reference(gateway.virtual_network, "virtual network", model.virtual_networks,
                     path_of(gateway), report);
    expect_reference(gateway.default_local_network_gateway, "local network gateway",
                     model.local_network_gateways, path_of(gateway), report);
  }
  for (const auto& [name, connection] : model.connections) {
    const std::string from = path_of(connection);
    expect_reference(connection.virtual_network_gateway1, "virtual network gateway", model.gateways,
                     from, report);
    expect_reference(connection.virtual_network_gateway2, "virtual network gateway", model.gateways,
                     from, report);
    expect_reference(connection.local_network_gateway2, "local network gateway",
                     model.local_network_gateways, from, report);
  }
  for (const auto& [name, peering] : model.peerings) {
    expect_reference(peering.virtual_network, "virtual network", model.virtual_networks,
                     path_of(peering), report);
    expect_reference(peering.remote_virtual_network, "virtual network", model.virtual_networks,
                     path_of(peering), report);
  }
}

void check_one_gateway_per_network(const Model& model, RuleReport& report) {
  std::map<std::string, const VirtualNetworkGateway*> gateways;
  for (const auto& [name, gateway] : model.gateways) {
    const auto [first, is_first] = gateways.try_emplace(*gateway.virtual_network, &gateway);
    if (is_first) continue;
    report.error(
        {gateway.virtual_network.mark,
         {path_of(gateway), path_of(*first->second)},
         fmt::format("{} has a gateway already: {}", *gateway.virtual_network, first->second->name),
         "a network has one VPN gateway; give it both connections"});
  }
}

void check_ip_configurations(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    const size_t count = gateway.ip_configurations.size();
    const size_t expected = *gateway.active_active ? 2 : 1;
    if (count != expected) {
      report.error(
          {count > expected ? gateway.ip_configurations[expected].mark : gateway.mark,
           {path_of(gateway)},
           fmt::format("it has {} ip_configurations, {} gateway has {}", count,
                       *gateway.active_active ? "an active/active" : "an active/standby", expected),
           "give one for each instance"});
    }
    std::set<std::string> names;
    for (const IpConfiguration& configuration : gateway.ip_configurations) {
      if (names.insert(*configuration.name).second) continue;
      report.error(
          {configuration.mark,
           {path_of(gateway)},
           fmt::format("two ip_configurations are called {}", in_quotes(*configuration.name)),
           "rename one"});
    }
  }
}

void check_gateway_addresses(const Model& model, RuleReport& report) {
  std::map<IpAddress, const VirtualNetworkGateway*> owners;
  for (const auto& [name, gateway] : model.gateways) {
    for (const IpConfiguration& configuration : gateway.ip_configurations) {
      check_public_address(gateway, configuration, report);
      const auto [owner, is_first] = owners.try_emplace(*configuration.public_ip_address, &gateway);
      if (is_first) continue;
      const std::string address = configuration.public_ip_address->to_string();
      const bool is_own = owner->second == &gateway;
      std::vector<std::string> objects = {path_of(gateway)};
      if (!is_own) objects.push_back(path_of(*owner->second));
      report.error(
          {configuration.public_ip_address.mark, std::move(objects),
           is_own ? fmt::format("two of its ip_configurations have {}", address)
                  : fmt::format("{} is the address of {} as well", address, owner->second->name),
           "every instance has a public address of its own"});
    }
  }
}

void check_policy_based(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    if (gateway.is_policy_based()) check_one_policy_based(model, gateway, report);
  }
  for (const auto& [name, connection] : model.connections) {
    if (!connection.is_vnet_to_vnet()) continue;
    for (const VirtualNetworkGateway* const gateway :
         {local_gateway(model, connection), remote_gateway(model, connection)}) {
      if (gateway == nullptr || !gateway->is_policy_based()) continue;
      report.error({connection.connection_type.mark,
                    {path_of(connection), path_of(*gateway)},
                    fmt::format("vnet-to-vnet needs route-based gateways, {} is policy-based",
                                gateway->name),
                    "use connection_type ipsec with a local network gateway for the other side"});
    }
  }
}

void check_local_network_gateways(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.local_network_gateways)
    check_local_address(gateway, report);
}

void check_protocol(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    if (*connection.connection_protocol != ConnectionProtocol::IkeV1) continue;
    report.error({connection.connection_protocol.mark,
                  {path_of(connection)},
                  "IKEv1 is not supported and will not be",
                  "use IKEv2 on both sides"});
  }
}

void check_not_supported(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) note_gateway_features(gateway, report);
  for (const auto& [name, connection] : model.connections)
    note_connection_features(model, connection, report);
}

bool stops_gateway(const Finding& finding, std::string_view gateway) {
  if (finding.severity == Severity::Error) return true;
  if (finding.id != kNotSupportedRule) return false;
  const std::string path = fmt::format("virtual_network_gateways.{}", gateway);
  return std::ranges::find(finding.objects, path) != finding.objects.end();
}

}  // namespace twinspan::policy
