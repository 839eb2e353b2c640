// What both directions of the sketch know: frames on the wire and Internet checksums.
//
// A frame is shaped like ESP without being it: 16 bytes where SPI, sequence number and IV go, the
// inner packet as it is, 16 bytes where an ICV goes. Nothing is encrypted or checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "tun/virtio_header.h"

namespace twinspan::sketch {

inline constexpr size_t kHeadSize = 16;
inline constexpr size_t kTailSize = 16;
inline constexpr size_t kReadMax = 1 << 17;  // Beyond any super-packet of TUN or UDP.
inline constexpr size_t kSegmentsMax = 64;   // Of one UDP_SEGMENT send.
inline constexpr size_t kIpv4Size = 20;
inline constexpr uint8_t kTcp = 6;

// On a page, where the kernel's copies are fastest.
template <size_t kSize>
struct alignas(4096) Buffer {
  uint8_t bytes[kSize];
};

// The sum of 16-bit words in the machine's byte order, not yet folded. In 32-bit steps, a loop
// that compilers turn into vectors.
inline uint64_t add_words(const uint8_t* bytes, size_t size) {
  uint64_t sum = 0;
  size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    uint32_t word;
    std::memcpy(&word, bytes + i, 4);
    sum += word;
  }
  if (size & 2) {
    uint16_t word;
    std::memcpy(&word, bytes + i, 2);
    sum += word;
    i += 2;
  }
  return size & 1 ? sum + bytes[i] : sum;
}

inline uint16_t fold(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

inline void store_native16(uint8_t* p, uint16_t value) {
  std::memcpy(p, &value, 2);
}

inline uint16_t to_native(uint16_t value) {
  uint8_t bytes[2];
  store_be16(bytes, value);
  uint16_t native;
  std::memcpy(&native, bytes, 2);
  return native;
}

// Addresses, protocol and length of the segment, as TCP's checksum wants them.
inline uint64_t add_pseudo_header(const uint8_t* ipv4, size_t segment_size) {
  return add_words(ipv4 + 12, 8) + to_native(kTcp) + to_native(static_cast<uint16_t>(segment_size));
}

inline void finish_ipv4(uint8_t* ipv4, size_t header_size, size_t total) {
  store_be16(ipv4 + 2, static_cast<uint16_t>(total));
  store_be16(ipv4 + 10, 0);
  store_native16(ipv4 + 10, static_cast<uint16_t>(~fold(add_words(ipv4, header_size))));
}

inline size_t ipv4_header_size(const uint8_t* packet) {
  return (packet[0] & 15u) * 4;
}
inline size_t tcp_header_size(const uint8_t* tcp) {
  return (tcp[12] >> 4) * size_t{4};
}

}  // namespace twinspan::sketch
