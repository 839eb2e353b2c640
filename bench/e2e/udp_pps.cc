// How many UDP datagrams a second pass: one rate for a while, and a count at either end.
//
//   udp_pps send ADDRESS PORT BYTES PER_SECOND SECONDS [FLOWS STEP SOURCE]
//   udp_pps receive PORT SECONDS_MAX [FLOWS]
//
// PER_SECOND 0: as fast as it goes. With FLOWS the datagrams go to as many addresses in turn, STEP
// apart from ADDRESS on, and come from as many, STEP apart from SOURCE on; each begins with its
// flow and its number in that flow. The receiver then tells how many flows it saw, and how many
// datagrams came after a later one of their flow (RFC 4737 3: reordered).
//
// The sender works in bursts of sendmmsg, at most kBurst at a time, and waits kPause between them
// when a rate is asked for. Its end marks come after a silence in which every queue empties; the
// receiver ends on the first one, on a silence of its own, or at SECONDS_MAX. Both print one JSON
// object. tests/netns/udp_stream.cc knows which datagram was lost; this one only counts, and is
// cheap enough not to be what is measured.
#include <arpa/inet.h>
#include <netinet/in.h>
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
#include <vector>

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
constexpr uint32_t kFlowsMax = 1 << 20;

// What a datagram of several flows begins with; both in network order.
struct Mark {
  uint32_t flow;
  uint32_t number;
};

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

struct Stream {
  sockaddr_in target{};  // Of the first flow.
  size_t bytes = 0;
  double per_second = 0;
  double seconds = 0;
  uint32_t flows = 1;
  uint32_t step = 0;
  in_addr source{};  // Of the first flow.
};

in_addr stepped(in_addr first, uint32_t distance) {
  return {.s_addr = htonl(ntohl(first.s_addr) + distance)};
}

// Where a datagram comes from (ip(7), IP_PKTINFO).
struct alignas(cmsghdr) SourceControl {
  std::array<uint8_t, CMSG_SPACE(sizeof(in_pktinfo))> bytes{};

  void set(msghdr& header, in_addr source) {
    const in_pktinfo info{.ipi_ifindex = 0, .ipi_spec_dst = source, .ipi_addr = {}};
    const cmsghdr head{
        .cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    std::memcpy(bytes.data(), &head, sizeof head);
    std::memcpy(bytes.data() + CMSG_LEN(0), &info, sizeof info);
    header.msg_control = bytes.data();
    header.msg_controllen = bytes.size();
  }
};

// Marks and addresses for the datagrams from number `first` on, which go to the flows in turn.
void address_burst(Burst& burst, const Stream& stream, uint64_t first, size_t count) {
  static std::array<sockaddr_in, kBurst> targets;
  static std::array<SourceControl, kBurst> sources;
  for (size_t i = 0; i < count; ++i) {
    const auto flow = static_cast<uint32_t>((first + i) % stream.flows);
    const Mark mark{htonl(flow), htonl(static_cast<uint32_t>((first + i) / stream.flows))};
    std::memcpy(burst.buffers[i].data(), &mark, sizeof mark);
    targets[i] = stream.target;
    targets[i].sin_addr = stepped(stream.target.sin_addr, flow * stream.step);
    sources[i].set(burst.messages[i].msg_hdr, stepped(stream.source, flow * stream.step));
    burst.messages[i].msg_hdr.msg_name = &targets[i];
    burst.messages[i].msg_hdr.msg_namelen = sizeof targets[i];
  }
}

// `fd` is connected to the first flow.
int send_stream(int fd, const Stream& stream) {
  static Burst burst(stream.bytes);
  const auto began = Clock::now();
  uint64_t sent = 0;
  double elapsed = 0;
  while ((elapsed = Seconds(Clock::now() - began).count()) < stream.seconds) {
    const size_t due = count_due(stream.per_second, elapsed, sent);
    if (due == 0) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    if (stream.flows > 1) address_burst(burst, stream, sent, due);
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

// What came of each flow.
class Flows {
 public:
  explicit Flows(uint32_t count) : next_(count) {}

  void take(const uint8_t* datagram, size_t length) {
    Mark mark;
    if (length < sizeof mark) return;
    std::memcpy(&mark, datagram, sizeof mark);
    const uint32_t flow = ntohl(mark.flow);
    if (flow >= next_.size()) return;
    if (next_[flow] == 0) ++seen_;
    if (ntohl(mark.number) < next_[flow]) {
      ++reordered_;
    } else {
      next_[flow] = ntohl(mark.number) + 1;
    }
  }
  uint32_t seen() const { return seen_; }
  uint64_t reordered() const { return reordered_; }

 private:
  std::vector<uint32_t> next_;  // The lowest number that is not behind another one; 0: none came.
  uint32_t seen_ = 0;
  uint64_t reordered_ = 0;
};

int receive_stream(int fd, double seconds_max, uint32_t flow_count) {
  static Burst burst(kBytesMax);
  Flows flows(flow_count);
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
        const auto index = static_cast<size_t>(i);
        flows.take(burst.buffers[index].data(), burst.messages[index].msg_len);
      }
    }
  }
  std::printf("{\"received\": %llu", static_cast<unsigned long long>(received));
  if (flow_count != 0) {
    std::printf(", \"flows\": %u, \"reordered\": %llu", flows.seen(),
                static_cast<unsigned long long>(flows.reordered()));
  }
  std::puts("}");
  return 0;
}

int usage() {
  std::fputs(
      "usage: udp_pps send ADDRESS PORT BYTES PER_SECOND SECONDS [FLOWS STEP SOURCE]\n"
      "       udp_pps receive PORT SECONDS_MAX [FLOWS]\n",
      stderr);
  return 2;
}

bool read_flows(const char* text, uint32_t& flows) {
  return read(text, flows) && flows != 0 && flows <= kFlowsMax;
}

int run_sender(int count, char** words) {
  Stream stream;
  stream.target.sin_family = AF_INET;
  uint16_t port = 0;
  if (::inet_pton(AF_INET, words[0], &stream.target.sin_addr) != 1 || !read(words[1], port) ||
      !read(words[2], stream.bytes) || stream.bytes == 0 || stream.bytes > kBytesMax ||
      !read(words[3], stream.per_second) || !read(words[4], stream.seconds)) {
    return usage();
  }
  if (count == 8 &&
      (!read_flows(words[5], stream.flows) || !read(words[6], stream.step) ||
       ::inet_pton(AF_INET, words[7], &stream.source) != 1 || stream.bytes < sizeof(Mark))) {
    return usage();
  }
  stream.target.sin_port = htons(port);
  const int fd = make_socket(SO_SNDBUFFORCE);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&stream.target), sizeof stream.target) != 0) {
    return fail("udp_pps: connect");
  }
  return send_stream(fd, stream);
}

int run_receiver(int count, char** words) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  uint16_t port = 0;
  double seconds_max = 0;
  uint32_t flows = 0;
  if (!read(words[0], port) || !read(words[1], seconds_max)) return usage();
  if (count == 3 && !read_flows(words[2], flows)) return usage();
  any.sin_port = htons(port);
  const int fd = make_socket(SO_RCVBUFFORCE);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    return fail("udp_pps: bind");
  }
  return receive_stream(fd, seconds_max, flows);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  const int count = argc - 2;
  if (mode == "send" && (count == 5 || count == 8)) return run_sender(count, argv + 2);
  if (mode == "receive" && (count == 2 || count == 3)) return run_receiver(count, argv + 2);
  return usage();
}
