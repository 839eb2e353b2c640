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
    return PacketIo::sendmmsg(fd, messages.first(count));
  }
  std::atomic<uint32_t> calls{0};
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
