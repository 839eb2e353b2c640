// What one negotiation may use: the configuration of one peer, as a value.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sa_params.h"
#include "base/time.h"
#include "ike/core/authentication_config.h"
#include "ike/crypto/key_schedule.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

struct Identity {
  IdType type = IdType::Fqdn;
  Bytes value;
  bool operator==(const Identity&) const = default;
  // "gw-a.example.net", "192.0.2.1", "keyid:x"; cut at kIdentityTextMax.
  std::string to_string() const;
};
inline constexpr size_t kIdentityTextMax = 255;  // As long as a name in DNS.

// Alternatives in order of preference, one acceptable combination per entry.
struct IkeProposal {
  Encryption encryption;
  IntegrityId integrity = IntegrityId::None;
  PrfId prf = PrfId::HmacSha384;
  DhGroupId group = DhGroupId::Ecp384;
  std::vector<DhGroupId> additional{};  // As in IkeSuite.

  IkeSuite suite() const { return {encryption, integrity, prf, group, additional}; }
  bool operator==(const IkeProposal&) const = default;
};
struct EspProposal {
  Encryption encryption;
  IntegrityId integrity = IntegrityId::None;
  DhGroupId pfs_group = DhGroupId::Ecp384;  // None: no PFS.
  // ESN: offered (with and without) and chosen when the peer offers it. False: never offered nor
  // chosen.
  bool esn = true;
  std::vector<DhGroupId> additional{};  // As in IkeSuite; only with a pfs_group.
  bool operator==(const EspProposal&) const = default;
};

// 0 means no limit.
struct ChildLifetime {
  Duration soft_time{};  // Rekey starts here, less jitter.
  Duration hard_time{};
  uint64_t hard_bytes = 0;    // The data plane reports the soft limit at about 80 %.
  uint64_t hard_packets = 0;  // Likewise.
  bool operator==(const ChildLifetime&) const = default;
};

// One Child SA that a tunnel should have.
struct ChildConfig {
  std::string name;  // Unique in its peer: what a ChildSa names as the one that it serves.
  TrafficSelectors local;
  TrafficSelectors remote;
  std::vector<EspProposal> proposals;
  ChildLifetime lifetime;
};

// One of the Child SAs that a tunnel should have.
struct ChildSlot {
  std::string config;  // ChildConfig::name.
  uint16_t resource =
      0;  // RFC 9611: of several for the same traffic, which one; as in SaPairParams.
  auto operator<=>(const ChildSlot&) const = default;
};

// A post-quantum pre-shared key (RFC 8784), known to both sides under one name.
struct PpkConfig {
  std::string id;  // PPK_ID of type PPK_ID_FIXED.
  std::shared_ptr<const SecretBytes> secret;
  bool is_required = true;  // False: a peer without it is served as well.
};

inline constexpr uint32_t kFragmentSizeDefault = 1280;  // What every IPv6 path carries.
inline constexpr size_t kChildConfigsMax = 255;
inline constexpr uint16_t kResourcesMax = 64;

// Whom we ask how large a packet may be (RFC 8899), by IKE messages of just that size.
enum class SizeProbing : uint8_t {
  Never,      // Nobody, and we do not announce that we may be asked.
  Announced,  // Peers that announce it.
  Always,     // Every peer that joins fragments (RFC 7383).
};

enum class ConnectionMode : uint8_t { Default, InitiatorOnly, ResponderOnly };

struct PeerConfig {
  TunnelId tunnel;
  std::string name;  // For logs and events: the connection's name.
  IpAddress local_address;
  IpAddress remote_address;
  // Empty, or what has to be resolved (EventResolve); then remote_address means nothing, and the
  // peer may call from any address.
  std::string remote_name;
  Identity local_identity;
  Identity remote_identity;
  Authentication authentication;
  std::optional<PpkConfig> ppk;
  std::vector<IkeProposal> ike_proposals;
  // 1 to kChildConfigsMax. The first may come with IKE_AUTH; where selectors overlap, the earlier
  // one carries the packet.
  std::vector<ChildConfig> children;
  // RFC 9611: Child SAs for the same traffic, the first one counted, 1 to kResourcesMax. 1: no more
  // than that one, and nothing is said of it. More only with one ChildConfig.
  uint16_t resources = 1;
  // RFC 9347: AGGFRAG payloads are offered, and agreed where the peer offers them as well.
  bool aggfrag = false;
  ConnectionMode mode = ConnectionMode::Default;
  Encapsulation encapsulation = Encapsulation::Udp;
  // RFC 6023: announced as responder; as initiator, the first child then comes by CREATE_CHILD_SA.
  bool admits_childless = true;
  // RFC 7383: IP packets of larger messages are cut to this size, where the peer can join them. 0:
  // never.
  uint32_t fragment_size = kFragmentSizeDefault;
  SizeProbing size_probing = SizeProbing::Never;
  Duration ike_soft_lifetime{};  // 0: no limit.
  Duration ike_hard_lifetime{};
  Duration dpd_interval{};  // Silence after which an empty INFORMATIONAL is sent; 0: never.

  const ChildConfig* find_child(std::string_view child_name) const;
};

}  // namespace twinspan::ike
