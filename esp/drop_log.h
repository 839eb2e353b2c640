// The packets that were dropped last, for `twinspan drops`: fixed memory, written only when a
// packet is dropped, without lock or allocation.
//
// Each reason has places of its own and its share of every second, so that no flood pushes out what
// was dropped for another reason, and one costs a clock reading per packet at most. Of a packet
// that is not authenticated nothing is kept but the outer address, SPI and sequence number.
//
// Threads: one writes, any may collect(). A place is a sequence lock of atomics (H. Boehm, "Can
// seqlocks get along with programming language memory models?", MSPC 2012): whoever reads a word of
// the next record also sees that its version has changed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/strong_id.h"
#include "esp/verdict.h"

namespace twinspan::esp {

struct DropRecord {
  uint64_t at_ms = 0;  // By the log's clock.
  Verdict reason = Verdict::Accept;
  bool is_outbound = false;
  bool has_tunnel = false;
  bool has_inner = false;  // From `source` to `length`: authenticated, or from our own side.
  bool has_ports = false;
  bool has_outer = false;  // `remote`.
  bool has_spi = false;    // And `sequence`.
  uint8_t protocol = 0;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t length = 0;
  TunnelId tunnel;
  Spi spi;
  uint32_t sequence = 0;
  IpAddress source;
  IpAddress destination;
  Endpoint remote;
};

class DropLog {
 public:
  static constexpr size_t kPlacesPerReason = 16;
  static constexpr unsigned kPerSecondMax = kPlacesPerReason;  // Of a reason.
  using Clock = uint64_t (*)();                                // Milliseconds.

  explicit DropLog(Clock clock);

  // The writer. Dummy packets and what never leaves its link are no faults, and are left out.
  void note_inner(Verdict reason, TunnelId tunnel, bool is_outbound, ByteView packet);
  void note_outer(Verdict reason, std::optional<TunnelId> tunnel, const Endpoint& remote,
                  ByteView frame);
  void note(Verdict reason, TunnelId tunnel, bool is_outbound);

  // Any thread. What is being written meanwhile is left out.
  void collect(std::vector<DropRecord>& records) const;

 private:
  static constexpr size_t kWords = sizeof(DropRecord) / sizeof(uint64_t);
  struct Place {
    std::atomic<uint64_t> version{0};  // Odd while it is written; 0: never was.
    std::array<std::atomic<uint64_t>, kWords> words{};
  };
  struct Reason {
    std::array<Place, kPlacesPerReason> places;
    uint64_t written = 0;
    uint64_t second = 0;
    unsigned in_second = 0;
  };

  // The time, if the reason has something left of this second.
  std::optional<uint64_t> admit(Verdict reason);
  void write(const DropRecord& record);

  Clock clock_;
  std::unique_ptr<std::array<Reason, kVerdictCount>> reasons_;
};

}  // namespace twinspan::esp
