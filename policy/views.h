// What `twinspan show gateway` and `twinspan show peering` tell, as values in the cloud's words.
// Pure: what was carried out before is handed in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/model.h"
#include "policy/peering_state.h"

namespace twinspan::policy {

struct GatewayView {
  std::string name;
  std::string virtual_network;
  VpnType vpn_type = VpnType::RouteBased;
  std::string sku;
  std::string generation;  // Empty: none was given.
  bool active_active = false;
  bool enable_bgp = false;
  struct Configuration {
    std::string name;
    IpAddress public_ip_address;
    std::optional<IpAddress> private_ip_address;
    std::vector<IpAddress> custom_bgp_ip_addresses;
    bool operator==(const Configuration&) const = default;
  };
  std::vector<Configuration> ip_configurations;
  uint32_t asn = 0;
  uint32_t peer_weight = 0;
  std::vector<IpAddress> bgp_peering_addresses;  // One per instance.
  std::string default_local_network_gateway;     // Empty: none was given.
  std::vector<std::string> connections;          // That start at it.
  std::vector<std::string> transit_networks;     // That use it over a peering.
  bool operator==(const GatewayView&) const = default;
};

std::vector<GatewayView> gateway_views(const Model& model);  // By name.

struct PeeringView {
  std::string name;
  // Whether both networks are attached to this host, or may be by another gateway's daemon: then
  // what the half allows is carried out here.
  bool is_carried_out = false;
  PeeringStatus status;
  std::string virtual_network;
  std::string remote_virtual_network;
  bool allow_virtual_network_access = true;
  bool allow_forwarded_traffic = false;
  bool allow_gateway_transit = false;
  bool use_remote_gateways = false;
  std::vector<std::string> remote_gateways;  // That it uses.
  std::vector<IpPrefix> remote_virtual_network_address_space;
  bool operator==(const PeeringView&) const = default;
};

using PeeringRecords = std::map<std::string, PeeringRecord, std::less<>>;  // By the half's name.

// The halves of networks that are attached here, by name.
std::vector<PeeringView> peering_views(const Model& model, const HostNetworks& networks,
                                       const PeeringRecords& records);

// What to keep for the next time: a connected half as it stands, another one as it last was.
PeeringRecords next_records(const Model& model, const PeeringRecords& records);

// Everything that the views tell of one gateway's estate.
struct EstateViews {
  std::vector<GatewayView> gateways;
  std::vector<PeeringView> peerings;
  bool operator==(const EstateViews&) const = default;
};

// The records as text, a line each, and back; lines that are damaged are left out.
std::string to_text(const PeeringRecords& records);
PeeringRecords parse_records(std::string_view text);

}  // namespace twinspan::policy
