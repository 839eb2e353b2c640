// From the UDP socket to the TUN device: consecutive TCP segments of a datagram train become one
// write again.
// Thread: one of its own, in run().
#pragma once

#include <sys/uio.h>

#include <memory>

#include "bench/e2e/sketch/frame.h"

namespace twinspan::sketch {

// Segments of one TCP connection, in order, not yet written. Points into the receive buffer.
class Run {
 public:
  explicit Run(int tun) : tun_(tun) {}
  // False: the segment does not continue this run.
  bool extend(uint8_t* packet, size_t header_size, size_t payload);
  void begin(uint8_t* packet, size_t header_size, size_t payload);
  void flush();

 private:
  bool continues(const uint8_t* packet, size_t header_size, size_t payload) const;

  int tun_;
  uint8_t* head_ = nullptr;  // The first packet; nullptr when there is none.
  size_t header_size_ = 0, segment_max_ = 0, payload_ = 0;
  size_t vectors_ = 0;
  uint32_t next_number_ = 0;
  bool is_closed_ = false;  // A short segment or PSH ends a run.
  std::array<iovec, kSegmentsMax + 2> vector_;
};

class Inbound {
 public:
  Inbound(int tun, int udp) : tun_(tun), udp_(udp), run_(tun) {}
  void run();  // Ends on an error of the socket.

 private:
  void take(uint8_t* packet, size_t size);

  int tun_, udp_;
  Run run_;
  const std::unique_ptr<Buffer<kReadMax>> buffer_ = std::make_unique<Buffer<kReadMax>>();
};

}  // namespace twinspan::sketch
