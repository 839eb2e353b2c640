#include "policy/views.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/bgp.h"
#include "policy/connection_ends.h"

namespace twinspan::policy {
namespace {

std::string generation_of(const VirtualNetworkGateway& gateway) {
  if (!gateway.generation.is_set) return "";
  return *gateway.generation == GatewayGeneration::Generation1 ? "Generation1" : "Generation2";
}

GatewayView view_of(const Model& model, const VirtualNetworkGateway& gateway) {
  GatewayView view{
      .name = gateway.name,
      .virtual_network = *gateway.virtual_network,
      .vpn_type = *gateway.vpn_type,
      .sku = *gateway.sku,
      .generation = generation_of(gateway),
      .active_active = *gateway.active_active,
      .enable_bgp = *gateway.enable_bgp,
      .asn = gateway.bgp_settings.is_set ? *gateway.bgp_settings.asn : kCloudGatewayAsn,
      .peer_weight = gateway.bgp_settings.is_set ? *gateway.bgp_settings.peer_weight : 0,
      .bgp_peering_addresses = bgp_peering_addresses(model, gateway),
      .default_local_network_gateway = *gateway.default_local_network_gateway};
  for (const IpConfiguration& own : gateway.ip_configurations) {
    GatewayView::Configuration configuration{*own.name, *own.public_ip_address, std::nullopt, {}};
    for (const auto& address : *own.custom_bgp_ip_addresses)
      configuration.custom_bgp_ip_addresses.push_back(*address);
    if (own.private_ip_address.is_set) configuration.private_ip_address = *own.private_ip_address;
    view.ip_configurations.push_back(std::move(configuration));
  }
  for (const auto& [name, connection] : model.connections) {
    if (*connection.virtual_network_gateway1 == gateway.name) view.connections.push_back(name);
  }
  for (const VirtualNetwork* const network : networks_in_transit(model, gateway))
    view.transit_networks.push_back(network->name);
  return view;
}

// Attached here, or with a gateway whose daemon attaches it wherever it runs.
bool may_be_here(const Model& model, const HostNetworks& networks, const std::string& name) {
  if (networks.find(name) != nullptr) return true;
  const VirtualNetwork* const network = find(model.virtual_networks, name);
  return network != nullptr && gateway_of(model, *network) != nullptr;
}

PeeringView view_of(const Model& model, const HostNetworks& networks, const Peering& half,
                    const std::optional<PeeringRecord>& record) {
  PeeringView view{.name = half.name,
                   .is_carried_out = may_be_here(model, networks, *half.remote_virtual_network) &&
                                     may_be_here(model, networks, *half.virtual_network),
                   .status = status_of(model, half, record),
                   .virtual_network = *half.virtual_network,
                   .remote_virtual_network = *half.remote_virtual_network,
                   .allow_virtual_network_access = *half.allow_virtual_network_access,
                   .allow_forwarded_traffic = *half.allow_forwarded_traffic,
                   .allow_gateway_transit = *half.allow_gateway_transit,
                   .use_remote_gateways = *half.use_remote_gateways};
  const VirtualNetwork* const own = find(model.virtual_networks, *half.virtual_network);
  const VirtualNetworkGateway* const used =
      own == nullptr || !*half.use_remote_gateways ? nullptr : transit_gateway(model, *own);
  if (used != nullptr && *used->virtual_network == *half.remote_virtual_network)
    view.remote_gateways.push_back(used->name);
  if (const auto* const remote = find(model.virtual_networks, *half.remote_virtual_network)) {
    for (const auto& prefix : *remote->address_space)
      view.remote_virtual_network_address_space.push_back(*prefix);
  }
  return view;
}

std::optional<PeeringRecord> record_at(const PeeringRecords& records, std::string_view name) {
  const auto found = records.find(name);
  return found == records.end() ? std::nullopt : std::optional(found->second);
}

// As parse_prefixes() takes them.
std::string write_prefixes(const std::vector<IpPrefix>& prefixes) {
  std::vector<std::string> texts;
  for (const IpPrefix& prefix : prefixes) texts.push_back(prefix.to_string());
  return texts.empty() ? "-" : fmt::format("{}", fmt::join(texts, ","));
}

std::string_view take_word(std::string_view& line, char end) {
  const std::string_view word = line.substr(0, line.find(end));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

std::optional<std::vector<IpPrefix>> parse_prefixes(std::string_view text) {
  std::vector<IpPrefix> prefixes;
  if (text == "-") return prefixes;
  while (!text.empty()) {
    const auto prefix = IpPrefix::parse(take_word(text, ','));
    if (!prefix) return std::nullopt;
    prefixes.push_back(*prefix);
  }
  return prefixes;
}

}  // namespace

std::vector<GatewayView> gateway_views(const Model& model) {
  std::vector<GatewayView> views;
  for (const auto& [name, gateway] : model.gateways) views.push_back(view_of(model, gateway));
  return views;
}

std::vector<PeeringView> peering_views(const Model& model, const HostNetworks& networks,
                                       const PeeringRecords& records) {
  std::vector<PeeringView> views;
  for (const auto& [name, half] : model.peerings) {
    const bool is_here = networks.find(*half.virtual_network) != nullptr ||
                         networks.find(*half.remote_virtual_network) != nullptr;
    if (is_here) views.push_back(view_of(model, networks, half, record_at(records, name)));
  }
  return views;
}

PeeringRecords next_records(const Model& model, const PeeringRecords& records) {
  PeeringRecords next;
  for (const auto& [name, half] : model.peerings) {
    const auto before = record_at(records, name);
    if (status_of(model, half, before).state == PeeringState::Connected) {
      next.emplace(name, record_of(model, half));
    } else if (before) {
      next.emplace(name, *before);
    }
  }
  return next;
}

std::string to_text(const PeeringRecords& records) {
  std::string text;
  for (const auto& [name, record] : records) {
    text += fmt::format("{} {} {} {}\n", name, record.was_connected ? "connected" : "initiated",
                        write_prefixes(record.address_space),
                        write_prefixes(record.remote_address_space));
  }
  return text;
}

PeeringRecords parse_records(std::string_view text) {
  PeeringRecords records;
  while (!text.empty()) {
    std::string_view line = take_word(text, '\n');
    const std::string_view name = take_word(line, ' ');
    const std::string_view state = take_word(line, ' ');
    const auto own = parse_prefixes(take_word(line, ' '));
    const auto remote = parse_prefixes(line);
    if (name.empty() || (state != "connected" && state != "initiated") || !own || !remote) continue;
    records.emplace(name, PeeringRecord{state == "connected", *own, *remote});
  }
  return records;
}

}  // namespace twinspan::policy
