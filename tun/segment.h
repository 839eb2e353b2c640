// Cuts a super-packet read from a TUN device (TSO, USO) into the packets that the sender's stack
// would have sent, each final: lengths, IPv4 identification, TCP sequence and flags, checksums. The
// segments are written where they will be sealed; the super-packet is not changed.
//
// The virtio header comes from the kernel and is checked against the packet all the same: what
// contradicts it is a BadOffload, never a read past the end.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "esp/verdict.h"
#include "tun/virtio_header.h"

namespace twinspan::tun {

class Segmenter {
 public:
  // `packet` outlives it.
  static Result<Segmenter, esp::Verdict> make(const VirtioHeader& header, ByteView packet);

  size_t count() const { return count_; }
  // All are equal but the last, which may be shorter.
  size_t length(size_t index) const;
  // Writes the whole packet of segment `index`, length(index) bytes.
  void write(size_t index, uint8_t* out) const;

 private:
  Segmenter(ByteView packet, size_t layer4, size_t header_length, size_t segment_payload);

  size_t payload_length(size_t index) const;
  void finish_tcp(size_t index, uint8_t* out, uint64_t payload_sum) const;
  void finish_udp(size_t index, uint8_t* out, uint64_t payload_sum) const;

  ByteView packet_;
  bool is_tcp_ = false;
  size_t layer4_ = 0;         // Offset of the TCP or UDP header.
  size_t header_length_ = 0;  // IP and TCP or UDP.
  size_t segment_payload_ = 0;
  size_t count_ = 0;
  uint64_t fixed_sum_ =
      0;  // Pseudo header and layer-4 header without what differs between segments.
};

// Finishes the checksum that the kernel left half done on a packet that is not segmented.
esp::Verdict complete_checksum(const VirtioHeader& header, ByteSpan packet);

}  // namespace twinspan::tun
