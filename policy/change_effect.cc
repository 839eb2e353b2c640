#include "policy/change_effect.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace twinspan::policy {
namespace {

using enum ChangeAction;

constexpr ChangeEffect kTunnelEffects[] = {
    {"connection", "a connection's name", InPlace, "renamed; its device, SAs and counters stay"},
    {"device", "", Restart, "it gets another TUN device"},
    {"local_address", "ip_configurations of the gateway", Restart,
     "the tunnel starts from another address"},
    {"remote_address", "gateway_ip_address, or the other gateway's address", Restart,
     "the peer is another one"},
    {"remote_name", "fqdn", Restart, "the peer is looked up by another name"},
    {"local_identity", "local_id", Reauth, "we show another identity"},
    {"remote_identity", "remote_id", Reauth, "the peer has to show another identity"},
    {"psk_file", "shared_key.file", InPlace, "the key is used from the next authentication on"},
    {"psk_encoding", "shared_key.encoding", InPlace,
     "the key is used from the next authentication on"},
    {"previous_key_seconds", "shared_key.previous_key_seconds", InPlace,
     "holds for the next key that is replaced"},
    {"certificate", "certificate_authentication", Reauth, "both sides prove themselves anew"},
    {"raw_key", "raw_public_key_authentication", Reauth, "both sides prove themselves anew"},
    {"ppk", "ppk", Reauth, "a post-quantum key is mixed in when an IKE SA is made"},
    {"ike_proposals", "ipsec_policy: ike_*, dh_group; additional_key_exchanges", Reauth,
     "the IKE SA is made anew with the new suite"},
    {"esp_proposals", "ipsec_policy: ipsec_*, pfs_group, esn; additional_key_exchanges", Rekey,
     "the Child SAs are replaced by some of the new suite"},
    {"ike_lifetime_seconds", "ipsec_policy: ike_life_time_seconds", InPlace,
     "counted from when the IKE SA was made"},
    {"sa_lifetime_seconds", "ipsec_policy: sa_life_time_seconds", InPlace,
     "counted from when the Child SAs were made"},
    {"sa_data_size_kilobytes", "ipsec_policy: sa_data_size_kilobytes", InPlace,
     "holds for the next Child SAs"},
    {"sa_life_packets", "ipsec_policy: sa_life_packets", InPlace, "holds for the next Child SAs"},
    {"legacy_words", "legacy", InPlace, "the warnings change"},
    {"dpd_timeout_seconds", "dpd_timeout_seconds", InPlace, "the peer is asked after that silence"},
    {"ike_fragment_size", "ike_fragment_size", InPlace, "holds for the next IKE message"},
    {"mode", "connection_mode", InPlace, "who begins from now on"},
    {"encapsulation", "encapsulation", Restart, "ESP is carried another way"},
    {"copy_dscp", "copy_dscp", InPlace, "holds from the next packet on"},
    {"per_resource_sas", "per_resource_sas", Restart,
     "its TUN device gets another number of queues"},
    {"aggfrag", "aggfrag", Rekey, "the Child SAs are replaced by some that agree on it"},
    {"vpn_type", "vpn_type of the gateway", Restart, "the selectors are of the other kind"},
    {"children",
     "address_space, address_prefixes, traffic_selector_policies where selectors are pairs", Rekey,
     "Child SAs with new selectors are added, those without are deleted, the others stay"},
    {"any_to_any", "use_policy_based_traffic_selectors", Restart,
     "the selectors are of the other kind"},
    {"remote_prefixes",
     "address_prefixes, default_local_network_gateway, or the other network's address_space",
     InPlace, "routes follow; what is no longer remote goes where the host's other routes lead"},
};

constexpr ChangeEffect kInstanceEffects[] = {
    {"virtual_network", "virtual_network of the gateway", InPlace, "the network has another name"},
    {"own_prefixes", "address_space", InPlace, "routes, isolation and refused sources follow"},
    {"interfaces", "interfaces", InPlace, "the isolation follows"},
    {"networks", "peerings, interfaces, address_space", InPlace,
     "the isolation follows in one transaction"},
    {"local_addresses", "ip_configurations of the gateway", Restart,
     "every tunnel starts from another address"},
};

std::string row(const ChangeEffect& effect) {
  return fmt::format("| {} | {} | {} |\n", effect.setting, to_string(effect.action), effect.impact);
}

}  // namespace

const char* to_string(ChangeAction action) {
  switch (action) {
    case Add:
      return "add";
    case InPlace:
      return "in-place";
    case Rekey:
      return "rekey";
    case Reauth:
      return "reauth";
    case Restart:
      return "restart";
    case Remove:
      return "remove";
  }
  CHECK(false);
}

std::string_view traffic_effect(ChangeAction action) {
  switch (action) {
    case Add:
      return "begins when it is up";
    case InPlace:
      return "none";
    case Rekey:
      return "none: new SAs take over before the old ones go";
    case Reauth:
      return "none, or a moment until the new IKE SA is there";
    case Restart:
      return "stops until it is up again";
    case Remove:
      return "ends";
  }
  CHECK(false);
}

std::span<const ChangeEffect> tunnel_effects() {
  return kTunnelEffects;
}

std::span<const ChangeEffect> instance_effects() {
  return kInstanceEffects;
}

const ChangeEffect& tunnel_effect(std::string_view member) {
  const auto* const found = std::ranges::find(kTunnelEffects, member, &ChangeEffect::member);
  CHECK(found != std::ranges::end(kTunnelEffects));
  return *found;
}

std::string change_reference() {
  std::string text = "| what changes | action | what happens |\n|---|---|---|\n";
  for (const ChangeEffect& effect : kTunnelEffects) {
    if (!effect.setting.empty()) text += row(effect);
  }
  for (const ChangeEffect& effect : kInstanceEffects) text += row(effect);
  return text;
}

}  // namespace twinspan::policy
