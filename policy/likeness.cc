#include "policy/likeness.h"

#include <algorithm>
#include <iterator>

#include "policy/bgp.h"

namespace twinspan::policy {
namespace {

bool names_speaker(const End& there, const Model& model, const VirtualNetworkGateway& gateway) {
  const LocalNetworkGateway* const site = site_of(there.model, there.connection);
  if (site == nullptr || !*there.connection.enable_bgp || !*gateway.enable_bgp) return false;
  const auto addresses = all_bgp_addresses(model, gateway);
  return std::ranges::any_of(*site->bgp_settings.peering_addresses, [&](const auto& address) {
    return std::ranges::find(addresses, *address) != addresses.end();
  });
}

bool knows_speaker_of(const End& there, const End& back) {
  const auto* const gateway = local_gateway(back.model, back.connection);
  return gateway != nullptr && names_speaker(there, back.model, *gateway);
}

// Whether `back` calls itself what `there` expects; Unknown: `there` does not write what it
// expects.
Verdict compare_expected(const End& there, const End& back) {
  const auto* const gateway = local_gateway(back.model, back.connection);
  if (!there.connection.remote_id.is_set || gateway == nullptr) return Verdict::Unknown;
  const auto expected = known_identities(there.model, there.connection, 0).remote;
  for (size_t instance = 0; instance < gateway->ip_configurations.size(); ++instance) {
    if (known_identities(back.model, back.connection, instance).local == expected)
      return Verdict::Right;
  }
  return Verdict::Wrong;
}

bool have_one_key(const End& a, const End& b, const CompareKeys& compare_keys) {
  if (!a.connection.shared_key_file.is_set || !b.connection.shared_key_file.is_set) return false;
  if (&a.model == &b.model && *a.connection.shared_key_file == *b.connection.shared_key_file)
    return true;
  return compare_keys && compare_keys(a, b, KeyKind::PreShared).verdict == Verdict::Right;
}

}  // namespace

bool lists(const MarkedList<IpPrefix>& prefixes, const VirtualNetwork& network) {
  return std::ranges::any_of(*prefixes, [&](const auto& prefix) {
    return prefix->length() != 0 &&
           std::ranges::any_of(*network.address_space,
                               [&](const auto& space) { return prefix->overlaps(*space); });
  });
}

std::vector<IpAddress> remote_addresses(const Model& model, const Connection& connection) {
  std::vector<IpAddress> addresses;
  const LocalNetworkGateway* const site = site_of(model, connection);
  const VirtualNetworkGateway* const gateway = remote_gateway(model, connection);
  if (site != nullptr && site->gateway_ip_address.is_set)
    addresses.push_back(*site->gateway_ip_address);
  if (gateway != nullptr && !gateway->ip_configurations.empty())
    addresses.push_back(*gateway->ip_configurations.front().public_ip_address);
  if (connection.latitude)
    std::ranges::copy(connection.latitude->remote_addresses, std::back_inserter(addresses));
  return addresses;
}

std::vector<IpAddress> local_addresses(const VirtualNetworkGateway& gateway,
                                       const Connection& connection) {
  std::vector<IpAddress> addresses;
  for (const IpConfiguration& instance : gateway.ip_configurations)
    addresses.push_back(*instance.public_ip_address);
  if (connection.latitude)
    std::ranges::copy(connection.latitude->local_addresses, std::back_inserter(addresses));
  return addresses;
}

bool is_meant_for(const End& there, const Model& model, const VirtualNetworkGateway& gateway) {
  const LocalNetworkGateway* const site = site_of(there.model, there.connection);
  const VirtualNetwork* const network = network_of(model, gateway);
  if (site == nullptr) return false;
  return (network != nullptr && lists(site->address_prefixes, *network)) ||
         names_speaker(there, model, gateway);
}

bool is_meant_for_alone(const End& there, const Model& model,
                        const VirtualNetworkGateway& gateway) {
  const LocalNetworkGateway* const site = site_of(there.model, there.connection);
  const MarkedList<IpPrefix> behind = prefixes_behind(model, gateway);
  return site != nullptr && std::ranges::all_of(*site->address_prefixes, [&](const auto& prefix) {
           return std::ranges::any_of(*behind,
                                      [&](const auto& space) { return prefix->overlaps(*space); });
         });
}

bool are_bound(const End& a, const End& b, const CompareKeys& compare_keys) {
  const Verdict there = compare_expected(a, b), back = compare_expected(b, a);
  if (there == Verdict::Wrong || back == Verdict::Wrong) return false;
  return there == Verdict::Right || back == Verdict::Right || knows_speaker_of(a, b) ||
         knows_speaker_of(b, a) || have_one_key(a, b, compare_keys);
}

}  // namespace twinspan::policy
