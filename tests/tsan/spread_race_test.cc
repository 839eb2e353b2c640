// One tunnel spread over the workers of two data planes in one process, full in both directions,
// while the control thread rekeys every resource, grows and shrinks and publishes as fast as it
// can. Every packet arrives exactly once, every SA's sequence numbers leave in order without gap or
// repetition, and ThreadSanitizer watches the rest. Without such changes packets of a flow arrive
// in order.
//
//   packets -> FakeQueues -> 4 queues -> DataPlane A = UDP = DataPlane B -> 4 queues, and back
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/worker_outbound.h"

namespace twinspan::tun {
namespace {

constexpr TunnelId kTunnel{1};
constexpr unsigned kWorkers = 4;
constexpr uint32_t kGenerations = 25;
constexpr uint32_t kFlows = 16;
constexpr uint32_t kOnTheWayMax = 64;  // Less than any queue on the path holds.
// Of packets that workers have begun to read with the table of before.
constexpr uint32_t kOldTableMax = kWorkers * WorkerOutbound::kReadsPerWake;

// Sees every frame that leaves. Nothing but relaxed atomics: it must not order the workers.
class SequenceWatch : public FakeQueues {
 public:
  int sendmmsg(int fd, std::span<mmsghdr> messages) override {
    const int sent = FakeQueues::sendmmsg(fd, messages);
    for (int i = 0; i < sent; ++i) look_at(messages[static_cast<size_t>(i)].msg_hdr);
    return sent;
  }
  uint64_t frames() const { return frames_.load(std::memory_order_relaxed); }
  uint64_t out_of_sequence() const { return out_of_sequence_.load(std::memory_order_relaxed); }

 private:
  void look_at(const msghdr& message) {
    const iovec& piece = message.msg_iov[0];
    size_t segment = piece.iov_len;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr;
         c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
      uint16_t size = 0;
      if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_SEGMENT) continue;
      std::memcpy(&size, CMSG_DATA(c), sizeof size);
      segment = size;
    }
    const auto* bytes = static_cast<const uint8_t*>(piece.iov_base);
    for (size_t at = 0; at + 8 <= piece.iov_len; at += segment) {
      look_at(load_be32(bytes + at), load_be32(bytes + at + 4));
    }
  }
  void look_at(uint32_t spi, uint32_t number) {
    if (spi >= last_.size() || spi == 0) return;  // IKE.
    frames_.fetch_add(1, std::memory_order_relaxed);
    const uint32_t before = last_[spi].exchange(number, std::memory_order_relaxed);
    if (number != before + 1) out_of_sequence_.fetch_add(1, std::memory_order_relaxed);
  }

  std::array<std::atomic<uint32_t>, 65536> last_{};
  std::atomic<uint64_t> frames_{0};
  std::atomic<uint64_t> out_of_sequence_{0};
};

// One direction: packet i is of flow i % kFlows.
class Stream {
 public:
  Stream(FakeQueues& from, std::vector<int> to) : from_(from), to_(std::move(to)) {}

  void send_what_fits() {
    while (sent_ - arrived_.load() < kOnTheWayMax) {
      Bytes packet = build_packet(
          {.protocol = 1, .payload = 80, .host = static_cast<uint8_t>(1 + sent_ % kFlows)});
      store_be32(&packet[20], sent_);
      // Without a program the kernel may choose anything.
      if (from_.send(0, packet, {}, sent_ / 7) < 0) return;
      ++sent_;
    }
  }
  void receive_what_waits(bool is_ordered) {
    std::array<uint8_t, 2048> packet;
    for (const int fd : to_) {
      for (;;) {
        const ssize_t length = ::recv(fd, packet.data(), packet.size(), MSG_DONTWAIT);
        if (length <= 0) break;
        ASSERT_EQ(length, 110);
        take(load_be32(&packet[kVirtioHeaderSize + 20]), is_ordered);
      }
    }
  }

  uint32_t sent() const { return sent_.load(); }
  // All packets before this one have arrived.
  uint32_t arrived() const { return arrived_.load(); }
  const std::vector<int>& receiving_ends() const { return to_; }

 private:
  void take(uint32_t number, bool is_ordered) {
    ASSERT_GE(number, arrived_.load()) << "it has arrived before";
    ASSERT_LT(number, sent_.load());
    bool& has_arrived = has_arrived_[number % kOnTheWayMax];
    ASSERT_FALSE(has_arrived) << "packet " << number << " twice";
    has_arrived = true;
    uint32_t& next = next_[number % kFlows];
    if (is_ordered) {
      ASSERT_EQ(number, next) << "a flow out of order";
    }
    next = number + kFlows;
    while (has_arrived_[arrived_ % kOnTheWayMax]) has_arrived_[arrived_++ % kOnTheWayMax] = false;
  }
  static constexpr std::array<uint32_t, kFlows> first_numbers() {
    std::array<uint32_t, kFlows> numbers{};
    for (uint32_t flow = 0; flow < kFlows; ++flow) numbers[flow] = flow;
    return numbers;
  }

  FakeQueues& from_;
  std::vector<int> to_;
  std::atomic<uint32_t> sent_{0};
  std::atomic<uint32_t> arrived_{0};
  std::array<bool, kOnTheWayMax> has_arrived_{};
  std::array<uint32_t, kFlows> next_ = first_numbers();
};

class Traffic {
 public:
  Traffic(Stream& there, Stream& back, bool is_ordered)
      : streams_{&there, &back}, is_ordered_(is_ordered), thread_([this] { run(); }) {}
  ~Traffic() { finish(); }
  // Sends no more, and waits until everything has arrived.
  void finish() {
    is_finishing_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // No packet is on its way any more that an SA of an earlier table has sealed.
  void wait_until_tables_are_old() const {
    for (const Stream* stream : streams_) {
      const uint32_t target = stream->sent() + kOldTableMax;
      while (stream->arrived() < target && !testing::Test::HasFailure()) std::this_thread::yield();
    }
  }

 private:
  void run() {
    while (!is_finishing_ || !all_arrived()) {
      std::vector<pollfd> wanted;
      for (Stream* stream : streams_) {
        if (!is_finishing_) stream->send_what_fits();
        for (const int fd : stream->receiving_ends()) {
          wanted.push_back({.fd = fd, .events = POLLIN, .revents = 0});
        }
      }
      ::poll(wanted.data(), wanted.size(), 10);
      for (Stream* stream : streams_) stream->receive_what_waits(is_ordered_);
    }
  }
  bool all_arrived() const {
    if (testing::Test::HasFailure()) return true;  // What is lost never arrives.
    return streams_[0]->sent() == streams_[0]->arrived() &&
           streams_[1]->sent() == streams_[1]->arrived();
  }

  std::array<Stream*, 2> streams_;
  bool is_ordered_;
  std::atomic<bool> is_finishing_{false};
  std::thread thread_;
};

struct Case {
  const char* name;
  ThreadShape shape;
  int steering_error = 0;
};

class SpreadRace : public testing::TestWithParam<Case> {
 protected:
  SpreadRace() {
    for (SequenceWatch* kernel : {&kernel_a_, &kernel_b_}) {
      kernel->steering_error = GetParam().steering_error;
    }
    inner_a_ = a_.add_tunnel(kTunnel, kWorkers, kernel_a_);
    inner_b_ = b_.add_tunnel(kTunnel, kWorkers, kernel_b_);
    a_.plane().start();
    b_.plane().start();
  }

  void install_receiving(uint32_t generation) {
    for (Site* own : {&a_, &b_}) {
      for (uint16_t resource = 0; resource < kWorkers; ++resource) {
        Site& other = own == &a_ ? b_ : a_;
        SaPairParams params = pair_params(*own, other, kTunnel, generation, resource);
        params.outbound_active = false;
        ASSERT_TRUE(own->plane().install(std::move(params)));
      }
      own->plane().publish();
    }
  }
  // Resource by resource; where a smaller one comes later there is a gap meanwhile.
  void switch_sending(Site& own, uint32_t generation) {
    for (uint32_t i = 0; i < kWorkers; ++i) {
      const auto resource = static_cast<uint16_t>((i + generation) % kWorkers);
      own.plane().activate_outbound(child_id(kTunnel, generation, resource));
      if (generation > 0) {
        own.plane().remove_outbound(child_id(kTunnel, generation - 1, resource));
      }
      own.plane().publish();
    }
  }
  void shrink(Site& own, uint32_t generation, uint32_t resources) {
    for (uint32_t resource = kWorkers - 1; resource >= resources; --resource) {
      own.plane().remove_outbound(child_id(kTunnel, generation, static_cast<uint16_t>(resource)));
      own.plane().publish();
    }
  }
  void drop_receiving(uint32_t generation) {
    for (Site* own : {&a_, &b_}) {
      for (uint16_t resource = 0; resource < kWorkers; ++resource) {
        own->plane().remove_inbound(inbound_spi(*own, kTunnel, generation, resource));
      }
      own->plane().publish();
    }
  }
  // What a control thread does between.
  static void exercise(Site& own, Site& other, FakeQueues& kernel, uint32_t generation) {
    for (int i = 0; i < 10; ++i) {
      own.plane().publish();
      own.plane().totals(kTunnel);
      own.plane().worker_totals();
      own.plane().orphan_totals();
      own.plane().offloads();
      while (own.plane().next_record()) {
      }
    }
    const TunnelId extra{2 + generation % 4};
    own.add_tunnel(extra, kWorkers, kernel);
    own.plane().publish();
    own.remove_tunnel(extra);
    for (uint16_t resource = 0; resource < kWorkers; ++resource) {
      own.plane().update_remote(child_id(kTunnel, generation, resource), own.local(),
                                other.local());
    }
    own.plane().publish();
  }
  void expect_nothing_lost(const Stream& there, const Stream& back) {
    EXPECT_EQ(there.sent(), there.arrived());
    EXPECT_EQ(back.sent(), back.arrived());
    expect_accounted(a_, kernel_a_, there.sent(), back.sent());
    expect_accounted(b_, kernel_b_, back.sent(), there.sent());
  }
  static void expect_accounted(Site& site, const SequenceWatch& kernel, uint64_t out, uint64_t in) {
    const TunnelTotals totals = site.plane().totals(kTunnel);
    EXPECT_EQ(totals.outbound.packets, out);
    EXPECT_EQ(totals.inbound.packets, in);
    for (size_t i = 0; i < esp::kVerdictCount; ++i) {
      EXPECT_EQ(totals.inbound.drops[i], 0u) << esp::to_string(static_cast<esp::Verdict>(i));
      EXPECT_EQ(totals.outbound.drops[i], 0u) << esp::to_string(static_cast<esp::Verdict>(i));
    }
    EXPECT_EQ(site.plane().handover_overflows(), 0u);
    EXPECT_EQ(kernel.frames(), out);
    EXPECT_EQ(kernel.out_of_sequence(), 0u);
    EXPECT_EQ(kernel.lost_packets, 0u);
    for (const TunnelTotals& worker : site.plane().worker_totals()) {
      EXPECT_GT(worker.outbound.packets, 0u);
      EXPECT_GT(worker.inbound.packets, 0u);
    }
  }

  SequenceWatch kernel_a_, kernel_b_;
  Site a_{{.workers = kWorkers, .shape = GetParam().shape, .io = &kernel_a_}};
  Site b_{
      {.address = "127.0.0.2", .workers = kWorkers, .shape = GetParam().shape, .io = &kernel_b_}};
  std::vector<int> inner_a_, inner_b_;
};

TEST_P(SpreadRace, RekeysGrowthAndShrinkingUnderTrafficLoseAndRepeatNothing) {
  install_receiving(0);
  switch_sending(a_, 0);
  switch_sending(b_, 0);
  Stream there(kernel_a_, inner_b_);
  Stream back(kernel_b_, inner_a_);
  Traffic traffic(there, back, false);
  for (uint32_t generation = 1; generation <= kGenerations && !HasFailure(); ++generation) {
    install_receiving(generation);
    switch_sending(a_, generation);
    switch_sending(b_, generation);
    exercise(a_, b_, kernel_a_, generation);
    exercise(b_, a_, kernel_b_, generation);
    traffic.wait_until_tables_are_old();
    drop_receiving(generation - 1);
    // Without a program the kernel fills a queue until it is gone.
    if (GetParam().steering_error != 0) continue;
    shrink(a_, generation, 1 + generation % kWorkers);
    shrink(b_, generation, 1 + generation / kWorkers % kWorkers);
  }
  traffic.finish();
  expect_nothing_lost(there, back);
}

TEST_P(SpreadRace, PacketsOfAFlowStayInOrder) {
  install_receiving(0);
  switch_sending(a_, 0);
  switch_sending(b_, 0);
  Stream there(kernel_a_, inner_b_);
  Stream back(kernel_b_, inner_a_);
  // The kernel keeps a flow where it is; a fake one without a program does not.
  Traffic traffic(there, back, GetParam().steering_error == 0);
  for (int i = 0; i < 20; ++i) traffic.wait_until_tables_are_old();
  traffic.finish();
  expect_nothing_lost(there, back);
}

INSTANTIATE_TEST_SUITE_P(Shapes, SpreadRace,
                         testing::Values(Case{"joined", ThreadShape::Joined},
                                         Case{"split", ThreadShape::Split},
                                         Case{"without_program", ThreadShape::Joined, EPERM}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace twinspan::tun
