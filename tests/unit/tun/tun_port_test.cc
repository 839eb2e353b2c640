#include "tun/tun_port.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/tun/fake_io.h"
#include "tests/unit/tun/packet_builder.h"

namespace twinspan::tun {
namespace {

TunDevice device(bool vnet_header) {
  TunDevice out;
  out.vnet_header = vnet_header;
  out.tso = out.uso = true;
  return out;
}

class TunPortTest : public testing::Test {
 protected:
  // Three packets that merge.
  void add_run(TunPort& port, uint8_t protocol) {
    PacketSpec spec{.protocol = protocol};
    for (int i = 0; i < 3; ++i) {
      packets_.push_back(build_packet(spec));
      stored_.push_back(std::make_unique<Bytes>(packets_.back()));
      coalescer_->add(port, *stored_.back(), port.kinds());
      spec.sequence += 100;
    }
  }

  static Bytes with_empty_header(const Bytes& packet) {
    Bytes out(kVirtioHeaderSize);
    out.insert(out.end(), packet.begin(), packet.end());
    return out;
  }

  FakeIo io_;
  std::vector<Bytes> packets_;
  std::vector<std::unique_ptr<Bytes>> stored_;
  std::unique_ptr<Coalescer> coalescer_ = std::make_unique<Coalescer>();
};

TEST_F(TunPortTest, ReadTakesTheVirtioHeaderApart) {
  TunPort port(TunnelId{1}, device(true), io_);
  io_.to_read = {Bytes{1, 4, 52, 0, 100, 0, 40, 0, 16, 0, 0x60, 7, 8}};
  VirtioHeader header;
  Bytes buffer(100);
  ASSERT_EQ(port.read(header, buffer), 3);
  EXPECT_EQ(header.gso_type, kVirtioGsoTcp6);
  EXPECT_EQ(header.gso_size, 100);
  EXPECT_EQ(header.checksum_start, 40);
  EXPECT_EQ(buffer[0], 0x60);
}

TEST_F(TunPortTest, ReadShorterThanAHeaderIsEmpty) {
  TunPort port(TunnelId{1}, device(true), io_);
  io_.to_read = {Bytes{1, 4}};
  VirtioHeader header;
  Bytes buffer(100);
  EXPECT_EQ(port.read(header, buffer), 0);
}

TEST_F(TunPortTest, DeviceWithoutVirtioHeaderReadsAndWritesBarePackets) {
  TunPort port(TunnelId{1}, device(false), io_);
  io_.to_read = {Bytes{0x45, 1, 2}};
  VirtioHeader header;
  Bytes buffer(100);
  EXPECT_EQ(port.read(header, buffer), 3);
  EXPECT_EQ(header, VirtioHeader{});
  EXPECT_FALSE(port.tso());
  EXPECT_FALSE(port.uso());
  add_run(port, 6);
  ASSERT_EQ(coalescer_->group_count(), 3u);
  EXPECT_EQ(port.write(*coalescer_, 0), 0u);
  EXPECT_EQ(io_.written, std::vector<Bytes>{packets_[0]});
}

TEST_F(TunPortTest, GroupIsOneWrite) {
  TunPort port(TunnelId{1}, device(true), io_);
  add_run(port, 6);
  EXPECT_EQ(port.write(*coalescer_, 0), 0u);
  ASSERT_EQ(io_.written.size(), 1u);
  EXPECT_EQ(io_.written[0][1], kVirtioGsoTcp4);
  EXPECT_EQ(io_.written[0].size(), kVirtioHeaderSize + 52 + 300);
}

class RefusedGroup : public TunPortTest, public testing::WithParamInterface<uint8_t> {};

TEST_P(RefusedGroup, IsWrittenPacketByPacketAndNoMoreOfItsKindAreMade) {
  TunPort port(TunnelId{1}, device(true), io_);
  io_.refuse_write = [](const Bytes& bytes) { return bytes[1] != kVirtioGsoNone ? EINVAL : 0; };
  add_run(port, GetParam());
  EXPECT_EQ(port.write(*coalescer_, 0), 0u);
  ASSERT_EQ(io_.written.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(io_.written[i], with_empty_header(packets_[i]));
  EXPECT_EQ(port.kinds().tcp, GetParam() != 6);
  EXPECT_EQ(port.kinds().udp, GetParam() != 17);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RefusedGroup, testing::Values(uint8_t{6}, uint8_t{17}));

TEST_F(TunPortTest, DeviceThatIsDownCostsAllPacketsOfTheGroupAndNoOffload) {
  TunPort port(TunnelId{1}, device(true), io_);
  io_.refuse_write = [](const Bytes&) { return EIO; };
  add_run(port, 6);
  EXPECT_EQ(port.write(*coalescer_, 0), 3u);
  EXPECT_TRUE(port.tso());
}

TEST_F(TunPortTest, SinglePacketThatIsRefusedCostsNoOffload) {
  TunPort port(TunnelId{1}, device(true), io_);
  io_.refuse_write = [](const Bytes&) { return EINVAL; };
  stored_.push_back(std::make_unique<Bytes>(build_packet({})));
  coalescer_->add(port, *stored_.back(), port.kinds());
  EXPECT_EQ(port.write(*coalescer_, 0), 1u);
  EXPECT_TRUE(port.tso());
  EXPECT_TRUE(port.uso());
}

}  // namespace
}  // namespace twinspan::tun
