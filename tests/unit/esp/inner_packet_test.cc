#include "esp/inner_packet.h"

#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

// An IPv6 packet with these bytes behind its header.
Bytes ipv6_with(uint8_t next_header, const Bytes& rest) {
  Bytes packet = make_inner({.source = "fd01::1",
                             .destination = "fd02::1",
                             .protocol = next_header,
                             .payload_length = rest.size()});
  std::copy(rest.begin(), rest.end(), packet.begin() + 40);
  return packet;
}

TEST(InnerPacket, TrimsWhatLiesBehindThePacket) {
  for (const InnerSpec& spec :
       {InnerSpec{}, InnerSpec{.source = "fd01::1", .destination = "fd02::1"}}) {
    Bytes bytes = make_inner(spec);
    const size_t length = bytes.size();
    bytes.resize(length + 300);
    EXPECT_EQ(parse_inner(bytes)->bytes.size(), length);
  }
}

TEST(InnerPacket, RefusesEveryTruncation) {
  for (const InnerSpec& spec :
       {InnerSpec{}, InnerSpec{.source = "fd01::1", .destination = "fd02::1"}}) {
    const Bytes whole = make_inner(spec);
    for (size_t length = 0; length < whole.size(); ++length) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
      EXPECT_FALSE(parse_inner(part)) << length;
    }
  }
}

TEST(InnerPacket, RefusesOtherVersionsAndShortHeaderLengths) {
  Bytes bytes = make_inner({});
  for (const int first : {0x05, 0x35, 0x55, 0x75, 0xf5, 0x44, 0x40}) {
    bytes[0] = static_cast<uint8_t>(first);
    EXPECT_FALSE(parse_inner(bytes)) << first;
  }
  bytes[0] = 0x45;
  store_be16(&bytes[2], 19);
  EXPECT_FALSE(parse_inner(bytes));
}

TEST(InnerPacket, RefusesAJumbogram) {
  Bytes bytes = ipv6_with(0, Bytes(70000, 0));
  store_be16(&bytes[4], 0);
  EXPECT_FALSE(parse_inner(bytes));
}

TEST(InnerPacket, AcceptsAnIpv6HeaderAlone) {
  EXPECT_TRUE(parse_inner(ipv6_with(59, {})));
}

TEST(UpperLayer, IsFoundBehindIpv4Options) {
  Bytes bytes = make_inner({.payload_length = 12});
  bytes[0] = 0x46;
  store_be32(&bytes[20], 0x01010101);
  store_be16(&bytes[24], 7);
  store_be16(&bytes[26], 8);
  const auto upper = find_upper_layer(*parse_inner(bytes));
  EXPECT_TRUE(upper->has_ports);
  EXPECT_EQ(upper->source_port, 7);
  EXPECT_EQ(upper->destination_port, 8);
}

TEST(UpperLayer, AFragmentThatIsNotTheFirstHasNoPorts) {
  Bytes bytes = make_inner({});
  store_be16(&bytes[6], 0x2000);  // The first one, more follow.
  EXPECT_TRUE(find_upper_layer(*parse_inner(bytes))->has_ports);
  store_be16(&bytes[6], 0x0001);
  const auto upper = find_upper_layer(*parse_inner(bytes));
  EXPECT_FALSE(upper->has_ports);
  EXPECT_EQ(upper->protocol, 17);
}

TEST(UpperLayer, IcmpHasTypeAndCodeAsBothPorts) {
  const Bytes bytes = make_inner({.protocol = 1, .source_port = 0x0803});
  const auto upper = find_upper_layer(*parse_inner(bytes));
  EXPECT_EQ(upper->source_port, 0x0803);
  EXPECT_EQ(upper->destination_port, 0x0803);
}

TEST(UpperLayer, AProtocolWithoutPortsHasNone) {
  const auto upper = find_upper_layer(*parse_inner(make_inner({.protocol = 47})));
  EXPECT_EQ(upper->protocol, 47);
  EXPECT_FALSE(upper->has_ports);
}

TEST(UpperLayer, TooShortForItsPortsHasNone) {
  EXPECT_FALSE(find_upper_layer(*parse_inner(make_inner({.payload_length = 3})))->has_ports);
  EXPECT_FALSE(
      find_upper_layer(*parse_inner(make_inner({.protocol = 1, .payload_length = 1})))->has_ports);
}

TEST(UpperLayer, IsFoundBehindIpv6ExtensionHeaders) {
  Bytes rest = {43, 0,  0, 0,   0, 0, 0, 0,   // Hop-by-Hop, then Routing
                60, 1,  0, 0,   0, 0, 0, 0,   // Routing of 16 bytes
                0,  0,  0, 0,   0, 0, 0, 0,   //
                51, 0,  0, 0,   0, 0, 0, 0,   // Destination Options, then Authentication
                44, 1,  0, 0,   0, 0, 0, 0,   // Authentication of 12 bytes
                0,  0,  0, 0,                 //
                6,  0,  0, 1,   0, 0, 0, 9,   // Fragment, the first one
                0,  80, 1, 187, 0, 0, 0, 0};  // TCP
  const auto upper = find_upper_layer(*parse_inner(ipv6_with(0, rest)));
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->protocol, 6);
  EXPECT_EQ(upper->source_port, 80);
  EXPECT_EQ(upper->destination_port, 443);
}

TEST(UpperLayer, ALaterIpv6FragmentHasAProtocolButNoPorts) {
  const Bytes rest = {17, 0, 0, 8, 0, 0, 0, 9, 0, 80, 1, 187};
  const auto upper = find_upper_layer(*parse_inner(ipv6_with(44, rest)));
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->protocol, 17);
  EXPECT_FALSE(upper->has_ports);
  // Behind another extension header the protocol lies in the first fragment.
  const Bytes deeper = {60, 0, 0, 8, 0, 0, 0, 9, 0, 80, 1, 187};
  EXPECT_FALSE(find_upper_layer(*parse_inner(ipv6_with(44, deeper))));
}

TEST(UpperLayer, BrokenOrEndlessExtensionHeadersAreNotFollowed) {
  EXPECT_FALSE(find_upper_layer(*parse_inner(ipv6_with(0, {6, 9, 0, 0, 0, 0, 0, 0}))));
  EXPECT_FALSE(find_upper_layer(*parse_inner(ipv6_with(0, {6, 0, 0}))));
  Bytes chain;
  for (unsigned i = 0; i < kExtensionHeadersMax; ++i) {
    chain.insert(chain.end(), {60, 0, 0, 0, 0, 0, 0, 0});
  }
  chain[chain.size() - 8] = 6;
  Bytes ports = {0, 80, 1, 187};
  Bytes at_limit = chain;
  at_limit.insert(at_limit.end(), ports.begin(), ports.end());
  EXPECT_TRUE(find_upper_layer(*parse_inner(ipv6_with(60, at_limit)))->has_ports);
  Bytes over_limit = chain;
  over_limit[over_limit.size() - 8] = 60;
  over_limit.insert(over_limit.end(), {6, 0, 0, 0, 0, 0, 0, 0});
  over_limit.insert(over_limit.end(), ports.begin(), ports.end());
  EXPECT_FALSE(find_upper_layer(*parse_inner(ipv6_with(60, over_limit))));
}

}  // namespace
}  // namespace twinspan::esp
