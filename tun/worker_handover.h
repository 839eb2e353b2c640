// Frames that arrived at another worker's socket, on their way to the worker that owns their SA: a
// byte queue from one inbound loop to one other. Steering makes this rare: it is what catches the
// segments of a GRO train whose first segment belonged to someone else. Threads: push() on the
// giving loop, peek() and release() on the taking one. Frames are opened where they lie in the
// ring, so release() comes after the batch.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/sa_params.h"
#include "esp/ecn.h"

namespace twinspan::tun {

// Where a frame came from.
struct FrameSource {
  Endpoint remote;                  // Ports are 0 without UDP.
  const Endpoint* local = nullptr;  // The receiving socket's, which outlives every frame.
  Encapsulation carriage = Encapsulation::Udp;
  esp::Ecn ecn = esp::Ecn::NotEct;
};

struct HandoverFrame {
  FrameSource source;
  ByteSpan frame;
};

class HandoverRing {
 public:
  // Two rounds of full GRO buffers. Not resident before it is used.
  static constexpr size_t kBytesMax = size_t{1} << 20;

  HandoverRing() : bytes_(std::make_unique_for_overwrite<uint8_t[]>(kBytesMax)) {}

  bool push(const FrameSource& source, ByteView frame);  // False: full.
  // The next frame that was not yet looked at.
  std::optional<HandoverFrame> peek();
  void release();  // All that were looked at.

 private:
  struct Entry {
    FrameSource source;
    size_t length;
  };
  // An entry begins where it may be constructed; its frame begins on a cache line.
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kWrap = SIZE_MAX;  // Entry::length: go on at the front.
  static size_t entry_size(size_t length);

  std::unique_ptr<uint8_t[]> bytes_;
  size_t looked_at_ = 0;  // Taking side.
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace twinspan::tun
