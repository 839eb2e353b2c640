// Records from one loop to the control thread: a bounded ring, bounded in bytes too because an IKE
// datagram brings its own, and an eventfd that all loops share. Threads: push() and flush() on the
// loop's thread, pop() on the control thread.
#pragma once

#include <atomic>

#include "esp/verdict.h"
#include "tun/control_ring.h"
#include "tun/data_plane.h"

namespace twinspan::tun {

class RecordQueue {
 public:
  static constexpr size_t kRecordsMax = 1024;
  static constexpr size_t kIkeBytesMax = size_t{1} << 20;

  explicit RecordQueue(int event_fd) : event_fd_(event_fd), ring_(kRecordsMax) {}

  void push(DataPlaneRecord record);
  // Tells the control thread, once per batch, if there is anything to tell.
  void flush();

  std::optional<DataPlaneRecord> pop();
  uint64_t overflows() const { return overflows_.read(); }

 private:
  static size_t ike_bytes(const DataPlaneRecord& record);

  int event_fd_;
  bool is_unannounced_ = false;
  std::atomic<size_t> waiting_bytes_{0};
  esp::Counter overflows_;
  ControlRing<DataPlaneRecord> ring_;
};

}  // namespace twinspan::tun
