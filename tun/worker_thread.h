// One thread of a worker: an epoll loop over the descriptors of one direction, or of both. With
// busy polling it asks again and again for a while before it sleeps: no wake-up then delays the
// next packet, and a core has no rest for so long.
//
// What it watches works with the table that newest_table() gave last (esp::Snapshot); while it
// waits it holds none, so that old tables can go. The control thread reaches into it with call():
// what is called runs between two rounds, when nothing of the loop is in use, and call() returns
// when it has run. That is how descriptors are let go before they are closed.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <span>
#include <thread>

#include "esp/sa_table.h"
#include "esp/snapshot.h"
#include "tun/unique_fd.h"

namespace twinspan::tun {

// Something whose descriptor a WorkerThread watches. Takes a bounded share of what waits there: the
// loop comes back when there is more.
class Pollable {
 public:
  virtual ~Pollable() = default;
  virtual void on_ready() = 0;
  // Before on_ready(), when the descriptor has an error to tell.
  virtual void on_error() {}
  // Those that are ready in a row and have one crew gather their work, and the last one finishes
  // it for all before anything else has its turn.
  virtual const void* crew() const { return this; }
  virtual void finish() {}
};

class WorkerThread {
 public:
  static constexpr int kEventsMax = 64;  // Of one wait.

  // `busy_poll`: since the last packet; 0: it sleeps at once.
  WorkerThread(esp::Snapshot<esp::SaTable>& snapshot, size_t reader,
               std::chrono::microseconds busy_poll = {});
  ~WorkerThread() { stop(); }
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  // On its own thread, inside call(), or while it does not run.
  void watch(int fd, Pollable& pollable);
  void unwatch(int fd);
  // On its own thread: the SA table as published last, valid until the next call or wait. A loop
  // asks after it has received: the peer uses a new SA as soon as it knows of it, and by then the
  // table with it is published. A table from before the receiving would not know the SA.
  const esp::SaTable& newest_table() { return snapshot_.begin_batch(reader_); }
  // On its own thread: which wait this is, and how many descriptors it found ready.
  uint64_t round() const { return round_; }
  int ready_count() const { return ready_count_; }

  // Control thread.
  void start();
  void stop();  // And join. Idempotent.
  void call(const std::function<void()>& work);

 private:
  void run();
  bool run_round();
  int wait(std::span<epoll_event> events);
  void wake();

  esp::Snapshot<esp::SaTable>& snapshot_;
  size_t reader_;
  std::chrono::microseconds busy_poll_;
  std::chrono::steady_clock::time_point poll_until_{};
  UniqueFd epoll_;
  UniqueFd wake_;
  uint64_t round_ = 0;
  int ready_count_ = 0;
  std::atomic<bool> is_stopping_{false};
  std::atomic<const std::function<void()>*> pending_{nullptr};
  std::thread thread_;
};

}  // namespace twinspan::tun
