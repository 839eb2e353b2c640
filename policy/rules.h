// The rules that policy/validate.h runs, and what they write their findings to.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "policy/finding.h"
#include "policy/model.h"
#include "policy/prefix_index.h"
#include "policy/validate.h"

namespace twinspan::policy {

// A finding without what the rule's table row and the model's file names add.
struct Remark {
  SourceMark mark;
  std::vector<std::string> objects;
  std::string message;
  std::string remedy;
};

// Findings of one rule, at most kFindingsMax.
class RuleReport {
 public:
  RuleReport(const Model& model, std::string_view rule_id) : model_(model), rule_id_(rule_id) {}

  void error(Remark remark) { add(Severity::Error, std::move(remark)); }
  void warning(Remark remark) { add(Severity::Warning, std::move(remark)); }
  void info(Remark remark) { add(Severity::Info, std::move(remark)); }

  bool is_full() const { return findings_.size() >= kFindingsMax; }
  Findings take() { return std::move(findings_); }

 private:
  void add(Severity severity, Remark remark);

  const Model& model_;
  std::string_view rule_id_;
  Findings findings_;
};

struct Rule {
  std::string_view id;
  std::string_view doc;  // What holds when the rule finds nothing.
  void (*check)(const Model& model, RuleReport& report);
};

std::span<const Rule> all_rules();

// Whether it is about addresses that two networks or sites have both.
bool is_overlap_rule(std::string_view id);

// How findings name an object.
std::string path_of(const VirtualNetwork& network);
std::string path_of(const VirtualNetworkGateway& gateway);
std::string path_of(const LocalNetworkGateway& gateway);
std::string path_of(const Connection& connection);
std::string path_of(const Peering& peering);
std::string path_of(const IpsecPolicy& policy);

// What no network may hold: multicast, broadcast, loopback, link-local, and addresses that stand
// for none or for IPv4.
const PrefixIndex& unusable_prefixes();
// 240.0.0.0/4, which some networks have all the same (RFC 1112 4).
bool is_reserved(const IpAddress& address);

// An address at which no gateway is reached: nobody's, or in one of those.
bool is_unusable(const IpAddress& address);

// policy/rules_network.cc
void check_address_space(const Model& model, RuleReport& report);
void check_subnets(const Model& model, RuleReport& report);
void check_gateway_subnet(const Model& model, RuleReport& report);
void check_interfaces(const Model& model, RuleReport& report);
void check_shared_interfaces(const Model& model, RuleReport& report);

// policy/rules_gateway.cc
void check_references(const Model& model, RuleReport& report);
void check_one_gateway_per_network(const Model& model, RuleReport& report);
void check_ip_configurations(const Model& model, RuleReport& report);
void check_gateway_addresses(const Model& model, RuleReport& report);
void check_policy_based(const Model& model, RuleReport& report);
void check_local_network_gateways(const Model& model, RuleReport& report);
void check_protocol(const Model& model, RuleReport& report);
void check_not_supported(const Model& model, RuleReport& report);

// policy/rules_sku.cc
void check_sku_features(const Model& model, RuleReport& report);
void check_gateway_kind(const Model& model, RuleReport& report);
void check_sku_limits(const Model& model, RuleReport& report);
void check_selector_pairs(const Model& model, RuleReport& report);
void check_classic(const Model& model, RuleReport& report);

// policy/rules_bgp.cc
void check_bgp_speakers(const Model& model, RuleReport& report);
void check_bgp_numbers(const Model& model, RuleReport& report);
void check_counterpart_speakers(const Model& model, RuleReport& report);
void check_as_paths(const Model& model, RuleReport& report);
void check_static_beside_bgp(const Model& model, RuleReport& report);

// policy/rules_bgp_address.cc
void check_bgp_addresses(const Model& model, RuleReport& report);

// policy/rules_peering.cc
void check_peering_ends(const Model& model, RuleReport& report);
void check_peering_halves(const Model& model, RuleReport& report);
void check_peering_access(const Model& model, RuleReport& report);
void check_peering_overlap(const Model& model, RuleReport& report);
void check_gateway_transit(const Model& model, RuleReport& report);
void check_peering_models(const Model& model, RuleReport& report);
void check_peering_regions(const Model& model, RuleReport& report);

// policy/rules_estate.cc
void check_distant_overlap(const Model& model, RuleReport& report);
void check_not_empty(const Model& model, RuleReport& report);
void check_attached_overlap(const Model& model, RuleReport& report);
void check_transit(const Model& model, RuleReport& report);

// policy/rules_connection.cc
void check_connection_ends(const Model& model, RuleReport& report);
void check_identities(const Model& model, RuleReport& report);
void check_duplicates(const Model& model, RuleReport& report);
void check_outer_addresses(const Model& model, RuleReport& report);
void check_fragment_size(const Model& model, RuleReport& report);
void check_reverse(const Model& model, RuleReport& report);
inline constexpr std::string_view kCounterpartAddressRule = "connection.counterpart-address";
void check_counterpart_address(const Model& model, RuleReport& report);
void check_counterpart_prefixes(const Model& model, RuleReport& report);
void check_instances(const Model& model, RuleReport& report);
void check_peer_outside(const Model& model, RuleReport& report);
void check_routing_weight(const Model& model, RuleReport& report);
void check_regions(const Model& model, RuleReport& report);

// policy/rules_selectors.cc
void check_selectors(const Model& model, RuleReport& report);
void check_families(const Model& model, RuleReport& report);
void check_selector_ranges(const Model& model, RuleReport& report);
void check_proposers(const Model& model, RuleReport& report);

// policy/rules_authentication.cc
void check_authentication(const Model& model, RuleReport& report);
inline constexpr std::string_view kKeyFileRule = "connection.key-file";
void check_key_files(const Model& model, RuleReport& report);
void check_key_files(const Connection& connection, RuleReport& report);
void check_authentication_reverse(const Model& model, RuleReport& report);

// policy/rules_ppk.cc
void check_ppk(const Model& model, RuleReport& report);

// policy/rules_key_exchanges.cc
void check_additional_key_exchanges(const Model& model, RuleReport& report);

// policy/rules_prefix.cc
void check_remote_prefixes(const Model& model, RuleReport& report);
void check_default_site(const Model& model, RuleReport& report);
void check_overlap(const Model& model, RuleReport& report);
void check_overlap_between_connections(const Model& model, RuleReport& report);
void check_covers_peer(const Model& model, RuleReport& report);

// policy/rules_ipsec.cc
void check_policy_names(const Model& model, RuleReport& report);
void check_policy_words(const Model& model, RuleReport& report);
void check_lifetimes(const Model& model, RuleReport& report);

// policy/rules_legacy.cc
void check_legacy(const Model& model, RuleReport& report);

}  // namespace twinspan::policy
