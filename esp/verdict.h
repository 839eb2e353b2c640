// What became of a packet: accepted, or the reason why it was dropped. Every drop is counted by
// reason.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace twinspan::esp {

enum class Verdict : uint8_t {
  Accept,
  Dummy,  // Next header 59 (RFC 4303 2.6): authenticated, then dropped; not a fault.
  // Inbound
  Malformed,  // Too short or badly aligned to be ESP of this SA.
  UnknownSpi,
  Replayed,  // Sequence number seen before, or below the window.
  BadIcv,    // Authentication failed.
  BadPadding,
  BadInnerPacket,    // Not IPv4 or IPv6, or its lengths do not add up.
  BadAggfrag,        // RFC 9347: not laid out as an AGGFRAG payload, on an SA that carries them.
  AggfragFragment,   // RFC 9347: part of an inner packet, though we asked for whole ones.
  SelectorMismatch,  // RFC 4301 5.2: outside the selectors of the SA that carried it.
  SourceRefused,     // Own-network, martian or own-peer source on an any-to-any tunnel.
  WrongOuter,        // Arrived in another encapsulation or at another address than the SA's.
  Expired,           // The SA is past its hard limit.
  EcnIllegal,        // RFC 6040 4.2: marked on the way, while the sender knows no such marks.
  TunWriteFailed,
  SocketQueueFull,  // The kernel dropped a datagram before it could be read; counted by its socket.
  // Outbound
  LinkScope,   // Multicast that never leaves its link; not a fault.
  NoSa,        // The tunnel has no outbound SA.
  NoSelector,  // No SPD entry of the tunnel admits the packet.
  SequenceExhausted,
  TooBig,      // Does not fit the path and may not be fragmented.
  BadOffload,  // A virtio header that contradicts its packet.
  SendFailed,
  DeviceQueueFull,  // The kernel dropped it before it could be read; counted by its device.
  Count_,
};
inline constexpr size_t kVerdictCount = static_cast<size_t>(Verdict::Count_);

// "replayed", "bad-icv": stable words of `drops{}` in status.
const char* to_string(Verdict verdict);

// Written by one thread, read by any.
class Counter {
 public:
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// One direction of one tunnel, or of what belongs to no tunnel. Inner IP packets and bytes.
struct DirectionCounters {
  Counter packets;
  Counter bytes;
  std::array<Counter, kVerdictCount> drops;
};

}  // namespace twinspan::esp
