#include "tun/worker_records.h"

#include <sys/eventfd.h>

namespace twinspan::tun {

size_t RecordQueue::ike_bytes(const DataPlaneRecord& record) {
  const auto* datagram = std::get_if<IkeDatagram>(&record);
  return datagram == nullptr ? 0 : datagram->bytes.size();
}

void RecordQueue::push(DataPlaneRecord record) {
  const size_t bytes = ike_bytes(record);
  // Added first: the consumer subtracts as soon as it sees the record.
  const size_t waiting = waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (waiting > kIkeBytesMax || !ring_.push(std::move(record))) {
    waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
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
  if (record) waiting_bytes_.fetch_sub(ike_bytes(*record), std::memory_order_relaxed);
  return record;
}

}  // namespace twinspan::tun
