// The answer to an inner packet that does not fit the tunnel and may not be cut: ICMP
// "fragmentation needed" (RFC 1191 4) or ICMPv6 Packet Too Big (RFC 8201, RFC 4443 3.2), towards
// its sender.
#pragma once

#include "base/bytes.h"

namespace twinspan::esp {

inline constexpr size_t kTooBigSizeMax =
    1280;  // RFC 4443 2.4 (c); RFC 1812 4.3.2.3 says 576 for IPv4.
inline constexpr size_t kIpv6MtuMin = 1280;  // RFC 8200 5: never announced less.

// Writes the whole IP packet into `out`, of at least kTooBigSizeMax bytes; returns its length, or 0
// when `packet` is one that must not be answered (RFC 1122 3.2.2, RFC 4443 2.4 (e)).
//
// Its source is the destination of `packet`. An address of this gateway's own would be dropped by
// its own kernel as a martian when the message comes out of the tunnel's device, and this one is
// routed there even by a strict reverse path filter.
size_t write_too_big(ByteView packet, size_t mtu, ByteSpan out);

}  // namespace twinspan::esp
