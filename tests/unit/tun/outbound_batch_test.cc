// Packets of several tunnels to one gateway: they leave together, and what becomes of each is
// counted for its own tunnel.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/packet_io.h"

namespace twinspan::tun {
namespace {

constexpr uint32_t kTunnels = 6;

// The kernel, but it refuses the frames of one SA for their size.
class CountingIo : public PacketIo {
 public:
  int sendmmsg(int fd, std::span<mmsghdr> messages) override {
    const auto* frame = static_cast<const uint8_t*>(messages[0].msg_hdr.msg_iov[0].iov_base);
    if (load_be32(frame) == refused_spi) {
      errno = EMSGSIZE;
      return -1;
    }
    // Only up to the refused one.
    size_t count = 1;
    while (count < messages.size() &&
           load_be32(static_cast<const uint8_t*>(messages[count].msg_hdr.msg_iov[0].iov_base)) !=
               refused_spi) {
      ++count;
    }
    ++calls;
    messages_tried += static_cast<uint32_t>(count);
    return PacketIo::sendmmsg(fd, messages.first(count));
  }
  ssize_t readv(int fd, std::span<const iovec> pieces) override {
    ++reads;
    return PacketIo::readv(fd, pieces);
  }
  std::atomic<uint32_t> calls{0};
  std::atomic<uint32_t> messages_tried{0};
  std::atomic<uint32_t> reads{0};
  uint32_t refused_spi = 0;
};

class OutboundBatch : public testing::Test {
 protected:
  void connect(const SiteOptions& options) {
    SiteOptions of_b = options;
    of_b.address = "127.0.0.2";
    of_b.io = nullptr;
    a_ = std::make_unique<Site>(options);
    b_ = std::make_unique<Site>(of_b);
    for (uint32_t i = 0; i < kTunnels; ++i) {
      inner_a_.push_back(a_->add_tunnel(TunnelId{i}));
      inner_b_.push_back(b_->add_tunnel(TunnelId{i}));
      ASSERT_TRUE(a_->plane().install(pair_params(*a_, *b_, TunnelId{i}, 0)));
      ASSERT_TRUE(b_->plane().install(pair_params(*b_, *a_, TunnelId{i}, 0)));
    }
    a_->plane().publish();
    b_->plane().publish();
    b_->plane().start();
  }
  // One packet waits in every device when A's worker begins.
  void send_one_each() {
    for (uint32_t i = 0; i < kTunnels; ++i) write_packet(inner_a_[i], packet_of(i));
    a_->plane().start();
  }
  static Bytes packet_of(uint32_t tunnel) {
    return build_packet({.protocol = 17, .payload = 100 + tunnel});
  }
  uint32_t messages_for(size_t segments, uint16_t payload);
  uint64_t dropped(uint32_t tunnel, esp::Verdict verdict) {
    return a_->plane().totals(TunnelId{tunnel}).outbound.drops[static_cast<size_t>(verdict)];
  }

  CountingIo io_;
  std::unique_ptr<Site> a_, b_;
  std::vector<int> inner_a_, inner_b_;
};

TEST_F(OutboundBatch, PacketsOfAllTunnelsLeaveInOneCall) {
  connect({.io = &io_});
  send_one_each();
  for (uint32_t i = 0; i < kTunnels; ++i) {
    VirtioHeader header;
    EXPECT_EQ(read_packet(inner_b_[i], header), packet_of(i));
    EXPECT_EQ(a_->plane().totals(TunnelId{i}).outbound.packets, 1u);
  }
  EXPECT_EQ(io_.calls, 1u);
}

// It leaves before the device is asked whether there is another one; every second time the next
// round, which follows at once, has asked.
TEST_F(OutboundBatch, APacketThatComesAloneIsReadAlone) {
  connect({.io = &io_});
  a_->plane().start();
  constexpr uint32_t kPairs = 10;
  VirtioHeader header;
  for (uint32_t packet = 0; packet < 2 * kPairs; ++packet) {
    write_packet(inner_a_[0], packet_of(0));
    EXPECT_EQ(read_packet(inner_b_[0], header), packet_of(0));
  }
  EXPECT_EQ(io_.reads, 3 * kPairs);
  // What comes together leaves all the same.
  for (uint32_t packet = 0; packet < kTunnels; ++packet)
    write_packet(inner_a_[0], packet_of(packet));
  for (uint32_t packet = 0; packet < kTunnels; ++packet)
    EXPECT_EQ(read_packet(inner_b_[0], header), packet_of(packet));
}

// What A sends of two super-packets that wait when it begins, with so many segments of such a
// payload each. Returns the number of messages.
uint32_t OutboundBatch::messages_for(size_t segments, uint16_t payload) {
  std::vector<Bytes> wanted;
  PacketSpec spec{.payload = segments * payload};
  for (int i = 0; i < 2; ++i) {
    write_packet(inner_a_[0], build_packet(spec),
                 {.flags = kVirtioNeedsChecksum,
                  .gso_type = kVirtioGsoTcp4,
                  .gso_size = payload,
                  .checksum_start = 20,
                  .checksum_offset = kTcpChecksumOffset});
    for (Bytes& each : reference_segments(build_packet(spec), payload))
      wanted.push_back(std::move(each));
    spec.sequence += static_cast<uint32_t>(spec.payload);
    spec.id = static_cast<uint16_t>(spec.id + segments);
  }
  a_->plane().start();
  std::vector<Bytes> received;
  while (received.size() < wanted.size()) {
    VirtioHeader header;
    const Bytes packet = read_packet(inner_b_[0], header);
    const size_t segment = header.gso_type == kVirtioGsoNone ? packet.size() : header.gso_size;
    for (Bytes& each : reference_segments(packet, segment)) received.push_back(std::move(each));
  }
  EXPECT_TRUE(received == wanted);
  return io_.messages_tried;
}

// Those of one do not fit into one message; those of both fill three.
TEST_F(OutboundBatch, SegmentsOfSuperPacketsShareTrains) {
  connect({.io = &io_});
  EXPECT_EQ(messages_for(47, 1386), 3u);
}

// 128 in one batch, the rest in the next, each in two messages of at most 64.
TEST_F(OutboundBatch, WhatABatchDoesNotHoldFollowsInTheNext) {
  connect({.io = &io_});
  EXPECT_EQ(messages_for(120, 536), 4u);
}

TEST_F(OutboundBatch, WhatIsRefusedIsCountedForItsOwnTunnel) {
  constexpr uint32_t kRefused = 3;
  connect({.udp_gso = false, .io = &io_});
  io_.refused_spi = inbound_spi(*b_, TunnelId{kRefused}, 0).value;
  send_one_each();
  for (uint32_t i = 0; i < kTunnels; ++i) {
    if (i == kRefused) continue;
    VirtioHeader header;
    EXPECT_EQ(read_packet(inner_b_[i], header), packet_of(i));
  }
  while (dropped(kRefused, esp::Verdict::TooBig) == 0) std::this_thread::yield();
  for (uint32_t i = 0; i < kTunnels; ++i) {
    EXPECT_EQ(dropped(i, esp::Verdict::TooBig), i == kRefused ? 1u : 0u) << i;
  }
}

TEST_F(OutboundBatch, AnotherGatewaysFramesGoToThatOne) {
  connect({.io = &io_});
  const TestSocket elsewhere = bind_udp("127.0.0.3");
  constexpr uint32_t kElsewhere = 2;
  a_->plane().update_remote(child_id(TunnelId{kElsewhere}, 0), a_->local(), elsewhere.local);
  a_->plane().publish();
  send_one_each();
  for (uint32_t i = 0; i < kTunnels; ++i) {
    if (i == kElsewhere) continue;
    VirtioHeader header;
    EXPECT_EQ(read_packet(inner_b_[i], header), packet_of(i));
  }
  uint8_t frame[2048];
  while (::recv(elsewhere.fd.get(), frame, sizeof frame, 0) < 0) std::this_thread::yield();
  EXPECT_EQ(load_be32(frame), inbound_spi(*b_, TunnelId{kElsewhere}, 0).value);
}

}  // namespace
}  // namespace twinspan::tun
