// Numbered UDP datagrams at a steady rate, and an account of what arrived: lost, doubled,
// reordered.
//
//   udp_stream send ADDRESS PORT MBIT_PER_S SECONDS BYTES
//   udp_stream receive PORT SECONDS_MAX
//
// The sender ends with a few datagrams that carry the number sent; the receiver ends on them, or at
// SECONDS_MAX, and prints one JSON object. One thread each.
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr uint64_t kMagic = 0x7477696e7370616eULL;
constexpr uint64_t kEndMark = UINT64_MAX;
constexpr uint64_t kDatagramsMax = 1ULL << 26;  // Two hours at 100 Mbit/s and 1200 bytes.
constexpr size_t kDatagramBytesMax = 65000;
constexpr int kReceiveBufferBytes = 32 << 20;
constexpr int kEndMarks = 40;

struct Header {
  uint64_t magic;
  uint64_t number;  // kEndMark: `sent` counts.
  uint64_t sent;
};

int fail(const char* what) {
  std::perror(what);
  return 1;
}

uint64_t to_number(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int connect_to(const char* address, const char* port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(address, port, &hints, &found) != 0) return -1;
  const int fd = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool is_connected = fd >= 0 && ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  return is_connected ? fd : -1;
}

int send_stream(int fd, uint64_t mbit_per_s, uint64_t seconds, size_t bytes) {
  std::vector<uint8_t> datagram(bytes, 0xa5);
  const double per_second = static_cast<double>(mbit_per_s) * 1e6 / 8 / static_cast<double>(bytes);
  const auto began = Clock::now();
  uint64_t sent = 0;
  uint64_t refused = 0;
  const auto put = [&](const Header& header) {
    std::memcpy(datagram.data(), &header, sizeof header);
    return ::send(fd, datagram.data(), datagram.size(), 0) >= 0;
  };
  for (;;) {
    const std::chrono::duration<double> elapsed = Clock::now() - began;
    if (elapsed.count() >= static_cast<double>(seconds)) break;
    const auto due = static_cast<uint64_t>(elapsed.count() * per_second);
    while (sent + refused < due) put({kMagic, sent, 0}) ? ++sent : ++refused;
    std::this_thread::sleep_for(1ms);
  }
  for (int i = 0; i < kEndMarks; ++i) {
    std::this_thread::sleep_for(25ms);
    put({kMagic, kEndMark, sent});
  }
  std::printf("{\"sent\": %llu, \"refused\": %llu}\n", static_cast<unsigned long long>(sent),
              static_cast<unsigned long long>(refused));
  return 0;
}

// What arrived, by number.
class Account {
 public:
  void add(uint64_t number, Clock::time_point now) {
    if (number >= kDatagramsMax) return;
    if (seen_.size() <= number) seen_.resize(number + 1 + (1 << 16));
    if (seen_[number]) {
      ++duplicates_;
      return;
    }
    seen_[number] = true;
    ++received_;
    if (received_ > 1) longest_gap_ = std::max(longest_gap_, now - last_);
    last_ = now;
    if (received_ > 1 && number < highest_) {
      ++reordered_;
    } else {
      highest_ = number;
    }
  }

  void print(uint64_t sent, bool has_end) const {
    const auto text = [](uint64_t value) { return std::to_string(value); };
    const uint64_t known = has_end ? sent : (received_ == 0 ? 0 : highest_ + 1);
    const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(longest_gap_).count();
    const std::string line =
        "{\"sent\": " + text(known) + ", \"received\": " + text(received_) +
        ", \"lost\": " + text(known - received_) + ", \"duplicates\": " + text(duplicates_) +
        ", \"reordered\": " + text(reordered_) + ", \"longest_gap_ms\": " + std::to_string(gap) +
        ", \"ended\": " + (has_end ? "true" : "false") + "}";
    std::puts(line.c_str());
  }

 private:
  std::vector<bool> seen_;
  uint64_t received_ = 0;
  uint64_t highest_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t reordered_ = 0;
  Clock::time_point last_;
  Clock::duration longest_gap_{};
};

int bind_to(uint16_t port) {
  const int fd = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int off = 0;
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  const timeval poll{.tv_sec = 0, .tv_usec = 100'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &poll, sizeof poll);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 ? fd : -1;
}

int receive_stream(int fd, uint64_t seconds_max) {
  Account account;
  std::vector<uint8_t> buffer(kDatagramBytesMax);
  const auto deadline = Clock::now() + std::chrono::seconds(seconds_max);
  uint64_t sent = 0;
  bool has_end = false;
  auto last_arrival = Clock::now();
  std::puts("listening");
  std::fflush(stdout);
  for (auto now = Clock::now(); now < deadline; now = Clock::now()) {
    const ssize_t length = ::recv(fd, buffer.data(), buffer.size(), 0);
    now = Clock::now();
    if (length < static_cast<ssize_t>(sizeof(Header))) {
      if (has_end && now - last_arrival > 500ms) break;
      continue;
    }
    Header header{};
    std::memcpy(&header, buffer.data(), sizeof header);
    if (header.magic != kMagic) continue;
    last_arrival = now;
    if (header.number == kEndMark) {
      sent = header.sent;
      has_end = true;
    } else {
      account.add(header.number, now);
    }
  }
  account.print(sent, has_end);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "send" && argc == 7) {
    const size_t bytes = to_number(argv[6]);
    const int fd = connect_to(argv[2], argv[3]);
    if (fd < 0 || bytes < sizeof(Header) || bytes > kDatagramBytesMax)
      return fail("udp_stream send");
    return send_stream(fd, to_number(argv[4]), to_number(argv[5]), bytes);
  }
  if (mode == "receive" && argc == 4) {
    const int fd = bind_to(static_cast<uint16_t>(to_number(argv[2])));
    return fd < 0 ? fail("udp_stream receive") : receive_stream(fd, to_number(argv[3]));
  }
  std::fputs(
      "usage: udp_stream send ADDRESS PORT MBIT_PER_S SECONDS BYTES\n"
      "       udp_stream receive PORT SECONDS_MAX\n",
      stderr);
  return 2;
}
