// Records from one loop to the control thread: a bounded ring, bounded in bytes too because an IKE
// datagram brings its own, and an eventfd that all loops share. IKE datagrams come from anybody:
// they leave room for the records of our own SAs, each of which is told once, and one source has a
// share only, so that its flood does not shut out the peers. Threads: push() and flush() on the
// loop's thread, pop() on the control thread.
#pragma once

#include <array>
#include <atomic>

#include "esp/verdict.h"
#include "tun/control_ring.h"
#include "tun/data_plane.h"

namespace twinspan::tun {

class RecordQueue {
 public:
  static constexpr size_t kRecordsMax = 1024;
  static constexpr size_t kIkeRecordsMax = kRecordsMax / 4 * 3;
  static constexpr size_t kIkeBytesMax = size_t{1} << 20;
  static constexpr size_t kSourceRecordsMax = kIkeRecordsMax / 4;
  static constexpr size_t kSourceBytesMax = kIkeBytesMax / 4;

  explicit RecordQueue(int event_fd) : event_fd_(event_fd), ring_(kRecordsMax) {}

  void push(DataPlaneRecord record);
  // Tells the control thread, once per batch, if there is anything to tell.
  void flush();

  std::optional<DataPlaneRecord> pop();
  uint64_t overflows() const { return overflows_.read(); }

 private:
  // What waits of one kind. Added first, by the loop: the control thread subtracts as soon as it
  // sees the record.
  struct Waiting {
    std::atomic<size_t> records{0};
    std::atomic<size_t> bytes{0};
    void add(size_t size);
    void subtract(size_t size);
    bool exceeds(size_t records_max, size_t bytes_max) const;
  };
  // Sources whose addresses agree in the hash share their share.
  static constexpr size_t kSourcesMax = 64;

  Waiting& source_of(const IkeDatagram& datagram);
  bool admit(const IkeDatagram& datagram);
  void release(const DataPlaneRecord& record);

  int event_fd_;
  bool is_unannounced_ = false;
  Waiting ike_;
  std::array<Waiting, kSourcesMax> ike_by_source_;
  esp::Counter overflows_;
  ControlRing<DataPlaneRecord> ring_;
};

}  // namespace twinspan::tun
