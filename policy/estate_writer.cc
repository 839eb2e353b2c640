#include "policy/estate_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "policy/schema.h"

namespace twinspan::policy {
namespace {

using Lines = std::vector<std::string>;

bool is_plain_character(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') ||
         std::string_view("_./@-:").find(letter) != std::string_view::npos;
}

// YAML's null is no text; it has four spellings of letters, and "~" is quoted anyway.
bool is_null_word(std::string_view text) {
  return text == "null" || text == "Null" || text == "NULL";
}

bool is_plain(std::string_view text) {
  constexpr std::string_view kSignsThatMeanSomething = "-:@.";
  return !text.empty() && !is_null_word(text) &&
         kSignsThatMeanSomething.find(text.front()) == std::string_view::npos &&
         text.back() != ':' && std::ranges::all_of(text, is_plain_character);
}

std::string scalar(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + '"';
}

std::string text_of(const std::string& text) {
  return text;
}
std::string text_of(bool flag) {
  return flag ? "true" : "false";
}
std::string text_of(uint32_t number) {
  return fmt::format("{}", number);
}
std::string text_of(uint64_t number) {
  return fmt::format("{}", number);
}
std::string text_of(const IpAddress& address) {
  return address.to_string();
}
std::string text_of(const IpPrefix& prefix) {
  return prefix.to_string();
}
std::string text_of(const AddressRange& range) {
  const auto selector =
      TrafficSelector{.first_address = range.first, .last_address = range.last}.to_string();
  return IpPrefix::parse(selector)
             ? selector
             : fmt::format("{}-{}", range.first.to_string(), range.last.to_string());
}

// Collects the fields of one object and puts them into the schema's order.
class ObjectWriter {
 public:
  explicit ObjectWriter(const ObjectSchema& schema) : schema_(schema) {}

  template <class Value>
  void write(std::string_view field, const Marked<Value>& value) {
    if (!value.is_set) return;
    if constexpr (std::is_enum_v<Value>) {
      const FieldSchema* const schema = schema_.find(field);
      CHECK(schema != nullptr);
      add(field, std::string(schema->choices[static_cast<size_t>(value.value)]));
    } else {
      add(field, scalar(text_of(value.value)));
    }
  }

  template <class Value>
  void write(std::string_view field, const MarkedList<Value>& list) {
    if (!list.is_set) return;
    std::vector<std::string> items;
    for (const Marked<Value>& item : *list) items.push_back(scalar(text_of(*item)));
    add(field, fmt::format("[{}]", fmt::join(items, ", ")));
  }

  void write_object(std::string_view field, const Lines& body) {
    add(field, body.empty() ? "{}" : "", body, "  ");
  }
  void write_list(std::string_view field, const std::vector<Lines>& items) {
    Lines all;
    for (const Lines& item : items) {
      for (size_t i = 0; i < item.size(); ++i) all.push_back((i == 0 ? "- " : "  ") + item[i]);
    }
    add(field, all.empty() ? "[]" : "", all, "  ");
  }
  void write_named(std::string_view field, const std::string& name, const Lines& body) {
    Lines lines = body;
    for (std::string& line : lines) line = "  " + line;
    lines.insert(lines.begin(), scalar(name) + ":" + (body.empty() ? " {}" : ""));
    Lines& all = fields_[std::string(field)];
    if (all.empty()) all.push_back(std::string(field) + ":");
    for (const std::string& line : lines) all.push_back("  " + line);
    CHECK(schema_.find(field) != nullptr);
  }

  Lines finish() const {
    Lines all;
    for (const FieldSchema& field : schema_.fields) {
      const auto found = fields_.find(field.name);
      if (found != fields_.end()) all.insert(all.end(), found->second.begin(), found->second.end());
    }
    return all;
  }

  void add(std::string_view field, const std::string& value, const Lines& below = {},
           std::string_view indentation = "") {
    CHECK(schema_.find(field) != nullptr);
    Lines& lines = fields_[std::string(field)];
    lines = {fmt::format("{}:{}{}", field, value.empty() ? "" : " ", value)};
    for (const std::string& line : below) lines.push_back(std::string(indentation) + line);
  }

 private:
  const ObjectSchema& schema_;
  std::map<std::string, Lines, std::less<>> fields_;
};

Lines lines_of(const VirtualNetwork& network) {
  ObjectWriter writer(kVirtualNetworkSchema);
  writer.write("region", network.region);
  writer.write("deployment_model", network.deployment_model);
  writer.write("address_space", network.address_space);
  Lines subnets;
  for (const Subnet& subnet : network.subnets)
    subnets.push_back(
        fmt::format("{}: {}", scalar(subnet.name), scalar(subnet.prefix->to_string())));
  if (!subnets.empty()) writer.write_object("subnets", subnets);
  writer.write("interfaces", network.interfaces);
  return writer.finish();
}

Lines lines_of(const IpConfiguration& configuration) {
  ObjectWriter writer(kIpConfigurationSchema);
  writer.write("name", configuration.name);
  writer.write("public_ip_address", configuration.public_ip_address);
  writer.write("private_ip_address", configuration.private_ip_address);
  writer.write("custom_bgp_ip_addresses", configuration.custom_bgp_ip_addresses);
  return writer.finish();
}

Lines lines_of_gateway_bgp(const BgpSettings& settings) {
  ObjectWriter writer(kGatewayBgpSchema);
  writer.write("asn", settings.asn);
  writer.write("peer_weight", settings.peer_weight);
  writer.write("bgp_peering_addresses", settings.peering_addresses);
  return writer.finish();
}

Lines lines_of_local_bgp(const BgpSettings& settings) {
  ObjectWriter writer(kLocalBgpSchema);
  writer.write("asn", settings.asn);
  writer.write("peer_weight", settings.peer_weight);
  if (!settings.peering_addresses->empty())
    writer.write("bgp_peering_address", settings.peering_addresses->front());
  return writer.finish();
}

Lines lines_of(const VirtualNetworkGateway& gateway) {
  ObjectWriter writer(kGatewaySchema);
  writer.write("virtual_network", gateway.virtual_network);
  writer.write("gateway_type", gateway.gateway_type);
  writer.write("vpn_type", gateway.vpn_type);
  writer.write("sku", gateway.sku);
  writer.write("generation", gateway.generation);
  writer.write("active_active", gateway.active_active);
  std::vector<Lines> configurations;
  for (const IpConfiguration& configuration : gateway.ip_configurations)
    configurations.push_back(lines_of(configuration));
  writer.write_list("ip_configurations", configurations);
  writer.write("enable_bgp", gateway.enable_bgp);
  if (gateway.bgp_settings.is_set)
    writer.write_object("bgp_settings", lines_of_gateway_bgp(gateway.bgp_settings));
  writer.write("default_local_network_gateway", gateway.default_local_network_gateway);
  return writer.finish();
}

Lines lines_of(const LocalNetworkGateway& gateway) {
  ObjectWriter writer(kLocalNetworkGatewaySchema);
  writer.write("gateway_ip_address", gateway.gateway_ip_address);
  writer.write("fqdn", gateway.fqdn);
  writer.write("address_prefixes", gateway.address_prefixes);
  if (gateway.bgp_settings.is_set)
    writer.write_object("bgp_settings", lines_of_local_bgp(gateway.bgp_settings));
  return writer.finish();
}

Lines lines_of(const IpsecPolicy& policy) {
  ObjectWriter writer(kIpsecPolicySchema);
  writer.write("ike_encryption", policy.ike_encryption);
  writer.write("ike_integrity", policy.ike_integrity);
  writer.write("ike_prf", policy.ike_prf);
  writer.write("dh_group", policy.dh_group);
  writer.write("ipsec_encryption", policy.ipsec_encryption);
  writer.write("ipsec_integrity", policy.ipsec_integrity);
  writer.write("pfs_group", policy.pfs_group);
  writer.write("esn", policy.esn);
  writer.write("ike_life_time_seconds", policy.ike_life_time_seconds);
  writer.write("sa_life_time_seconds", policy.sa_life_time_seconds);
  writer.write("sa_data_size_kilobytes", policy.sa_data_size_kilobytes);
  writer.write("sa_life_packets", policy.sa_life_packets);
  return writer.finish();
}

Lines lines_of(const TrafficSelectorPolicy& policy) {
  ObjectWriter writer(kTrafficSelectorPolicySchema);
  writer.write("local_address_ranges", policy.local_address_ranges);
  writer.write("remote_address_ranges", policy.remote_address_ranges);
  return writer.finish();
}

Lines lines_of(const CertificateReference& reference) {
  ObjectWriter writer(kCertificateSchema);
  writer.write("outbound_auth_certificate", reference.certificate);
  writer.write("outbound_auth_private_key", reference.private_key);
  writer.write("inbound_auth_certificate_chain", reference.chain);
  writer.write("inbound_auth_certificate_subject_name", reference.subject_name);
  writer.write("certificate_revocation_lists", reference.revocation_lists);
  return writer.finish();
}

void write_authentication(const Connection& connection, ObjectWriter& writer) {
  writer.write("authentication_type", connection.authentication_type);
  if (connection.shared_key_file.is_set) {
    ObjectWriter key(kSharedKeySchema);
    key.write("file", connection.shared_key_file);
    key.write("encoding", connection.shared_key_encoding);
    key.write("previous_key_seconds", connection.previous_key_seconds);
    writer.write_object("shared_key", key.finish());
  }
  if (connection.certificate)
    writer.write_object("certificate_authentication", lines_of(*connection.certificate));
  if (const auto& own = connection.raw_key) {
    ObjectWriter key(kRawKeySchema);
    key.write("private_key", own->private_key);
    key.write("peer_public_key", own->peer_public_key);
    writer.write_object("raw_public_key_authentication", key.finish());
  }
  if (const auto& own = connection.ppk) {
    ObjectWriter key(kPpkSchema);
    key.write("id", own->id);
    key.write("file", own->file);
    key.write("required", own->required);
    writer.write_object("ppk", key.finish());
  }
  if (const auto& more = connection.additional_key_exchanges) {
    ObjectWriter exchanges(kAdditionalKeyExchangesSchema);
    exchanges.write("methods", more->methods);
    exchanges.write("required", more->required);
    writer.write_object("additional_key_exchanges", exchanges.finish());
  }
}

Lines lines_of(const Connection& connection) {
  ObjectWriter writer(kConnectionSchema);
  writer.write("connection_type", connection.connection_type);
  writer.write("connection_protocol", connection.connection_protocol);
  writer.write("virtual_network_gateway1", connection.virtual_network_gateway1);
  writer.write("virtual_network_gateway2", connection.virtual_network_gateway2);
  writer.write("local_network_gateway2", connection.local_network_gateway2);
  write_authentication(connection, writer);
  writer.write("local_id", connection.local_id);
  writer.write("remote_id", connection.remote_id);
  if (connection.ipsec_policy) {
    writer.write_object("ipsec_policy", lines_of(*connection.ipsec_policy));
  } else {
    writer.write("ipsec_policy", connection.ipsec_policy_name);
  }
  writer.write("legacy", connection.legacy);
  writer.write("encapsulation", connection.encapsulation);
  writer.write("copy_dscp", connection.copy_dscp);
  writer.write("per_resource_sas", connection.per_resource_sas);
  writer.write("aggfrag", connection.aggfrag);
  writer.write("enable_bgp", connection.enable_bgp);
  writer.write("gateway_custom_bgp_ip_addresses", connection.gateway_custom_bgp_ip_addresses);
  writer.write("routing_weight", connection.routing_weight);
  writer.write("connection_mode", connection.connection_mode);
  writer.write("dpd_timeout_seconds", connection.dpd_timeout_seconds);
  writer.write("ike_fragment_size", connection.ike_fragment_size);
  writer.write("use_policy_based_traffic_selectors", connection.use_policy_based_traffic_selectors);
  std::vector<Lines> policies;
  for (const TrafficSelectorPolicy& policy : connection.traffic_selector_policies)
    policies.push_back(lines_of(policy));
  if (!policies.empty()) writer.write_list("traffic_selector_policies", policies);
  return writer.finish();
}

Lines lines_of(const Peering& peering) {
  ObjectWriter writer(kPeeringSchema);
  writer.write("virtual_network", peering.virtual_network);
  writer.write("remote_virtual_network", peering.remote_virtual_network);
  writer.write("allow_virtual_network_access", peering.allow_virtual_network_access);
  writer.write("allow_forwarded_traffic", peering.allow_forwarded_traffic);
  writer.write("allow_gateway_transit", peering.allow_gateway_transit);
  writer.write("use_remote_gateways", peering.use_remote_gateways);
  return writer.finish();
}

template <class Object>
void write_all(std::string_view section, const ByName<Object>& objects, ObjectWriter& estate) {
  for (const auto& [name, object] : objects) estate.write_named(section, name, lines_of(object));
}

template <class Object>
void add_texts(std::string_view section, const ByName<Object>& objects,
               std::map<std::string, std::string>& texts) {
  for (const auto& [name, object] : objects)
    texts[fmt::format("{}.{}", section, name)] =
        fmt::format("{}\n", fmt::join(lines_of(object), "\n"));
}

}  // namespace

std::map<std::string, std::string> object_texts(const Model& model) {
  std::map<std::string, std::string> texts;
  add_texts("virtual_networks", model.virtual_networks, texts);
  add_texts("virtual_network_gateways", model.gateways, texts);
  add_texts("local_network_gateways", model.local_network_gateways, texts);
  add_texts("connections", model.connections, texts);
  add_texts("peerings", model.peerings, texts);
  add_texts("ipsec_policies", model.ipsec_policies, texts);
  return texts;
}

std::string write_estate(const Model& model) {
  ObjectWriter estate(kEstateSchema);
  estate.add("version", "1");
  write_all("virtual_networks", model.virtual_networks, estate);
  write_all("virtual_network_gateways", model.gateways, estate);
  write_all("local_network_gateways", model.local_network_gateways, estate);
  write_all("connections", model.connections, estate);
  write_all("peerings", model.peerings, estate);
  write_all("ipsec_policies", model.ipsec_policies, estate);
  std::string text;
  for (const std::string& line : estate.finish()) text += line + "\n";
  return text;
}

}  // namespace twinspan::policy
