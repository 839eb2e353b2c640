// What a worker makes of the reports on its error queues: whom they concern, and whether to believe
// them (RFC 4301 8.2.1). Thread: the inbound loop that owns it; counters are read by any.
#pragma once

#include "esp/sa_table.h"
#include "esp/verdict.h"
#include "tun/error_queue.h"

namespace twinspan::tun {

struct PathCounters {
  esp::Counter learned;  // A path became narrower than was known.
  esp::Counter known;    // Believed, and no news.
  esp::Counter hints;    // Too short to quote an SPI: a probe will ask again.
  esp::Counter refused;  // Quotes an SPI that is not of a path to that destination.
};

class PathReports {
 public:
  explicit PathReports(PacketIo& io) : queue_(io) {}

  void take(int fd, const esp::SaTable& table);
  const PathCounters& counters() const { return counters_; }

 private:
  void judge(const TooBigReport& report, const esp::SaTable& table);

  ErrorQueue queue_;
  PathCounters counters_;
};

}  // namespace twinspan::tun
