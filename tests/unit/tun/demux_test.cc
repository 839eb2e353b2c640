#include "tun/demux.h"

#include <gtest/gtest.h>

#include "tun/raw_esp_socket.h"

namespace twinspan::tun {
namespace {

// Not inlined: g++ 12 warns of reads past buffers whose size it knows, before it sees the check.
[[gnu::noinline]] DatagramKind kind_of(Bytes bytes, uint16_t port = 4500) {
  return classify_datagram(bytes, port).kind;
}

TEST(Demux, FourZeroBytesAreIkeWithoutTheMarker) {
  Bytes bytes = {0, 0, 0, 0, 1, 2, 3};
  const Datagram datagram = classify_datagram(bytes, 4500);
  EXPECT_EQ(datagram.kind, DatagramKind::Ike);
  EXPECT_EQ(to_bytes(datagram.content), (Bytes{1, 2, 3}));
}

TEST(Demux, OneNonZeroBitInFrontIsEsp) {
  for (size_t bit = 0; bit < 32; ++bit) {
    Bytes bytes(40);
    bytes[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
    const Datagram datagram = classify_datagram(bytes, 4500);
    EXPECT_EQ(datagram.kind, DatagramKind::Esp);
    EXPECT_EQ(datagram.content.size(), 40u);
  }
}

TEST(Demux, OneByteOfOnesIsAKeepaliveOnBothPorts) {
  EXPECT_EQ(kind_of({0xff}, 4500), DatagramKind::Keepalive);
  EXPECT_EQ(kind_of({0xff}, 500), DatagramKind::Keepalive);
  EXPECT_EQ(kind_of({0xfe}, 4500), DatagramKind::Malformed);
}

TEST(Demux, TooShortForEitherIsMalformed) {
  for (size_t length = 0; length < 4; ++length) {
    EXPECT_EQ(kind_of(Bytes(length, 1)), DatagramKind::Malformed) << length;
  }
  EXPECT_EQ(kind_of({}, 500), DatagramKind::Malformed);
}

TEST(Demux, MarkerAloneIsAnEmptyIkeMessage) {
  EXPECT_EQ(kind_of({0, 0, 0, 0}), DatagramKind::Ike);
}

TEST(Demux, Port500HasNeitherMarkerNorEsp) {
  Bytes bytes = {0, 0, 0, 0, 9};
  const Datagram datagram = classify_datagram(bytes, 500);
  EXPECT_EQ(datagram.kind, DatagramKind::Ike);
  EXPECT_EQ(datagram.content.size(), 5u);
  EXPECT_EQ(kind_of({1, 2, 3, 4, 5}, 500), DatagramKind::Ike);
}

TEST(RawEsp, Ipv4HeaderWithOptionsIsStripped) {
  Bytes bytes(30);
  bytes[0] = 0x46;
  bytes[24] = 0xaa;
  const auto frame = strip_outer_header(bytes, IpFamily::V4);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->size(), 6u);
  EXPECT_EQ((*frame)[0], 0xaa);
}

TEST(RawEsp, Ipv6ComesWithoutHeader) {
  Bytes bytes = {1, 2, 3, 4};
  EXPECT_EQ(strip_outer_header(bytes, IpFamily::V6)->size(), 4u);
}

TEST(RawEsp, HeaderThatIsNotThereIsNoFrame) {
  Bytes bytes(20);
  for (const int first : {0x00, 0x44, 0x46, 0x65, 0x4f}) {
    bytes[0] = static_cast<uint8_t>(first);
    EXPECT_FALSE(strip_outer_header(bytes, IpFamily::V4)) << first;
  }
  bytes[0] = 0x45;
  EXPECT_TRUE(strip_outer_header(bytes, IpFamily::V4)->empty());
  EXPECT_FALSE(strip_outer_header(ByteSpan(bytes).first(19), IpFamily::V4));
  EXPECT_FALSE(strip_outer_header({}, IpFamily::V4));
}

}  // namespace
}  // namespace twinspan::tun
