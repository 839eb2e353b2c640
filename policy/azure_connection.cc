// A connection of Azure's: its ends, its policy, its key.
#include <fmt/format.h>

#include <algorithm>

#include "policy/azure_objects.h"
#include "policy/connection_ends.h"
#include "policy/ipsec_suite.h"
#include "policy/model_reader.h"
#include "policy/schema.h"
#include "policy/shared_keys.h"
#include "policy/sku.h"

namespace twinspan::policy {
namespace {

constexpr uint64_t kIkeLifeTimeSeconds = 28800;  // The cloud's, which has no field for it.
constexpr uint64_t kLifeTimeSecondsMax = 31536000;
constexpr uint64_t kDataSizeKilobytesMax = uint64_t{1} << 42;
constexpr uint64_t kDpdTimeoutMax = 3600;

struct Word {
  std::string_view azure;
  std::string_view ours;
};

// The cloud's other spellings; what it writes as we do is not here.
constexpr Word kGroups[] = {{"DHGroup2048", "DHGroup14"}, {"PFS2048", "DHGroup14"},
                            {"PFS14", "DHGroup14"},       {"PFS2", "DHGroup2"},
                            {"PFS24", "DHGroup24"},       {"None", "None"}};

std::optional<std::string> group_of(std::string_view azure) {
  for (const Word& word : kGroups) {
    if (equal_without_case(word.azure, azure)) return std::string(word.ours);
  }
  for (const DhGroupProperties& group : all_dh_groups()) {
    if (equal_without_case(group.name, azure)) return group.name;
  }
  return std::nullopt;
}

std::optional<std::string> encryption_of(std::string_view azure) {
  for (const EncryptionProperties& encryption : all_encryptions()) {
    if (equal_without_case(encryption.name, azure)) return encryption.name;
  }
  return std::nullopt;
}

// With an AEAD the word of the encryption, which the cloud lets stand for it as well.
std::optional<std::string> integrity_of(std::string_view azure) {
  for (const IntegrityProperties& integrity : all_integrities()) {
    if (equal_without_case(integrity.name, azure)) return integrity.name;
  }
  return encryption_of(azure);
}

// One custom policy. False: a word of it is not spoken here, which has been noted.
class PolicyReader {
 public:
  PolicyReader(const AzureResource& resource, AzureImport& import)
      : resource_(resource), import_(import) {}

  bool read(IpsecPolicy& policy) {
    policy.mark = resource_.mark();
    take("ikeEncryption", encryption_of, policy.ike_encryption);
    take("ikeIntegrity", integrity_of, policy.ike_integrity);
    take("dhGroup", group_of, policy.dh_group);
    take("ipsecEncryption", encryption_of, policy.ipsec_encryption);
    take("ipsecIntegrity", integrity_of, policy.ipsec_integrity);
    take("pfsGroup", group_of, policy.pfs_group);
    policy.esn = marked(false, resource_.mark());  // The cloud has none.
    policy.ike_life_time_seconds = marked(kIkeLifeTimeSeconds, resource_.mark());
    policy.sa_life_time_seconds = number("saLifeTimeSeconds", kLifeTimeSecondsMax);
    policy.sa_data_size_kilobytes = number("saDataSizeKilobytes", kDataSizeKilobytesMax);
    if (!is_good_) return false;
    set_prf(policy);
    if (suite_of(policy)) return true;
    return refuse(resource_.mark(), "the words of the policy do not fit together");
  }

 private:
  using Translate = std::optional<std::string> (*)(std::string_view);

  void take(std::string_view key, Translate translate, MarkedText& out) {
    const MarkedText written = import_.reader.text(resource_, key);
    if (!written.is_set) {
      refuse(written.mark, fmt::format("{} is missing: a policy is complete or absent", key));
      return;
    }
    auto ours = translate(*written);
    if (!ours) {
      refuse(written.mark, fmt::format("{} {} is not spoken here", key, in_quotes(*written)));
      return;
    }
    out = marked(*std::move(ours), written.mark);
  }

  Marked<uint64_t> number(std::string_view key, uint64_t max) {
    const Marked<uint64_t> value = import_.reader.number(resource_, key, max);
    if (!value.is_set)
      refuse(value.mark, fmt::format("{} is missing: a policy is complete or absent", key));
    return value;
  }

  // The cloud's integrity is the PRF beside an AEAD, whose word stands in its place here.
  static void set_prf(IpsecPolicy& policy) {
    const EncryptionProperties* const encryption = find_encryption(*policy.ike_encryption);
    if (!encryption->is_aead() || find_integrity(*policy.ike_integrity) == nullptr) return;
    policy.ike_prf = policy.ike_integrity;
    policy.ike_integrity.value = *policy.ike_encryption;
  }

  bool refuse(SourceMark mark, std::string message) {
    is_good_ = false;
    import_.notes.left_out({mark, resource_.path, std::move(message),
                            "agree on another policy with the peer, and write that one"});
    return false;
  }

  const AzureResource& resource_;
  AzureImport& import_;
  bool is_good_ = true;
};

bool asks_for_ike_v1(const AzureResource& resource, AzureImport& import) {
  return equal_without_case(*import.reader.text(resource, "connectionProtocol"), "IKEv1");
}

// Everything that a connection may ask for and that would be something else without it.
bool is_refused(const AzureResource& resource, AzureImport& import) {
  AzureReader& reader = import.reader;
  const auto refuse = [&](const JsonNode* node, std::string_view key, const char* message,
                          const char* remedy) {
    const SourceMark mark = node == nullptr ? resource.mark() : node->mark;
    import.notes.left_out({mark, fmt::format("{}.{}", resource.path, key), message, remedy});
    return true;
  };
  if (import.purpose == ImportFor::Estate && asks_for_ike_v1(resource, import)) {
    return refuse(reader.field(resource, "connectionProtocol"), "connectionProtocol",
                  "IKEv1 is not spoken here, for good", "have the peer use IKEv2");
  }
  for (const std::string_view key : {"ingressNatRules", "egressNatRules"}) {
    if (reader.items(resource, key).empty() && !reader.is_computed(resource, key)) continue;
    return refuse(reader.field(resource, key), key,
                  "NAT rules do not exist here, and without them prefixes meet untranslated",
                  "give the networks prefixes that do not overlap");
  }
  return false;
}

// False: the end is not in the file.
bool set_end(const AzureResource& resource, std::string_view key,
             const std::map<std::string, std::string>& known, MarkedText& out,
             AzureImport& import) {
  const std::string name = import.reader.reference(resource, key);
  if (const std::string* const ours = AzureImport::find(known, name)) {
    out = marked(*ours, import.reader.field(resource, key)->mark);
    return true;
  }
  import.notes.left_out({resource.mark(), fmt::format("{}.{}", resource.path, key),
                         name.empty() ? std::string("it is not told")
                                      : fmt::format("{} is not in the file", in_quotes(name)),
                         "add what az prints of it: `az network vnet-gateway list`, `az network "
                         "local-gateway list`"});
  return false;
}

bool set_ends(const AzureResource& resource, AzureImport& import, Connection& connection) {
  const MarkedText type = import.reader.text(resource, "connectionType");
  const bool is_vnet_to_vnet = equal_without_case(*type, "Vnet2Vnet");
  if (!is_vnet_to_vnet && !equal_without_case(*type, "IPsec")) {
    import.notes.left_out(
        {type.mark, resource.path + ".connectionType",
         fmt::format("connections of type {} are not part of the model", in_quotes(*type)), ""});
    return false;
  }
  connection.connection_type =
      marked(is_vnet_to_vnet ? ConnectionType::VnetToVnet : ConnectionType::Ipsec, type.mark);
  if (!set_end(resource, "virtualNetworkGateway1", import.gateways,
               connection.virtual_network_gateway1, import))
    return false;
  return is_vnet_to_vnet ? set_end(resource, "virtualNetworkGateway2", import.gateways,
                                   connection.virtual_network_gateway2, import)
                         : set_end(resource, "localNetworkGateway2", import.local_gateways,
                                   connection.local_network_gateway2, import);
}

void set_key(const AzureResource& resource, AzureImport& import, Connection& connection) {
  const std::string file = connection.name + ".psk";
  const MarkedText key = import.reader.secret(resource, "sharedKey");
  connection.shared_key_file = marked(file, key.mark);
  if (!key.is_set) {
    return import.notes.chosen(
        {key.mark, resource.path + ".sharedKey",
         fmt::format("the key is not in the file; the estate looks for it in {}", file),
         "`az network vpn-connection shared-key show` prints it"});
  }
  if (key->size() > kSharedKeyMax) {
    return import.notes.incomplete({key.mark, resource.path + ".sharedKey",
                                    fmt::format("the key is longer than {} bytes", kSharedKeyMax),
                                    "agree on a shorter one"});
  }
  const auto* const bytes = reinterpret_cast<const uint8_t*>(key->data());
  const ByteView view(bytes, key->size());
  const KeyEncoding encoding = encoding_for(view);
  if (encoding != KeyEncoding::Text) connection.shared_key_encoding = marked(encoding, key.mark);
  import.result.keys.push_back({file, SecretBytes(view), encoding});
}

// Whether the gateway's SKU, or that of the other end, has nothing but the cloud's default.
bool has_default_policy_alone(const AzureImport& import, const Connection& connection) {
  const Model& model = import.result.model;
  const auto lacks = [](const VirtualNetworkGateway* gateway) {
    return gateway != nullptr && !sku_of(*gateway).has_custom_policies;
  };
  return lacks(local_gateway(model, connection)) || lacks(remote_gateway(model, connection));
}

bool set_policy(const AzureResource& resource, AzureImport& import, Connection& connection) {
  const auto policies = import.reader.items(resource, "ipsecPolicies");
  if (import.reader.is_computed(resource, "ipsecPolicies")) {
    import.notes.left_out({resource.mark(), resource.path + ".ipsecPolicies",
                           "its policy is not known before the template is deployed",
                           "write the value in, or import what az prints"});
    return false;
  }
  if (policies.empty()) {
    // Both ends are ours: the built-in default will do.
    if (connection.is_vnet_to_vnet() && !has_default_policy_alone(import, connection)) return true;
    connection.ipsec_policy_name = marked(std::string("azure-default"), resource.mark());
    connection.legacy = marked(true, resource.mark());
    import.notes.chosen({resource.mark(), resource.path + ".ipsecPolicies",
                         "without a custom policy it is azure-default, which is weak",
                         "agree on a better one with the peer: ipsec_policy: strong"});
    return true;
  }
  const JsonNode& node = *policies.front();
  const AzureResource part{.node = &node, .body = &node, .path = resource.path + ".ipsecPolicies"};
  IpsecPolicy policy;
  if (!PolicyReader(part, import).read(policy)) return false;
  const std::vector<std::string> weak = legacy_words(*suite_of(policy));
  if (!weak.empty()) {
    connection.legacy = marked(true, node.mark);
    import.notes.chosen({node.mark, part.path,
                         fmt::format("{} is weak; legacy: true admits it", fmt::join(weak, ", ")),
                         "agree on better algorithms with the peer"});
  }
  connection.ipsec_policy_name.mark = node.mark;
  connection.ipsec_policy = std::move(policy);
  return true;
}

MarkedList<AddressRange> ranges(const JsonNode& policy, std::string_view key,
                                const std::string& path, AzureImport& import) {
  MarkedList<AddressRange> all{.mark = policy.mark, .is_set = true};
  const JsonNode* const list = import.reader.field(policy, path, key);
  if (list == nullptr) {
    import.reader.wrong(policy, path, "localAddressRanges and remoteAddressRanges");
    return all;
  }
  for (const JsonNode* const item : import.reader.list_of_prefixes(*list, path)) {
    if (const auto prefix = import.reader.prefix(*item, path)) {
      all.value.push_back(
          marked(AddressRange{prefix->address(), prefix->last_address()}, item->mark));
    }
  }
  return all;
}

void set_selectors(const AzureResource& resource, AzureImport& import, Connection& connection) {
  take_if_set(import.reader.flag(resource, "usePolicyBasedTrafficSelectors"),
              connection.use_policy_based_traffic_selectors);
  const std::string path = resource.path + ".trafficSelectorPolicies";
  const auto policies = import.reader.items(resource, "trafficSelectorPolicies");
  if (policies.size() > kListItemsMax) {
    return import.reader.wrong(*policies.back(), path,
                               fmt::format("at most {} of them", kListItemsMax));
  }
  for (const JsonNode* const node : policies) {
    connection.traffic_selector_policies.push_back(
        {node->mark, ranges(*node, "localAddressRanges", path, import),
         ranges(*node, "remoteAddressRanges", path, import)});
    connection.traffic_selector_policies_mark = node->mark;
  }
}

// [ { "ipConfigurationId": ..., "customBgpIpAddress": "169.254.21.1" } ]
void set_bgp(const AzureResource& resource, AzureImport& import, Connection& connection) {
  constexpr std::string_view kKey = "gatewayCustomBgpIpAddresses";
  constexpr uint32_t kRoutingWeightMax = 32000;  // As the schema has it.
  take_if_set(import.reader.flag(resource, "enableBgp"), connection.enable_bgp);
  const std::string path = fmt::format("{}.{}", resource.path, kKey);
  auto& picked = connection.gateway_custom_bgp_ip_addresses;
  for (const JsonNode* const node : import.reader.items(resource, kKey)) {
    const AzureResource part{.node = node, .body = node, .path = path};
    const Marked<IpAddress> address = import.reader.address(part, "customBgpIpAddress");
    if (!address.is_set || picked->size() == kListItemsMax) continue;
    picked.value.push_back(address);
    picked.mark = node->mark;
    picked.is_set = true;
  }
  const auto weight = import.reader.number(resource, "routingWeight", UINT32_MAX);
  if (weight.is_set && *weight != 0)
    connection.routing_weight =
        marked(std::min(static_cast<uint32_t>(*weight), kRoutingWeightMax), weight.mark);
}

void set_behaviour(const AzureResource& resource, AzureImport& import, Connection& connection) {
  set_bgp(resource, import, connection);
  const MarkedText mode = import.reader.text(resource, "connectionMode");
  if (equal_without_case(*mode, "InitiatorOnly")) {
    connection.connection_mode = marked(ConnectionMode::InitiatorOnly, mode.mark);
  } else if (equal_without_case(*mode, "ResponderOnly")) {
    connection.connection_mode = marked(ConnectionMode::ResponderOnly, mode.mark);
  } else if (mode.is_set && !equal_without_case(*mode, "Default")) {
    import.notes.not_carried({mode.mark, resource.path + ".connectionMode",
                              fmt::format("{} is not known", in_quotes(*mode)), ""});
  }
  const Marked<uint64_t> dpd = import.reader.number(resource, "dpdTimeoutSeconds", kDpdTimeoutMax);
  if (dpd.is_set && *dpd != 0) connection.dpd_timeout_seconds = dpd;
  static constexpr std::string_view kKnown[] = {
      "virtualNetworkGateway1", "virtualNetworkGateway2", "localNetworkGateway2", "connectionType",
      "connectionProtocol", "connectionMode", "sharedKey", "enableBgp", "ipsecPolicies",
      "usePolicyBasedTrafficSelectors", "trafficSelectorPolicies", "dpdTimeoutSeconds",
      "ingressNatRules", "egressNatRules", "authenticationType", "gatewayCustomBgpIpAddresses",
      "routingWeight",
      // What the cloud tells about it.
      "connectionStatus", "tunnelConnectionStatus", "ingressBytesTransferred",
      "egressBytesTransferred", "tunnelProperties"};
  import.reader.note_rest(resource, kKnown);
}

// False: it proves itself by something that stands in the cloud's own vault.
bool set_authentication(const AzureResource& resource, AzureImport& import,
                        Connection& connection) {
  const MarkedText type = import.reader.text(resource, "authenticationType");
  if (!type.is_set || equal_without_case(*type, "PSK")) {
    set_key(resource, import, connection);
    return true;
  }
  import.notes.left_out({type.mark, resource.path + ".authenticationType",
                         "its certificates stay in the cloud's vault",
                         "write the connection with certificate_authentication and files here"});
  return false;
}

}  // namespace

void add_connection(const AzureResource& resource, AzureImport& import) {
  Connection connection = blank_connection(resource.mark());
  if (is_refused(resource, import) || !set_ends(resource, import, connection)) return;
  if (!take_new_name(resource, import, import.connections, import.connection_names)) return;
  connection.name = *AzureImport::find(import.connections, resource.name);
  if (!set_policy(resource, import, connection)) return;
  if (!set_authentication(resource, import, connection)) return;
  if (asks_for_ike_v1(resource, import)) {
    const SourceMark mark = import.reader.text(resource, "connectionProtocol").mark;
    connection.connection_protocol = marked(ConnectionProtocol::IkeV1, mark);
    import.result.model.fields.emplace(
        mark, fmt::format("connections.{}.connection_protocol", connection.name));
  }
  set_selectors(resource, import, connection);
  set_behaviour(resource, import, connection);
  import.result.model.connections.emplace(connection.name, std::move(connection));
}

}  // namespace twinspan::policy
