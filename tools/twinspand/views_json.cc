#include "tools/twinspand/views_json.h"

#include <nlohmann/json.hpp>

namespace twinspan::tools {
namespace {

using nlohmann::json;

template <class Value>
json texts(const std::vector<Value>& values) {
  json list = json::array();
  for (const Value& value : values) list.push_back(value.to_string());
  return list;
}

json text_or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json configurations(const policy::GatewayView& gateway) {
  json list = json::array();
  for (const policy::GatewayView::Configuration& each : gateway.ip_configurations) {
    list.push_back({{"name", each.name},
                    {"public_ip_address", each.public_ip_address.to_string()},
                    {"private_ip_address",
                     each.private_ip_address ? json(each.private_ip_address->to_string()) : json()},
                    {"custom_bgp_ip_addresses", texts(each.custom_bgp_ip_addresses)}});
  }
  return list;
}

// Several addresses are one text, as the cloud has them.
json bgp_settings(const policy::GatewayView& gateway) {
  std::string joined;
  for (const IpAddress& address : gateway.bgp_peering_addresses)
    joined += (joined.empty() ? "" : ",") + address.to_string();
  return {{"asn", gateway.asn},
          {"bgp_peering_address", text_or_null(joined)},
          {"bgp_peering_addresses", texts(gateway.bgp_peering_addresses)},
          {"peer_weight", gateway.peer_weight}};
}

}  // namespace

json peerings_json(const std::vector<policy::PeeringView>& peerings) {
  json list = json::array();
  for (const policy::PeeringView& each : peerings) {
    list.push_back({{"name", each.name},
                    {"provisioning_state", each.is_carried_out ? "Succeeded" : "Failed"},
                    {"peering_state", policy::name_of(each.status.state)},
                    {"peering_sync_level", policy::name_of(each.status.sync_level)},
                    {"virtual_network", each.virtual_network},
                    {"remote_virtual_network", each.remote_virtual_network},
                    {"allow_virtual_network_access", each.allow_virtual_network_access},
                    {"allow_forwarded_traffic", each.allow_forwarded_traffic},
                    {"allow_gateway_transit", each.allow_gateway_transit},
                    {"use_remote_gateways", each.use_remote_gateways},
                    {"remote_gateways", each.remote_gateways},
                    {"remote_virtual_network_address_space",
                     texts(each.remote_virtual_network_address_space)}});
  }
  return {{"schema", "twinspan.peerings/1"}, {"peerings", list}};
}

json gateways_json(const std::vector<policy::GatewayView>& gateways,
                   const RunningInstance& running) {
  json list = json::array();
  for (const policy::GatewayView& each : gateways) {
    const bool is_running = each.name == running.gateway;
    list.push_back(
        {{"name", each.name},
         {"gateway_type", "Vpn"},
         {"vpn_type",
          each.vpn_type == policy::VpnType::RouteBased ? "route-based" : "policy-based"},
         {"sku", each.sku},
         {"generation", text_or_null(each.generation)},
         {"virtual_network", each.virtual_network},
         {"active_active", each.active_active},
         {"enable_bgp", each.enable_bgp},
         {"bgp_settings", bgp_settings(each)},
         {"ip_configurations", configurations(each)},
         {"default_local_network_gateway", text_or_null(each.default_local_network_gateway)},
         {"connections", each.connections},
         {"transit_virtual_networks", each.transit_networks},
         {"running_instance", is_running ? json(running.instance) : json()}});
  }
  return {{"schema", "twinspan.gateways/1"}, {"gateways", list}};
}

json routes_json(const std::vector<policy::EffectiveRoute>& routes,
                 const ConnectionStatusName& status_of) {
  json list = json::array();
  for (const policy::EffectiveRoute& each : routes) {
    json route = {{"virtual_network", each.virtual_network},
                  {"address_prefix", each.address_prefix.to_string()},
                  {"source", policy::name_of(each.source)},
                  {"state", policy::name_of(each.state)},
                  {"next_hop_type", policy::name_of(each.next_hop_type)},
                  {"next_hops", each.next_hops},
                  {"connections", json::array()}};
    if (each.next_hop_type == policy::NextHopType::VirtualNetworkGateway) {
      for (const std::string& name : each.next_hops)
        route["connections"].push_back({{"name", name}, {"connection_status", status_of(name)}});
    }
    list.push_back(std::move(route));
  }
  return {{"schema", "twinspan.routes/1"}, {"routes", list}};
}

}  // namespace twinspan::tools
