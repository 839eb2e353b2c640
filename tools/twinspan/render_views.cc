#include "tools/twinspan/render_views.h"

#include <nlohmann/json.hpp>

#include "tools/twinspan/render.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

std::string joined(const json& list, const char* between = ", ") {
  std::string text;
  for (const json& item : list) text += (text.empty() ? "" : between) + item.get<std::string>();
  return text.empty() ? "-" : text;
}

std::string text(const json& object, const char* field) {
  return object[field].get<std::string>();
}

// "to-site (Connected)", or what the route leads to.
std::string next_hop_text(const json& route) {
  json hops = json::array();
  for (const json& connection : route["connections"]) {
    hops.push_back(connection["name"].get<std::string>() + " (" +
                   connection["connection_status"].get<std::string>() + ")");
  }
  return joined(hops.empty() ? route["next_hops"] : hops);
}

// The flags that are set, by the cloud's names without their verbs.
std::string flags_text(const json& peering) {
  json set = json::array();
  for (const char* const flag : {"allow_virtual_network_access", "allow_forwarded_traffic",
                                 "allow_gateway_transit", "use_remote_gateways"}) {
    if (peering[flag].get<bool>()) set.push_back(flag);
  }
  return joined(set);
}

std::string addresses_text(const json& gateway) {
  json list = json::array();
  for (const json& configuration : gateway["ip_configurations"])
    list.push_back(configuration["public_ip_address"]);
  return joined(list);
}

std::string bgp_text(const json& gateway) {
  const json& settings = gateway["bgp_settings"];
  std::string text = "AS " + settings["asn"].dump();
  if (settings["bgp_peering_address"].is_string())
    text += " at " + settings["bgp_peering_address"].get<std::string>();
  for (const json& configuration : gateway["ip_configurations"]) {
    for (const json& address : configuration.value("custom_bgp_ip_addresses", json::array()))
      text += ", " + address.get<std::string>();
  }
  return text + (gateway["enable_bgp"].get<bool>() ? "" : " (off)");
}

}  // namespace

std::string render_routes(const json& answer) {
  std::vector<TableRow> rows = {
      {"NETWORK", "ADDRESS PREFIX", "SOURCE", "STATE", "NEXT HOP TYPE", "NEXT HOP"}};
  for (const json& route : answer["routes"]) {
    rows.push_back({text(route, "virtual_network"), text(route, "address_prefix"),
                    text(route, "source"), text(route, "state"), text(route, "next_hop_type"),
                    next_hop_text(route)});
  }
  return render_table(rows);
}

std::string render_peerings(const json& answer) {
  std::vector<TableRow> rows = {
      {"PEERING", "NETWORK", "REMOTE NETWORK", "STATE", "SYNC LEVEL", "PROVISIONING", "FLAGS"}};
  for (const json& peering : answer["peerings"]) {
    rows.push_back({text(peering, "name"), text(peering, "virtual_network"),
                    text(peering, "remote_virtual_network"), text(peering, "peering_state"),
                    text(peering, "peering_sync_level"), text(peering, "provisioning_state"),
                    flags_text(peering)});
  }
  return render_table(rows);
}

std::string render_gateways(const json& answer) {
  std::vector<TableRow> rows = {
      {"GATEWAY", "NETWORK", "TYPE", "SKU", "ADDRESSES", "BGP", "CONNECTIONS", "USED BY"}};
  for (const json& gateway : answer["gateways"]) {
    rows.push_back({text(gateway, "name"), text(gateway, "virtual_network"),
                    text(gateway, "vpn_type"), text(gateway, "sku"), addresses_text(gateway),
                    bgp_text(gateway), joined(gateway["connections"]),
                    joined(gateway["transit_virtual_networks"])});
  }
  return render_table(rows);
}

}  // namespace twinspan::tools
