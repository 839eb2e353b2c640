// What moving a packet never takes: memory from the heap, or a lock. Two data planes carry some
// thousands of packets each way while every such call of the whole program is counted.
//
//   bursts -> socket pair -> DataPlane A = UDP on loopback = DataPlane B -> socket pair -> counted
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <memory>
#include <mutex>

#include "tests/support/call_counts.h"
#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/ip_layout.h"
#include "tun/socket_address.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

constexpr TunnelId kTunnel{1};
constexpr TunnelId kWithoutSa{2};
constexpr unsigned kWarmUpRounds = 100;
constexpr unsigned kRounds = 500;
constexpr int kPatienceMs = 20'000;
constexpr unsigned kDeviceMtu = 1438;  // Known, so that the path is probed as well.

TEST(CallCounts, SeeTheHeapAndLocks) {
  const CallCounts before = calls_so_far();
  const auto memory = std::make_unique<std::array<volatile char, 100>>();
  (*memory)[0] = 1;
  std::mutex mutex;
  mutex.lock();
  mutex.unlock();
  EXPECT_EQ(calls_so_far() - before, (CallCounts{.allocations = 1, .locks = 1}));
}

// What a sender's stack hands over at a time.
struct Burst {
  std::vector<Bytes> packets;
  VirtioHeader header;
  size_t header_length = 0;
  size_t payload = 0;  // Of all.
};

Burst singles(size_t count, PacketSpec spec) {
  spec.option_words = 0;
  Burst burst{.packets = {}, .header = {}, .header_length = spec.header_length()};
  for (size_t i = 0; i < count; ++i) {
    burst.packets.push_back(build_packet(spec));
    spec.sequence += static_cast<uint32_t>(spec.payload);
    ++spec.id;
    burst.payload += spec.payload;
  }
  return burst;
}

// `spec` is that of the super-packet.
Burst super_packet(const PacketSpec& spec, uint8_t gso_type, uint16_t gso_size) {
  Burst burst = singles(1, spec);
  burst.header = {.flags = kVirtioNeedsChecksum,
                  .gso_type = gso_type,
                  .gso_size = gso_size,
                  .checksum_start = static_cast<uint16_t>(spec.version == 4 ? 20 : 40),
                  .checksum_offset = spec.protocol == 17 ? kUdpChecksumOffset : kTcpChecksumOffset};
  return burst;
}

struct Traffic {
  const char* name;
  Burst (*make)();
};

constexpr Traffic kTraffic[] = {
    {"a_packet", [] { return singles(1, {.payload = 64}); }},
    {"tcp_packets", [] { return singles(16, {.payload = 1300}); }},
    {"tcp6_packets", [] { return singles(16, {.version = 6, .payload = 1300}); }},
    {"udp_packets", [] { return singles(16, {.protocol = 17, .payload = 64}); }},
    {"tcp_super", [] { return super_packet({.payload = 20 * 1300}, kVirtioGsoTcp4, 1300); }},
    {"udp_super",
     [] { return super_packet({.protocol = 17, .payload = 20 * 1300}, kVirtioGsoUdp, 1300); }},
};

struct Suite {
  const char* name;
  EspTransforms transforms;
  size_t key_size;
  size_t integrity_key_size;
};

const Suite kAesGcm = {"AesGcm", {.encryption = {EncryptionId::AesGcm16, 256}}, 36, 0};
const Suite kChaCha = {"ChaCha", {.encryption = {EncryptionId::ChaCha20Poly1305, 256}}, 36, 0};
const Suite kCbcHmac = {
    "CbcHmac",
    {.encryption = {EncryptionId::AesCbc, 256}, .integrity = IntegrityId::HmacSha256_128},
    32,
    32};

struct Case {
  const char* name;
  Suite suite;
  unsigned workers = 1;
  ThreadShape shape = ThreadShape::Joined;
  bool aggfrag = false;
  bool offloads = true;
};

SaPairParams params_of(const Case& c, const Site& own, const Site& other) {
  SaPairParams params = pair_params(own, other, kTunnel, 0);
  params.transforms = c.suite.transforms;
  params.aggfrag = c.aggfrag;
  for (const auto& [keys, spi] : {std::pair{&params.inbound_keys, params.inbound_spi},
                                  std::pair{&params.outbound_keys, params.outbound_spi}}) {
    const auto seed = static_cast<uint8_t>(spi.value);
    keys->encryption = SecretBytes(Bytes(c.suite.key_size, seed));
    keys->integrity = SecretBytes(Bytes(c.suite.integrity_key_size, seed));
  }
  return params;
}

class PerPacket : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& c = GetParam();
    for (size_t side = 0; side < 2; ++side) {
      sites_[side] =
          std::make_unique<Site>(SiteOptions{.address = side == 0 ? "127.0.0.1" : "127.0.0.2",
                                             .workers = c.workers,
                                             .shape = c.shape,
                                             .udp_gso = c.offloads,
                                             .udp_gro = c.offloads,
                                             .device_mtu = kDeviceMtu});
      inner_[side] = sites_[side]->add_tunnel(kTunnel);
      without_sa_[side] = sites_[side]->add_tunnel(kWithoutSa);
    }
    for (size_t side = 0; side < 2; ++side) {
      DataPlane& plane = sites_[side]->plane();
      ASSERT_TRUE(plane.install(params_of(c, *sites_[side], *sites_[1 - side])));
      plane.publish();
      plane.start();
    }
    stranger_ = bind_udp("127.0.0.3");
  }

  // Bursts there and back. Nothing in here may allocate.
  void carry(const Burst& burst, unsigned rounds) {
    for (unsigned round = 0; round < rounds && !HasFailure(); ++round) {
      for (size_t side = 0; side < 2 && !HasFailure(); ++side) {
        for (const Bytes& packet : burst.packets) write_packet(inner_[side], packet, burst.header);
        read_payload(inner_[1 - side], burst);
      }
    }
  }
  void read_payload(int inner, const Burst& burst) {
    size_t payload = 0;
    while (payload < burst.payload) {
      pollfd wanted{.fd = inner, .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, kPatienceMs) != 1) FAIL() << "what was sent does not come";
      VirtioHeader header;
      const iovec pieces[2] = {{&header, kVirtioHeaderSize}, {buffer_.data(), buffer_.size()}};
      const ssize_t length = ::readv(inner, pieces, 2);
      ASSERT_GT(length, static_cast<ssize_t>(kVirtioHeaderSize + burst.header_length));
      payload += static_cast<size_t>(length) - kVirtioHeaderSize - burst.header_length;
      if (header.gso_type != kVirtioGsoNone) ++joined_;
    }
    ASSERT_EQ(payload, burst.payload);
  }
  // A packet of ours without an SA, and a frame that is nobody's.
  void offend(const Bytes& packet) {
    static constexpr std::array<uint8_t, 64> kFrame = {0xff, 0xff, 0xff, 0xff};
    for (size_t side = 0; side < 2; ++side) {
      write_packet(without_sa_[side], packet);
      SocketAddress to = to_socket_address(sites_[side]->local());
      ASSERT_EQ(::sendto(stranger_.fd.get(), kFrame.data(), kFrame.size(), 0,
                         reinterpret_cast<sockaddr*>(&to.storage), to.length),
                static_cast<ssize_t>(kFrame.size()));
    }
  }

  std::unique_ptr<Site> sites_[2];
  int inner_[2] = {-1, -1};
  int without_sa_[2] = {-1, -1};
  TestSocket stranger_;
  size_t joined_ = 0;  // Super-packets that came out.
  std::array<uint8_t, 65536> buffer_;
};

TEST_P(PerPacket, NothingIsAllocatedAndNoLockIsTaken) {
  for (const Traffic& traffic : kTraffic) {
    const Burst burst = traffic.make();
    joined_ = 0;
    carry(burst, kWarmUpRounds);
    const CallCounts before = calls_so_far();
    carry(burst, kRounds);
    EXPECT_EQ(calls_so_far() - before, CallCounts{}) << traffic.name;
    EXPECT_EQ(joined_ > 0, burst.payload > 64) << traffic.name;
  }
  EXPECT_GT(sites_[0]->plane().path_totals().probes, 0u);
}

TEST_P(PerPacket, NorForWhatIsDropped) {
  const Burst burst = singles(1, {.payload = 64});
  const Bytes packet = build_packet({.protocol = 17});
  const auto carry_and_offend = [&](unsigned rounds) {
    for (unsigned round = 0; round < rounds && !HasFailure(); ++round) {
      offend(packet);
      carry(burst, 1);
    }
  };
  carry_and_offend(kWarmUpRounds);
  const CallCounts before = calls_so_far();
  carry_and_offend(kRounds);
  EXPECT_EQ(calls_so_far() - before, CallCounts{});
  for (const auto& site : sites_) {
    const auto drops = [](const auto& totals, Verdict verdict) {
      return totals.drops[static_cast<size_t>(verdict)];
    };
    EXPECT_GE(drops(site->plane().totals(kWithoutSa).outbound, Verdict::NoSa), kRounds);
    EXPECT_GE(drops(site->plane().orphan_totals(), Verdict::UnknownSpi), kRounds);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PerPacket,
    testing::Values(Case{"joined", kAesGcm}, Case{"split", kAesGcm, 1, ThreadShape::Split},
                    Case{"two_workers", kAesGcm, 2},
                    Case{"two_workers_split", kAesGcm, 2, ThreadShape::Split},
                    Case{.name = "without_udp_offloads", .suite = kAesGcm, .offloads = false},
                    Case{.name = "aggfrag", .suite = kAesGcm, .aggfrag = true},
                    Case{"chacha20_poly1305", kChaCha}, Case{"cbc_hmac", kCbcHmac}),
    [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace twinspan::tun
