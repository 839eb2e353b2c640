// Publishing immutable snapshots to worker threads without locks.
//
// The control thread publishes a new value; a reader picks it up at the start of its next batch.
// The old value is freed once every reader has begun a later batch or is offline (idle in
// epoll_wait). A reader pays one generation load, one store to its own cache line and one pointer
// load per batch. The four accesses are seq_cst: with weaker order an offline mark can hide a
// reader that still holds the old value.
//
// Threads: publish() and reclaim() on the control thread; begin_batch() and go_offline() each on
// the one thread that owns the reader index.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace twinspan::esp {

template <class T>
class Snapshot {
 public:
  Snapshot(size_t reader_count, std::unique_ptr<const T> first)
      : readers_(reader_count), current_(first.release()) {}
  ~Snapshot() { delete current_.load(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // Reader: the value to use until the next begin_batch() or go_offline().
  const T& begin_batch(size_t reader) {
    readers_[reader].generation.store(generation_.load());
    return *current_.load();
  }
  void go_offline(size_t reader) { readers_[reader].generation.store(kOffline); }

  // Control: what was published last; valid until the next publish().
  const T& newest() const { return *current_.load(); }
  // Control: makes `next` current. The old value is kept until reclaim() finds it unused.
  void publish(std::unique_ptr<const T> next) {
    std::unique_ptr<const T> old(current_.exchange(next.release()));
    const uint64_t retired_at = generation_.fetch_add(1) + 1;
    retired_.push_back({retired_at, std::move(old)});
    reclaim();
  }
  // Frees what no reader can hold any more; returns how many old values are left.
  size_t reclaim() {
    uint64_t oldest = UINT64_MAX;
    for (const Reader& reader : readers_) oldest = std::min(oldest, reader.generation.load());
    std::erase_if(retired_, [&](const Retired& value) { return value.generation <= oldest; });
    return retired_.size();
  }

 private:
  static constexpr uint64_t kOffline = UINT64_MAX;
  struct alignas(64) Reader {
    std::atomic<uint64_t> generation{kOffline};
  };
  struct Retired {
    uint64_t generation;  // A reader that began a batch at this generation or later cannot hold it.
    std::unique_ptr<const T> value;
  };

  std::vector<Reader> readers_;
  std::atomic<const T*> current_;
  std::atomic<uint64_t> generation_{1};
  std::vector<Retired> retired_;
};

}  // namespace twinspan::esp
