// What a data plane does once it knows that a path is narrow. The knowledge comes the way it always
// does: the kernel says that a socket has errors, and the queue holds a router's message.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/error_message.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/data_plane.h"
#include "tun/packet_io.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

constexpr TunnelId kTunnel{1};
constexpr unsigned kNarrow = 1300;
constexpr size_t kFitting = 1238;  // 1300 less 28, header, IV and ICV: 1240 of body, 2 of trailer.

// The kernel, but what its error queues hold is turned into a router's message.
class NarrowPathIo : public PacketIo {
 public:
  std::atomic<uint32_t> quoted_spi{0};
  std::atomic<int> probes{0};  // Sockets that were made to send with DF.

  ssize_t receive_error(int fd, msghdr& message) override {
    const ssize_t length = PacketIo::receive_error(fd, message);
    if (length < 0) return length;
    uint8_t spi[4];
    store_be32(spi, quoted_spi);
    FakeIo fake;
    fake.errors.push_back(
        build_error({.destination = "127.0.0.2", .mtu = kNarrow, .quoted = to_bytes(spi)}));
    return fake.receive_error(fd, message);
  }
  int setsockopt(int fd, int level, int option, int value) override {
    if (option == IP_MTU_DISCOVER && value == IP_PMTUDISC_PROBE) ++probes;
    return PacketIo::setsockopt(fd, level, option, value);
  }
};

void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

bool is_readable(int fd, int milliseconds) {
  pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, milliseconds) == 1;
}

// The traffic class of the next datagram, which goes into `out`.
int receive_class(const TestSocket& socket, Bytes* out = nullptr) {
  is_readable(socket.fd.get(), -1);
  Bytes bytes(2048);
  alignas(cmsghdr) std::array<uint8_t, 64> control;
  iovec piece{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = ::recvmsg(socket.fd.get(), &message, 0);
  if (length < 0) return -1;
  bytes.resize(static_cast<size_t>(length));
  if (out != nullptr) *out = bytes;
  return *CMSG_DATA(CMSG_FIRSTHDR(&message));
}

class OutboundPathTest : public testing::Test {
 protected:
  explicit OutboundPathTest(SiteOptions options = {.device_mtu = 1438}) {
    options.io = &io_;
    a_ = std::make_unique<Site>(options);
    options.address = "127.0.0.2";
    options.io = nullptr;
    b_ = std::make_unique<Site>(options);
    inner_a_ = a_->add_tunnel(kTunnel);
    inner_b_ = b_->add_tunnel(kTunnel);
    EXPECT_TRUE(a_->plane().install(pair_params(*a_, *b_, kTunnel, 0)));
    EXPECT_TRUE(b_->plane().install(pair_params(*b_, *a_, kTunnel, 0)));
    for (Site* site : {a_.get(), b_.get()}) {
      site->plane().publish();
      site->plane().start();
    }
    io_.quoted_spi = inbound_spi(*b_, kTunnel, 0).value;
  }

  // Nobody listens at that port, so the kernel has an error to tell.
  void learn() {
    const Endpoint nobody = bind_udp("127.0.0.2").local;
    a_->plane().send_ike(a_->local(), nobody, Bytes(32, 1));
    wait_until([&] { return a_->plane().path_mtu(kTunnel) == kNarrow; });
  }
  Bytes next_at_b() {
    VirtioHeader header;
    return read_packet(inner_b_, header);
  }
  Bytes next_at_a() {
    VirtioHeader header;
    return read_packet(inner_a_, header);
  }
  uint64_t too_big_drops() {
    return a_->plane().totals(kTunnel).outbound.drops[static_cast<size_t>(Verdict::TooBig)];
  }
  PathTotals path() { return a_->plane().path_totals(); }

  NarrowPathIo io_;
  std::unique_ptr<Site> a_, b_;
  int inner_a_ = -1, inner_b_ = -1;
};

TEST_F(OutboundPathTest, WhatMayNotBeCutIsAnsweredAndWhatFitsPasses) {
  learn();
  for (const unsigned version : {4u, 6u}) {
    const size_t headers = version == 4 ? 52 : 72;
    const size_t limit = version == 4 ? kFitting : 1280;  // RFC 8200 5.
    const Bytes fits = build_packet({.version = version, .payload = limit - headers});
    write_packet(inner_a_, fits);
    EXPECT_EQ(next_at_b(), fits);
    write_packet(inner_a_, build_packet({.version = version, .payload = limit - headers + 1}));
    const Bytes answer = next_at_a();
    EXPECT_EQ(answer[version == 4 ? 20 : 40], version == 4 ? 3 : 2) << "too big";
    const size_t field = version == 4 ? 26 : 46;
    EXPECT_EQ(load_be16(&answer[field]), limit);
  }
  EXPECT_EQ(too_big_drops(), 2u);
  wait_until([&] { return path().too_big_answered == 2; });
}

TEST_F(OutboundPathTest, WhatMayBeCutArrivesInPieces) {
  learn();
  const Bytes packet = build_packet({.protocol = 17, .payload = 1380, .dont_fragment = false});
  write_packet(inner_a_, packet);
  const Bytes first = next_at_b();
  const Bytes second = next_at_b();
  EXPECT_EQ(first.size(), 20 + 1216u);
  EXPECT_EQ(first.size() + second.size() - 20, packet.size());
  EXPECT_EQ(too_big_drops(), 0u);
  wait_until([&] { return path().fragmented == 1; });
}

TEST_F(OutboundPathTest, ASuperPacketWithDfIsAnsweredOnce) {
  learn();
  write_packet(inner_a_, build_packet({.payload = 13860}),
               {.flags = kVirtioNeedsChecksum,
                .gso_type = kVirtioGsoTcp4,
                .gso_size = 1386,
                .checksum_start = 20,
                .checksum_offset = kTcpChecksumOffset});
  const Bytes answer = next_at_a();
  EXPECT_EQ(load_be16(&answer[26]), kFitting);
  EXPECT_EQ(load_be16(&answer[28 + 2]), 1386 + 52) << "quotes the first segment";
  wait_until([&] { return too_big_drops() == 10; });
  EXPECT_FALSE(is_readable(inner_a_, 50));
}

TEST_F(OutboundPathTest, TheSegmentsOfASuperPacketWithoutDfAreCutEach) {
  learn();
  const PacketSpec spec{.protocol = 17, .payload = 5600, .dont_fragment = false};
  write_packet(inner_a_, build_packet(spec),
               {.flags = kVirtioNeedsChecksum,
                .gso_type = kVirtioGsoUdp,
                .gso_size = 1400,
                .checksum_start = 20,
                .checksum_offset = kUdpChecksumOffset});
  std::vector<Bytes> wanted = reference_segments(build_packet(spec), 1400);
  for (const Bytes& segment : wanted) {
    Bytes whole = next_at_b();
    const Bytes rest = next_at_b();
    whole.insert(whole.end(), rest.begin() + 20, rest.end());
    EXPECT_EQ(Bytes(whole.begin() + 20, whole.end()), Bytes(segment.begin() + 20, segment.end()));
    EXPECT_EQ(load_be16(&whole[4]), load_be16(&segment[4])) << "identification";
  }
  wait_until([&] { return path().fragmented == 4; });
}

TEST_F(OutboundPathTest, AnswersAreLimited) {
  learn();
  const Bytes packet = build_packet({.payload = 1380});
  for (uint64_t i = 1; i <= 300; ++i) {
    write_packet(inner_a_, packet);
    wait_until([&] { return too_big_drops() == i; });
    while (is_readable(inner_a_, 0)) next_at_a();
  }
  EXPECT_GE(path().too_big_answered, 100u);
  wait_until([&] { return path().too_big_answered + path().too_big_unanswered == 300; });
  EXPECT_GT(path().too_big_unanswered, 0u);
}

TEST_F(OutboundPathTest, AForeignSpiChangesNothing) {
  io_.quoted_spi = 0x99999999;
  const Endpoint nobody = bind_udp("127.0.0.2").local;
  a_->plane().send_ike(a_->local(), nobody, Bytes(32, 1));
  wait_until([&] { return path().refused == 1; });
  EXPECT_EQ(a_->plane().path_mtu(kTunnel), 0u);
}

TEST_F(OutboundPathTest, LargeTrafficIsFollowedByADummyWithDf) {
  write_packet(inner_a_, build_packet({.payload = 100}));
  next_at_b();
  EXPECT_EQ(path().probes, 0u);
  write_packet(inner_a_, build_packet({.payload = 1380}));
  next_at_b();
  wait_until([&] { return path().probes == 1; });
  EXPECT_EQ(io_.probes, 1);
  const auto dummies = [&] {
    return b_->plane().totals(kTunnel).inbound.drops[static_cast<size_t>(Verdict::Dummy)];
  };
  wait_until([&] { return dummies() == 1; });
  EXPECT_EQ(a_->plane().totals(kTunnel).outbound.packets, 2u) << "a dummy is no traffic";
}

TEST_F(OutboundPathTest, ThePeerIsToBeAskedWhenASecondDummyOfASizeBringsNoReport) {
  const Bytes large = build_packet({.payload = 1380});
  wait_until([&] {
    write_packet(inner_a_, large);
    next_at_b();
    return path().probes == 2;
  });
  const auto question = std::get<PathQuestion>(a_->wait_record());
  EXPECT_EQ(question.tunnel, kTunnel);
  const size_t inner = large.size();
  EXPECT_EQ(question.packet_size, 28 + 8 + 8 + (inner + 2 + 3) / 4 * 4 + 16);
  EXPECT_EQ(a_->plane().settle_path(kTunnel, question.packet_size, kNarrow),
            esp::PathMtu::News::Narrower);
  EXPECT_EQ(a_->plane().path_mtu(kTunnel), kNarrow);
  EXPECT_TRUE(a_->plane().is_path_settled(kTunnel));
  EXPECT_FALSE(a_->plane().is_path_settled(TunnelId{99}));
}

TEST_F(OutboundPathTest, AnIkeMessageThatAsksForTheSizeGoesWithDf) {
  const TestSocket peer = bind_udp("127.0.0.2");
  const Bytes message(1200, 1);
  ASSERT_TRUE(a_->plane().send_ike(a_->local(), peer.local, message));
  EXPECT_EQ(io_.probes, 0);
  ASSERT_TRUE(a_->plane().send_ike(a_->local(), peer.local, message, SendMode::SizeProbe));
  EXPECT_EQ(io_.probes, 1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(is_readable(peer.fd.get(), -1));
    Bytes out(2000);
    EXPECT_EQ(::recv(peer.fd.get(), out.data(), out.size(), 0), 1204) << "with its marker";
  }
  EXPECT_FALSE(a_->plane().send_ike(peer.local, peer.local, message, SendMode::SizeProbe));
}

TEST_F(OutboundPathTest, TheOuterHeaderSaysOfCongestionWhatTheInnerOneSays) {
  const TestSocket relay = bind_udp("127.0.0.3");
  const int one = 1;
  ::setsockopt(relay.fd.get(), IPPROTO_IP, IP_RECVTOS, &one, sizeof one);
  a_->plane().update_remote(child_id(kTunnel, 0), a_->local(), relay.local);
  a_->plane().publish();
  for (const uint8_t inner : {uint8_t{0xb8}, uint8_t{0xb9}, uint8_t{0xba}, uint8_t{0xbb}}) {
    write_packet(inner_a_, build_packet({.traffic_class = inner}));
    Bytes frame;
    EXPECT_EQ(receive_class(relay, &frame), inner & 3) << "DSCP stays inside";
    // On the way the packet meets congestion.
    const int marked = 3;
    ::setsockopt(relay.fd.get(), IPPROTO_IP, IP_TOS, &marked, sizeof marked);
    const SocketAddress to = to_socket_address(b_->local());
    ::sendto(relay.fd.get(), frame.data(), frame.size(), 0,
             reinterpret_cast<const sockaddr*>(&to.storage), to.length);
    if (inner == 0xb8) continue;
    EXPECT_EQ(next_at_b(), build_packet({.traffic_class = 0xbb}));
  }
  const auto drops = b_->plane().totals(kTunnel).inbound.drops;
  EXPECT_EQ(drops[static_cast<size_t>(Verdict::EcnIllegal)], 1u);
}

class CopiedDscp : public OutboundPathTest {
 protected:
  CopiedDscp() : OutboundPathTest({.copy_dscp = true}) {}
};

TEST_F(CopiedDscp, GoesOutAndPacketsOfDifferentClassesAreNoTrain) {
  const TestSocket relay = bind_udp("127.0.0.3");
  const int one = 1;
  ::setsockopt(relay.fd.get(), IPPROTO_IP, IP_RECVTOS, &one, sizeof one);
  a_->plane().update_remote(child_id(kTunnel, 0), a_->local(), relay.local);
  a_->plane().publish();
  const uint8_t classes[] = {0xb8, 0xb8, 0x28, 0x00, 0xb9};
  for (const uint8_t each : classes) write_packet(inner_a_, build_packet({.traffic_class = each}));
  for (const uint8_t each : classes) EXPECT_EQ(receive_class(relay), each);
}

}  // namespace
}  // namespace twinspan::tun
