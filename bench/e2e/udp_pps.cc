// How many UDP datagrams a second pass: one rate for a while, and a count at either end.
//
//   udp_pps send ADDRESS PORT BYTES PER_SECOND SECONDS      PER_SECOND 0: as fast as it goes
//   udp_pps receive PORT SECONDS_MAX
//
// The sender works in bursts of sendmmsg, at most kBurst at a time, and waits kPause between them
// when a rate is asked for. Its end marks come after a silence in which every queue empties; the
// receiver ends on the first one, on a silence of its own, or at SECONDS_MAX. Both print one JSON
// object. tests/netns/udp_stream.cc knows which datagram was lost; this one only counts, and is
// cheap enough not to be what is measured.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using namespace std::chrono_literals;

constexpr size_t kBurst = 32;
constexpr size_t kBytesMax = 2048;
constexpr auto kPause = 50us;
constexpr auto kDrain = 150ms;
constexpr auto kSilenceMax = 1s;
constexpr int kEndMarks = 20;
constexpr std::string_view kEndMark = "END OF STREAM";
constexpr uint8_t kFiller = 0x55;
constexpr int kSocketBufferBytes = 4 << 20;

// kBurst messages, each with a buffer of its own.
struct Burst {
  explicit Burst(size_t bytes) {
    for (size_t i = 0; i < kBurst; ++i) {
      buffers[i].fill(kFiller);
      vectors[i] = {.iov_base = buffers[i].data(), .iov_len = bytes};
      messages[i].msg_hdr = {};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::array<std::array<uint8_t, kBytesMax>, kBurst> buffers;
  std::array<iovec, kBurst> vectors;
  std::array<mmsghdr, kBurst> messages;
};

int fail(const char* what) {
  std::perror(what);
  return 1;
}

template <typename Number>
bool read(const char* text, Number& value) {
  const char* const end = text + std::strlen(text);
  return std::from_chars(text, end, value).ptr == end;
}

int make_socket(int buffer_option) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ::setsockopt(fd, SOL_SOCKET, buffer_option, &kSocketBufferBytes, sizeof kSocketBufferBytes);
  return fd;
}

bool is_passing(int error) {
  return error == ENOBUFS || error == EAGAIN || error == ECONNREFUSED;
}

// How many of a burst are due; 0 when none is yet.
size_t count_due(double per_second, double elapsed, uint64_t sent) {
  if (per_second == 0) return kBurst;
  const double due = elapsed * per_second - static_cast<double>(sent);
  return due < 1 ? 0 : due < kBurst ? static_cast<size_t>(due) : kBurst;
}

int send_stream(int fd, size_t bytes, double per_second, double seconds) {
  static Burst burst(bytes);
  const auto began = Clock::now();
  uint64_t sent = 0;
  double elapsed = 0;
  while ((elapsed = Seconds(Clock::now() - began).count()) < seconds) {
    const size_t due = count_due(per_second, elapsed, sent);
    if (due == 0) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    const int count = ::sendmmsg(fd, burst.messages.data(), static_cast<unsigned>(due), 0);
    if (count > 0) sent += static_cast<uint64_t>(count);
    if (count < 0 && !is_passing(errno)) return fail("udp_pps: send");
  }
  std::this_thread::sleep_for(kDrain);
  for (int i = 0; i < kEndMarks; ++i) {
    (void)::send(fd, kEndMark.data(), kEndMark.size(), 0);
    std::this_thread::sleep_for(10ms);
  }
  std::printf("{\"sent\": %llu, \"seconds\": %.4f}\n", static_cast<unsigned long long>(sent),
              elapsed);
  return 0;
}

bool is_end_mark(const Burst& burst, size_t index) {
  return burst.messages[index].msg_len == kEndMark.size() &&
         std::memcmp(burst.buffers[index].data(), kEndMark.data(), kEndMark.size()) == 0;
}

int receive_stream(int fd, double seconds_max) {
  static Burst burst(kBytesMax);
  std::puts("listening");
  std::fflush(stdout);
  const auto deadline = Clock::now() + Seconds(seconds_max);
  auto last = Clock::now();
  uint64_t received = 0;
  bool has_ended = false;
  while (!has_ended && Clock::now() < deadline) {
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, 100) <= 0) {
      if (received > 0 && Clock::now() - last > kSilenceMax) break;
      continue;
    }
    const int count = ::recvmmsg(fd, burst.messages.data(), kBurst, MSG_DONTWAIT, nullptr);
    last = Clock::now();
    for (int i = 0; i < count; ++i) {
      if (is_end_mark(burst, static_cast<size_t>(i))) {
        has_ended = true;
      } else {
        ++received;
      }
    }
  }
  std::printf("{\"received\": %llu}\n", static_cast<unsigned long long>(received));
  return 0;
}

int usage() {
  std::fputs(
      "usage: udp_pps send ADDRESS PORT BYTES PER_SECOND SECONDS\n"
      "       udp_pps receive PORT SECONDS_MAX\n",
      stderr);
  return 2;
}

int run_sender(char** words) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  uint16_t port = 0;
  size_t bytes = 0;
  double per_second = 0;
  double seconds = 0;
  if (::inet_pton(AF_INET, words[0], &target.sin_addr) != 1 || !read(words[1], port) ||
      !read(words[2], bytes) || bytes == 0 || bytes > kBytesMax || !read(words[3], per_second) ||
      !read(words[4], seconds)) {
    return usage();
  }
  target.sin_port = htons(port);
  const int fd = make_socket(SO_SNDBUFFORCE);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    return fail("udp_pps: connect");
  }
  return send_stream(fd, bytes, per_second, seconds);
}

int run_receiver(char** words) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  uint16_t port = 0;
  double seconds_max = 0;
  if (!read(words[0], port) || !read(words[1], seconds_max)) return usage();
  any.sin_port = htons(port);
  const int fd = make_socket(SO_RCVBUFFORCE);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    return fail("udp_pps: bind");
  }
  return receive_stream(fd, seconds_max);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "send" && argc == 7) return run_sender(argv + 2);
  if (mode == "receive" && argc == 4) return run_receiver(argv + 2);
  return usage();
}
