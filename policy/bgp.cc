#include "policy/bgp.h"

#include <algorithm>
#include <iterator>

#include "policy/connection_ends.h"

namespace twinspan::policy {
namespace {

// .0 is the network, .1 its default gateway, .2 and .3 are kept for name resolution.
constexpr int kFirstAssignable = 4;

struct AsnRange {
  uint32_t first;
  uint32_t last;
};

constexpr AsnRange kReservedAsns[] = {
    {0, 0}, {23456, 23456}, {64496, 64511}, {65535, 65551}, {UINT32_MAX, UINT32_MAX}};
constexpr uint32_t kCloudAsns[] = {8074, 8075, 12076, kCloudGatewayAsn, 65517, 65518, 65519, 65520};

std::vector<IpAddress> plain(const MarkedList<IpAddress>& addresses) {
  std::vector<IpAddress> result;
  for (const auto& address : *addresses) result.push_back(*address);
  return result;
}

std::vector<IpAddress> first_two(const IpPrefix& subnet) {
  std::optional<IpAddress> address = subnet.address();
  for (int step = 0; step < kFirstAssignable && address; ++step) address = address->next();
  const auto second = address ? address->next() : std::nullopt;
  // The subnet's last address is its broadcast address.
  if (!second || !subnet.contains(*second) || *second == subnet.last_address()) return {};
  return {*address, *second};
}

std::vector<IpAddress> last_usable(const IpPrefix& subnet) {
  const auto address = subnet.last_address().previous();
  if (!address || !subnet.contains(*address) || *address == subnet.address()) return {};
  return {*address};
}

}  // namespace

const Subnet* gateway_subnet(const VirtualNetwork& network) {
  const auto found = std::ranges::find(network.subnets, kGatewaySubnetName, &Subnet::name);
  return found == network.subnets.end() ? nullptr : &*found;
}

std::vector<IpAddress> bgp_peering_addresses(const Model& model,
                                             const VirtualNetworkGateway& gateway) {
  if (gateway.bgp_settings.peering_addresses.is_set)
    return plain(gateway.bgp_settings.peering_addresses);
  const VirtualNetwork* const network = network_of(model, gateway);
  const Subnet* const subnet = network == nullptr ? nullptr : gateway_subnet(*network);
  if (subnet == nullptr) return {};
  return *gateway.active_active ? first_two(*subnet->prefix) : last_usable(*subnet->prefix);
}

std::vector<IpAddress> custom_bgp_addresses(const VirtualNetworkGateway& gateway) {
  std::vector<IpAddress> all;
  for (const IpConfiguration& configuration : gateway.ip_configurations) {
    for (const auto& address : *configuration.custom_bgp_ip_addresses) all.push_back(*address);
  }
  return all;
}

std::vector<IpAddress> all_bgp_addresses(const Model& model, const VirtualNetworkGateway& gateway) {
  std::vector<IpAddress> all = bgp_peering_addresses(model, gateway);
  std::ranges::copy(custom_bgp_addresses(gateway), std::back_inserter(all));
  return all;
}

std::vector<IpAddress> bgp_addresses_of(const Model& model, const VirtualNetworkGateway& gateway,
                                        size_t instance) {
  const std::vector<IpAddress> peering = bgp_peering_addresses(model, gateway);
  std::vector<IpAddress> addresses =
      plain(gateway.ip_configurations[instance].custom_bgp_ip_addresses);
  if (instance < peering.size()) addresses.insert(addresses.begin(), peering[instance]);
  return addresses;
}

std::vector<IpAddress> speaking_addresses(const Model& model, const Connection& connection,
                                          const IpAddress& peer) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  if (gateway == nullptr) return {};
  std::vector<IpAddress> all = bgp_peering_addresses(model, *gateway);
  if (is_apipa(peer) && connection.gateway_custom_bgp_ip_addresses.is_set) {
    all = plain(connection.gateway_custom_bgp_ip_addresses);
  } else {
    std::ranges::copy(custom_bgp_addresses(*gateway), std::back_inserter(all));
  }
  std::erase_if(all, [&](const IpAddress& own) {
    return own.family() != peer.family() || is_apipa(own) != is_apipa(peer);
  });
  return all;
}

bool is_reserved_asn(uint32_t asn) {
  return std::ranges::any_of(kReservedAsns, [asn](const AsnRange& range) {
    return range.first <= asn && asn <= range.last;
  });
}

bool is_speaker_host(const BgpSettings& settings, const IpPrefix& prefix) {
  return std::ranges::any_of(*settings.peering_addresses, [&](const auto& address) {
    return prefix == IpPrefix::host(*address);
  });
}

uint32_t asn_of(const BgpSettings& settings) {
  return settings.is_set ? *settings.asn : kCloudGatewayAsn;
}

bool is_cloud_asn(uint32_t asn) {
  return std::ranges::find(kCloudAsns, asn) != std::end(kCloudAsns);
}

bool is_apipa(const IpAddress& address) {
  return address.is_v4() && address.is_link_local();
}

bool is_gateway_apipa(const IpAddress& address) {
  static const IpAddress first = IpAddress::v4(0xA9FE1500u);  // 169.254.21.0
  static const IpAddress last = IpAddress::v4(0xA9FE16FFu);   // 169.254.22.255
  return address.is_v4() && first <= address && address <= last;
}

bool speaks_bgp(const Model& model, const Connection& connection) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  return *connection.enable_bgp && gateway != nullptr && *gateway->enable_bgp;
}

}  // namespace twinspan::policy
