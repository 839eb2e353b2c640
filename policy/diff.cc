#include "policy/diff.h"

#include <map>
#include <string_view>

namespace twinspan::policy {
namespace {

using TunnelsByName = std::map<std::string_view, const TunnelPlan*>;

TunnelsByName by_name(const Plan& plan) {
  TunnelsByName tunnels;
  for (const TunnelPlan& tunnel : plan.tunnels) tunnels.emplace(tunnel.connection, &tunnel);
  return tunnels;
}

std::vector<std::string> changed_fields(const TunnelPlan& before, const TunnelPlan& after) {
  std::vector<std::string> fields;
  const auto compare = [&](std::string_view name, auto member) {
    if (before.*member != after.*member) fields.emplace_back(name);
  };
  compare("device", &TunnelPlan::device);
  compare("local_address", &TunnelPlan::local_address);
  compare("remote_address", &TunnelPlan::remote_address);
  compare("remote_name", &TunnelPlan::remote_name);
  compare("local_identity", &TunnelPlan::local_identity);
  compare("remote_identity", &TunnelPlan::remote_identity);
  compare("psk_file", &TunnelPlan::psk_file);
  compare("previous_key_seconds", &TunnelPlan::previous_key_seconds);
  compare("certificate", &TunnelPlan::certificate);
  compare("raw_key", &TunnelPlan::raw_key);
  compare("ppk", &TunnelPlan::ppk);
  compare("ike_proposals", &TunnelPlan::ike_proposals);
  compare("esp_proposals", &TunnelPlan::esp_proposals);
  compare("ike_lifetime_seconds", &TunnelPlan::ike_lifetime_seconds);
  compare("sa_lifetime_seconds", &TunnelPlan::sa_lifetime_seconds);
  compare("sa_data_size_kilobytes", &TunnelPlan::sa_data_size_kilobytes);
  compare("sa_life_packets", &TunnelPlan::sa_life_packets);
  compare("legacy_words", &TunnelPlan::legacy_words);
  compare("dpd_timeout_seconds", &TunnelPlan::dpd_timeout_seconds);
  compare("ike_fragment_size", &TunnelPlan::ike_fragment_size);
  compare("mode", &TunnelPlan::mode);
  compare("encapsulation", &TunnelPlan::encapsulation);
  compare("copy_dscp", &TunnelPlan::copy_dscp);
  compare("per_resource_sas", &TunnelPlan::per_resource_sas);
  compare("aggfrag", &TunnelPlan::aggfrag);
  compare("vpn_type", &TunnelPlan::vpn_type);
  compare("children", &TunnelPlan::children);
  compare("any_to_any", &TunnelPlan::any_to_any);
  compare("remote_prefixes", &TunnelPlan::remote_prefixes);
  return fields;
}

std::vector<std::string> changed_fields(const Plan& before, const Plan& after) {
  std::vector<std::string> fields;
  const auto compare = [&](std::string_view name, auto member) {
    if (before.*member != after.*member) fields.emplace_back(name);
  };
  compare("gateway", &Plan::gateway);
  compare("instance", &Plan::instance);
  compare("vpn_type", &Plan::vpn_type);
  compare("virtual_network", &Plan::virtual_network);
  compare("own_prefixes", &Plan::own_prefixes);
  compare("interfaces", &Plan::interfaces);
  compare("local_addresses", &Plan::local_addresses);
  return fields;
}

}  // namespace

PlanDiff diff(const Plan& before, const Plan& after) {
  PlanDiff result{.fields = changed_fields(before, after)};
  const TunnelsByName old_tunnels = by_name(before);
  const TunnelsByName new_tunnels = by_name(after);
  for (const TunnelPlan& tunnel : before.tunnels) {
    if (!new_tunnels.contains(tunnel.connection)) result.removed.push_back(tunnel);
  }
  for (const TunnelPlan& tunnel : after.tunnels) {
    const auto old_tunnel = old_tunnels.find(tunnel.connection);
    if (old_tunnel == old_tunnels.end()) {
      result.added.push_back(tunnel);
    } else if (*old_tunnel->second != tunnel) {
      result.changed.push_back(
          {*old_tunnel->second, tunnel, changed_fields(*old_tunnel->second, tunnel)});
    }
  }
  return result;
}

}  // namespace twinspan::policy
