// Which of a tunnel's resources (RFC 9611) carries a flow.
//
// The hash is symmetric, so both directions of a flow have the same slot, and two gateways that
// both use it put them on the same resource from the first packet on. It is defined by what the
// kernel can compute too: tun/flow_steering holds the same function as a program of a multi-queue
// device, and a test compares the two.
//
//   sum  = source address + destination address (IPv6: of their 32-bit words)
//        + source port + destination port (TCP, UDP, SCTP; not of fragments, nor behind IPv6
//          extension headers)
//   hash = sum * 2^32 / golden ratio: consecutive sums, as of consecutive ports, spread evenly
//   slot = hash * slots / 2^32
//
// The hash has no key: who may choose addresses and ports behind the gateway can put all of their
// flows on one worker, as they could with one flow.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace twinspan::esp {

inline constexpr uint32_t kFlowHashFactor = 0x9e3779b1u;

// `packet` begins with its IP header. 0 for what is neither IPv4 nor IPv6, and where a field of the
// sum lies behind the end.
uint32_t flow_hash(ByteView packet);

inline uint32_t flow_slot(uint32_t hash, uint32_t slots) {
  return static_cast<uint32_t>(uint64_t{hash} * slots >> 32);
}

}  // namespace twinspan::esp
