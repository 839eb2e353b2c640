#include "policy/config_place.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/connection_ends.h"
#include "policy/ipsec_suite.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

struct Collector {
  const Model& model;
  ConfigPlaces places;

  void add(std::string_view field, std::string path, const SourceMark& mark) {
    const std::string file = mark.file < model.files.size() ? model.files[mark.file] : "";
    places.push_back({std::string(field), std::move(path), file, mark.line, mark.column});
  }
};

void add_policy(const Connection& connection, Collector& collector) {
  const std::string own_path = path_of(connection) + ".ipsec_policy";
  collector.add("ipsec_policy", own_path, connection.ipsec_policy_name.mark);
  const IpsecPolicy* const policy = policy_of(collector.model, connection);
  const auto add = [&](std::string_view field, const SourceMark& mark) {
    const std::string place = connection.ipsec_policy ? own_path
                              : policy != nullptr     ? path_of(*policy)
                                                      : own_path;
    collector.add(fmt::format("ipsec_policy.{}", field),
                  policy == nullptr ? place : fmt::format("{}.{}", place, field), mark);
  };
  // A built-in policy has no lines: the name of it is what can be changed.
  const SourceMark& name = connection.ipsec_policy_name.mark;
  const auto mark_in_policy = [&](auto member) {
    return policy == nullptr ? name : (policy->*member).mark;
  };
  add("ike_encryption", mark_in_policy(&IpsecPolicy::ike_encryption));
  add("ike_integrity", mark_in_policy(&IpsecPolicy::ike_integrity));
  add("ike_prf", mark_in_policy(&IpsecPolicy::ike_prf));
  add("dh_group", mark_in_policy(&IpsecPolicy::dh_group));
  add("ipsec_encryption", mark_in_policy(&IpsecPolicy::ipsec_encryption));
  add("ipsec_integrity", mark_in_policy(&IpsecPolicy::ipsec_integrity));
  add("pfs_group", mark_in_policy(&IpsecPolicy::pfs_group));
  add("esn", mark_in_policy(&IpsecPolicy::esn));
}

void add_remote(const Connection& connection, Collector& collector) {
  const Model& model = collector.model;
  if (const auto* const peer = site_of(model, connection);
      peer != nullptr && !connection.is_vnet_to_vnet()) {
    const bool is_named = peer->fqdn.is_set;
    collector.add("remote_address", path_of(*peer) + (is_named ? ".fqdn" : ".gateway_ip_address"),
                  is_named ? peer->fqdn.mark : peer->gateway_ip_address.mark);
    collector.add("remote_selectors", path_of(*peer) + ".address_prefixes",
                  peer->address_prefixes.mark);
    return;
  }
  const VirtualNetworkGateway* const gateway = remote_gateway(model, connection);
  if (gateway == nullptr) return;
  if (!gateway->ip_configurations.empty()) {
    collector.add("remote_address", path_of(*gateway) + ".ip_configurations",
                  gateway->ip_configurations.front().public_ip_address.mark);
  }
  if (const VirtualNetwork* const network = network_of(model, *gateway)) {
    collector.add("remote_selectors", path_of(*network) + ".address_space",
                  network->address_space.mark);
  }
}

// Selector policies, where there are some, replace what follows from the prefixes.
void add_selectors(const Connection& connection, Collector& collector) {
  if (!connection.traffic_selector_policies.empty()) {
    const std::string path = path_of(connection) + ".traffic_selector_policies";
    for (const char* const field : {"local_selectors", "remote_selectors"})
      collector.add(field, path, connection.traffic_selector_policies_mark);
    return;
  }
  if (const VirtualNetwork* const network = local_network(collector.model, connection)) {
    collector.add("local_selectors", path_of(*network) + ".address_space",
                  network->address_space.mark);
  }
}

}  // namespace

ConfigPlaces places_of(const Model& model, const Connection& connection) {
  Collector collector{model, {}};
  const auto add_own = [&](std::string_view field, const SourceMark& mark) {
    collector.add(field, fmt::format("{}.{}", path_of(connection), field), mark);
  };
  add_own("shared_key", connection.shared_key_file.mark);
  add_own("authentication_type", connection.authentication_type.mark);
  if (connection.certificate) add_own("certificate_authentication", connection.certificate->mark);
  add_own("local_id", connection.local_id.mark);
  add_own("remote_id", connection.remote_id.mark);
  add_own("connection_mode", connection.connection_mode.mark);
  if (connection.ppk) add_own("ppk", connection.ppk->mark);
  if (connection.additional_key_exchanges)
    add_own("additional_key_exchanges", connection.additional_key_exchanges->mark);
  add_policy(connection, collector);
  add_selectors(connection, collector);
  add_remote(connection, collector);
  return std::move(collector.places);
}

const ConfigPlace* find_place(const ConfigPlaces& places, std::string_view field) {
  const auto found = std::ranges::find(places, field, &ConfigPlace::field);
  return found == places.end() ? nullptr : &*found;
}

}  // namespace twinspan::policy
