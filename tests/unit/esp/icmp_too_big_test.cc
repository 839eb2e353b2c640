#include "esp/icmp_too_big.h"

#include <gtest/gtest.h>

#include "tests/unit/tun/packet_builder.h"

namespace twinspan::esp {
namespace {

using tun::build_packet;
using tun::reference_checksum;

Bytes answer_to(const Bytes& packet, size_t mtu) {
  Bytes out(kTooBigSizeMax, 0xee);
  out.resize(write_too_big(packet, mtu, out));
  return out;
}

Bytes part(const Bytes& bytes, size_t from, size_t count) {
  return Bytes(bytes.begin() + static_cast<ptrdiff_t>(from),
               bytes.begin() + static_cast<ptrdiff_t>(from + count));
}

TEST(IcmpTooBig, TellsAnIpv4SenderTheMtuAndQuotesItsPacket) {
  const Bytes packet = build_packet({.payload = 1500});
  const Bytes answer = answer_to(packet, 1338);
  ASSERT_EQ(answer.size(), 576u);
  EXPECT_EQ(part(answer, 0, 10), (Bytes{0x45, 0xc0, 0x02, 0x40, 0, 0, 0x40, 0, 64, 1}));
  EXPECT_EQ(reference_checksum(ByteView(answer).first(20)), 0);
  EXPECT_EQ(part(answer, 12, 4), part(packet, 16, 4)) << "comes from where the packet went";
  EXPECT_EQ(part(answer, 16, 4), part(packet, 12, 4)) << "goes where the packet came from";
  // RFC 1191 4: type 3, code 4, unused, next-hop MTU.
  EXPECT_EQ(part(answer, 20, 2), (Bytes{3, 4}));
  EXPECT_EQ(part(answer, 24, 4), (Bytes{0, 0, 0x05, 0x3a}));
  EXPECT_EQ(reference_checksum(ByteView(answer).subspan(20)), 0);
  EXPECT_EQ(part(answer, 28, 548), part(packet, 0, 548));
}

TEST(IcmpTooBig, TellsAnIpv6SenderTheMtuAndQuotesItsPacket) {
  const Bytes packet = build_packet({.version = 6, .payload = 1500});
  const Bytes answer = answer_to(packet, 1338);
  ASSERT_EQ(answer.size(), 1280u);
  EXPECT_EQ(part(answer, 0, 8), (Bytes{0x60, 0, 0, 0, 0x04, 0xd8, 58, 64}));
  EXPECT_EQ(part(answer, 8, 16), part(packet, 24, 16));
  EXPECT_EQ(part(answer, 24, 16), part(packet, 8, 16));
  EXPECT_EQ(part(answer, 40, 2), (Bytes{2, 0}));
  EXPECT_EQ(load_be32(&answer[44]), 1338u);
  EXPECT_EQ(part(answer, 48, 1232), part(packet, 0, 1232));
  Bytes summed = part(answer, 8, 32);  // RFC 8200 8.1
  const Bytes tail = {0, 0, 0x04, 0xd8, 0, 0, 0, 58};
  summed.insert(summed.end(), tail.begin(), tail.end());
  summed.insert(summed.end(), answer.begin() + 40, answer.end());
  EXPECT_EQ(reference_checksum(summed), 0);
}

TEST(IcmpTooBig, QuotesAShortPacketWhole) {
  const Bytes packet = build_packet({.payload = 101});
  const Bytes answer = answer_to(packet, 100);
  EXPECT_EQ(part(answer, 28, answer.size() - 28), packet);
  EXPECT_EQ(reference_checksum(ByteView(answer).subspan(20)), 0);
}

TEST(IcmpTooBig, NeverTellsIpv6LessThanEveryLinkCarries) {
  const Bytes answer = answer_to(build_packet({.version = 6, .payload = 1500}), 900);
  EXPECT_EQ(load_be32(&answer[44]), 1280u);
}

Bytes changed(Bytes packet, size_t at, uint8_t value) {
  packet[at] = value;
  return packet;
}

TEST(IcmpTooBig, DoesNotAnswerWhatRfc1122Exempts) {
  const Bytes packet = build_packet({.payload = 1500});
  for (const uint8_t first : {uint8_t{0}, uint8_t{127}, uint8_t{224}, uint8_t{255}}) {
    EXPECT_TRUE(answer_to(changed(packet, 12, first), 1338).empty()) << "source " << int(first);
    EXPECT_TRUE(answer_to(changed(packet, 16, first), 1338).empty()) << "target " << int(first);
  }
  EXPECT_TRUE(answer_to(changed(packet, 7, 9), 1338).empty()) << "a later fragment";
  Bytes icmp = build_packet({.protocol = 1, .payload = 1500});
  for (const uint8_t type : {uint8_t{3}, uint8_t{4}, uint8_t{5}, uint8_t{11}, uint8_t{12}}) {
    EXPECT_TRUE(answer_to(changed(icmp, 20, type), 1338).empty()) << "ICMP error " << int(type);
  }
  EXPECT_FALSE(answer_to(changed(icmp, 20, 8), 1338).empty()) << "an echo";
}

TEST(IcmpTooBig, DoesNotAnswerWhatRfc4443Exempts) {
  const Bytes packet = build_packet({.version = 6, .payload = 1500});
  EXPECT_TRUE(answer_to(changed(packet, 8, 0xff), 1338).empty()) << "from multicast";
  Bytes unspecified = packet;
  std::fill_n(&unspecified[8], 16, uint8_t{0});
  EXPECT_TRUE(answer_to(unspecified, 1338).empty());
  EXPECT_FALSE(answer_to(changed(packet, 24, 0xff), 1338).empty())
      << "RFC 4443 2.4 (e.3): to multicast is answered";
  const Bytes icmp = build_packet({.version = 6, .protocol = 58, .payload = 1500});
  EXPECT_TRUE(answer_to(changed(icmp, 40, 1), 1338).empty()) << "an error";
  EXPECT_FALSE(answer_to(changed(icmp, 40, 128), 1338).empty()) << "an echo";
  EXPECT_TRUE(answer_to({}, 1338).empty());
}

}  // namespace
}  // namespace twinspan::esp
