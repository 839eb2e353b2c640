#include "tests/unit/policy/estate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace twinspan::policy {

const char* const kGoodEstate = R"(version: 1
virtual_networks:
  vnet-a:
    region: west
    deployment_model: resource-manager
    address_space: [10.1.0.0/16]
    subnets: { hosts: 10.1.0.0/24, GatewaySubnet: 10.1.255.0/27 }
    interfaces: [lan0]
  vnet-b: { region: east, address_space: [10.2.0.0/16], subnets: { GatewaySubnet: 10.2.255.0/27 } }
virtual_network_gateways:
  gw-a:
    virtual_network: vnet-a
    vpn_type: route-based
    sku: Native
    active_active: false
    ip_configurations: [ { name: default, public_ip_address: 192.0.2.1 } ]
    enable_bgp: false
    bgp_settings: { asn: 65010, peer_weight: 0, bgp_peering_addresses: [10.1.255.30] }
  gw-b: { virtual_network: vnet-b, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
local_network_gateways:
  branch:
    gateway_ip_address: 203.0.113.9
    address_prefixes: [10.9.0.0/16]
    bgp_settings: { asn: 65090, bgp_peering_address: 10.9.255.1, peer_weight: 0 }
connections:
  a-to-b:
    connection_type: vnet-to-vnet
    virtual_network_gateway1: gw-a
    virtual_network_gateway2: gw-b
    shared_key: { file: a-b.psk }
    local_id: gw-a.example.net
    remote_id: gw-b.example.net
    ipsec_policy: strong
  b-to-a: { connection_type: vnet-to-vnet, virtual_network_gateway1: gw-b,
            virtual_network_gateway2: gw-a, shared_key: { file: a-b.psk },
            local_id: gw-b.example.net, remote_id: gw-a.example.net }
  a-to-branch:
    connection_type: ipsec
    connection_protocol: IKEv2
    virtual_network_gateway1: gw-a
    local_network_gateway2: branch
    shared_key: { file: a-branch.psk }
    encapsulation: esp
    enable_bgp: false
    connection_mode: initiator-only
    dpd_timeout_seconds: 30
    use_policy_based_traffic_selectors: false
    traffic_selector_policies: []
    ipsec_policy:
      ike_encryption: AES256
      ike_integrity: SHA256
      ike_prf: SHA512
      dh_group: DHGroup14
      ipsec_encryption: GCMAES128
      ipsec_integrity: GCMAES128
      pfs_group: None
      esn: false
      ike_life_time_seconds: 3600
      sa_life_time_seconds: 1800
      sa_data_size_kilobytes: 0
peerings: {}
ipsec_policies:
  named:
    ike_encryption: CHACHA20POLY1305
    ike_integrity: CHACHA20POLY1305
    dh_group: CURVE25519
    ipsec_encryption: AES128
    ipsec_integrity: SHA512
    pfs_group: ECP521
    esn: true
    ike_life_time_seconds: 28800
    sa_life_time_seconds: 27000
    sa_data_size_kilobytes: 102400000
)";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << "the estate has no " << from;
  return place == std::string::npos ? text : text.replace(place, from.size(), to);
}

std::string estate_with(const Changes& changes) {
  std::string text = kGoodEstate;
  for (const auto& [from, to] : changes) text = replaced(text, from, to);
  return text;
}

Model model_of(std::string_view text) {
  auto model = parse_config(text, "e.yaml");
  if (model) return *std::move(model);
  for (const ConfigError& error : model.error()) ADD_FAILURE() << error.to_string();
  return {};
}

std::vector<std::string> findings_of(std::string_view text) {
  std::vector<std::string> found;
  for (const Finding& finding : validate(model_of(text))) {
    found.push_back(fmt::format("{} {}", name_of(finding.severity), finding.id));
  }
  return found;
}

std::vector<std::string> findings_with(const Changes& changes) {
  return findings_of(estate_with(changes));
}

std::string only_finding(const Changes& changes) {
  return finding_with(changes).to_string();
}

Finding finding_with(const Changes& changes) {
  const Findings findings = validate(model_of(estate_with(changes)));
  EXPECT_EQ(findings.size(), 1u);
  return findings.empty() ? Finding{} : findings.front();
}

std::vector<std::string> errors_of(std::string_view text) {
  const auto model = parse_config(text, "e.yaml");
  EXPECT_FALSE(model.has_value()) << "parsed: " << text.substr(0, 200);
  std::vector<std::string> errors;
  if (model) return errors;
  for (const ConfigError& error : model.error()) errors.push_back(error.to_string());
  return errors;
}

std::string read_source_file(std::string_view path) {
  std::ifstream file(fmt::format("{}/{}", TWINSPAN_SOURCE_DIR, path));
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace twinspan::policy
