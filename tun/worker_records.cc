#include "tun/worker_records.h"

#include <sys/eventfd.h>

namespace twinspan::tun {

void RecordQueue::Waiting::add(size_t size) {
  records.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(size, std::memory_order_relaxed);
}

void RecordQueue::Waiting::subtract(size_t size) {
  records.fetch_sub(1, std::memory_order_relaxed);
  bytes.fetch_sub(size, std::memory_order_relaxed);
}

bool RecordQueue::Waiting::exceeds(size_t records_max, size_t bytes_max) const {
  return records.load(std::memory_order_relaxed) > records_max ||
         bytes.load(std::memory_order_relaxed) > bytes_max;
}

RecordQueue::Waiting& RecordQueue::source_of(const IkeDatagram& datagram) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const uint8_t byte : datagram.remote.address.bytes()) hash = (hash ^ byte) * 16777619u;
  return ike_by_source_[hash % kSourcesMax];
}

bool RecordQueue::admit(const IkeDatagram& datagram) {
  Waiting& source = source_of(datagram);
  ike_.add(datagram.bytes.size());
  source.add(datagram.bytes.size());
  return !ike_.exceeds(kIkeRecordsMax, kIkeBytesMax) &&
         !source.exceeds(kSourceRecordsMax, kSourceBytesMax);
}

void RecordQueue::release(const DataPlaneRecord& record) {
  const auto* datagram = std::get_if<IkeDatagram>(&record);
  if (datagram == nullptr) return;
  ike_.subtract(datagram->bytes.size());
  source_of(*datagram).subtract(datagram->bytes.size());
}

void RecordQueue::push(DataPlaneRecord record) {
  const auto* datagram = std::get_if<IkeDatagram>(&record);
  const bool is_admitted = datagram == nullptr || admit(*datagram);
  if (!is_admitted || !ring_.push(std::move(record))) {
    release(record);  // The ring leaves untouched what it refuses.
    overflows_.add(1);
    return;
  }
  is_unannounced_ = true;
}

void RecordQueue::flush() {
  if (!is_unannounced_) return;
  is_unannounced_ = false;
  // Fails only when the counter is at its limit, and then the control thread is awake.
  static_cast<void>(::eventfd_write(event_fd_, 1));
}

std::optional<DataPlaneRecord> RecordQueue::pop() {
  auto record = ring_.pop();
  if (record) release(*record);
  return record;
}

}  // namespace twinspan::tun
