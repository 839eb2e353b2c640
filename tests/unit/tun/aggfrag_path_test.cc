// Data planes with AGGFRAG (RFC 9347): how packets share ESP packets on the way out, and that each
// of them arrives, in its order, at the other end.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "esp/open.h"
#include "esp/seal.h"
#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/coalesce.h"
#include "tun/data_plane.h"
#include "tun/packet_io.h"
#include "tun/socket_address.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

constexpr TunnelId kTunnel{1};
// What fits 576 bytes outside: no larger frame, no probe among the others.
constexpr unsigned kMtu = 510;

// The kernel, but what the test writes to a device is not there before all of it is, so that one
// drain finds it together.
class GatedIo : public PacketIo {
 public:
  ssize_t readv(int fd, std::span<const iovec> pieces) override {
    if (is_open) return PacketIo::readv(fd, pieces);
    errno = EAGAIN;
    return -1;
  }
  std::atomic<bool> is_open{true};
};

// Keeps what is written to the device, however fast it comes.
class KeepingIo : public PacketIo {
 public:
  ssize_t writev(int, std::span<const iovec> pieces) override {
    const std::scoped_lock lock(mutex_);
    Bytes& packet = written_.emplace_back();
    for (const iovec& piece : pieces) {
      const auto* bytes = static_cast<const uint8_t*>(piece.iov_base);
      packet.insert(packet.end(), bytes, bytes + piece.iov_len);
    }
    const auto length = static_cast<ssize_t>(packet.size());
    packet.erase(packet.begin(), packet.begin() + kVirtioHeaderSize);
    return length;
  }
  size_t count() {
    const std::scoped_lock lock(mutex_);
    return written_.size();
  }
  std::vector<Bytes> written() {
    const std::scoped_lock lock(mutex_);
    return written_;
  }

 private:
  std::mutex mutex_;
  std::vector<Bytes> written_;
};

// One end of the tunnel without a data plane: the test seals and opens itself.
struct BareEnd {
  explicit BareEnd(SaPairParams params)
      : kernels(*esp::kernels::KernelSet::choose("", esp::kernels::probe_cpu({}))),
        store(kernels, random) {
    store.add_tunnel(kTunnel, {});
    EXPECT_TRUE(store.install(std::move(params)));
    table = store.make_table();
  }
  CountingRandom random;
  esp::kernels::KernelSet kernels;
  esp::SaStore store;
  std::unique_ptr<const esp::SaTable> table;
};

void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

// A packet that nothing merges with, and that says which it is.
Bytes small_packet(size_t number, size_t size = 60, uint8_t traffic_class = 0) {
  return build_packet({.version = size >= 60 && number % 3 == 0 ? 6u : 4u,
                       .protocol = 1,
                       .payload = size - (size >= 60 && number % 3 == 0 ? 40 : 20),
                       .payload_seed = static_cast<uint8_t>(number),
                       .traffic_class = traffic_class});
}

// Of AES-GCM: header 8, IV 8, AGGFRAG header 4, trailer 2, ICV 16.
size_t frame_size(size_t packets) {
  return 16 + ((4 + packets + 2 + 3) & ~size_t{3}) + 16;
}

// What RFC 9347 makes of packets of these sizes: each joins those before it as long as they fit.
std::vector<size_t> expected_frames(const std::vector<size_t>& sizes, size_t limit) {
  std::vector<size_t> payloads;
  for (const size_t size : sizes) {
    if (payloads.empty() || payloads.back() + size > limit) payloads.push_back(0);
    payloads.back() += size;
  }
  for (size_t& payload : payloads) payload = frame_size(payload);
  return payloads;
}

struct Frame {
  Bytes bytes;
  int traffic_class = -1;
};

// A sends to B, but by way of the test.
class AggfragPath : public testing::Test {
 protected:
  explicit AggfragPath(SiteOptions options = {.device_mtu = kMtu}) {
    const int one = 1;
    ::setsockopt(relay_.fd.get(), IPPROTO_IP, IP_RECVTOS, &one, sizeof one);
    options.io = &gate_;
    a_ = std::make_unique<Site>(options);
    options.address = "127.0.0.2";
    options.io = nullptr;
    b_ = std::make_unique<Site>(options);
    inner_a_ = a_->add_tunnel(kTunnel);
    inner_b_ = b_->add_tunnel(kTunnel);
    SaPairParams params = pair_params(*a_, *b_, kTunnel, 0);
    params.aggfrag = true;
    params.remote = relay_.local;
    EXPECT_TRUE(a_->plane().install(std::move(params)));
    params = pair_params(*b_, *a_, kTunnel, 0);
    params.aggfrag = true;
    EXPECT_TRUE(b_->plane().install(std::move(params)));
    for (Site* site : {a_.get(), b_.get()}) {
      site->plane().publish();
      site->plane().start();
    }
  }

  void write_together(const std::vector<Bytes>& packets) {
    gate_.is_open = false;
    for (const Bytes& packet : packets) write_packet(inner_a_, packet);
    gate_.is_open = true;
  }
  Frame next_frame() {
    pollfd wanted{.fd = relay_.fd.get(), .events = POLLIN, .revents = 0};
    ::poll(&wanted, 1, -1);
    Frame frame{.bytes = Bytes(65536)};
    alignas(cmsghdr) std::array<uint8_t, 64> control;
    iovec piece{frame.bytes.data(), frame.bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = ::recvmsg(relay_.fd.get(), &message, 0);
    if (length < 0) return {};
    frame.bytes.resize(static_cast<size_t>(length));
    frame.traffic_class = *CMSG_DATA(CMSG_FIRSTHDR(&message));
    return frame;
  }
  void deliver(const Frame& frame) {
    const SocketAddress to = to_socket_address(b_->local());
    ::sendto(relay_.fd.get(), frame.bytes.data(), frame.bytes.size(), 0,
             reinterpret_cast<const sockaddr*>(&to.storage), to.length);
  }
  // Passes `count` frames on and returns their sizes. That there are no more is seen by the number
  // of the next.
  std::vector<size_t> pass_on(size_t count) {
    std::vector<size_t> sizes;
    for (size_t i = 0; i < count; ++i) {
      const Frame frame = next_frame();
      EXPECT_EQ(load_be32(&frame.bytes[4]), ++last_sequence_);
      sizes.push_back(frame.bytes.size());
      deliver(frame);
    }
    return sizes;
  }
  // So many packets that come out at B.
  std::vector<Bytes> packets_at_b(size_t count) {
    std::vector<Bytes> packets;
    while (packets.size() < count) {
      VirtioHeader header;
      Bytes packet = read_packet(inner_b_, header);
      if (header.gso_type == kVirtioGsoNone) {
        packets.push_back(std::move(packet));
        continue;
      }
      for (Bytes& each : reference_segments(packet, header.gso_size)) {
        packets.push_back(std::move(each));
      }
    }
    return packets;
  }
  void expect_one_frame_each(const std::vector<Bytes>& packets) {
    for (const Bytes& packet : packets) {
      EXPECT_EQ(pass_on(1).front(), frame_size(packet.size()));
      EXPECT_EQ(packets_at_b(1).front(), packet);
    }
  }
  DirectionTotals inbound_b() { return b_->plane().totals(kTunnel).inbound; }
  DirectionTotals outbound_a() { return a_->plane().totals(kTunnel).outbound; }

  GatedIo gate_;
  TestSocket relay_ = bind_udp("127.0.0.3");
  std::unique_ptr<Site> a_, b_;
  int inner_a_ = -1, inner_b_ = -1;
  uint32_t last_sequence_ = 0;
};

TEST_F(AggfragPath, SmallPacketsOfOneDrainLeaveInOneFrameAndArriveInOrder) {
  std::vector<Bytes> packets;
  for (size_t i = 0; i < 8; ++i) packets.push_back(small_packet(i));
  write_together(packets);
  ASSERT_EQ(pass_on(1), std::vector<size_t>{frame_size(480)});
  EXPECT_EQ(packets_at_b(8), packets);
  write_packet(inner_a_, packets[1]);
  expect_one_frame_each({packets[1]});
  EXPECT_EQ(outbound_a().packets, 9u);
  EXPECT_EQ(inbound_b().packets, 9u);
  EXPECT_EQ(inbound_b().bytes, 9 * 60u);
}

TEST_F(AggfragPath, PacketsOfAllSizesFillTheirFramesInOrder) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 20; ++round) {
    std::vector<Bytes> packets;
    std::vector<size_t> sizes;
    for (size_t i = 0; i < 60; ++i) {
      sizes.push_back(i % 9 == 0 ? kMtu : 20 + random() % (random() % 3 == 0 ? kMtu - 20 : 80));
      packets.push_back(small_packet(i, sizes.back()));
    }
    write_together(packets);
    const std::vector<size_t> wanted = expected_frames(sizes, kMtu);
    ASSERT_EQ(pass_on(wanted.size()), wanted);
    ASSERT_EQ(packets_at_b(packets.size()), packets);
  }
}

TEST_F(AggfragPath, ThePacketThatFillsTheDeviceFillsTheLink) {
  write_packet(inner_a_, small_packet(1, kMtu));
  ASSERT_EQ(pass_on(1), std::vector<size_t>{576 - 28});
  EXPECT_EQ(packets_at_b(1).front(), small_packet(1, kMtu));
}

TEST_F(AggfragPath, LargeSegmentsOfASuperPacketHaveFramesOfTheirOwn) {
  const PacketSpec spec{.payload = 10 * 458 + 100, .sequence = 0};
  write_packet(inner_a_, build_packet(spec),
               {.flags = kVirtioNeedsChecksum,
                .gso_type = kVirtioGsoTcp4,
                .gso_size = 458,
                .checksum_start = 20,
                .checksum_offset = kTcpChecksumOffset});
  std::vector<size_t> wanted(10, frame_size(kMtu));
  wanted.push_back(frame_size(152));
  ASSERT_EQ(pass_on(11), wanted);
  EXPECT_EQ(packets_at_b(11), reference_segments(build_packet(spec), 458));
}

// Trains take more of the relay's buffer than what is in them.
class AggfragPathWithoutTrains : public AggfragPath {
 protected:
  AggfragPathWithoutTrains() : AggfragPath({.udp_gso = false, .device_mtu = kMtu}) {}
};

TEST_F(AggfragPathWithoutTrains, SmallSegmentsOfASuperPacketShareFramesAcrossBatches) {
  const PacketSpec spec{.protocol = 17, .payload = 600 * 100};
  write_packet(inner_a_, build_packet(spec),
               {.flags = kVirtioNeedsChecksum,
                .gso_type = kVirtioGsoUdp,
                .gso_size = 100,
                .checksum_start = 20,
                .checksum_offset = kUdpChecksumOffset});
  std::vector<Bytes> received;
  for (int frame = 0; frame < 200; ++frame) {
    ASSERT_EQ(pass_on(1), std::vector<size_t>{frame_size(3 * 128)});
    for (Bytes& packet : packets_at_b(3)) received.push_back(std::move(packet));
  }
  EXPECT_EQ(received, reference_segments(build_packet(spec), 100));
  EXPECT_EQ(outbound_a().packets, 600u);
}

TEST_F(AggfragPath, PacketsWithDifferentCongestionMarksShareAFrameThatHasNone) {
  std::vector<Bytes> packets;
  for (uint8_t ecn = 0; ecn < 4; ++ecn) {
    packets.push_back(small_packet(ecn, 60, static_cast<uint8_t>(0xb8 | ecn)));
  }
  write_together(packets);
  const Frame frame = next_frame();
  EXPECT_EQ(frame.bytes.size(), frame_size(240));
  EXPECT_EQ(frame.traffic_class, 0);
  deliver(frame);
  EXPECT_EQ(packets_at_b(4), packets) << "each keeps its own";
}

class AggfragPathOfEthernet : public AggfragPath {
 protected:
  AggfragPathOfEthernet() : AggfragPath({.device_mtu = 1434}) {}
};

TEST_F(AggfragPathOfEthernet, TheProbeIsAnAllPadPayload) {
  write_packet(inner_a_, small_packet(1, 1434));
  pass_on(1);
  const Frame probe = next_frame();
  deliver(probe);
  // RFC 9347 2.3: nor is it next header 59, which an SA without AGGFRAG would take for a dummy.
  BareEnd without_aggfrag(pair_params(*b_, *a_, kTunnel, 0));
  Bytes copy = probe.bytes;
  esp::OpenItem item{.frame = copy.data(), .frame_length = static_cast<uint32_t>(copy.size())};
  esp::DirectionCounters orphans;
  esp::open(*without_aggfrag.table, {&item, 1}, orphans);
  EXPECT_EQ(item.verdict, Verdict::BadInnerPacket);
  wait_until([&] { return inbound_b().drops[static_cast<size_t>(Verdict::Dummy)] == 1; });
  EXPECT_EQ(a_->plane().path_totals().probes, 1u);
  EXPECT_EQ(packets_at_b(1).front(), small_packet(1, 1434));
  EXPECT_EQ(inbound_b().drops[static_cast<size_t>(Verdict::BadAggfrag)], 0u);
}

class AggfragPathWithDscp : public AggfragPath {
 protected:
  AggfragPathWithDscp() : AggfragPath({.device_mtu = kMtu, .copy_dscp = true}) {}
};

TEST_F(AggfragPathWithDscp, OnlyPacketsOfOneDscpShareAFrame) {
  const uint8_t classes[] = {0xb8, 0xba, 0x28, 0x29, 0xb8};
  std::vector<Bytes> packets;
  for (size_t i = 0; i < 5; ++i) packets.push_back(small_packet(i, 60, classes[i]));
  write_together(packets);
  for (const auto& [size, traffic_class] :
       {std::pair{120u, 0xb8}, std::pair{120u, 0x28}, std::pair{60u, 0xb8}}) {
    const Frame frame = next_frame();
    EXPECT_EQ(frame.bytes.size(), frame_size(size));
    EXPECT_EQ(frame.traffic_class, traffic_class);
    deliver(frame);
  }
  EXPECT_EQ(packets_at_b(5), packets);
}

class AggfragPathOfUnknownSize : public AggfragPath {
 protected:
  AggfragPathOfUnknownSize() : AggfragPath(SiteOptions{}) {}
};

TEST_F(AggfragPathOfUnknownSize, EachPacketHasAFrameOfItsOwn) {
  const std::vector<Bytes> packets = {small_packet(1), small_packet(2), small_packet(3)};
  write_together(packets);
  expect_one_frame_each(packets);
}

TEST(AggfragInbound, AFrameMayHoldMorePacketsThanABatchHasFrames) {
  KeepingIo io;
  Site b({.address = "127.0.0.2", .io = &io});
  const Site a({.address = "127.0.0.1"});
  b.add_tunnel(kTunnel);
  SaPairParams params = pair_params(b, a, kTunnel, 0);
  params.aggfrag = true;
  ASSERT_TRUE(b.plane().install(std::move(params)));
  b.plane().publish();
  b.plane().start();

  params = pair_params(a, b, kTunnel, 0);
  params.aggfrag = true;
  BareEnd sender(std::move(params));
  esp::OutboundSa& sa = *sender.table->find_tunnel(kTunnel)->spd.at(0).sa;

  std::vector<Bytes> packets;
  Bytes blocks;
  while (packets.size() < 2 * Coalescer::kPacketsMax + 7) {
    packets.push_back(build_packet({.protocol = 1,
                                    .payload = 2,
                                    .payload_seed = static_cast<uint8_t>(packets.size()),
                                    .id = static_cast<uint16_t>(packets.size())}));
    blocks.insert(blocks.end(), packets.back().begin(), packets.back().end());
  }
  Bytes frame(esp::frame_size(sa, blocks.size()));
  esp::SealItem item{.inner = blocks.data(),
                     .inner_length = static_cast<uint32_t>(blocks.size()),
                     .frame = frame.data()};
  esp::DirectionCounters sealed;
  ASSERT_EQ(esp::seal(sa, {&item, 1}, sealed), 1u);
  const TestSocket socket = bind_udp("127.0.0.1");
  const SocketAddress to = to_socket_address(b.local());
  ASSERT_EQ(::sendto(socket.fd.get(), frame.data(), frame.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to.storage), to.length),
            static_cast<ssize_t>(frame.size()));
  wait_until([&] { return io.count() >= packets.size(); });
  EXPECT_EQ(io.written(), packets);
  EXPECT_EQ(b.plane().totals(kTunnel).inbound.packets, packets.size());
}

}  // namespace
}  // namespace twinspan::tun
