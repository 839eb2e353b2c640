#include "policy/schema.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

using enum FieldType;
using enum FieldShape;

constexpr std::string_view kDeploymentModels[] = {"resource-manager", "classic"};
constexpr std::string_view kVpnTypes[] = {"route-based", "policy-based"};
constexpr std::string_view kGatewayTypes[] = {"Vpn", "ExpressRoute"};
constexpr std::string_view kGenerations[] = {"Generation1", "Generation2"};
constexpr std::string_view kConnectionTypes[] = {"ipsec", "vnet-to-vnet"};
constexpr std::string_view kConnectionProtocols[] = {"IKEv2", "IKEv1"};
constexpr std::string_view kAuthenticationTypes[] = {"psk", "certificate", "raw-public-key"};
constexpr std::string_view kKeyEncodings[] = {"text", "base64", "hex"};
constexpr std::string_view kConnectionModes[] = {"default", "initiator-only", "responder-only"};
constexpr std::string_view kEncapsulations[] = {"udp", "esp"};
constexpr std::string_view kPerResourceSas[] = {"auto", "on", "off"};
constexpr std::string_view kSkus[] = {"Native",   "Basic",    "VpnGw1",   "VpnGw2",
                                      "VpnGw3",   "VpnGw4",   "VpnGw5",   "VpnGw1AZ",
                                      "VpnGw2AZ", "VpnGw3AZ", "VpnGw4AZ", "VpnGw5AZ"};
constexpr std::string_view kEncryptions[] = {
    "GCMAES256", "GCMAES192", "GCMAES128", "CHACHA20POLY1305", "AES256", "AES192", "AES128"};
constexpr std::string_view kIntegrities[] = {"SHA256",    "SHA384",          "SHA512",
                                             "SHA1",      "GCMAES256",       "GCMAES192",
                                             "GCMAES128", "CHACHA20POLY1305"};
constexpr std::string_view kPrfs[] = {"SHA256", "SHA384", "SHA512", "SHA1"};
constexpr std::string_view kDhGroups[] = {"DHGroup14",  "DHGroup15", "DHGroup16",
                                          "ECP256",     "ECP384",    "ECP521",
                                          "CURVE25519", "DHGroup2",  "DHGroup24"};
constexpr std::string_view kPfsGroups[] = {"DHGroup14", "DHGroup15", "DHGroup16",  "ECP256",
                                           "ECP384",    "ECP521",    "CURVE25519", "DHGroup2",
                                           "DHGroup24", "None"};

constexpr std::string_view kAdditionalMethods[] = {
    "DHGroup14", "DHGroup15",  "DHGroup16", "ECP256",   "ECP384",
    "ECP521",    "CURVE25519", "MLKEM512",  "MLKEM768", "MLKEM1024"};

constexpr uint64_t kPeerWeightMax = 100;
constexpr uint64_t kRoutingWeightMax = 32000;
constexpr uint64_t kDpdTimeoutMin = 9;
constexpr uint64_t kDpdTimeoutMax = 3600;
constexpr uint64_t kIkeFragmentSizeMax = 9000;
// A month: longer is no change-over any more.
constexpr uint64_t kPreviousKeySecondsMax = 2678400;
// A year: longer is a typing error, and it keeps timer arithmetic far from overflow.
constexpr uint64_t kLifeTimeSecondsMax = 31536000;
// 2^42 KB are 4 PB; times 1024 it still fits 64 bits of bytes.
constexpr uint64_t kDataSizeKilobytesMax = uint64_t{1} << 42;
constexpr uint64_t kLifePacketsMax = uint64_t{1} << 62;

constexpr FieldSchema kEstateFields[] = {
    {.name = "version",
     .type = Number,
     .is_required = true,
     .min = 1,
     .max = 1,
     .doc = "Version of this format."},
    {.name = "virtual_networks",
     .type = Object,
     .shape = ByName,
     .object = &kVirtualNetworkSchema,
     .doc = "The virtual networks of the estate."},
    {.name = "virtual_network_gateways",
     .type = Object,
     .shape = ByName,
     .object = &kGatewaySchema,
     .doc = "The gateways; a daemon runs one instance of one of them."},
    {.name = "local_network_gateways",
     .type = Object,
     .shape = ByName,
     .object = &kLocalNetworkGatewaySchema,
     .doc = "Peers that this estate does not administer."},
    {.name = "connections",
     .type = Object,
     .shape = ByName,
     .object = &kConnectionSchema,
     .doc = "What is joined with what."},
    {.name = "peerings",
     .type = Object,
     .shape = ByName,
     .object = &kPeeringSchema,
     .doc = "Halves of peerings between networks on one host."},
    {.name = "ipsec_policies",
     .type = Object,
     .shape = ByName,
     .object = &kIpsecPolicySchema,
     .doc = "Policies that connections refer to by name, beside the built-in ones."},
};

constexpr FieldSchema kVirtualNetworkFields[] = {
    {.name = "region",
     .type = Text,
     .doc = "Where the network is, for advice about peerings and VPNs across regions."},
    {.name = "deployment_model",
     .type = Word,
     .default_text = "resource-manager",
     .choices = kDeploymentModels,
     .doc = "classic: static prefixes only, no BGP, no gateway transit across models."},
    {.name = "address_space",
     .type = Prefix,
     .shape = List,
     .is_required = true,
     .doc = "IPv4 or IPv6 prefixes, or both."},
    {.name = "subnets",
     .type = Prefix,
     .shape = ByName,
     .doc = "Parts of the address space; a network with a gateway needs one named GatewaySubnet."},
    {.name = "interfaces",
     .type = Text,
     .shape = List,
     .doc = "Where the network is attached on the gateway's host."},
};

constexpr FieldSchema kGatewayFields[] = {
    {.name = "virtual_network",
     .type = ObjectName,
     .is_required = true,
     .doc = "The network it belongs to."},
    {.name = "gateway_type",
     .type = Word,
     .default_text = "Vpn",
     .choices = kGatewayTypes,
     .doc = "ExpressRoute is refused."},
    {.name = "vpn_type",
     .type = Word,
     .default_text = "route-based",
     .choices = kVpnTypes,
     .doc = "Routes or selectors choose the tunnel; cannot be changed in place."},
    {.name = "sku",
     .type = Word,
     .default_text = "Native",
     .choices = kSkus,
     .doc = "Native has every feature and no limit; the cloud's names bring the cloud's limits."},
    {.name = "generation",
     .type = Word,
     .choices = kGenerations,
     .doc = "Of a SKU of the cloud; cannot be changed in place."},
    {.name = "active_active",
     .type = Flag,
     .default_text = "false",
     .doc = "Two instances carry traffic."},
    {.name = "ip_configurations",
     .type = Object,
     .shape = List,
     .is_required = true,
     .object = &kIpConfigurationSchema,
     .doc = "One per instance, in their order."},
    {.name = "enable_bgp",
     .type = Flag,
     .default_text = "false",
     .doc = "Speak BGP over connections that enable it."},
    {.name = "bgp_settings",
     .type = Object,
     .object = &kGatewayBgpSchema,
     .doc = "Used when BGP is enabled."},
    {.name = "default_local_network_gateway",
     .type = ObjectName,
     .doc =
         "Forced tunnelling: the peer that gets all traffic for which there is no other prefix."},
};

constexpr FieldSchema kIpConfigurationFields[] = {
    {.name = "name",
     .type = Text,
     .default_text = "default",
     .doc = "Its name, unique in the gateway."},
    {.name = "public_ip_address",
     .type = Address,
     .is_required = true,
     .doc = "How peers reach this instance."},
    {.name = "private_ip_address",
     .type = Address,
     .doc = "The address on this host, when a NAT stands before it; the public one when absent."},
    {.name = "custom_bgp_ip_addresses",
     .type = Address,
     .shape = List,
     .doc = "Link-local addresses (169.254.21.0 to 169.254.22.255) for BGP with link-local peers."},
};

constexpr FieldSchema kGatewayBgpFields[] = {
    {.name = "asn",
     .type = Number,
     .default_text = "65515",
     .min = 1,
     .max = UINT32_MAX,
     .doc = "Autonomous system number."},
    {.name = "peer_weight",
     .type = Number,
     .default_text = "0",
     .max = kPeerWeightMax,
     .doc = "Weight of routes learned from it."},
    {.name = "bgp_peering_addresses",
     .type = Address,
     .shape = List,
     .doc = "One per instance; taken from GatewaySubnet when absent."},
};

constexpr FieldSchema kLocalNetworkGatewayFields[] = {
    {.name = "gateway_ip_address", .type = Address, .doc = "The peer's public address; or fqdn."},
    {.name = "fqdn",
     .type = Text,
     .doc = "The peer's name, resolved before each attempt to connect."},
    {.name = "address_prefixes",
     .type = Prefix,
     .shape = List,
     .doc = "The networks behind the peer."},
    {.name = "bgp_settings",
     .type = Object,
     .object = &kLocalBgpSchema,
     .doc = "The peer's BGP speaker."},
};

constexpr FieldSchema kLocalBgpFields[] = {
    {.name = "asn",
     .type = Number,
     .is_required = true,
     .min = 1,
     .max = UINT32_MAX,
     .doc = "The peer's autonomous system number."},
    {.name = "bgp_peering_address",
     .type = Address,
     .is_required = true,
     .doc = "The peer's BGP address."},
    {.name = "peer_weight",
     .type = Number,
     .default_text = "0",
     .max = kPeerWeightMax,
     .doc = "Weight of routes learned from it."},
};

constexpr FieldSchema kConnectionFields[] = {
    {.name = "connection_type",
     .type = Word,
     .is_required = true,
     .choices = kConnectionTypes,
     .doc = "ipsec: to a local network gateway; vnet-to-vnet: to a gateway of this estate, one "
            "object per direction."},
    {.name = "connection_protocol",
     .type = Word,
     .default_text = "IKEv2",
     .choices = kConnectionProtocols,
     .doc = "IKEv1 is refused."},
    {.name = "virtual_network_gateway1",
     .type = ObjectName,
     .is_required = true,
     .doc = "The gateway on this side."},
    {.name = "virtual_network_gateway2",
     .type = ObjectName,
     .doc = "vnet-to-vnet: the gateway on the other side."},
    {.name = "local_network_gateway2", .type = ObjectName, .doc = "ipsec: the peer."},
    {.name = "authentication_type",
     .type = Word,
     .default_text = "psk",
     .choices = kAuthenticationTypes,
     .doc = "How both sides prove who they are: by shared_key, certificate_authentication or "
            "raw_public_key_authentication."},
    {.name = "shared_key",
     .type = Object,
     .object = &kSharedKeySchema,
     .doc = "The pre-shared key."},
    {.name = "certificate_authentication",
     .type = Object,
     .object = &kCertificateSchema,
     .doc = "Certificates of X.509, with RSA, ECDSA or Ed25519 keys."},
    {.name = "raw_public_key_authentication",
     .type = Object,
     .object = &kRawKeySchema,
     .doc = "Public keys without certificates (RFC 7670)."},
    {.name = "ppk",
     .type = Object,
     .object = &kPpkSchema,
     .doc = "A post-quantum pre-shared key (RFC 8784) that is mixed into the keys."},
    {.name = "additional_key_exchanges",
     .type = Object,
     .object = &kAdditionalKeyExchangesSchema,
     .doc = "Key exchanges after the first one (RFC 9370), whose secrets are all in the keys."},
    {.name = "local_id",
     .type = Text,
     .doc =
         "Our identity: address, name, user@domain or keyid:TEXT; the public address when absent."},
    {.name = "remote_id", .type = Text, .doc = "The peer's identity, in the same forms."},
    {.name = "ipsec_policy",
     .type = NameOrObject,
     .default_text = "strong",
     .object = &kIpsecPolicySchema,
     .doc =
         "A policy's name (strong, azure-default, azure-custom, aws, or one of ipsec_policies), or "
         "a complete policy."},
    {.name = "legacy",
     .type = Flag,
     .default_text = "false",
     .doc = "Admits SHA1, DHGroup2 and DHGroup24, which are weak, for a peer that has nothing "
            "better."},
    {.name = "encapsulation",
     .type = Word,
     .default_text = "udp",
     .choices = kEncapsulations,
     .doc = "udp: port 4500, NAT or not; esp: raw protocol 50."},
    {.name = "copy_dscp",
     .type = Flag,
     .default_text = "false",
     .doc = "Outer packets carry the DSCP of what is inside, so that networks on the way serve it "
            "by class; those who watch them see the class."},
    {.name = "per_resource_sas",
     .type = Word,
     .default_text = "auto",
     .choices = kPerResourceSas,
     .doc = "Child SAs for the same traffic, one per worker (RFC 9611). auto: where one Child SA "
            "carries everything and the gateway has at most 16 connections."},
    {.name = "aggfrag",
     .type = Flag,
     .default_text = "false",
     .doc = "Several inner packets in one ESP packet (RFC 9347), where the peer wants it as well."},
    {.name = "enable_bgp",
     .type = Flag,
     .default_text = "false",
     .doc = "Speak BGP over this connection."},
    {.name = "gateway_custom_bgp_ip_addresses",
     .type = Address,
     .shape = List,
     .doc = "Which of the gateway's custom_bgp_ip_addresses speak here, one per instance; all when "
            "absent."},
    {.name = "routing_weight",
     .type = Number,
     .default_text = "0",
     .max = kRoutingWeightMax,
     .doc = "Of ExpressRoute; no effect on a VPN."},
    {.name = "connection_mode",
     .type = Word,
     .default_text = "default",
     .choices = kConnectionModes,
     .doc = "Which side opens the tunnel."},
    {.name = "dpd_timeout_seconds",
     .type = Number,
     .default_text = "45",
     .min = kDpdTimeoutMin,
     .max = kDpdTimeoutMax,
     .doc = "A peer silent for so long is dead."},
    {.name = "ike_fragment_size",
     .type = Number,
     .default_text = "1280",
     .min = 0,
     .max = kIkeFragmentSizeMax,
     .doc = "IKE messages are cut into IP packets of at most so many bytes; 0: never."},
    {.name = "use_policy_based_traffic_selectors",
     .type = Flag,
     .default_text = "false",
     .doc = "Propose all pairs of prefixes instead of any-to-any, for policy-based peers."},
    {.name = "traffic_selector_policies",
     .type = Object,
     .shape = List,
     .object = &kTrafficSelectorPolicySchema,
     .doc = "Propose these ranges instead; needs use_policy_based_traffic_selectors."},
};

constexpr FieldSchema kSharedKeyFields[] = {
    {.name = "file",
     .type = Text,
     .is_required = true,
     .doc = "File with the key, relative to the estate file or the credentials directory."},
    {.name = "encoding",
     .type = Word,
     .default_text = "text",
     .choices = kKeyEncodings,
     .doc = "How the key stands in the file; base64 and hex are for keys that are no text."},
    {.name = "previous_key_seconds",
     .type = Number,
     .default_text = "3600",
     .min = 0,
     .max = kPreviousKeySecondsMax,
     .doc = "How long a key that reload-credentials has replaced is accepted as well."},
};

constexpr FieldSchema kCertificateFields[] = {
    {.name = "outbound_auth_certificate",
     .type = Text,
     .is_required = true,
     .doc = "File with our certificate first, and what stands between it and the root behind it."},
    {.name = "outbound_auth_private_key",
     .type = Text,
     .is_required = true,
     .doc = "File with the private key of it, as in shared_key; no passphrase."},
    {.name = "inbound_auth_certificate_chain",
     .type = Text,
     .shape = List,
     .is_required = true,
     .doc = "Files with the CAs that the peer's certificate may come from; one is a root."},
    {.name = "inbound_auth_certificate_subject_name",
     .type = Text,
     .doc = "The common name that the peer's certificate must have besides remote_id."},
    {.name = "certificate_revocation_lists",
     .type = Text,
     .shape = List,
     .doc = "Files with CRLs; with one, every CA of the peer's chain needs one."},
};

constexpr FieldSchema kRawKeyFields[] = {
    {.name = "private_key",
     .type = Text,
     .is_required = true,
     .doc = "File with our private key, as in shared_key; no passphrase."},
    {.name = "peer_public_key",
     .type = Text,
     .is_required = true,
     .doc = "File with the peer's public key."},
};

constexpr FieldSchema kPpkFields[] = {
    {.name = "id",
     .type = Text,
     .is_required = true,
     .doc = "Its name; both sides use the same one, and it is sent to the peer."},
    {.name = "file",
     .type = Text,
     .is_required = true,
     .doc = "File with the key, as in shared_key; at least 32 random bytes."},
    {.name = "required",
     .type = Flag,
     .default_text = "true",
     .doc = "false: a peer that does not know it is served without it."},
};

constexpr FieldSchema kAdditionalKeyExchangesFields[] = {
    {.name = "methods",
     .type = Word,
     .shape = List,
     .is_required = true,
     .choices = kAdditionalMethods,
     .doc = "One to seven, in the order in which they are performed; the same on both sides."},
    {.name = "required",
     .type = Flag,
     .default_text = "true",
     .doc = "false: a peer that does not have them is served without."},
};

constexpr FieldSchema kTrafficSelectorPolicyFields[] = {
    {.name = "local_address_ranges",
     .type = AddressRange,
     .shape = List,
     .is_required = true,
     .doc = "On our side."},
    {.name = "remote_address_ranges",
     .type = AddressRange,
     .shape = List,
     .is_required = true,
     .doc = "On the peer's side."},
};

constexpr FieldSchema kPeeringFields[] = {
    {.name = "virtual_network",
     .type = ObjectName,
     .is_required = true,
     .doc = "The network this half belongs to."},
    {.name = "remote_virtual_network",
     .type = ObjectName,
     .is_required = true,
     .doc = "The network it opens to."},
    {.name = "allow_virtual_network_access",
     .type = Flag,
     .default_text = "true",
     .doc = "Traffic between the two networks."},
    {.name = "allow_forwarded_traffic",
     .type = Flag,
     .default_text = "false",
     .doc = "Traffic that does not come from the remote network itself."},
    {.name = "allow_gateway_transit",
     .type = Flag,
     .default_text = "false",
     .doc = "The remote network may use this network's gateway."},
    {.name = "use_remote_gateways",
     .type = Flag,
     .default_text = "false",
     .doc = "Use the remote network's gateway."},
};

// All or none, except ike_prf: the integrity fixes it in Azure's policies, which have no such
// field.
constexpr FieldSchema kIpsecPolicyFields[] = {
    {.name = "ike_encryption",
     .type = Word,
     .is_required = true,
     .choices = kEncryptions,
     .doc = "Of IKE messages."},
    {.name = "ike_integrity",
     .type = Word,
     .is_required = true,
     .choices = kIntegrities,
     .doc = "Of IKE messages; with an AEAD the encryption's word."},
    {.name = "ike_prf",
     .type = Word,
     .choices = kPrfs,
     .doc = "Of the key schedule; the integrity's hash when absent, with an AEAD SHA384 (SHA256 at "
            "128 bits)."},
    {.name = "dh_group",
     .type = Word,
     .is_required = true,
     .choices = kDhGroups,
     .doc = "Of the IKE SA."},
    {.name = "ipsec_encryption",
     .type = Word,
     .is_required = true,
     .choices = kEncryptions,
     .doc = "Of ESP."},
    {.name = "ipsec_integrity",
     .type = Word,
     .is_required = true,
     .choices = kIntegrities,
     .doc = "Of ESP; with an AEAD the encryption's word."},
    {.name = "pfs_group",
     .type = Word,
     .is_required = true,
     .choices = kPfsGroups,
     .doc = "Of each Child SA made or rekeyed after the first; None: no PFS."},
    {.name = "esn",
     .type = Flag,
     .is_required = true,
     .doc = "Extended sequence numbers, where the peer has them."},
    {.name = "ike_life_time_seconds",
     .type = Number,
     .is_required = true,
     .min = 1,
     .max = kLifeTimeSecondsMax,
     .doc = "The IKE SA is rekeyed before."},
    {.name = "sa_life_time_seconds",
     .type = Number,
     .is_required = true,
     .min = 1,
     .max = kLifeTimeSecondsMax,
     .doc = "A Child SA is rekeyed before."},
    {.name = "sa_data_size_kilobytes",
     .type = Number,
     .is_required = true,
     .max = kDataSizeKilobytesMax,
     .doc = "A Child SA is rekeyed before it carried so much; 0: no limit."},
    {.name = "sa_life_packets",
     .type = Number,
     .max = kLifePacketsMax,
     .doc = "A Child SA is rekeyed before it carried so many packets; 0: no limit but that of the "
            "sequence numbers."},
};

}  // namespace

const ObjectSchema kEstateSchema = {"estate", "The whole file.", kEstateFields};
const ObjectSchema kVirtualNetworkSchema = {
    "virtual network", "An address space and where it is attached.", kVirtualNetworkFields};
const ObjectSchema kGatewaySchema = {"virtual network gateway",
                                     "The end of tunnels in a virtual network.", kGatewayFields};
const ObjectSchema kIpConfigurationSchema = {"IP configuration", "One instance of a gateway.",
                                             kIpConfigurationFields};
const ObjectSchema kGatewayBgpSchema = {"BGP speaker", "The gateway's BGP speaker.",
                                        kGatewayBgpFields};
const ObjectSchema kLocalNetworkGatewaySchema = {
    "local network gateway", "A peer of somebody else's.", kLocalNetworkGatewayFields};
const ObjectSchema kLocalBgpSchema = {"remote BGP speaker", "The peer's BGP speaker.",
                                      kLocalBgpFields};
const ObjectSchema kConnectionSchema = {"connection", "One direction of what is joined.",
                                        kConnectionFields};
const ObjectSchema kSharedKeySchema = {"shared key", "Where the pre-shared key lies.",
                                       kSharedKeyFields};
const ObjectSchema kCertificateSchema = {
    "certificate authentication", "Our certificate, and whom to believe.", kCertificateFields};
const ObjectSchema kRawKeySchema = {"raw public key authentication",
                                    "Our private key and the peer's public key.", kRawKeyFields};
const ObjectSchema kPpkSchema = {"post-quantum key", "A key that quantum computers do not break.",
                                 kPpkFields};
const ObjectSchema kAdditionalKeyExchangesSchema = {"list of additional key exchanges",
                                                    "More key exchanges than one.",
                                                    kAdditionalKeyExchangesFields};
const ObjectSchema kTrafficSelectorPolicySchema = {"traffic selector policy", "Ranges to propose.",
                                                   kTrafficSelectorPolicyFields};
const ObjectSchema kPeeringSchema = {"peering", "One half of a peering.", kPeeringFields};
const ObjectSchema kIpsecPolicySchema = {
    "IPsec policy", "One combination of algorithms and lifetimes.", kIpsecPolicyFields};

const FieldSchema* ObjectSchema::find(std::string_view field) const {
  const auto found = std::ranges::find(fields, field, &FieldSchema::name);
  return found == fields.end() ? nullptr : &*found;
}

std::vector<std::string_view> ObjectSchema::field_names() const {
  std::vector<std::string_view> names;
  for (const FieldSchema& field : fields) names.push_back(field.name);
  return names;
}

}  // namespace twinspan::policy
