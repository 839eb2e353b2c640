// BGP speakers of the model: which addresses they have, and which numbers and addresses they may.
#pragma once

#include <vector>

#include "policy/model.h"

namespace twinspan::policy {

// One address per instance: as written, or taken from the network's GatewaySubnet as the cloud
// does: the last usable one of an active/standby gateway, the first two assignable ones (.4 and .5)
// of an active/active pair. Empty when there is no GatewaySubnet to take them from, or it is too
// small.
std::vector<IpAddress> bgp_peering_addresses(const Model& model,
                                             const VirtualNetworkGateway& gateway);

// The link-local ones of all its instances.
std::vector<IpAddress> custom_bgp_addresses(const VirtualNetworkGateway& gateway);

// Of both kinds: of all its instances, and of the one that `ip_configurations[instance]` is. Empty
// where there is none.
std::vector<IpAddress> all_bgp_addresses(const Model& model, const VirtualNetworkGateway& gateway);
std::vector<IpAddress> bgp_addresses_of(const Model& model, const VirtualNetworkGateway& gateway,
                                        size_t instance);

// From which addresses the gateway speaks over the connection with a peer that has that address:
// with a link-local peer from link-local ones, those that the connection picks or all; with others
// from the others. Empty when it cannot.
std::vector<IpAddress> speaking_addresses(const Model& model, const Connection& connection,
                                          const IpAddress& peer);

// The network's GatewaySubnet; nullptr when it has none.
const Subnet* gateway_subnet(const VirtualNetwork& network);

// Numbers that no speaker may use on the Internet or in private: IANA's special purpose registry
// (RFC 7249 2.1).
bool is_reserved_asn(uint32_t asn);
// Numbers that the cloud keeps for itself; 65515 is its gateways' own default.
bool is_cloud_asn(uint32_t asn);
inline constexpr uint32_t kCloudGatewayAsn = 65515;

// Whether the prefix is the address of that very speaker, and no network behind it.
bool is_speaker_host(const BgpSettings& settings, const IpPrefix& prefix);

// A speaker's number: kCloudGatewayAsn when it has no settings.
uint32_t asn_of(const BgpSettings& settings);

// 169.254.0.0/16, and the part of it that the cloud gives to its gateways (169.254.21.0 to
// 169.254.22.255).
bool is_apipa(const IpAddress& address);
bool is_gateway_apipa(const IpAddress& address);

// Whether BGP is spoken over the connection: it is enabled there and on the gateway.
bool speaks_bgp(const Model& model, const Connection& connection);

}  // namespace twinspan::policy
