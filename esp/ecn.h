// What a tunnel does with the traffic class (RFC 6040): the outer header says what the inner one
// says, in normal mode, and a congestion mark that the outer one collected is handed inwards.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace twinspan::esp {

// RFC 3168 5.
enum class Ecn : uint8_t { NotEct = 0, Ect1 = 1, Ect0 = 2, Ce = 3 };

inline constexpr uint8_t kEcnMask = 0x03;
inline Ecn ecn_of(uint8_t traffic_class) {
  return static_cast<Ecn>(traffic_class & kEcnMask);
}

// TOS of IPv4, Traffic Class of IPv6. `packet` holds a whole IP header.
inline uint8_t traffic_class_of(const uint8_t* packet) {
  if (packet[0] >> 4 == 4) return packet[1];
  return static_cast<uint8_t>(packet[0] << 4 | packet[1] >> 4);
}

// RFC 6040 4.1, normal mode: ECN is copied. RFC 4301 5.1.2.1 note 3: whether DSCP is copied is a
// setting, because a copy tells those outside what is carried.
inline uint8_t outer_traffic_class(uint8_t inner, bool copy_dscp) {
  return copy_dscp ? inner : static_cast<uint8_t>(inner & kEcnMask);
}

// RFC 9347 3.1: packets that share an AGGFRAG payload may say different things of congestion, so
// the outer header says nothing (RFC 6040 4.1, compatibility mode).
inline uint8_t aggfrag_traffic_class(uint8_t inner, bool copy_dscp) {
  return copy_dscp ? static_cast<uint8_t>(inner & ~kEcnMask) : uint8_t{0};
}

// RFC 6040 4.2, figure 4: what leaves the tunnel; nullopt: the packet must be dropped.
std::optional<Ecn> combine_ecn(Ecn outer, Ecn inner);

// The same on a packet in place. False: it must be dropped, and was not changed.
bool decapsulate_ecn(ByteSpan packet, Ecn outer);

}  // namespace twinspan::esp
