#include "tests/unit/policy/transit_estates.h"

#include <fmt/format.h>

#include <utility>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {

std::string hub_and_spoke(const std::string& hub_flag, const std::string& spoke_flag) {
  return estate_with(
      {{"virtual_networks:\n", "virtual_networks:\n  spoke: { address_space: [10.20.0.0/16] }\n"},
       {"peerings: {}",
        "peerings:\n  hub: { virtual_network: vnet-a, remote_virtual_network: spoke, "
        "allow_gateway_transit: " +
            hub_flag +
            " }\n  leaf: { virtual_network: spoke, remote_virtual_network: vnet-a, "
            "use_remote_gateways: " +
            spoke_flag + " }\n"}});
}

std::string chain(const std::string& gateways, const std::string& connections, int length) {
  std::string text = "version: 1\nvirtual_networks:\n";
  for (int number = 1; number <= length; ++number) {
    text += fmt::format(
        "  n{0}: {{ address_space: [10.{0}.0.0/16], subnets: {{ GatewaySubnet: 10.{0}.255.0/27 }} "
        "}}\n",
        number);
  }
  text += "virtual_network_gateways:\n";
  for (int number = 1; number <= length; ++number) {
    text += fmt::format(
        "  g{0}: {{ virtual_network: n{0}, {1}bgp_settings: {{ asn: 6500{0} }}, ip_configurations: "
        "[ {{ public_ip_address: 192.0.2.{0} }} ] }}\n",
        number, gateways);
  }
  text += "connections:\n";
  for (int number = 1; number < length; ++number) {
    for (const auto& [from, to] : {std::pair(number, number + 1), {number + 1, number}}) {
      text += fmt::format(
          "  c{0}{1}: {{ connection_type: vnet-to-vnet, virtual_network_gateway1: g{0}, "
          "virtual_network_gateway2: g{1}, {2}shared_key: {{ file: k }} }}\n",
          from, to, connections);
    }
  }
  return text;
}

const char* const kTwoSites = R"(version: 1
virtual_networks:
  hub: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
virtual_network_gateways:
  gw: { virtual_network: hub, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
local_network_gateways:
  branch: { gateway_ip_address: 203.0.113.9, address_prefixes: [10.9.0.0/16] }
  depot: { gateway_ip_address: 203.0.113.7, address_prefixes: [10.10.0.0/16] }
connections:
  to-branch: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: branch,
               shared_key: { file: k } }
  to-depot: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: depot,
              shared_key: { file: k } }
)";

const char* const kDepot = R"(version: 1
virtual_networks:
  store: { address_space: [10.10.0.0/16], subnets: { GatewaySubnet: 10.10.255.0/27 } }
  annex: { address_space: [10.20.0.0/16] }
virtual_network_gateways:
  gate: { virtual_network: store, ip_configurations: [ { public_ip_address: 203.0.113.7 } ] }
local_network_gateways:
  hub: { gateway_ip_address: 192.0.2.1, address_prefixes: [10.1.0.0/16] }
connections:
  to-hub: { connection_type: ipsec, virtual_network_gateway1: gate, local_network_gateway2: hub,
            shared_key: { file: k } }
peerings:
  there: { virtual_network: store, remote_virtual_network: annex, allow_gateway_transit: true }
  back: { virtual_network: annex, remote_virtual_network: store, use_remote_gateways: true }
)";

}  // namespace twinspan::policy
