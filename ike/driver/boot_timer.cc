#include "ike/driver/boot_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace twinspan::ike {
namespace {

constexpr auto kSecond = Duration(1s);

int open_timer() {
  const int fd = ::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  return fd;
}

}  // namespace

Instant BootTimer::now() {
  timespec time{};
  CHECK(::clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  return Instant(time.tv_sec * kSecond + Duration(time.tv_nsec));
}

BootTimer::BootTimer(boost::asio::io_context& context, std::function<void()> expired)
    : descriptor_(context, open_timer()), expired_(std::move(expired)) {
  wait();
}

void BootTimer::arm(Instant at) {
  // 0 would disarm it.
  set(std::max(at.time_since_epoch(), Duration(1)));
}

void BootTimer::cancel() {
  set(Duration{});
}

void BootTimer::set(Duration since_boot) {
  itimerspec spec{};
  spec.it_value.tv_sec = since_boot / kSecond;
  spec.it_value.tv_nsec = (since_boot % kSecond).count();
  CHECK(::timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

void BootTimer::wait() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this](const boost::system::error_code& error) {
                           if (error) return;
                           uint64_t count = 0;
                           // Nothing to read: it was set anew after it had expired.
                           const bool is_due = ::read(descriptor_.native_handle(), &count,
                                                      sizeof count) == sizeof count;
                           wait();
                           if (is_due) expired_();
                         });
}

}  // namespace twinspan::ike
