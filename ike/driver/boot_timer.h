// The daemon's clock and its one deadline, on CLOCK_BOOTTIME.
//
// Nobody sets it, as CLOCK_MONOTONIC; and it counts the time in which the host sleeps, in which
// lifetimes run out and peers give us up. Asio's timers stand still meanwhile, so the deadline is a
// timerfd. Thread: the one that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "base/time.h"

namespace twinspan::ike {

class BootTimer {
 public:
  static Instant now();

  // `expired` is called once for each arm() that is neither taken back nor overtaken by another
  // one.
  BootTimer(boost::asio::io_context& context, std::function<void()> expired);
  void arm(Instant at);  // At once when it is over.
  void cancel();

 private:
  void set(Duration since_boot);  // 0: never.
  void wait();

  boost::asio::posix::stream_descriptor descriptor_;
  std::function<void()> expired_;
};

}  // namespace twinspan::ike
