// What is known of the path to a tunnel's peer: how large an outer packet may be, when to ask
// again, and what follows for the packets inside.
//
// Outer packets of traffic go without DF over IPv4, so the path loses none for its size: what does
// not fit is fragmented on the way, at a price. To learn the size, a dummy ESP packet (RFC
// 4303 2.6) as large as the traffic goes out with DF, now and then while there is such traffic. The
// router that cannot forward it says so, and quotes an SPI that only those on the path know.
//
// What was learned so is forgotten after ten minutes, and the traffic that is large again asks anew
// (RFC 1191 6.3, RFC 8201 4).
//
// Where no router says anything although a dummy was too large, there is the question: does that
// size get through? Whoever can ask the peer does (IKE), and settle()s it. What was settled stays
// until a larger size has been answered, and that is asked every ten minutes: forgetting it would
// lose traffic each time (RFC 8899 5.1.1, PMTU_RAISE_TIMER).
//
// Threads: forget(), settle() and set_device_mtu() on the control thread; all else on any. Where
// several workers seal for one tunnel, take_probe() gives a probe that is due to one of them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/path_size.h"
#include "base/sa_params.h"
#include "esp/esp_layout.h"

namespace twinspan::esp {

inline constexpr uint32_t kIpLengthMax = 65535;

// IP and UDP headers around an ESP frame.
inline uint32_t outer_overhead(IpFamily family, Encapsulation encapsulation) {
  return (family == IpFamily::V4 ? 20 : 40) + (encapsulation == Encapsulation::Udp ? 8 : 0);
}

// The largest inner packet whose frame has at most `room` bytes; 0: none. With AGGFRAG also what
// the inner packets of one frame may have together.
inline uint32_t largest_inner(const EspLayout& layout, size_t room) {
  const size_t around = layout.header_size() + layout.icv_size;
  if (room < around) return 0;
  const size_t body = (room - around) & ~(layout.alignment - 1);
  const size_t taken = layout.payload_header_size + kTrailerSize;
  return body < taken ? 0 : static_cast<uint32_t>(body - taken);
}

class PathMtu {
 public:
  static constexpr uint64_t kLearnedForMs = 600'000;  // RFC 1191 6.3: ten minutes.
  static constexpr uint64_t kProbeIntervalMinMs = 1'000;
  // A probe or its answer may be lost, so it is repeated, at ever longer intervals: at this one it
  // is 25 bytes a second.
  static constexpr uint64_t kProbeIntervalMaxMs = 60'000;

  // 0: nothing was learned.
  uint32_t outer() const { return size_of(known_.load(std::memory_order_relaxed)); }
  // It was settled by asking the peer; no router has said it.
  bool is_settled() const { return (known_.load(std::memory_order_relaxed) & kSettled) != 0; }
  // The largest inner packet that fits what was learned; kIpLengthMax when nothing was.
  uint32_t inner_limit(const EspLayout& layout, uint32_t overhead) const {
    const uint32_t outer = this->outer();
    return outer == 0 ? kIpLengthMax : largest_inner(layout, outer - overhead);
  }
  // 0: not known.
  uint32_t device_mtu() const { return device_mtu_.load(std::memory_order_relaxed); }

  // A router, or our own host, forwards no more than `reported` bytes; 0 is a router from before
  // RFC 1191, which does not say how many. Returns whether that is news.
  bool lower(uint32_t reported, IpFamily family, uint64_t now_ms);
  // Something says that a probe would be worth while, and need not be true.
  void want_probe() { is_probe_wanted_.store(true, std::memory_order_relaxed); }

  // An outer packet of `size` bytes has been sent: whether a probe of that size is due, and what
  // goes with it. nullopt: none is.
  struct Probe {
    // This size should be asked of the peer, since an earlier probe of it has brought no report. 0:
    // none.
    uint32_t question = 0;
  };
  std::optional<Probe> take_probe(uint32_t size, IpFamily family, uint64_t now_ms);
  // The peer was asked about `asked`, and `fitting` is the largest that it has answered.
  enum class News : uint8_t { None, Narrower, Wider };
  News settle(uint32_t asked, uint32_t fitting, uint64_t now_ms);
  // Forgets what is too old.
  void age(uint64_t now_ms);

  void set_device_mtu(uint32_t mtu) { device_mtu_.store(mtu, std::memory_order_relaxed); }
  void forget();  // The peer is elsewhere.

 private:
  static constexpr uint32_t kSettled = 1u << 31;
  static constexpr uint32_t size_of(uint32_t known) { return known & ~kSettled; }
  bool is_old(uint64_t now_ms) const;
  uint32_t take_question(uint32_t size, uint64_t now_ms);

  std::atomic<uint32_t> known_{0};   // The size, and whether it was settled.
  std::atomic<uint32_t> probed_{0};  // The largest probe since nothing was known.
  std::atomic<uint32_t> device_mtu_{0};
  std::atomic<uint64_t> learned_at_ms_{0};
  std::atomic<bool> is_probe_wanted_{true};
  // In one word, so that whoever changes it has the probe: when the last one was sent, and the
  // interval to the next in the lowest 16 bits. 0: none was sent.
  static constexpr unsigned kIntervalBits = 16;
  static_assert(kProbeIntervalMaxMs < 1u << kIntervalBits);
  std::atomic<uint64_t> last_probe_{0};
};

// What a TCP connection is told to fit: the device, and the path where that is known to be
// narrower.
inline uint32_t mss_mtu(const PathMtu& path, const EspLayout& layout, uint32_t overhead) {
  const uint32_t device = path.device_mtu();
  return std::min(device == 0 ? kIpLengthMax : device, path.inner_limit(layout, overhead));
}

}  // namespace twinspan::esp
