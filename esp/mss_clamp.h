// TCP connections through the tunnel are told at their beginning what fits it (RFC 9293 3.7.1), so
// that none depends on ICMP that somebody may filter.
#pragma once

#include "base/bytes.h"

namespace twinspan::esp {

// Lowers the MSS option of a TCP SYN to what an inner packet of `mtu` bytes carries, and repairs
// the checksum. Returns whether it did. Any other packet is left alone, and so is a SYN without the
// option: its receiver assumes 536 or 1220 bytes (RFC 9293 3.7.1). `packet` is a whole IP packet.
bool clamp_mss(ByteSpan packet, size_t mtu);

}  // namespace twinspan::esp
