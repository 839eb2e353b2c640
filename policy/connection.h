// A connection: from a virtual network gateway to a local network gateway, or to another virtual
// network gateway (then one object per direction).
#pragma once

#include <optional>

#include "base/sa_params.h"
#include "policy/ipsec_policy.h"
#include "policy/plan.h"
#include "policy/source_mark.h"

namespace twinspan::policy {

enum class ConnectionType : uint8_t { Ipsec, VnetToVnet };
enum class ConnectionProtocol : uint8_t { IkeV2, IkeV1 };
enum class PerResourceSas : uint8_t { Auto, On, Off };

struct AddressRange {
  IpAddress first;
  IpAddress last;  // Same family, not below first.
};

struct TrafficSelectorPolicy {
  SourceMark mark;
  MarkedList<AddressRange> local_address_ranges;
  MarkedList<AddressRange> remote_address_ranges;
};

// With authentication_type certificate. Names of files, as in the file.
struct CertificateReference {
  SourceMark mark;
  MarkedText certificate;
  MarkedText private_key;
  MarkedList<std::string> chain;
  MarkedText subject_name;
  MarkedList<std::string> revocation_lists;
};

// With authentication_type raw-public-key (RFC 7670).
struct RawKeyReference {
  SourceMark mark;
  MarkedText private_key;
  MarkedText peer_public_key;
};

// A post-quantum pre-shared key (RFC 8784) beside the connection's authentication.
struct PpkReference {
  SourceMark mark;
  MarkedText id;
  MarkedText file;
  Marked<bool> required;
};

// Key exchanges after the first (RFC 9370).
struct AdditionalKeyExchanges {
  SourceMark mark;
  MarkedList<std::string> methods;  // In the order in which they are performed.
  Marked<bool> required;
};

// What the configuration of another program takes besides what an estate has words for. An import
// fills it, for comparing the two ends of a connection; an estate file never has it.
struct Latitude {
  std::vector<IkeProposal> ike_proposals;
  std::vector<EspProposal> esp_proposals;
  bool takes_any_identity = false;  // Of its peer.
  bool routes_decide = false;       // Any-to-any; what is behind either end is not told.
  // Besides those that the gateway and the local network gateway have: any of them may be used.
  std::vector<IpAddress> local_addresses;
  std::vector<IpAddress> remote_addresses;
};

struct Connection {
  std::string name;
  SourceMark mark;
  Marked<ConnectionType> connection_type;
  Marked<ConnectionProtocol> connection_protocol;
  MarkedText virtual_network_gateway1;
  MarkedText virtual_network_gateway2;
  MarkedText local_network_gateway2;
  Marked<AuthenticationType> authentication_type;
  MarkedText shared_key_file;
  Marked<KeyEncoding> shared_key_encoding;
  Marked<uint64_t> previous_key_seconds{.value = kPreviousKeySecondsDefault};
  std::optional<CertificateReference> certificate;
  std::optional<RawKeyReference> raw_key;
  std::optional<PpkReference> ppk;
  std::optional<AdditionalKeyExchanges> additional_key_exchanges;
  MarkedText local_id;
  MarkedText remote_id;
  MarkedText ipsec_policy_name;
  std::optional<IpsecPolicy>
      ipsec_policy;  // The mapping, when written in place; it wins over the name.
  Marked<bool> legacy;
  Marked<Encapsulation> encapsulation;
  Marked<bool> copy_dscp;
  Marked<PerResourceSas> per_resource_sas;
  Marked<bool> aggfrag;
  Marked<bool> enable_bgp;
  MarkedList<IpAddress> gateway_custom_bgp_ip_addresses;
  Marked<uint32_t> routing_weight;
  Marked<ConnectionMode> connection_mode;
  Marked<uint64_t> dpd_timeout_seconds;
  Marked<uint32_t> ike_fragment_size;
  Marked<bool> use_policy_based_traffic_selectors;
  SourceMark traffic_selector_policies_mark;
  std::vector<TrafficSelectorPolicy> traffic_selector_policies;
  std::optional<Latitude> latitude;

  bool is_vnet_to_vnet() const { return *connection_type == ConnectionType::VnetToVnet; }
};

}  // namespace twinspan::policy
