// A virtual network gateway: the end of tunnels that belongs to a virtual network.
#pragma once

#include "base/ip_address.h"
#include "policy/plan.h"
#include "policy/source_mark.h"

namespace twinspan::policy {

enum class GatewayType : uint8_t { Vpn, ExpressRoute };
enum class GatewayGeneration : uint8_t { Generation1, Generation2 };

// One instance of the gateway: instance N is carried by the N-th configuration.
struct IpConfiguration {
  SourceMark mark;
  MarkedText name;
  Marked<IpAddress> public_ip_address;
  Marked<IpAddress>
      private_ip_address;  // When not set, the public address is the one on this host.

  MarkedList<IpAddress> custom_bgp_ip_addresses;  // Link-local ones, for link-local peers.

  const IpAddress& address_on_host() const {
    return private_ip_address.is_set ? *private_ip_address : *public_ip_address;
  }
};

struct BgpSettings {
  SourceMark mark;
  Marked<uint32_t> asn;
  Marked<uint32_t> peer_weight;
  MarkedList<IpAddress>
      peering_addresses;  // One per instance on a gateway, one on a local network gateway.
  bool is_set = false;
};

struct VirtualNetworkGateway {
  std::string name;
  SourceMark mark;
  MarkedText virtual_network;
  Marked<GatewayType> gateway_type;
  Marked<VpnType> vpn_type;
  MarkedText sku;
  Marked<GatewayGeneration> generation;
  Marked<bool> active_active;
  std::vector<IpConfiguration> ip_configurations;
  Marked<bool> enable_bgp;
  BgpSettings bgp_settings;
  MarkedText default_local_network_gateway;  // Forced tunnelling: where all other traffic goes.
  bool speaks_ike_v1 = false;  // And nothing else: a policy-based one that an import read of Azure.

  bool is_policy_based() const { return *vpn_type == VpnType::PolicyBased; }
};

}  // namespace twinspan::policy
