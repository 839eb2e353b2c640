// Whether this kernel carries UDP trains (UDP_SEGMENT, UDP_GRO) as they were given to it. Some
// kernels corrupt them (Linux 7.0 to 7.1.4); no call fails there, so it has to be tried.
#pragma once

#include <optional>
#include <string>

#include "tun/packet_io.h"

namespace twinspan::tun {

// Sends trains over loopback through the sender and the receiver of the packet path, and compares
// every datagram. nullopt: they are sound, or cannot be tried here (no loopback, no UDP_SEGMENT).
// Otherwise what was wrong: "IPv4, UDP_GRO on: datagram 3 of 21 has other bytes". Waits at most
// 0.2 s for a datagram that does not come. Thread: any; uses sockets of its own.
std::optional<std::string> find_gso_flaw(PacketIo& io);

}  // namespace twinspan::tun
