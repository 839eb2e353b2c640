// Whole data planes over loopback, seen from both sides: packets, records, counters, offloads.
#include "tun/data_plane.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <semaphore>
#include <thread>

#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/ip_layout.h"
#include "tun/packet_io.h"
#include "tun/socket_address.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

constexpr TunnelId kTunnel{1};

uint64_t drops(const DirectionTotals& totals, Verdict verdict) {
  return totals.drops[static_cast<size_t>(verdict)];
}

void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

Bytes receive_datagram(const TestSocket& socket) {
  pollfd wanted{.fd = socket.fd.get(), .events = POLLIN, .revents = 0};
  ::poll(&wanted, 1, -1);
  Bytes bytes(65536);
  const ssize_t length = ::recv(socket.fd.get(), bytes.data(), bytes.size(), 0);
  bytes.resize(length < 0 ? 0 : static_cast<size_t>(length));
  return bytes;
}

void send_datagram(const TestSocket& socket, const Endpoint& to, ByteView bytes) {
  const SocketAddress at = to_socket_address(to);
  ASSERT_EQ(::sendto(socket.fd.get(), bytes.data(), bytes.size(), 0,
                     reinterpret_cast<const sockaddr*>(&at.storage), at.length),
            static_cast<ssize_t>(bytes.size()));
}

Bytes ike_datagram(uint8_t fill) {
  Bytes bytes(32, fill);
  bytes[0] = bytes[1] = bytes[2] = bytes[3] = 0;
  return bytes;
}

// Two sites with one tunnel and a pair of SAs of generation 0.
class Pair {
 public:
  explicit Pair(const SiteOptions& options = {}, uint64_t soft_bytes = 0)
      : a_(options), b_(other_end(options)) {
    inner_a_ = a_.add_tunnel(kTunnel);
    inner_b_ = b_.add_tunnel(kTunnel);
    install(a_, b_, soft_bytes);
    install(b_, a_, 0);
    a_.plane().start();
    b_.plane().start();
  }

  Site& a() { return a_; }
  Site& b() { return b_; }
  int inner_a() const { return inner_a_; }
  int inner_b() const { return inner_b_; }
  Spi spi_b() const { return inbound_spi(b_, kTunnel, 0); }
  DirectionTotals inbound_b() { return b_.plane().totals(kTunnel).inbound; }
  DirectionTotals outbound_a() { return a_.plane().totals(kTunnel).outbound; }

  // Frames of A go to the test instead of B.
  void divert(const TestSocket& relay) {
    a_.plane().update_remote(child_id(kTunnel, 0), a_.local(), relay.local);
    a_.plane().publish();
  }
  Bytes frame(const TestSocket& relay, const Bytes& packet) {
    write_packet(inner_a_, packet);
    return receive_datagram(relay);
  }

 private:
  static SiteOptions other_end(SiteOptions options) {
    options.address = "127.0.0.2";
    options.second_address = "127.0.0.4";
    return options;
  }
  static void install(Site& own, Site& other, uint64_t soft_bytes) {
    SaPairParams params = pair_params(own, other, kTunnel, 0);
    params.limits.soft_bytes = soft_bytes;
    ASSERT_TRUE(own.plane().install(std::move(params)));
    own.plane().publish();
  }

  Site a_;
  Site b_;
  int inner_a_ = -1;
  int inner_b_ = -1;
};

struct Case {
  const char* name;
  SiteOptions options;
};

class DataPlaneShapes : public testing::TestWithParam<Case> {};

TEST_P(DataPlaneShapes, PacketsOfBothFamiliesAndAllSizesArriveUnchanged) {
  Pair pair(GetParam().options);
  for (const size_t payload : {size_t{0}, size_t{1}, size_t{100}, size_t{1398}, size_t{30000}}) {
    for (const unsigned version : {4u, 6u}) {
      for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}, uint8_t{1}}) {
        const Bytes packet =
            build_packet({.version = version, .protocol = protocol, .payload = payload});
        write_packet(pair.inner_a(), packet);
        VirtioHeader header;
        EXPECT_EQ(read_packet(pair.inner_b(), header), packet);
        EXPECT_EQ(header, VirtioHeader{});
      }
    }
  }
  EXPECT_EQ(pair.outbound_a().packets, 30u);
  EXPECT_EQ(pair.inbound_b().packets, 30u);
  EXPECT_EQ(pair.inbound_b().bytes, pair.outbound_a().bytes);
}

TEST_P(DataPlaneShapes, SuperPacketArrivesWithEverySegment) {
  Pair pair(GetParam().options);
  const PacketSpec spec{.payload = 60000, .sequence = 0};
  write_packet(pair.inner_a(), build_packet(spec),
               {.flags = kVirtioNeedsChecksum,
                .gso_type = kVirtioGsoTcp4,
                .gso_size = 1386,
                .checksum_start = 20,
                .checksum_offset = kTcpChecksumOffset});
  std::vector<Bytes> received;
  size_t payload = 0;
  while (payload < spec.payload) {
    VirtioHeader header;
    const Bytes packet = read_packet(pair.inner_b(), header);
    payload += packet.size() - spec.header_length();
    const size_t segment = header.gso_type == kVirtioGsoNone ? packet.size() : header.gso_size;
    for (Bytes& each : reference_segments(packet, segment)) received.push_back(std::move(each));
  }
  EXPECT_EQ(received, reference_segments(build_packet(spec), 1386));
  EXPECT_EQ(pair.outbound_a().packets, 44u);
}

INSTANTIATE_TEST_SUITE_P(
    All, DataPlaneShapes,
    testing::Values(Case{"split", {}}, Case{"joined", {.shape = ThreadShape::Joined}},
                    Case{"two_workers", {.workers = 2}},
                    Case{"two_joined_workers", {.workers = 2, .shape = ThreadShape::Joined}},
                    Case{"busy_poll", {.busy_poll = std::chrono::microseconds(50)}},
                    Case{"without_gso", {.udp_gso = false}},
                    Case{"without_gro", {.udp_gro = false}}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(DataPlane, OffloadsAreThoseInUse) {
  Pair pair;
  const OffloadStatus all = pair.a().plane().offloads();
  EXPECT_TRUE(all.tun_offload && all.uso && all.udp_gso && all.udp_gro);
  Pair none({.udp_gso = false, .udp_gro = false, .tun_offload = false});
  const OffloadStatus off = none.a().plane().offloads();
  EXPECT_FALSE(off.tun_offload || off.uso || off.udp_gso || off.udp_gro);
}

TEST(DataPlane, FirstInboundIsReportedOnce) {
  Pair pair;
  VirtioHeader header;
  for (int i = 0; i < 3; ++i) {
    write_packet(pair.inner_a(), build_packet({}));
    read_packet(pair.inner_b(), header);
  }
  EXPECT_EQ(std::get<FirstInbound>(pair.b().wait_record()).spi, pair.spi_b());
  EXPECT_FALSE(pair.b().plane().next_record());
}

TEST(DataPlane, SoftLimitOfTheSendingSideNamesTheInboundSpiOfThePair) {
  Pair pair({}, 1000);
  write_packet(pair.inner_a(), build_packet({.payload = 1200}));
  EXPECT_EQ(std::get<SoftLimit>(pair.a().wait_record()).spi, inbound_spi(pair.a(), kTunnel, 0));
}

TEST(DataPlane, UnknownSpisAreCountedAllAndReportedSparsely) {
  Pair pair;
  const TestSocket stranger = bind_udp("127.0.0.3");
  Bytes frame(64, 0x5a);
  for (int i = 0; i < 50; ++i) send_datagram(stranger, pair.b().local(), frame);
  wait_until([&] { return drops(pair.b().plane().orphan_totals(), Verdict::UnknownSpi) == 50; });
  const auto record = std::get<UnknownSpi>(pair.b().wait_record());
  EXPECT_EQ(record.spi, Spi{0x5a5a5a5a});
  EXPECT_EQ(record.remote, stranger.local);
  EXPECT_EQ(record.local, pair.b().local());
  size_t records = 1;
  while (pair.b().plane().next_record()) ++records;
  EXPECT_LE(records, 20u);  // Ten each, should a second begin between.
}

TEST(DataPlane, IkeGoesOutWithAMarkerAndKeepalivesGoWithout) {
  Pair pair;
  const TestSocket peer = bind_udp("127.0.0.3");
  EXPECT_TRUE(pair.a().plane().send_ike(pair.a().local(), peer.local, Bytes{1, 2, 3}));
  EXPECT_EQ(receive_datagram(peer), (Bytes{0, 0, 0, 0, 1, 2, 3}));
  EXPECT_TRUE(pair.a().plane().send_ike(pair.a().local(), peer.local, Bytes{0xff}));
  EXPECT_EQ(receive_datagram(peer), Bytes{0xff});
  EXPECT_FALSE(pair.a().plane().send_ike(peer.local, peer.local, Bytes{1})) << "not our address";
}

TEST(DataPlane, IkeComesInWithoutMarkerAndKeepalivesNotAtAll) {
  Pair pair;
  const TestSocket peer = bind_udp("127.0.0.3");
  send_datagram(peer, pair.b().local(), Bytes{0xff});
  send_datagram(peer, pair.b().local(), Bytes{1, 2});
  send_datagram(peer, pair.b().local(), ike_datagram(7));
  const auto record = std::get<IkeDatagram>(pair.b().wait_record());
  EXPECT_EQ(record.bytes, Bytes(28, 7));
  EXPECT_EQ(record.remote, peer.local);
  EXPECT_EQ(record.local, pair.b().local());
  EXPECT_EQ(drops(pair.b().plane().orphan_totals(), Verdict::Malformed), 1u);
}

TEST(DataPlane, RemoteMovesWithTheNewestAuthenticFrameOnly) {
  Pair pair;
  const TestSocket relay = bind_udp("127.0.0.3");
  const TestSocket elsewhere = bind_udp("127.0.0.3");
  pair.divert(relay);
  const Bytes first = pair.frame(relay, build_packet({}));
  const Bytes second = pair.frame(relay, build_packet({}));
  Bytes forged = pair.frame(relay, build_packet({}));
  const Bytes fourth = pair.frame(relay, build_packet({}));
  pair.b().plane().update_remote(child_id(kTunnel, 0), pair.b().local(), relay.local);
  pair.b().plane().publish();
  forged.back() ^= 1;

  send_datagram(relay, pair.b().local(), second);  // From the remote.
  EXPECT_TRUE(std::holds_alternative<FirstInbound>(pair.b().wait_record()));
  send_datagram(elsewhere, pair.b().local(), first);   // Late.
  send_datagram(elsewhere, pair.b().local(), second);  // A replay.
  send_datagram(elsewhere, pair.b().local(), forged);
  send_datagram(elsewhere, pair.b().local(), ike_datagram(1));
  EXPECT_TRUE(std::holds_alternative<IkeDatagram>(pair.b().wait_record())) << "nothing has moved";
  wait_until([&] { return pair.inbound_b().packets == 2; });
  EXPECT_EQ(drops(pair.inbound_b(), Verdict::Replayed), 1u);
  EXPECT_EQ(drops(pair.inbound_b(), Verdict::BadIcv), 1u);

  send_datagram(elsewhere, pair.b().local(), fourth);
  const auto moved = std::get<RemoteMoved>(pair.b().wait_record());
  EXPECT_EQ(moved.spi, pair.spi_b());
  EXPECT_EQ(moved.remote, elsewhere.local);
}

TEST(DataPlane, FrameAtAnotherLocalAddressIsWrongOuterAndDoesNotSpendItsNumber) {
  Pair pair;
  const TestSocket relay = bind_udp("127.0.0.3");
  pair.divert(relay);
  const Bytes packet = build_packet({});
  const Bytes frame = pair.frame(relay, packet);
  send_datagram(relay, pair.b().second_local(), frame);
  wait_until([&] { return drops(pair.inbound_b(), Verdict::WrongOuter) == 1; });
  EXPECT_EQ(pair.inbound_b().packets, 0u);
  send_datagram(relay, pair.b().local(), frame);
  VirtioHeader header;
  EXPECT_EQ(read_packet(pair.inner_b(), header), packet);
}

// Holds a loop back between receiving and looking up, once.
class PausingIo : public PacketIo {
 public:
  int recvmmsg(int fd, std::span<mmsghdr> messages) override {
    const int count = PacketIo::recvmmsg(fd, messages);
    if (count > 0 && is_armed.exchange(false)) {
      has_received.release();
      goes_on.acquire();
    }
    return count;
  }
  std::atomic<bool> is_armed{false};
  std::binary_semaphore has_received{0};
  std::binary_semaphore goes_on{0};
};

TEST(DataPlane, FrameOfAnSaPublishedWhileTheLoopWasAtWorkIsOpened) {
  PausingIo io;
  Site a({.address = "127.0.0.1"});
  Site b({.address = "127.0.0.2", .io = &io});
  const int inner_a = a.add_tunnel(kTunnel);
  const int inner_b = b.add_tunnel(kTunnel);
  ASSERT_TRUE(a.plane().install(pair_params(a, b, kTunnel, 0)));
  a.plane().publish();
  b.plane().publish();
  a.plane().start();
  b.plane().start();
  io.is_armed = true;
  const Bytes packet = build_packet({});
  write_packet(inner_a, packet);
  io.has_received.acquire();
  ASSERT_TRUE(b.plane().install(pair_params(b, a, kTunnel, 0)));
  b.plane().publish();
  io.goes_on.release();
  wait_until([&] {
    return b.plane().totals(kTunnel).inbound.packets +
               drops(b.plane().orphan_totals(), Verdict::UnknownSpi) ==
           1;
  });
  EXPECT_EQ(drops(b.plane().orphan_totals(), Verdict::UnknownSpi), 0u);
  EXPECT_EQ(b.plane().totals(kTunnel).inbound.packets, 1u);
  static_cast<void>(inner_b);
}

TEST(DataPlane, PacketOfATunnelWithoutSaIsCounted) {
  Pair pair;
  const TunnelId idle{2};
  const int inner = pair.a().add_tunnel(idle);
  pair.a().plane().publish();
  write_packet(inner, build_packet({}));
  wait_until([&] { return drops(pair.a().plane().totals(idle).outbound, Verdict::NoSa) == 1; });
}

TEST(DataPlane, HostileVirtioHeadersAreCountedAndTheTunnelGoesOn) {
  Pair pair;
  write_packet(pair.inner_a(), build_packet({}), {.gso_type = 77, .gso_size = 100});
  write_packet(pair.inner_a(), build_packet({}), {.gso_type = kVirtioGsoTcp4, .gso_size = 0});
  write_packet(pair.inner_a(), build_packet({}),
               {.flags = kVirtioNeedsChecksum, .checksum_start = 60000});
  const Bytes good = build_packet({});
  write_packet(pair.inner_a(), good);
  VirtioHeader header;
  EXPECT_EQ(read_packet(pair.inner_b(), header), good);
  EXPECT_EQ(drops(pair.outbound_a(), Verdict::BadOffload), 3u);
}

TEST(DataPlane, RemovedTunnelsDeviceIsClosedWhenTheCallReturns) {
  Pair pair;
  const TunnelId extra{9};
  const int inner = pair.a().add_tunnel(extra);
  pair.a().plane().remove_tunnel(extra);
  uint8_t byte = 0;
  EXPECT_EQ(::recv(inner, &byte, 1, 0), 0) << "the other end is gone";
}

TEST(DataPlane, UnreachableRemoteStopsNothing) {
  Pair pair;
  Endpoint nobody;
  {
    nobody = bind_udp("127.0.0.3").local;
  }
  pair.a().plane().update_remote(child_id(kTunnel, 0), pair.a().local(), nobody);
  pair.a().plane().publish();
  for (int i = 0; i < 20; ++i) write_packet(pair.inner_a(), build_packet({}));
  wait_until([&] { return pair.outbound_a().packets == 20; });
  pair.a().plane().update_remote(child_id(kTunnel, 0), pair.a().local(), pair.b().local());
  pair.a().plane().publish();
  const Bytes packet = build_packet({.payload = 77});
  write_packet(pair.inner_a(), packet);
  VirtioHeader header;
  EXPECT_EQ(read_packet(pair.inner_b(), header), packet);
}

}  // namespace
}  // namespace twinspan::tun
