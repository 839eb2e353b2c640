#include "tests/unit/policy/estate_changes.h"

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {

std::string changed(const TextChanges& changes) {
  std::string text = kGoodEstate;
  for (const auto& [from, to] : changes) text = replaced(std::move(text), from, to);
  return text;
}

TextChanges operator+(TextChanges changes, const TextChanges& more) {
  changes.insert(changes.end(), more.begin(), more.end());
  return changes;
}

TextChanges more_networks(const std::string& text) {
  return {{"virtual_networks:\n", "virtual_networks:\n" + text}};
}
TextChanges more_sites(const std::string& text) {
  return {{"local_network_gateways:\n", "local_network_gateways:\n" + text}};
}
TextChanges more_connections(const std::string& text) {
  return {{"connections:\n", "connections:\n" + text}};
}
TextChanges peerings(const std::string& text) {
  return {{"peerings: {}", "peerings:\n" + text}};
}

TextChanges spoke(const std::string& prefix, const std::string& more) {
  return more_networks("  spoke: { region: west, address_space: [" + prefix +
                       "], interfaces: [lan1]" + more + " }\n");
}
std::string half(const std::string& from, const std::string& to, const std::string& flags) {
  return "  " + from + "-" + to + ": { virtual_network: " + from +
         ", remote_virtual_network: " + to + flags + " }\n";
}
TextChanges peered(const std::string& hub_flags, const std::string& spoke_flags) {
  return peerings(half("vnet-a", "spoke", hub_flags) + half("spoke", "vnet-a", spoke_flags));
}

const TextChanges kBranchAlone = {
    {"  a-to-b:\n    connection_type: vnet-to-vnet\n    virtual_network_gateway1: gw-a\n"
     "    virtual_network_gateway2: gw-b\n    shared_key: { file: a-b.psk }\n"
     "    local_id: gw-a.example.net\n    remote_id: gw-b.example.net\n    ipsec_policy: strong\n",
     ""},
    {"  b-to-a: { connection_type: vnet-to-vnet, virtual_network_gateway1: gw-b,\n"
     "            virtual_network_gateway2: gw-a, shared_key: { file: a-b.psk },\n"
     "            local_id: gw-b.example.net, remote_id: gw-a.example.net }\n",
     ""}};
const TextChanges kOneGateway = {
    {"  gw-b: { virtual_network: vnet-b, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] "
     "}\n",
     ""}};
const TextChanges kPolicyBased = {{"vpn_type: route-based", "vpn_type: policy-based"}};

const TextChanges kBgp = {
    {"    enable_bgp: false\n    bgp", "    enable_bgp: true\n    bgp"},
    {"    enable_bgp: false\n    connection_mode", "    enable_bgp: true\n    connection_mode"},
    {"    address_prefixes: [10.9.0.0/16]\n", ""}};

TextChanges second_branch(const std::string& address, const std::string& prefix,
                          const std::string& more) {
  return more_connections(
             "  z-second: { connection_type: ipsec, virtual_network_gateway1: gw-a, "
             "local_network_gateway2: second, shared_key: { file: z.psk }" +
             more + " }\n") +
         more_sites("  second: { gateway_ip_address: " + address + ", address_prefixes: [" +
                    prefix + "] }\n");
}

TextChanges bgp_branch(const std::string& asn) {
  return more_connections(
             "  z-second: { connection_type: ipsec, virtual_network_gateway1: gw-a, "
             "local_network_gateway2: second, shared_key: { file: z.psk }, enable_bgp: true }\n") +
         more_sites("  second: { gateway_ip_address: 203.0.113.10, bgp_settings: { asn: " + asn +
                    ", bgp_peering_address: 10.8.255.1 } }\n");
}

TextChanges third_network() {
  const auto connection = [](const std::string& from, const std::string& to) {
    return "  " + from + "-to-" + to +
           ": { connection_type: vnet-to-vnet, virtual_network_gateway1: gw-" + from +
           ", virtual_network_gateway2: gw-" + to + ", shared_key: { file: b-d.psk } }\n";
  };
  return more_networks(
             "  vnet-d: { region: south, address_space: [10.4.0.0/16], subnets: { GatewaySubnet: "
             "10.4.255.0/27 } }\n") +
         TextChanges{{"virtual_network_gateways:\n",
                      "virtual_network_gateways:\n  gw-d: { virtual_network: vnet-d, "
                      "ip_configurations: [ { public_ip_address: 192.0.2.4 } ] }\n"}} +
         more_connections(connection("b", "d") + connection("d", "b"));
}

TextChanges described(const std::string& prefix_of_b, const std::string& prefix_of_a) {
  return kBranchAlone +
         more_sites("  site-b: { gateway_ip_address: 192.0.2.2, address_prefixes: [" + prefix_of_b +
                    "] }\n  site-a: { gateway_ip_address: 192.0.2.1, address_prefixes: [" +
                    prefix_of_a + "] }\n") +
         more_connections(
             "  there: { connection_type: ipsec, virtual_network_gateway1: gw-a, "
             "local_network_gateway2: site-b, shared_key: { file: a-b.psk } }\n"
             "  back: { connection_type: ipsec, virtual_network_gateway1: gw-b, "
             "local_network_gateway2: site-a, shared_key: { file: a-b.psk } }\n");
}
const TextChanges kClassicB = {{"vnet-b: { region: east,",
                                "vnet-b: { region: east, deployment_model: "
                                "classic,"}};

}  // namespace twinspan::policy
