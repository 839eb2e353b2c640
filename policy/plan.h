// What one gateway instance has to do, compiled from the model: a value that prints, compares and
// diffs. The daemon only carries out plans. Words are those of base/; nothing of ike/, esp/ or tun/
// is known here.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/algorithm.h"
#include "base/ip_prefix.h"
#include "base/sa_params.h"
#include "base/traffic_selector.h"
#include "policy/host_networks.h"

namespace twinspan::policy {

enum class VpnType : uint8_t { RouteBased, PolicyBased };
enum class ConnectionMode : uint8_t { Default, InitiatorOnly, ResponderOnly };
enum class AuthenticationType : uint8_t { Psk, Certificate, RawPublicKey };
// How the bytes of a pre-shared key stand in its file.
enum class KeyEncoding : uint8_t { Text, Base64, Hex };
std::string_view name_of(KeyEncoding encoding);  // As in an estate: "base64".

enum class IdentityType : uint8_t { Ipv4, Ipv6, Fqdn, Email, KeyId };

struct Identity {
  IdentityType type = IdentityType::Fqdn;
  std::string text;  // An address, a name, or the key id without "keyid:".
  bool operator==(const Identity&) const = default;
  auto operator<=>(const Identity&) const = default;
};

struct IkeProposal {
  Encryption encryption;
  IntegrityId integrity = IntegrityId::None;
  PrfId prf = PrfId::HmacSha384;
  DhGroupId group = DhGroupId::Ecp384;
  std::vector<DhGroupId> additional{};  // RFC 9370, in the order in which they are performed.
  bool operator==(const IkeProposal&) const = default;
};

struct EspProposal {
  Encryption encryption;
  IntegrityId integrity = IntegrityId::None;
  DhGroupId pfs_group = DhGroupId::Ecp384;
  bool esn = true;                      // Offered, and chosen when the peer offers it.
  std::vector<DhGroupId> additional{};  // As in IkeProposal; only with a pfs_group.
  bool operator==(const EspProposal&) const = default;
};

inline constexpr uint64_t kPreviousKeySecondsDefault = 3600;

// X.509 certificates (RFC 7427): where they lie. Paths as psk_file.
struct CertificatePlan {
  std::string certificate;  // Ours, and what stands between it and the root.
  std::string private_key;
  std::vector<std::string> authorities;
  std::string peer_common_name;  // Of the peer's subject; empty: any.
  std::vector<std::string> revocation_lists;
  bool operator==(const CertificatePlan&) const = default;
};

// Public keys without certificates (RFC 7670). Paths as psk_file.
struct RawKeyPlan {
  std::string private_key;
  std::string peer_public_key;
  bool operator==(const RawKeyPlan&) const = default;
};

// A post-quantum pre-shared key: its name on the wire and where it lies, never its bytes.
struct PpkPlan {
  std::string id;
  std::string file;         // As psk_file.
  bool is_required = true;  // False: a peer without it is served as well.
  bool operator==(const PpkPlan&) const = default;
};

// One Child SA pair that a tunnel wants: everything of `local` to and from everything of `remote`.
struct ChildPlan {
  std::string name;  // Unique in its tunnel.
  TrafficSelectors local;
  TrafficSelectors remote;
  bool operator==(const ChildPlan&) const = default;
};

// A bound of ours: each is negotiated and rekeyed by itself. RFC 7296 has none for the Child SAs of
// an IKE SA; its one byte (3.13) counts the selectors of one of them, kTrafficSelectorsMax.
inline constexpr size_t kTunnelChildrenMax = 255;
// With more, the connections of a gateway keep its workers busy without a Child SA for each.
inline constexpr std::ptrdiff_t kPerResourceConnectionsMax = 16;

inline constexpr uint32_t kIkeFragmentSizeDefault = 1280;
// Below it headers, IV and ICV leave too little for content.
inline constexpr uint32_t kIkeFragmentSizeMin = 256;

// One IPsec tunnel: one IKE peer of this instance and one TUN device.
struct TunnelPlan {
  std::string connection;  // Its name in the file.
  std::string device;  // At most 15 characters, unique on the host for this instance, stable across
                       // reloads.
  IpAddress local_address;  // Bound on this host (private_ip_address when behind NAT).
  IpAddress remote_address;
  std::string
      remote_name;  // Empty, or what has to be resolved: then remote_address is unspecified.
  Identity local_identity;
  Identity remote_identity;
  // Where the peer is to be found, for people.
  std::string remote_text() const {
    return remote_name.empty() ? remote_address.to_string() : remote_name;
  }
  // Exactly one of psk_file, certificate and raw_key is set.
  std::string psk_file;  // Absolute, or as resolved against the estate file's directory.
  KeyEncoding psk_encoding = KeyEncoding::Text;
  // For how long a key that is replaced while the daemon runs is accepted beside the new one.
  uint64_t previous_key_seconds = kPreviousKeySecondsDefault;
  std::optional<CertificatePlan> certificate;
  std::optional<RawKeyPlan> raw_key;
  std::optional<PpkPlan> ppk;
  std::vector<IkeProposal> ike_proposals;
  std::vector<EspProposal> esp_proposals;
  uint64_t ike_lifetime_seconds = 0;
  uint64_t sa_lifetime_seconds = 0;
  uint64_t sa_data_size_kilobytes = 0;    // 0: no limit.
  uint64_t sa_life_packets = 0;           // 0: no limit but that of the sequence numbers.
  std::vector<std::string> legacy_words;  // Weak algorithms among the proposals: "SHA1".
  uint64_t dpd_timeout_seconds = 45;
  uint32_t ike_fragment_size = kIkeFragmentSizeDefault;  // 0: IKE messages are never cut.
  ConnectionMode mode = ConnectionMode::Default;
  Encapsulation encapsulation = Encapsulation::Udp;
  bool copy_dscp = false;
  bool per_resource_sas = false;  // RFC 9611: a Child SA per worker; only with one in `children`.
  bool aggfrag = false;           // RFC 9347: offered, and agreed where the peer offers it.
  VpnType vpn_type = VpnType::RouteBased;
  std::vector<ChildPlan> children;  // 1 to kTunnelChildrenMax; of overlapping ones the first.
  bool any_to_any =
      true;  // Then inner sources are refused that are ours, or not behind it (tunnel_sources).
  std::vector<IpPrefix>
      remote_prefixes;  // Routed into the device, protected by unreachable routes.
  bool operator==(const TunnelPlan&) const = default;
};

struct Plan {
  std::string gateway;
  unsigned instance = 0;
  VpnType vpn_type = VpnType::RouteBased;
  std::string virtual_network;
  std::vector<IpPrefix>
      own_prefixes;  // The network's address space: attached, and refused from outside.
  std::vector<std::string> interfaces;     // Where it is attached.
  HostNetworks networks;                   // It and the others of this host; who may send to whom.
  std::vector<IpAddress> local_addresses;  // What to bind.
  std::vector<TunnelPlan> tunnels;
  bool operator==(const Plan&) const = default;

  std::string to_string() const;  // Several lines, for people and golden tests.
};

}  // namespace twinspan::policy
