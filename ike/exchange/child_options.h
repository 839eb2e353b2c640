// What the ends of a Child SA agree on beside its SA and TS payloads, one notify each: AGGFRAG
// payloads (RFC 9347 5.1) and that there may be more of it (RFC 9611 4). And what they announce
// once per IKE SA, which is of our own making (docs/ikev2.md): that other UDP ports may send ESP,
// and that requests may ask for the size of the path.
#pragma once

#include <optional>
#include <vector>

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// RFC 9347 6.1.4: the flags of USE_AGGFRAG. We aggregate and never fragment, and expect the same.
inline constexpr uint8_t kAggfragCongestionControl = 0x02;
inline constexpr uint8_t kAggfragDontFragment = 0x01;

// `resource`: of SA_RESOURCE_INFO; RFC 9611 4: the peer may print it, and no more.
std::vector<Payload> option_notifies(bool aggfrag, std::optional<uint16_t> resource);

enum class AggfragDemand : uint8_t {
  None,         // No USE_AGGFRAG.
  Met,          // What we do is what the peer asks for.
  Unsupported,  // Congestion control, a flag that we do not know, or not one octet of flags.
};
AggfragDemand read_aggfrag(const std::vector<Payload>& payloads);

// Whether we send each additional child from a UDP port of its own, if the peer says so as well. An
// end that sees a NAT does not.
bool announces_source_ports(const IkeSa& sa);
// Whether the peer may ask us how large a packet may be, and we ask such peers.
bool announces_size_probes(const IkeSa& sa);

// Said in IKE_AUTH, both ways, by a Vendor ID each.
enum class Ability : uint8_t { SourcePorts, SizeProbes };
Payload announcement(Ability ability);
bool has_announcement(const std::vector<Payload>& payloads, Ability ability);
std::vector<Payload> announcements(const IkeSa& sa);

}  // namespace twinspan::ike
