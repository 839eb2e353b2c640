// Busy polling: a worker spins after a packet, for a while, and can be stopped all the same.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/packet_builder.h"

namespace twinspan::tun {
namespace {

constexpr TunnelId kTunnel{1};
using namespace std::chrono_literals;

std::chrono::nanoseconds clock_value(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Processor time of all threads but this one.
std::chrono::nanoseconds spent_by_others() {
  return clock_value(CLOCK_PROCESS_CPUTIME_ID) - clock_value(CLOCK_THREAD_CPUTIME_ID);
}

bool others_sleep() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::syscall(SYS_gettid))) continue;
    std::ifstream file(task.path() / "stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    if (text.substr(text.rfind(')') + 2, 1) != "S") return false;
  }
  return true;
}

// One packet without an SA, which is traffic enough.
class Polled {
 public:
  explicit Polled(std::chrono::microseconds busy_poll)
      : site_({.shape = ThreadShape::Joined, .busy_poll = busy_poll}) {
    const int inner = site_.add_tunnel(kTunnel);
    site_.plane().publish();
    site_.plane().start();
    write_packet(inner, build_packet({}));
    while (no_sa() != 1) std::this_thread::yield();
  }
  uint64_t no_sa() {
    return site_.plane().totals(kTunnel).outbound.drops[static_cast<size_t>(esp::Verdict::NoSa)];
  }
  Site& site() { return site_; }

 private:
  Site site_;
};

TEST(BusyPoll, AWorkerSpinsAfterAPacketAndStillHearsItsCalls) {
  Polled polled(1h);
  const auto before = spent_by_others();
  while (spent_by_others() - before < 20ms) std::this_thread::yield();
  polled.site().remove_tunnel(kTunnel);
  EXPECT_FALSE(others_sleep());
}

TEST(BusyPoll, AWorkerSleepsWhenItsTimeIsOver) {
  Polled polled(100us);
  while (!others_sleep()) std::this_thread::yield();
}

}  // namespace
}  // namespace twinspan::tun
