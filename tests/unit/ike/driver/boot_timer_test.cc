#include "ike/driver/boot_timer.h"

#include <gtest/gtest.h>

#include <ctime>

namespace twinspan::ike {
namespace {

Instant boot_time() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return Instant(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

class Timer : public testing::Test {
 protected:
  void run_until_expired(unsigned times) {
    const Instant deadline = BootTimer::now() + 20s;
    while (expired_ < times && BootTimer::now() < deadline) context_.run_one_for(50ms);
    EXPECT_EQ(expired_, times);
  }

  boost::asio::io_context context_;
  unsigned expired_ = 0;
  BootTimer timer_{context_, [this] { ++expired_; }};
};

TEST_F(Timer, GoesByTheTimeSinceBoot) {
  const Instant before = boot_time();
  const Instant now = BootTimer::now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, boot_time());
}

TEST_F(Timer, ExpiresOnceAndNotEarly) {
  const Instant due = BootTimer::now() + 20ms;
  timer_.arm(due);
  run_until_expired(1);
  EXPECT_GE(BootTimer::now(), due);
  context_.run_for(5ms);
  EXPECT_EQ(expired_, 1u);
}

TEST_F(Timer, ThatIsOverExpiresAtOnce) {
  timer_.arm(BootTimer::now() - 5h);
  run_until_expired(1);
  timer_.arm(Instant{});
  run_until_expired(2);
}

TEST_F(Timer, ThatIsSetAnewOrTakenBackDoesNotExpireForTheOldTime) {
  timer_.arm(Instant{});
  timer_.arm(BootTimer::now() + 1h);
  context_.poll();
  EXPECT_EQ(expired_, 0u);
  timer_.arm(Instant{});
  timer_.cancel();
  context_.poll();
  EXPECT_EQ(expired_, 0u);
  timer_.arm(BootTimer::now());
  run_until_expired(1);
}

}  // namespace
}  // namespace twinspan::ike
