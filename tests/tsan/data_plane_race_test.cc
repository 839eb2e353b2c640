// Workers and control thread of two data planes in one process: TCP streams flow both ways through
// two tunnels while the control thread rekeys, publishes, adds and removes tunnels and reads every
// counter as fast as it can. Not one byte may be lost, repeated or reordered; ThreadSanitizer
// watches the rest.
//
//   streams -> socket pair -> DataPlane A = UDP on loopback = DataPlane B -> socket pair -> streams
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/uio.h>

#include <atomic>
#include <thread>

#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/ip_layout.h"

namespace twinspan::tun {
namespace {

constexpr uint32_t kRekeys = 40;
// Bytes on the way per stream: less than any queue on the path holds, so that nothing may be lost.
constexpr uint32_t kWindow = 32 * 1024;
constexpr uint16_t kSegment = 1300;

// One direction of one tunnel: a sender and the far end's check.
class Stream {
 public:
  Stream(int from, int to) : from_(from), to_(to) {}

  void send_what_fits() {
    while (sent_ - received_.load() + kSuper <= kWindow) {
      send(++packets_ % 3 == 0 ? kSuper : kSegment);
    }
  }

  void receive_what_waits() {
    Bytes packet(65536);
    for (;;) {
      VirtioHeader header;
      const iovec pieces[2] = {{&header, kVirtioHeaderSize}, {packet.data(), packet.size()}};
      const ssize_t length = ::readv(to_, pieces, 2);
      if (length <= 0) return;
      check({packet.data(), static_cast<size_t>(length) - kVirtioHeaderSize});
    }
  }

  int receiving_end() const { return to_; }
  uint32_t sent() const { return sent_.load(); }
  uint32_t received() const { return received_.load(); }

 private:
  static constexpr uint32_t kSuper = 10 * kSegment;

  void send(uint32_t payload) {
    const PacketSpec spec{.payload = payload, .sequence = sent_, .option_words = 0};
    const Bytes packet = build_packet(spec);
    VirtioHeader header;
    if (payload > kSegment) {
      header = {.flags = kVirtioNeedsChecksum,
                .gso_type = kVirtioGsoTcp4,
                .gso_size = kSegment,
                .checksum_start = 20,
                .checksum_offset = kTcpChecksumOffset};
    }
    const iovec pieces[2] = {{&header, kVirtioHeaderSize},
                             {const_cast<uint8_t*>(packet.data()), packet.size()}};
    sent_ += payload;
    ASSERT_GT(::writev(from_, pieces, 2), 0);
  }

  void check(ByteView packet) {
    ASSERT_GE(packet.size(), 41u);
    ASSERT_EQ(load_be32(&packet[24]), received_.load()) << "lost, repeated or reordered";
    received_ += static_cast<uint32_t>(packet.size() - 40);
  }

  int from_;
  int to_;
  uint64_t packets_ = 0;
  std::atomic<uint32_t> sent_{0};
  std::atomic<uint32_t> received_{0};
};

class Traffic {
 public:
  void add(int from, int to) { streams_.push_back(std::make_unique<Stream>(from, to)); }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  // Sends no more, and waits until everything has arrived.
  void finish() {
    is_finishing_ = true;
    thread_.join();
  }

  // Everything that is on its way now, and may have been sealed with an SA of now, has arrived.
  void wait_for_a_window() const {
    for (const auto& stream : streams_) {
      // A worker may still be in a batch that it began with the table of before.
      const uint32_t target = stream->sent() + 2 * kWindow;
      while (stream->received() < target && !testing::Test::HasFailure()) {
        std::this_thread::yield();
      }
    }
  }
  const std::vector<std::unique_ptr<Stream>>& streams() const { return streams_; }

 private:
  void run() {
    while (!is_finishing_ || !all_arrived()) {
      std::vector<pollfd> wanted;
      for (auto& stream : streams_) {
        if (!is_finishing_) stream->send_what_fits();
        wanted.push_back({.fd = stream->receiving_end(), .events = POLLIN, .revents = 0});
      }
      ::poll(wanted.data(), wanted.size(), 10);
      for (auto& stream : streams_) stream->receive_what_waits();
    }
  }
  bool all_arrived() const {
    if (testing::Test::HasFailure()) return true;  // What is lost never arrives.
    for (const auto& stream : streams_) {
      if (stream->sent() != stream->received()) return false;
    }
    return true;
  }

  std::vector<std::unique_ptr<Stream>> streams_;
  std::atomic<bool> is_finishing_{false};
  std::thread thread_;
};

constexpr TunnelId kTunnels[] = {TunnelId{1}, TunnelId{2}};

void install_receiving(Site& own, Site& other, uint32_t generation) {
  for (const TunnelId tunnel : kTunnels) {
    SaPairParams params = pair_params(own, other, tunnel, generation);
    params.outbound_active = false;
    ASSERT_TRUE(own.plane().install(std::move(params)));
  }
  own.plane().publish();
}

void switch_sending(Site& own, uint32_t generation) {
  for (const TunnelId tunnel : kTunnels) {
    own.plane().activate_outbound(child_id(tunnel, generation));
    if (generation > 0) own.plane().remove_outbound(child_id(tunnel, generation - 1));
  }
  own.plane().publish();
}

void drop_receiving(Site& own, uint32_t generation) {
  for (const TunnelId tunnel : kTunnels) {
    own.plane().remove_inbound(inbound_spi(own, tunnel, generation));
  }
  own.plane().publish();
}

// What a control thread does between rekeys, at full rate.
void exercise(Site& own, Site& other, uint32_t generation) {
  for (int i = 0; i < 20; ++i) {
    own.plane().publish();
    for (const TunnelId tunnel : kTunnels) own.plane().totals(tunnel);
    own.plane().orphan_totals();
    own.plane().offloads();
    own.plane().ring_overflows();
    own.plane().last_drops();
    while (own.plane().next_record()) {
    }
  }
  const TunnelId extra{3 + generation % 4};
  const int inner = own.add_tunnel(extra);
  own.plane().send_ike(own.local(), other.local(), Bytes(100, 1));
  own.plane().publish();
  write_packet(inner, build_packet({}));  // Dropped without an SA, while drops are read.
  own.plane().last_drops();
  own.remove_tunnel(extra);
  own.plane().update_remote(child_id(kTunnels[0], generation), own.local(), other.local());
  own.plane().publish();
}

void expect_no_drops(Site& site) {
  for (const TunnelId tunnel : kTunnels) {
    const TunnelTotals totals = site.plane().totals(tunnel);
    for (size_t i = 0; i < esp::kVerdictCount; ++i) {
      EXPECT_EQ(totals.inbound.drops[i], 0u) << esp::to_string(static_cast<esp::Verdict>(i));
      EXPECT_EQ(totals.outbound.drops[i], 0u) << esp::to_string(static_cast<esp::Verdict>(i));
    }
    EXPECT_GT(totals.inbound.packets, 0u);
  }
}

struct Case {
  const char* name;
  unsigned workers;
  ThreadShape shape;
};

class DataPlaneRace : public testing::TestWithParam<Case> {};

TEST_P(DataPlaneRace, RekeysAndTablesUnderTrafficLoseNothing) {
  const Case& c = GetParam();
  Site a({.address = "127.0.0.1", .workers = c.workers, .shape = c.shape});
  Site b({.address = "127.0.0.2", .workers = c.workers, .shape = c.shape});
  Traffic traffic;
  for (const TunnelId tunnel : kTunnels) {
    const int inner_a = a.add_tunnel(tunnel);
    const int inner_b = b.add_tunnel(tunnel);
    traffic.add(inner_a, inner_b);
    traffic.add(inner_b, inner_a);
  }
  a.plane().start();
  b.plane().start();
  for (uint32_t generation = 0; generation < kRekeys; ++generation) {
    install_receiving(a, b, generation);
    install_receiving(b, a, generation);
    switch_sending(a, generation);
    switch_sending(b, generation);
    if (generation == 0) traffic.start();
    exercise(a, b, generation);
    exercise(b, a, generation);
    traffic.wait_for_a_window();
    if (generation == 0) continue;
    drop_receiving(a, generation - 1);
    drop_receiving(b, generation - 1);
  }
  traffic.finish();
  for (const auto& stream : traffic.streams()) EXPECT_EQ(stream->sent(), stream->received());
  expect_no_drops(a);
  expect_no_drops(b);
  EXPECT_EQ(a.plane().handover_overflows() + b.plane().handover_overflows(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Shapes, DataPlaneRace,
                         testing::Values(Case{"split_1", 1, ThreadShape::Split},
                                         Case{"joined_1", 1, ThreadShape::Joined},
                                         Case{"split_2", 2, ThreadShape::Split},
                                         Case{"joined_2", 2, ThreadShape::Joined}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace twinspan::tun
