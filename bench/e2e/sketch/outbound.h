// From the TUN device to the UDP socket: super-packets are cut into frames that leave in one send.
// Thread: one of its own, in run().
#pragma once

#include <memory>

#include "bench/e2e/sketch/frame.h"

namespace twinspan::sketch {

class Outbound {
 public:
  Outbound(int tun, int udp) : tun_(tun), udp_(udp) {}
  void run();  // Ends on an error of the device.

 private:
  void forward(const tun::VirtioHeader& offload, uint8_t* packet, size_t size);
  void cut(const uint8_t* packet, size_t size, size_t payload_max);
  void write_head(uint8_t* frame);
  void send(const uint8_t* frames, size_t size, size_t frame_size) const;

  int tun_, udp_;
  uint32_t number_ = 1;
  const std::unique_ptr<Buffer<kReadMax>> input_ = std::make_unique<Buffer<kReadMax>>();
  const std::unique_ptr<Buffer<kReadMax>> frames_ = std::make_unique<Buffer<kReadMax>>();
};

}  // namespace twinspan::sketch
