#include "tun/worker_thread.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <array>
#include <csignal>

#include "base/check.h"

namespace twinspan::tun {

using std::chrono::steady_clock;

WorkerThread::WorkerThread(esp::Snapshot<esp::SaTable>& snapshot, size_t reader,
                           std::chrono::microseconds busy_poll)
    : snapshot_(snapshot),
      reader_(reader),
      busy_poll_(busy_poll),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // Without descriptors at start-up there is no gateway.
  CHECK(epoll_ && wake_);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // Marks the wake-up among the pollables.
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
}

void WorkerThread::watch(int fd, Pollable& pollable) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &pollable;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void WorkerThread::unwatch(int fd) {
  // Fails when a broken device has been dropped already.
  static_cast<void>(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr));
}

void WorkerThread::start() {
  CHECK(!thread_.joinable());
  // Signals belong to the control thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void WorkerThread::stop() {
  if (!thread_.joinable()) return;
  is_stopping_.store(true);
  wake();
  thread_.join();
}

void WorkerThread::call(const std::function<void()>& work) {
  if (!thread_.joinable()) {
    work();
    return;
  }
  pending_.store(&work);
  wake();
  pending_.wait(&work);
}

void WorkerThread::wake() {
  static_cast<void>(::eventfd_write(wake_.get(), 1));
}

void WorkerThread::run() {
  while (!is_stopping_.load(std::memory_order_relaxed)) {
    if (!run_round()) continue;
    if (const auto* work = pending_.load()) {
      (*work)();
      pending_.store(nullptr);
      pending_.notify_one();
    }
  }
  snapshot_.go_offline(reader_);
}

// Returns whether the control thread has woken the loop.
bool WorkerThread::run_round() {
  std::array<epoll_event, kEventsMax> events;
  snapshot_.go_offline(reader_);
  const int count = wait(events);
  ++round_;
  ready_count_ = count;
  bool is_woken = false;
  Pollable* last = nullptr;
  for (int i = 0; i < count; ++i) {
    auto* pollable = static_cast<Pollable*>(events[static_cast<size_t>(i)].data.ptr);
    if (pollable != nullptr) {
      if (last != nullptr && last->crew() != pollable->crew()) last->finish();
      last = pollable;
      if ((events[static_cast<size_t>(i)].events & EPOLLERR) != 0) pollable->on_error();
      pollable->on_ready();
      continue;
    }
    eventfd_t ignored;
    static_cast<void>(::eventfd_read(wake_.get(), &ignored));
    is_woken = true;
  }
  if (last != nullptr) last->finish();
  const bool has_packets = count > (is_woken ? 1 : 0);
  if (has_packets && busy_poll_.count() != 0) poll_until_ = steady_clock::now() + busy_poll_;
  return is_woken;
}

// What epoll_wait(2) says. Asks without sleeping until `poll_until_`.
int WorkerThread::wait(std::span<epoll_event> events) {
  const auto size = static_cast<int>(events.size());
  while (busy_poll_.count() != 0 && steady_clock::now() < poll_until_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), size, 0);
    if (count != 0) return count;
  }
  return ::epoll_wait(epoll_.get(), events.data(), size, -1);
}

}  // namespace twinspan::tun
