#include "policy/model_reader.h"

namespace twinspan::policy {
namespace {

VirtualNetwork read_virtual_network(const std::string& name, ObjectReader& reader) {
  VirtualNetwork network{.name = name, .mark = reader.mark()};
  reader.read("region", network.region);
  reader.read("deployment_model", network.deployment_model);
  reader.read("address_space", network.address_space);
  reader.for_each_prefix("subnets",
                         [&](const std::string& subnet, SourceMark mark, Marked<IpPrefix> prefix) {
                           network.subnets.push_back({subnet, mark, prefix});
                         });
  reader.read("interfaces", network.interfaces);
  return network;
}

IpConfiguration read_ip_configuration(ObjectReader& reader) {
  IpConfiguration configuration{.mark = reader.mark()};
  reader.read("name", configuration.name);
  reader.read("public_ip_address", configuration.public_ip_address);
  reader.read("private_ip_address", configuration.private_ip_address);
  reader.read("custom_bgp_ip_addresses", configuration.custom_bgp_ip_addresses);
  return configuration;
}

BgpSettings read_gateway_bgp(ObjectReader& reader) {
  BgpSettings settings{.mark = reader.mark(), .is_set = true};
  reader.read("asn", settings.asn);
  reader.read("peer_weight", settings.peer_weight);
  reader.read("bgp_peering_addresses", settings.peering_addresses);
  return settings;
}

BgpSettings read_local_bgp(ObjectReader& reader) {
  BgpSettings settings{.mark = reader.mark(), .is_set = true};
  reader.read("asn", settings.asn);
  reader.read("peer_weight", settings.peer_weight);
  Marked<IpAddress> address;
  reader.read("bgp_peering_address", address);
  settings.peering_addresses = {{address}, address.mark, address.is_set};
  return settings;
}

VirtualNetworkGateway read_gateway(const std::string& name, ObjectReader& reader) {
  VirtualNetworkGateway gateway{.name = name, .mark = reader.mark()};
  reader.read("virtual_network", gateway.virtual_network);
  reader.read("gateway_type", gateway.gateway_type);
  reader.read("vpn_type", gateway.vpn_type);
  reader.read("sku", gateway.sku);
  reader.read("generation", gateway.generation);
  reader.read("active_active", gateway.active_active);
  reader.for_each_object("ip_configurations", [&](const std::string&, ObjectReader& configuration) {
    gateway.ip_configurations.push_back(read_ip_configuration(configuration));
  });
  reader.read("enable_bgp", gateway.enable_bgp);
  reader.for_each_object("bgp_settings", [&](const std::string&, ObjectReader& settings) {
    gateway.bgp_settings = read_gateway_bgp(settings);
  });
  reader.read("default_local_network_gateway", gateway.default_local_network_gateway);
  return gateway;
}

LocalNetworkGateway read_local_network_gateway(const std::string& name, ObjectReader& reader) {
  LocalNetworkGateway gateway{.name = name, .mark = reader.mark()};
  reader.read("gateway_ip_address", gateway.gateway_ip_address);
  reader.read("fqdn", gateway.fqdn);
  reader.read("address_prefixes", gateway.address_prefixes);
  reader.for_each_object("bgp_settings", [&](const std::string&, ObjectReader& settings) {
    gateway.bgp_settings = read_local_bgp(settings);
  });
  return gateway;
}

IpsecPolicy read_ipsec_policy(const std::string& name, ObjectReader& reader) {
  IpsecPolicy policy{.name = name, .mark = reader.mark()};
  reader.read("ike_encryption", policy.ike_encryption);
  reader.read("ike_integrity", policy.ike_integrity);
  reader.read("ike_prf", policy.ike_prf);
  reader.read("dh_group", policy.dh_group);
  reader.read("ipsec_encryption", policy.ipsec_encryption);
  reader.read("ipsec_integrity", policy.ipsec_integrity);
  reader.read("pfs_group", policy.pfs_group);
  reader.read("esn", policy.esn);
  reader.read("ike_life_time_seconds", policy.ike_life_time_seconds);
  reader.read("sa_life_time_seconds", policy.sa_life_time_seconds);
  reader.read("sa_data_size_kilobytes", policy.sa_data_size_kilobytes);
  reader.read("sa_life_packets", policy.sa_life_packets);
  return policy;
}

TrafficSelectorPolicy read_traffic_selector_policy(ObjectReader& reader) {
  TrafficSelectorPolicy policy{.mark = reader.mark()};
  reader.read("local_address_ranges", policy.local_address_ranges);
  reader.read("remote_address_ranges", policy.remote_address_ranges);
  return policy;
}

CertificateReference read_certificate(ObjectReader& reader) {
  CertificateReference reference{.mark = reader.mark()};
  reader.read("outbound_auth_certificate", reference.certificate);
  reader.read("outbound_auth_private_key", reference.private_key);
  reader.read("inbound_auth_certificate_chain", reference.chain);
  reader.read("inbound_auth_certificate_subject_name", reference.subject_name);
  reader.read("certificate_revocation_lists", reference.revocation_lists);
  return reference;
}

void read_connection_ends(ObjectReader& reader, Connection& connection) {
  reader.read("virtual_network_gateway1", connection.virtual_network_gateway1);
  reader.read("virtual_network_gateway2", connection.virtual_network_gateway2);
  reader.read("local_network_gateway2", connection.local_network_gateway2);
  reader.read("local_id", connection.local_id);
  reader.read("remote_id", connection.remote_id);
  reader.read("authentication_type", connection.authentication_type);
  reader.for_each_object("shared_key", [&](const std::string&, ObjectReader& shared_key) {
    shared_key.read("file", connection.shared_key_file);
    shared_key.read("encoding", connection.shared_key_encoding);
    shared_key.read("previous_key_seconds", connection.previous_key_seconds);
  });
  reader.for_each_object("certificate_authentication", [&](const std::string&, ObjectReader& own) {
    connection.certificate = read_certificate(own);
  });
  reader.for_each_object("raw_public_key_authentication",
                         [&](const std::string&, ObjectReader& own) {
                           RawKeyReference reference{.mark = own.mark()};
                           own.read("private_key", reference.private_key);
                           own.read("peer_public_key", reference.peer_public_key);
                           connection.raw_key = std::move(reference);
                         });
  reader.for_each_object("ppk", [&](const std::string&, ObjectReader& ppk) {
    PpkReference reference{.mark = ppk.mark(), .id = {}, .file = {}, .required = {}};
    ppk.read("id", reference.id);
    ppk.read("file", reference.file);
    ppk.read("required", reference.required);
    connection.ppk = std::move(reference);
  });
}

void read_connection_policies(ObjectReader& reader, Connection& connection) {
  if (reader.holds_name("ipsec_policy")) {
    reader.read("ipsec_policy", connection.ipsec_policy_name);
  } else {
    connection.ipsec_policy_name.mark = reader.mark_of("ipsec_policy");
    reader.for_each_object("ipsec_policy", [&](const std::string&, ObjectReader& policy) {
      connection.ipsec_policy = read_ipsec_policy("", policy);
    });
  }
  reader.for_each_object("additional_key_exchanges", [&](const std::string&, ObjectReader& more) {
    AdditionalKeyExchanges exchanges{.mark = more.mark(), .methods = {}, .required = {}};
    more.read("methods", exchanges.methods);
    more.read("required", exchanges.required);
    connection.additional_key_exchanges = std::move(exchanges);
  });
  reader.read("legacy", connection.legacy);
  reader.read("use_policy_based_traffic_selectors", connection.use_policy_based_traffic_selectors);
  connection.traffic_selector_policies_mark = reader.mark_of("traffic_selector_policies");
  reader.for_each_object(
      "traffic_selector_policies", [&](const std::string&, ObjectReader& policy) {
        connection.traffic_selector_policies.push_back(read_traffic_selector_policy(policy));
      });
}

Connection read_connection(const std::string& name, ObjectReader& reader) {
  Connection connection{.name = name, .mark = reader.mark()};
  reader.read("connection_type", connection.connection_type);
  reader.read("connection_protocol", connection.connection_protocol);
  reader.read("encapsulation", connection.encapsulation);
  reader.read("copy_dscp", connection.copy_dscp);
  reader.read("per_resource_sas", connection.per_resource_sas);
  reader.read("aggfrag", connection.aggfrag);
  reader.read("enable_bgp", connection.enable_bgp);
  reader.read("gateway_custom_bgp_ip_addresses", connection.gateway_custom_bgp_ip_addresses);
  reader.read("routing_weight", connection.routing_weight);
  reader.read("connection_mode", connection.connection_mode);
  reader.read("dpd_timeout_seconds", connection.dpd_timeout_seconds);
  reader.read("ike_fragment_size", connection.ike_fragment_size);
  read_connection_ends(reader, connection);
  read_connection_policies(reader, connection);
  return connection;
}

Peering read_peering(const std::string& name, ObjectReader& reader) {
  Peering peering{.name = name, .mark = reader.mark()};
  reader.read("virtual_network", peering.virtual_network);
  reader.read("remote_virtual_network", peering.remote_virtual_network);
  reader.read("allow_virtual_network_access", peering.allow_virtual_network_access);
  reader.read("allow_forwarded_traffic", peering.allow_forwarded_traffic);
  reader.read("allow_gateway_transit", peering.allow_gateway_transit);
  reader.read("use_remote_gateways", peering.use_remote_gateways);
  return peering;
}

template <class Object>
void read_all(ObjectReader& estate, std::string_view section,
              Object (*read)(const std::string&, ObjectReader&), ByName<Object>& objects) {
  estate.for_each_object(section, [&](const std::string& name, ObjectReader& reader) {
    objects.emplace(name, read(name, reader));
  });
}

template <class Object>
Object blank(const ObjectSchema& schema, Object (*read)(const std::string&, ObjectReader&),
             SourceMark mark) {
  const YamlNode nothing{.kind = YamlKind::Mapping, .mark = mark};
  ErrorLog missing_fields("");
  FieldPlaces none;
  ObjectReader reader(missing_fields, none, schema, {&nothing, mark, ""});
  return read("", reader);
}

}  // namespace

VirtualNetwork blank_virtual_network(SourceMark mark) {
  return blank(kVirtualNetworkSchema, read_virtual_network, mark);
}
VirtualNetworkGateway blank_gateway(SourceMark mark) {
  return blank(kGatewaySchema, read_gateway, mark);
}
LocalNetworkGateway blank_local_network_gateway(SourceMark mark) {
  return blank(kLocalNetworkGatewaySchema, read_local_network_gateway, mark);
}
Connection blank_connection(SourceMark mark) {
  return blank(kConnectionSchema, read_connection, mark);
}
Peering blank_peering(SourceMark mark) {
  return blank(kPeeringSchema, read_peering, mark);
}

void read_model(const YamlNode& root, ErrorLog& log, Model& model) {
  ObjectReader estate(log, model.fields, kEstateSchema, {&root, {.line = 1, .column = 1}, ""});
  Marked<uint32_t> version;
  estate.read("version", version);
  read_all(estate, "virtual_networks", read_virtual_network, model.virtual_networks);
  read_all(estate, "virtual_network_gateways", read_gateway, model.gateways);
  read_all(estate, "local_network_gateways", read_local_network_gateway,
           model.local_network_gateways);
  read_all(estate, "connections", read_connection, model.connections);
  read_all(estate, "peerings", read_peering, model.peerings);
  read_all(estate, "ipsec_policies", read_ipsec_policy, model.ipsec_policies);
}

}  // namespace twinspan::policy
