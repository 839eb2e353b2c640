#include "policy/azure_objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/bgp.h"
#include "policy/model_reader.h"
#include "policy/schema.h"

namespace twinspan::policy {
namespace {

constexpr uint64_t kPeerWeightMax = 100;
constexpr size_t kIpConfigurationsMax = 8;  // The cloud has at most three.

// "RouteBased" and "route-based" are one word.
template <class Enum>
Marked<Enum> choice(const AzureResource& resource, std::string_view key, AzureImport& import,
                    const std::vector<std::pair<std::string_view, Enum>>& choices) {
  const MarkedText word = import.reader.text(resource, key);
  if (!word.is_set) return {.mark = word.mark};
  for (const auto& [name, value] : choices) {
    if (equal_without_case(name, *word)) return marked(value, word.mark);
  }
  import.notes.incomplete({word.mark, fmt::format("{}.{}", resource.path, key),
                           fmt::format("{} is not known", in_quotes(*word)), ""});
  return {.mark = word.mark};
}

void set_subnets(const AzureResource& resource, AzureImport& import) {
  for (const JsonNode* const node : import.reader.items(resource, "subnets"))
    add_subnet(import.reader.part(*node, AzureType::Subnet, resource), import);
}

// A subnet's prefix, in either of the two forms.
Marked<IpPrefix> subnet_prefix(const AzureResource& resource, AzureImport& import) {
  const std::string path = resource.path + ".addressPrefix";
  const JsonNode* node = import.reader.field(resource, "addressPrefix");
  if (node == nullptr) {
    const auto all = import.reader.items(resource, "addressPrefixes");
    if (all.empty()) return {.mark = resource.mark()};
    node = all.front();
    for (size_t i = 1; i < all.size(); ++i) {
      import.notes.not_carried({all[i]->mark, path, "a subnet has one prefix here",
                                "write the others as subnets of their own"});
    }
  }
  const auto prefix = import.reader.prefix(*node, path);
  return prefix ? marked(*prefix, node->mark) : Marked<IpPrefix>{.mark = node->mark};
}

void note_filters(const AzureResource& subnet, AzureImport& import) {
  for (const std::string_view key : {"networkSecurityGroup", "routeTable"}) {
    const JsonNode* const node = import.reader.field(subnet, key);
    if (node == nullptr) continue;
    import.notes.not_carried({node->mark, fmt::format("{}.{}", subnet.path, key),
                              "its rules are not part of the model, and nothing takes their place",
                              "write them in nftables or in routes on the hosts concerned"});
  }
}

// The addresses of a gateway's instances: of the public address that the configuration names, or
// as the gateway's own BGP settings tell them.
Marked<IpAddress> public_address_of(const AzureResource& configuration,
                                    const AzureResource& gateway, AzureImport& import) {
  AzureReader& reader = import.reader;
  const std::string name = reader.reference(configuration, "publicIPAddress");
  const auto found = import.public_addresses.find(in_small_letters(name));
  if (found != import.public_addresses.end()) return found->second;
  const JsonNode* const settings = reader.field(gateway, "bgpSettings");
  const JsonNode* const peers =
      settings == nullptr ? nullptr : settings->find("bgpPeeringAddresses");
  if (peers == nullptr) return {};
  for (const JsonNode& peer : peers->items) {
    const JsonNode* const id = peer.find("ipconfigurationId");
    const JsonNode* const addresses = peer.find("tunnelIpAddresses");
    if (id == nullptr || addresses == nullptr || addresses->items.empty()) continue;
    if (!equal_without_case(last_segment(id->text), configuration.name)) continue;
    const JsonNode& first = addresses->items.front();
    if (const auto address = IpAddress::parse(first.text)) return marked(*address, first.mark);
  }
  return {};
}

void set_ip_configurations(const AzureResource& resource, AzureImport& import,
                           VirtualNetworkGateway& gateway) {
  AzureReader& reader = import.reader;
  const auto all = reader.items(resource, "ipConfigurations");
  if (all.size() > kIpConfigurationsMax) {
    return reader.wrong(*all.back(), resource.path + ".ipConfigurations",
                        fmt::format("at most {} of them", kIpConfigurationsMax));
  }
  for (const JsonNode* const node : all) {
    AzureResource part = reader.part(*node, AzureType::Other, resource);
    part.path = fmt::format("{}.ipConfigurations.{}", resource.path, part.name);
    if (const JsonNode* const subnet = reader.field(part, "subnet")) {
      const std::string id = reader.id_of(*subnet, part.path + ".subnet");
      if (const std::string* const known =
              AzureImport::find(import.networks, segment_after(id, "virtualNetworks")))
        gateway.virtual_network = marked(*known, subnet->mark);
    }
    IpConfiguration configuration{.mark = node->mark, .name = marked(part.name, node->mark)};
    configuration.public_ip_address = public_address_of(part, resource, import);
    if (configuration.public_ip_address.is_set) {
      gateway.ip_configurations.push_back(std::move(configuration));
      continue;
    }
    import.notes.incomplete({node->mark, part.path, "its public address is not in the file",
                             "add what `az network public-ip list -o json` prints, or write it "
                             "into ip_configurations"});
  }
}

void set_sku(const AzureResource& resource, AzureImport& import, VirtualNetworkGateway& gateway) {
  const JsonNode* const sku = import.reader.field(resource, "sku");
  const JsonNode* const name =
      sku == nullptr ? nullptr : import.reader.field(*sku, resource.path + ".sku", "name");
  if (name == nullptr) return;
  const auto& known = kGatewaySchema.find("sku")->choices;
  const auto found = std::ranges::find_if(
      known, [&](std::string_view word) { return equal_without_case(word, name->text); });
  if (found != known.end()) {
    gateway.sku = marked(std::string(*found), name->mark);
    return;
  }
  import.notes.not_carried({name->mark, resource.path + ".sku",
                            fmt::format("{} is not an SKU here", in_quotes(name->text)),
                            "without one the gateway has every feature and no limit"});
}

// A JSON list of texts.
MarkedList<IpAddress> address_list(const JsonNode& list, const std::string& path,
                                   AzureImport& import) {
  MarkedList<IpAddress> addresses{.mark = list.mark};
  for (const JsonNode& item : list.items) {
    const auto address = IpAddress::parse(item.text);
    if (!address || addresses->size() == kListItemsMax) {
      import.reader.wrong(item, path, "an address like 169.254.21.1");
      break;
    }
    addresses.value.push_back(marked(*address, item.mark));
  }
  addresses.is_set = !addresses->empty();
  return addresses;
}

// "None" of a gateway that is not for VPNs, and of the oldest ones.
void set_generation(const AzureResource& resource, AzureImport& import,
                    VirtualNetworkGateway& gateway) {
  const MarkedText written = import.reader.text(resource, "vpnGatewayGeneration");
  if (!written.is_set || equal_without_case(*written, "None")) return;
  take_if_set(choice<GatewayGeneration>(resource, "vpnGatewayGeneration", import,
                                        {{"Generation1", GatewayGeneration::Generation1},
                                         {"Generation2", GatewayGeneration::Generation2}}),
              gateway.generation);
}

// "10.1.255.4,10.1.255.5" of an active/active gateway.
MarkedList<IpAddress> peering_addresses(const AzureResource& settings, AzureImport& import) {
  const MarkedText written = import.reader.text(settings, "bgpPeeringAddress");
  MarkedList<IpAddress> addresses{.mark = written.mark};
  std::string_view rest = *written;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const auto address = IpAddress::parse(one);
    if (address && addresses->size() < kIpConfigurationsMax) {
      addresses.value.push_back(marked(*address, written.mark));
      continue;
    }
    import.reader.wrong({.kind = JsonKind::Text, .mark = written.mark, .text = *written},
                        settings.path + ".bgpPeeringAddress", "an address like 10.1.255.30");
    break;
  }
  addresses.is_set = !addresses.value.empty();
  return addresses;
}

BgpSettings bgp_settings(const AzureResource& resource, AzureImport& import) {
  const JsonNode* const node = import.reader.field(resource, "bgpSettings");
  if (node == nullptr || node->is_blank()) return {};
  const AzureResource settings{.node = node, .body = node, .path = resource.path + ".bgpSettings"};
  BgpSettings bgp{.mark = node->mark, .is_set = true};
  const auto take = [&](std::string_view key, uint64_t max) {
    const Marked<uint64_t> number = import.reader.number(settings, key, max);
    return Marked<uint32_t>{static_cast<uint32_t>(*number), number.mark, number.is_set};
  };
  bgp.asn = take("asn", UINT32_MAX);
  bgp.peer_weight = take("peerWeight", kPeerWeightMax);
  bgp.peering_addresses = peering_addresses(settings, import);
  return bgp;
}

IpConfiguration* find_configuration(VirtualNetworkGateway& gateway, const JsonNode* id) {
  if (id == nullptr) return nullptr;
  const auto found =
      std::ranges::find_if(gateway.ip_configurations, [&](const IpConfiguration& each) {
        return equal_without_case(last_segment(id->text), *each.name);
      });
  return found == gateway.ip_configurations.end() ? nullptr : &*found;
}

// The cloud lists them by IP configuration, inside the BGP settings.
void set_custom_bgp_addresses(const AzureResource& resource, AzureImport& import,
                              VirtualNetworkGateway& gateway) {
  const JsonNode* const node = import.reader.field(resource, "bgpSettings");
  if (node == nullptr || node->is_blank()) return;
  const AzureResource settings{.node = node, .body = node, .path = resource.path + ".bgpSettings"};
  for (const JsonNode* const peer : import.reader.items(settings, "bgpPeeringAddresses")) {
    const JsonNode* const custom = peer->find("customBgpIpAddresses");
    if (custom == nullptr || custom->is_blank()) continue;
    IpConfiguration* const owner = find_configuration(gateway, peer->find("ipconfigurationId"));
    if (owner == nullptr) {
      import.notes.not_carried({custom->mark, settings.path + ".customBgpIpAddresses",
                                "their IP configuration is not in the file",
                                "write them as custom_bgp_ip_addresses"});
      continue;
    }
    owner->custom_bgp_ip_addresses =
        address_list(*custom, settings.path + ".customBgpIpAddresses", import);
  }
  std::erase_if(gateway.bgp_settings.peering_addresses.value, [&](const auto& address) {
    const auto all = custom_bgp_addresses(gateway);
    return std::ranges::find(all, *address) != all.end();
  });
  if (gateway.bgp_settings.peering_addresses->empty())
    gateway.bgp_settings.peering_addresses.is_set = false;
}

void set_default_site(const AzureResource& resource, AzureImport& import,
                      VirtualNetworkGateway& gateway) {
  const JsonNode* const node = import.reader.field(resource, "gatewayDefaultSite");
  if (node == nullptr || node->is_blank()) return;
  const std::string name = import.reader.reference(resource, "gatewayDefaultSite");
  if (const std::string* const site = AzureImport::find(import.local_gateways, name)) {
    gateway.default_local_network_gateway = marked(*site, node->mark);
    return;
  }
  import.notes.incomplete({node->mark, resource.path + ".gatewayDefaultSite",
                           fmt::format("{} is not in the file", in_quotes(name)),
                           "add what `az network local-gateway list -o json` prints"});
}

void note_gateway_extras(const AzureResource& resource, AzureImport& import) {
  if (!import.reader.items(resource, "natRules").empty()) {
    import.notes.left_out({import.reader.field(resource, "natRules")->mark,
                           resource.path + ".natRules",
                           "NAT rules do not exist here; prefixes that they translate would meet "
                           "untranslated",
                           "give the networks prefixes that do not overlap"});
  }
  static constexpr std::string_view kKnown[] = {
      "activeActive", "active", "bgpSettings", "enableBgp", "gatewayType", "ipConfigurations",
      "gatewayDefaultSite", "natRules", "sku", "vpnGatewayGeneration", "vpnType",
      // Of every gateway that az prints, and nothing that was asked for.
      "packetCaptureDiagnosticState", "resiliencyModel"};
  import.reader.note_rest(resource, kKnown);
}

// False: the part has been read already, where it stands a second time.
bool is_new_part(const AzureResource& part, AzureImport& import) {
  const int type = static_cast<int>(part.type);
  return import.parts
      .insert(in_small_letters(fmt::format("{}/{}/{}", part.parent, type, part.name)))
      .second;
}

}  // namespace

const std::string* AzureImport::find(const std::map<std::string, std::string>& names,
                                     std::string_view name) {
  const auto found = names.find(in_small_letters(name));
  return found == names.end() ? nullptr : &found->second;
}

std::string in_small_letters(std::string_view name) {
  std::string small(name);
  for (char& letter : small) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return small;
}

bool take_new_name(const AzureResource& resource, AzureImport& import,
                   std::map<std::string, std::string>& known, ImportNames& names) {
  const auto [entry, is_new] = known.try_emplace(in_small_letters(resource.name), "");
  if (!is_new) {
    import.notes.left_out({resource.mark(), resource.path, "a second one of this name",
                           "import resource groups one by one, or rename one of them"});
    return false;
  }
  entry->second = names.take(resource.name);
  if (entry->second != resource.name) {
    import.notes.chosen({resource.mark(), resource.path,
                         fmt::format("is called {} in the estate", entry->second), ""});
  }
  return true;
}

void add_network(const AzureResource& resource, AzureImport& import) {
  if (!take_new_name(resource, import, import.networks, import.network_names)) return;
  VirtualNetwork network = blank_virtual_network(resource.mark());
  network.name = *AzureImport::find(import.networks, resource.name);
  // Of a template the place is often computed; it is for people alone.
  if (const JsonNode* const location = resource.node->find("location");
      location != nullptr && !AzureTemplate::is_expression(*location))
    take_if_set(import.reader.text(resource, "location"), network.region);
  if (resource.type == AzureType::ClassicNetwork)
    network.deployment_model = marked(DeploymentModel::Classic, resource.mark());
  network.address_space = import.reader.prefixes(resource, "addressSpace");
  network.address_space.is_set = true;  // A network has one, even if it is not known here.
  if (network.address_space->empty()) {
    import.notes.incomplete({resource.mark(), resource.path, "its address space is not in the file",
                             "write address_space"});
  }
  import.result.model.virtual_networks.emplace(network.name, network);
  set_subnets(resource, import);
  static constexpr std::string_view kKnown[] = {"addressSpace", "subnets", "virtualNetworkPeerings",
                                                "enableDdosProtection",
                                                "privateEndpointVNetPolicies"};
  import.reader.note_rest(resource, kKnown);
}

void add_subnet(const AzureResource& resource, AzureImport& import) {
  if (!is_new_part(resource, import)) return;
  const std::string* const network = AzureImport::find(import.networks, resource.parent);
  if (network == nullptr) {
    return import.notes.left_out({resource.mark(), resource.path,
                                  "its virtual network is not in the file",
                                  "add what `az network vnet list -o json` prints"});
  }
  const Marked<IpPrefix> prefix = subnet_prefix(resource, import);
  if (!prefix.is_set) return;
  auto& subnets = import.result.model.virtual_networks.find(*network)->second.subnets;
  subnets.push_back({import.subnet_names[*network].take(resource.name), resource.mark(), prefix});
  note_filters(resource, import);
  static constexpr std::string_view kKnown[] = {
      "addressPrefix", "addressPrefixes", "networkSecurityGroup", "routeTable",
      // What the cloud tells about it, and what concerns services that are only there.
      "ipConfigurations", "privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies",
      "privateEndpoints", "purpose", "defaultOutboundAccess"};
  import.reader.note_rest(resource, kKnown);
}

void add_gateway(const AzureResource& resource, AzureImport& import) {
  AzureReader& reader = import.reader;
  const MarkedText type = reader.text(resource, "gatewayType");
  if (type.is_set && !equal_without_case(*type, "Vpn")) {
    return import.notes.not_carried(
        {type.mark, resource.path,
         fmt::format("a gateway of type {} exists only in the cloud", in_quotes(*type)), ""});
  }
  if (!take_new_name(resource, import, import.gateways, import.gateway_names)) return;
  VirtualNetworkGateway gateway = blank_gateway(resource.mark());
  gateway.name = *AzureImport::find(import.gateways, resource.name);
  take_if_set(
      choice<VpnType>(resource, "vpnType", import,
                      {{"RouteBased", VpnType::RouteBased}, {"PolicyBased", VpnType::PolicyBased}}),
      gateway.vpn_type);
  set_ip_configurations(resource, import, gateway);
  if (!gateway.virtual_network.is_set) {
    import.notes.incomplete({resource.mark(), resource.path,
                             "its virtual network is not in the file",
                             "add what `az network vnet list -o json` prints"});
    gateway.virtual_network = marked(std::string("unknown"), resource.mark());
  }
  set_sku(resource, import, gateway);
  set_generation(resource, import, gateway);
  take_if_set(reader.flag(resource, "active"), gateway.active_active);
  take_if_set(reader.flag(resource, "activeActive"), gateway.active_active);
  take_if_set(reader.flag(resource, "enableBgp"), gateway.enable_bgp);
  gateway.bgp_settings = bgp_settings(resource, import);
  set_custom_bgp_addresses(resource, import, gateway);
  set_default_site(resource, import, gateway);
  gateway.speaks_ike_v1 = gateway.is_policy_based();
  if (gateway.is_policy_based()) {
    import.result.model.fields.emplace(
        gateway.vpn_type.mark, fmt::format("virtual_network_gateways.{}.vpn_type", gateway.name));
  }
  if (gateway.is_policy_based() && import.purpose == ImportFor::Estate) {
    import.notes.not_carried({gateway.vpn_type.mark, resource.path + ".vpnType",
                              "a policy-based gateway of the cloud speaks IKEv1, ours speaks IKEv2",
                              "have the peer use IKEv2"});
  }
  note_gateway_extras(resource, import);
  import.result.model.gateways.emplace(gateway.name, std::move(gateway));
}

void add_local_network_gateway(const AzureResource& resource, AzureImport& import) {
  if (!take_new_name(resource, import, import.local_gateways, import.local_gateway_names)) return;
  LocalNetworkGateway gateway = blank_local_network_gateway(resource.mark());
  gateway.name = *AzureImport::find(import.local_gateways, resource.name);
  take_if_set(import.reader.address(resource, "gatewayIpAddress"), gateway.gateway_ip_address);
  take_if_set(import.reader.text(resource, "fqdn"), gateway.fqdn);
  take_if_set(import.reader.prefixes(resource, "localNetworkAddressSpace"),
              gateway.address_prefixes);
  if (!gateway.gateway_ip_address.is_set && !gateway.fqdn.is_set) {
    import.notes.incomplete({resource.mark(), resource.path, "its address is not in the file",
                             "write gateway_ip_address or fqdn"});
  }
  gateway.bgp_settings = bgp_settings(resource, import);
  // Here the peer's speaker has one address, and a number without it says nothing.
  if (gateway.bgp_settings.peering_addresses->size() != 1 || !gateway.bgp_settings.asn.is_set) {
    if (gateway.bgp_settings.is_set) {
      import.notes.not_carried({gateway.bgp_settings.mark, resource.path + ".bgpSettings",
                                "a peer's BGP speaker has a number and one address", ""});
    }
    gateway.bgp_settings = {};
  }
  static constexpr std::string_view kKnown[] = {"gatewayIpAddress", "fqdn",
                                                "localNetworkAddressSpace", "bgpSettings"};
  import.reader.note_rest(resource, kKnown);
  import.result.model.local_network_gateways.emplace(gateway.name, std::move(gateway));
}

void add_peering(const AzureResource& resource, AzureImport& import) {
  if (!is_new_part(resource, import)) return;
  AzureReader& reader = import.reader;
  const JsonNode* const remote = reader.field(resource, "remoteVirtualNetwork");
  const std::string remote_id =
      remote == nullptr ? "" : reader.id_of(*remote, resource.path + ".remoteVirtualNetwork");
  const std::string* const network = AzureImport::find(import.networks, resource.parent);
  const std::string* const other = AzureImport::find(import.networks, last_segment(remote_id));
  if (network == nullptr || other == nullptr) {
    return import.notes.left_out(
        {resource.mark(), resource.path,
         fmt::format("the virtual network {} is not in the file",
                     in_quotes(network == nullptr ? resource.parent : last_segment(remote_id))),
         "add what `az network vnet list -o json` prints of it"});
  }
  Peering peering = blank_peering(resource.mark());
  peering.name = import.peering_names.take(resource.name);
  peering.virtual_network = marked(*network, resource.mark());
  peering.remote_virtual_network = marked(*other, remote->mark);
  take_if_set(reader.flag(resource, "allowVirtualNetworkAccess"),
              peering.allow_virtual_network_access);
  take_if_set(reader.flag(resource, "allowForwardedTraffic"), peering.allow_forwarded_traffic);
  take_if_set(reader.flag(resource, "allowGatewayTransit"), peering.allow_gateway_transit);
  take_if_set(reader.flag(resource, "useRemoteGateways"), peering.use_remote_gateways);
  static constexpr std::string_view kKnown[] = {
      "remoteVirtualNetwork", "allowVirtualNetworkAccess", "allowForwardedTraffic",
      "allowGatewayTransit", "useRemoteGateways", "peerCompleteVnets",
      // What the cloud tells about it.
      "peeringState", "peeringSyncLevel", "remoteAddressSpace", "remoteVirtualNetworkAddressSpace",
      "remoteBgpCommunities", "remoteGateways", "localAddressSpace",
      "localVirtualNetworkAddressSpace"};
  reader.note_rest(resource, kKnown);
  import.result.model.peerings.emplace(peering.name, std::move(peering));
}

}  // namespace twinspan::policy
