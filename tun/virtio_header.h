// The header that precedes every packet of a TUN device opened with IFF_VNET_HDR: what the kernel
// left for us to finish on a read, and what we leave for the kernel on a write. Legacy layout, host
// byte order. (Debian 12's linux/virtio_net.h ends before USO and uses a C++ keyword, hence our own
// definition.)
#pragma once

#include <cstddef>
#include <cstdint>

namespace twinspan::tun {

struct VirtioHeader {
  uint8_t flags = 0;
  uint8_t gso_type = 0;
  uint16_t header_length = 0;    // A hint; equals the whole linear head on forwarded packets.
  uint16_t gso_size = 0;         // Payload bytes of a segment.
  uint16_t checksum_start = 0;   // The layer-4 header.
  uint16_t checksum_offset = 0;  // Of the checksum field inside it.
  bool operator==(const VirtioHeader&) const = default;
};
inline constexpr size_t kVirtioHeaderSize = 10;
static_assert(sizeof(VirtioHeader) == kVirtioHeaderSize);

// flags
inline constexpr uint8_t kVirtioNeedsChecksum = 1;
// gso_type
inline constexpr uint8_t kVirtioGsoNone = 0;
inline constexpr uint8_t kVirtioGsoTcp4 = 1;
inline constexpr uint8_t kVirtioGsoTcp6 = 4;
inline constexpr uint8_t kVirtioGsoUdp = 5;     // USO, both families.
inline constexpr uint8_t kVirtioGsoEcn = 0x80;  // Beside one of the TCP values.

inline constexpr uint16_t kTcpChecksumOffset = 16;
inline constexpr uint16_t kUdpChecksumOffset = 6;

}  // namespace twinspan::tun
