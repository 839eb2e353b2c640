// Cuts an IPv4 packet that may be fragmented into fragments that fit the tunnel, before they are
// sealed (RFC 791 3.2, RFC 4301 8.2.1: so that the far host reassembles, not the far gateway). A
// packet that is a fragment itself is cut the same way. Each fragment is written where it will be
// sealed; the packet is not changed.
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"

namespace twinspan::esp {

class Fragmenter {
 public:
  // nullopt: DF is set, it is no IPv4 packet, its header is broken, or `mtu` has no room for eight
  // bytes behind it. `packet` outlives the fragmenter and is exactly as long as its header says.
  static std::optional<Fragmenter> make(ByteView packet, size_t mtu);

  size_t count() const { return count_; }
  size_t length(size_t index) const;
  void write(size_t index, uint8_t* out) const;  // length(index) bytes

 private:
  static constexpr size_t kHeaderMax = 60;

  explicit Fragmenter(ByteView packet) : packet_(packet) {}
  void make_later_header();
  size_t payload_begin(size_t index) const {
    return index == 0 ? 0 : first_ + (index - 1) * later_;
  }
  size_t payload_length(size_t index) const;

  ByteView packet_;
  size_t header_length_ = 0;  // Of the packet and of the first fragment.
  // RFC 791 3.1: options without the copied flag stand in the first fragment alone.
  std::array<uint8_t, kHeaderMax> later_header_{};
  size_t later_header_length_ = 0;
  size_t first_ = 0;  // Payload bytes of the first fragment; like the next, a multiple of 8.
  size_t later_ = 0;  // Of each that follows, but the last.
  size_t count_ = 0;
};

}  // namespace twinspan::esp
