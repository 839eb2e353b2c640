#include "policy/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "policy/rules.h"

namespace twinspan::policy {
namespace {

constexpr Rule kRules[] = {
    {"estate.empty", "An estate describes something.", check_not_empty},
    {"reference.unknown", "Every object that is referred to exists.", check_references},
    {"network.address-space", "Address spaces are usable and disjoint in themselves.",
     check_address_space},
    {"network.subnet", "Subnets lie in the address space and do not overlap.", check_subnets},
    {"network.gateway-subnet", "A network with a gateway has a GatewaySubnet of a good size.",
     check_gateway_subnet},
    {"network.interface", "Interfaces have names that Linux takes, each once.", check_interfaces},
    {"network.shared-interface", "Networks that one host may carry have interfaces of their own.",
     check_shared_interfaces},
    {"gateway.one-per-network", "A network has at most one gateway.",
     check_one_gateway_per_network},
    {"gateway.ip-configurations", "A gateway has one IP configuration per instance.",
     check_ip_configurations},
    {"gateway.address", "A gateway's addresses are usable, and nobody else's.",
     check_gateway_addresses},
    {"gateway.policy-based",
     "A policy-based gateway has one connection, to a local network gateway.", check_policy_based},
    {"local-network-gateway.address", "A local network gateway has a usable address.",
     check_local_network_gateways},
    {"connection.ends", "A connection has the two ends that its type needs.",
     check_connection_ends},
    {"connection.authentication", "A connection has what its authentication type needs, alone.",
     check_authentication},
    {kKeyFileRule, "Keys lie beneath the estate's folder, or where a full path says.",
     check_key_files},
    {"connection.authentication-reverse", "Both directions authenticate in the same way.",
     check_authentication_reverse},
    {"connection.ppk", "A post-quantum key has a name and a file of its own, at both ends.",
     check_ppk},
    {"connection.additional-key-exchanges",
     "Additional key exchanges are one to seven that differ and that this build has.",
     check_additional_key_exchanges},
    {"connection.identity", "Identities have a form that IKE can carry.", check_identities},
    {"connection.duplicate", "The peer and identities of a connection tell it from others.",
     check_duplicates},
    {"connection.outer-addresses", "The gateways' addresses are of one family, and two.",
     check_outer_addresses},
    {"connection.fragment-size",
     "IKE messages are cut to a size that carries content, or not at all.", check_fragment_size},
    {"connection.remote-prefixes", "There is something behind the remote end that can be there.",
     check_remote_prefixes},
    {"gateway.default-site", "A gateway's default site is one that a connection of it leads to.",
     check_default_site},
    {"connection.overlap", "Networks that are joined do not overlap.", check_overlap},
    {"connection.overlap-between", "The connections of a gateway lead to different prefixes.",
     check_overlap_between_connections},
    {"connection.covers-peer", "Remote prefixes do not cover the gateways' own addresses.",
     check_covers_peer},
    {"connection.selectors", "Selectors have pairs, and what is said about them is in force.",
     check_selectors},
    {"connection.families", "What is behind the two ends has an address family in common.",
     check_families},
    {"connection.selector-ranges", "Selector policies name what is behind the two ends.",
     check_selector_ranges},
    {"connection.reverse", "The two directions of a connection agree.", check_reverse},
    {"connection.routing-weight", "No weight is given to a route that has none.",
     check_routing_weight},
    {"connection.same-region", "A VPN joins networks of different regions.", check_regions},
    {"ipsec-policy.unknown", "Named IPsec policies exist.", check_policy_names},
    {"ipsec-policy.words", "Encryption and integrity fit together.", check_policy_words},
    {"ipsec-policy.lifetime", "Lifetimes are long enough for a quiet life.", check_lifetimes},
    {"ipsec-policy.legacy", "Weak algorithms are admitted by the connection that uses them.",
     check_legacy},
    {"connection.protocol", "Connections speak IKEv2.", check_protocol},
    {"connection.counterpart-prefixes",
     "A local network gateway that stands for a gateway of the estate lists its network.",
     check_counterpart_prefixes},
    {kCounterpartAddressRule,
     "A local network gateway that stands for a gateway of the estate has its address.",
     check_counterpart_address},
    {"connection.instances", "There is a peer for each instance of an active/active gateway.",
     check_instances},
    {"connection.peer-outside", "A peer's address is none of our own network.", check_peer_outside},
    {"connection.proposers", "Who has selector policies opens the tunnel, so that they count.",
     check_proposers},
    {"connection.selector-pairs", "Policy-based selectors are few enough for Child SAs.",
     check_selector_pairs},
    {"gateway.kind", "A gateway is for VPNs, and its SKU exists in its generation.",
     check_gateway_kind},
    {"gateway.sku", "A gateway uses what its SKU has.", check_sku_features},
    {"gateway.sku-limit", "A gateway has as many tunnels as its SKU carries.", check_sku_limits},
    {"network.classic", "A classic network is joined by static prefixes, without BGP.",
     check_classic},
    {"network.distant-overlap", "Networks that are joined over others do not overlap.",
     check_distant_overlap},
    {"network.attached-overlap",
     "What is attached to one host, or behind its tunnels, does not overlap.",
     check_attached_overlap},
    {"network.transit", "Networks that connections join to one network reach each other over it.",
     check_transit},
    {"bgp.speakers", "Both ends of a connection with BGP speak it.", check_bgp_speakers},
    {"bgp.asn", "AS numbers are usable, and differ at the two ends.", check_bgp_numbers},
    {"bgp.as-path", "What BGP joins to one gateway has AS numbers of its own each.",
     check_as_paths},
    {"bgp.address", "BGP addresses are reachable through tunnels, and nobody else's.",
     check_bgp_addresses},
    {"bgp.counterpart",
     "A local network gateway that stands for a gateway of the estate has its BGP settings.",
     check_counterpart_speakers},
    {"bgp.static-routes", "With BGP, nothing but the peer's address is routed statically.",
     check_static_beside_bgp},
    {"peering.ends", "A peering joins two networks, once in each direction.", check_peering_ends},
    {"peering.halves", "A peering has both halves.", check_peering_halves},
    {"peering.access", "Both halves of a peering open the way, or neither.", check_peering_access},
    {"peering.overlap", "Peered networks overlap neither each other nor another peer.",
     check_peering_overlap},
    {"peering.gateway-transit", "Who uses a peer's gateway is allowed to, and has none itself.",
     check_gateway_transit},
    {"peering.models", "Peerings and gateway transit stay within what the models allow.",
     check_peering_models},
    {"peering.region", "Peered networks are in one region.", check_peering_regions},
    {kNotSupportedRule, "Nothing is asked for that Twinspan does not do yet.", check_not_supported},
};

constexpr std::string_view kOverlapRules[] = {
    "connection.overlap",      "connection.overlap-between", "peering.overlap",
    "network.distant-overlap", "network.attached-overlap",   "peer.overlap",
    "peer.distant-overlap"};

// What of the first object stands at the mark, without the places in lists.
std::string field_at(const Model& model, SourceMark mark, std::span<const std::string> objects) {
  const auto found = model.fields.find(mark);
  if (found == model.fields.end() || objects.empty()) return "";
  const std::string_view path = found->second;
  const std::string within = objects.front() + ".";
  if (!path.starts_with(within)) return "";
  std::string field;
  bool is_index = false;
  for (const char character : path.substr(within.size())) {
    is_index |= character == '[';
    if (!is_index) field += character;
    is_index &= character != ']';
  }
  return field;
}

}  // namespace

void RuleReport::add(Severity severity, Remark remark) {
  if (findings_.size() >= kFindingsMax) return;
  const SourceMark mark = remark.mark;
  findings_.push_back({.id = std::string(rule_id_),
                       .severity = severity,
                       .file = mark.file < model_.files.size() ? model_.files[mark.file] : "",
                       .line = mark.line,
                       .column = mark.column,
                       .field = field_at(model_, mark, remark.objects),
                       .objects = std::move(remark.objects),
                       .message = std::move(remark.message),
                       .remedy = std::move(remark.remedy)});
}

bool is_overlap_rule(std::string_view id) {
  return std::ranges::find(kOverlapRules, id) != std::end(kOverlapRules);
}

std::span<const Rule> all_rules() {
  return kRules;
}

void sort_by_place(Findings& findings) {
  std::ranges::sort(findings, {}, [](const Finding& finding) {
    return std::tie(finding.file, finding.line, finding.column, finding.id, finding.message);
  });
}

Findings validate(const Model& model) {
  Findings findings;
  for (const Rule& rule : kRules) {
    RuleReport report(model, rule.id);
    rule.check(model, report);
    std::ranges::move(report.take(), std::back_inserter(findings));
  }
  sort_by_place(findings);
  return findings;
}

std::string path_of(const VirtualNetwork& network) {
  return fmt::format("virtual_networks.{}", network.name);
}
std::string path_of(const VirtualNetworkGateway& gateway) {
  return fmt::format("virtual_network_gateways.{}", gateway.name);
}
std::string path_of(const LocalNetworkGateway& gateway) {
  return fmt::format("local_network_gateways.{}", gateway.name);
}
std::string path_of(const Connection& connection) {
  return fmt::format("connections.{}", connection.name);
}
std::string path_of(const Peering& peering) {
  return fmt::format("peerings.{}", peering.name);
}
std::string path_of(const IpsecPolicy& policy) {
  return fmt::format("ipsec_policies.{}", policy.name);
}

const PrefixIndex& unusable_prefixes() {
  static const PrefixIndex prefixes = [] {
    std::vector<IpPrefix> list;
    for (const char* const text :
         {"0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16",
          "ff00::/8", "fe80::/10", "::/127", "::ffff:0:0/96"}) {
      if (const auto prefix = IpPrefix::parse(text)) list.push_back(*prefix);
    }
    return PrefixIndex(std::move(list));
  }();
  return prefixes;
}

bool is_reserved(const IpAddress& address) {
  static const auto kReserved = IpPrefix::parse("240.0.0.0/4");
  return kReserved && kReserved->contains(address);
}

bool is_unusable(const IpAddress& address) {
  return address.is_unspecified() ||
         unusable_prefixes().find_overlap(IpPrefix::host(address)).has_value();
}

}  // namespace twinspan::policy
