#include "policy/diff.h"

#include "policy/succession.h"

namespace twinspan::policy {
namespace {

template <class Compare>
void visit_tunnel_members(Compare compare) {
  compare("connection", &TunnelPlan::connection);
  compare("device", &TunnelPlan::device);
  compare("local_address", &TunnelPlan::local_address);
  compare("remote_address", &TunnelPlan::remote_address);
  compare("remote_name", &TunnelPlan::remote_name);
  compare("local_identity", &TunnelPlan::local_identity);
  compare("remote_identity", &TunnelPlan::remote_identity);
  compare("psk_file", &TunnelPlan::psk_file);
  compare("psk_encoding", &TunnelPlan::psk_encoding);
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
  compare("networks", &Plan::networks);
  compare("local_addresses", &Plan::local_addresses);
  return fields;
}

}  // namespace

PlanDiff diff(const Plan& before, const Plan& after) {
  PlanDiff result{.fields = changed_fields(before, after)};
  for (const TunnelSuccession& pair : succession(before, after)) {
    if (pair.after == nullptr) {
      result.removed.push_back(*pair.before);
    } else if (pair.before == nullptr) {
      result.added.push_back(*pair.after);
    } else if (*pair.before != *pair.after) {
      result.changed.push_back(
          {*pair.before, *pair.after, changed_members(*pair.before, *pair.after)});
    }
  }
  return result;
}

std::vector<std::string> changed_members(const TunnelPlan& before, const TunnelPlan& after) {
  std::vector<std::string> members;
  visit_tunnel_members([&](std::string_view name, auto member) {
    if (before.*member != after.*member) members.emplace_back(name);
  });
  return members;
}

std::vector<std::string> tunnel_members() {
  std::vector<std::string> members;
  visit_tunnel_members([&](std::string_view name, auto) { members.emplace_back(name); });
  return members;
}

}  // namespace twinspan::policy
