// How large a packet gets through a path whose routers say nothing, found by probes that the peer
// answers (RFC 8899 5.3). Pure; a decision per probe.
//
//   the size in question ---- answered ----> it fits
//            | lost, three times
//            v
//   1500, 1280, 576 bytes --- none answered -> nothing is known: the path is slow, or carries none
//            | the first that is answered
//            v
//   a grain above it, then halves of what is left, until kGrain; each once
//
// The first two rows decide whether the path is taken for narrow, so a loss there must not be
// chance. In the third one chance costs some bytes until the next search, and time costs traffic.
//
// Invariant: what fitting() says was answered, and below it lies whatever was lost.
#pragma once

#include <cstdint>
#include <optional>

#include "base/path_size.h"

namespace twinspan::ike {

class SizeSearch {
 public:
  // RFC 8899 5.1.2: MAX_PROBES, until a smaller size has been answered.
  static constexpr unsigned kAttemptsMax = 3;
  static constexpr uint32_t kGrain = 16;
  static constexpr uint32_t kSizeMax = 16000;  // As far as peers take IKE messages.

  SizeSearch() = default;  // Done, with nothing found.
  SizeSearch(uint32_t packet_size, IpFamily family);

  uint32_t asked() const { return asked_; }
  // Of the probe that comes next, unless is_done().
  uint32_t next() const { return next_; }
  bool is_done() const { return is_done_; }
  // nullopt: no probe of any size was answered in time.
  std::optional<uint32_t> fitting() const { return low_ == 0 ? std::nullopt : std::optional(low_); }

  // `size` is that of the probe, which may be a little smaller than next(): a cipher has blocks.
  void note_answered(uint32_t size);
  void note_lost();

 private:
  friend class StateDump;

  void choose();

  IpFamily family_ = IpFamily::V4;
  uint32_t asked_ = 0;
  uint32_t next_ = 0;
  uint32_t low_ = 0;   // The largest that was answered; 0: none.
  uint32_t high_ = 0;  // The smallest that was lost.
  unsigned lost_ = 0;  // Of next_, in a row.
  bool is_done_ = true;
};

}  // namespace twinspan::ike
