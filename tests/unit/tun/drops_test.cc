// The data plane answers for its drops: which packets they were, and what its tables say of others.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <thread>

#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/socket_address.h"

namespace twinspan::tun {
namespace {

using esp::DropRecord;
using esp::Verdict;

constexpr TunnelId kTunnel{1};
constexpr TunnelId kIdle{2};

void send_datagram(const TestSocket& from, const Endpoint& to, ByteView bytes) {
  const SocketAddress address = to_socket_address(to);
  ASSERT_EQ(::sendto(from.fd.get(), bytes.data(), bytes.size(), 0,
                     reinterpret_cast<const sockaddr*>(&address.storage), address.length),
            static_cast<ssize_t>(bytes.size()));
}

class DropsTest : public testing::Test {
 protected:
  DropsTest() {
    inner_a_ = a_.add_tunnel(kTunnel);
    idle_a_ = a_.add_tunnel(kIdle);
    inner_b_ = b_.add_tunnel(kTunnel);
    SaPairParams narrow = pair_params(b_, a_, kTunnel, 0);
    narrow.remote_selectors = {TrafficSelector::from_prefix(*IpPrefix::parse("172.16.0.0/12"))};
    EXPECT_TRUE(a_.plane().install(pair_params(a_, b_, kTunnel, 0)));
    EXPECT_TRUE(b_.plane().install(std::move(narrow)));
    for (Site* const site : {&a_, &b_}) {
      site->plane().publish();
      site->plane().start();
    }
  }

  static DropRecord wait_drop(const Site& site, Verdict reason) {
    for (;;) {
      for (const DropRecord& record : const_cast<Site&>(site).plane().last_drops())
        if (record.reason == reason) return record;
      std::this_thread::yield();
    }
  }

  Site a_{{.address = "127.0.0.1"}};
  Site b_{{.address = "127.0.0.2"}};
  int inner_a_ = -1, idle_a_ = -1, inner_b_ = -1;
};

TEST_F(DropsTest, APacketWithoutSaIsKeptAsItCameFromItsHost) {
  const Bytes packet = build_packet({});
  write_packet(idle_a_, packet);
  const DropRecord record = wait_drop(a_, Verdict::NoSa);
  EXPECT_TRUE(record.is_outbound && record.has_inner);
  EXPECT_EQ(record.tunnel, kIdle);
  EXPECT_EQ(record.source, IpAddress::v4(&packet[12]));
  EXPECT_EQ(record.destination, IpAddress::v4(&packet[16]));
  EXPECT_EQ(record.length, packet.size());
}

TEST_F(DropsTest, AnAuthenticPacketOutsideTheSelectorsIsKeptWithItsAddresses) {
  const Bytes packet = build_packet({});
  write_packet(inner_a_, packet);
  const DropRecord record = wait_drop(b_, Verdict::SelectorMismatch);
  EXPECT_FALSE(record.is_outbound || record.has_outer);
  EXPECT_EQ(record.tunnel, kTunnel);
  EXPECT_TRUE(record.has_inner);
  EXPECT_EQ(record.source, IpAddress::v4(&packet[12]));
}

TEST_F(DropsTest, OfAStrangersFrameOnlyWhatIsOutsideIsKept) {
  const TestSocket stranger = bind_udp("127.0.0.3");
  send_datagram(stranger, b_.local(), Bytes(64, 0x5a));
  const DropRecord unknown = wait_drop(b_, Verdict::UnknownSpi);
  EXPECT_FALSE(unknown.has_inner || unknown.has_tunnel);
  EXPECT_EQ(unknown.remote, stranger.local);
  EXPECT_EQ(unknown.spi, Spi{0x5a5a5a5a});
  // One that knows the SPI is not believed either.
  Bytes forged(64, 0x5a);
  store_be32(forged.data(), inbound_spi(b_, kTunnel, 0).value);
  store_be32(forged.data() + 4, 9);
  send_datagram(stranger, b_.local(), forged);
  const DropRecord record = wait_drop(b_, Verdict::BadIcv);
  EXPECT_FALSE(record.has_inner);
  EXPECT_EQ(record.tunnel, kTunnel);
  EXPECT_EQ(record.sequence, 9u);
}

TEST_F(DropsTest, TheTablesAnswerForPacketsThatNobodySent) {
  const Bytes packet = build_packet({});
  const OutboundAnswer out = a_.plane().ask_outbound(kTunnel, packet);
  EXPECT_EQ(out.verdict, Verdict::Accept);
  EXPECT_EQ(out.inbound_spi, inbound_spi(a_, kTunnel, 0));
  EXPECT_EQ(out.inner_max, 0u) << "nothing was learned";
  EXPECT_EQ(a_.plane().ask_outbound(kIdle, packet).verdict, Verdict::NoSa);
  EXPECT_EQ(b_.plane().ask_outbound(kTunnel, packet).verdict, Verdict::NoSelector);

  const Spi spi_a = inbound_spi(a_, kTunnel, 0);
  EXPECT_EQ(a_.plane().ask_inbound(packet, {spi_a}).inbound_spi, spi_a);
  EXPECT_EQ(a_.plane().ask_inbound(packet, {}).verdict, Verdict::NoSa);
  EXPECT_EQ(b_.plane().ask_inbound(packet, {inbound_spi(b_, kTunnel, 0)}).verdict,
            Verdict::SelectorMismatch);
}

}  // namespace
}  // namespace twinspan::tun
