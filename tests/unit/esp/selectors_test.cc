#include "esp/selectors.h"

#include "esp/source_filter.h"
#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

InnerPacket parsed(const Bytes& bytes) {
  return *parse_inner(bytes);
}

TrafficSelector with_ports(const char* prefix, uint8_t protocol, uint16_t first, uint16_t last) {
  TrafficSelector selector = TrafficSelector::from_prefix(*IpPrefix::parse(prefix));
  selector.protocol = protocol;
  selector.first_port = first;
  selector.last_port = last;
  return selector;
}

TEST(SelectorPair, LocalIsTheSourceOutboundAndTheDestinationInbound) {
  const SelectorPair pair(prefix_selectors("10.1.0.0/16"), prefix_selectors("10.2.0.0/16"));
  const Bytes out = make_inner({.source = "10.1.0.1", .destination = "10.2.0.1"});
  const Bytes in = make_inner({.source = "10.2.0.1", .destination = "10.1.0.1"});
  EXPECT_TRUE(pair.admits_outbound(parsed(out)));
  EXPECT_FALSE(pair.admits_inbound(parsed(out)));
  EXPECT_TRUE(pair.admits_inbound(parsed(in)));
  EXPECT_FALSE(pair.admits_outbound(parsed(in)));
}

TEST(SelectorPair, BothEndsOfEachRangeBelongToIt) {
  const SelectorPair pair(prefix_selectors("10.1.0.0/24"), prefix_selectors("10.2.0.0/24"));
  const auto admits = [&](const char* source, const char* destination) {
    const Bytes bytes = make_inner({.source = source, .destination = destination});
    return pair.admits_outbound(parsed(bytes));
  };
  EXPECT_TRUE(admits("10.1.0.0", "10.2.0.255"));
  EXPECT_TRUE(admits("10.1.0.255", "10.2.0.0"));
  EXPECT_FALSE(admits("10.0.255.255", "10.2.0.0"));
  EXPECT_FALSE(admits("10.1.1.0", "10.2.0.0"));
  EXPECT_FALSE(admits("10.1.0.0", "10.2.1.0"));
}

TEST(SelectorPair, Ipv6RangesCompareAllBits) {
  const SelectorPair pair(prefix_selectors("fd01::/64"), prefix_selectors("fd02::/127"));
  const auto admits = [&](const char* source, const char* destination) {
    const Bytes bytes = make_inner({.source = source, .destination = destination});
    return pair.admits_outbound(parsed(bytes));
  };
  EXPECT_TRUE(admits("fd01::ffff:ffff:ffff:ffff", "fd02::1"));
  EXPECT_FALSE(admits("fd01:0:0:1::", "fd02::1"));
  EXPECT_FALSE(admits("fd01::1", "fd02::2"));
}

TEST(SelectorPair, AnyOfOneFamilyDoesNotCarryTheOther) {
  const SelectorPair v4({TrafficSelector::any(IpFamily::V4)}, {TrafficSelector::any(IpFamily::V4)});
  const SelectorPair v6({TrafficSelector::any(IpFamily::V6)}, {TrafficSelector::any(IpFamily::V6)});
  const Bytes packet4 = make_inner({});
  const Bytes packet6 = make_inner({.source = "fd01::1", .destination = "fd02::1"});
  EXPECT_TRUE(v4.admits_inbound(parsed(packet4)));
  EXPECT_FALSE(v4.admits_inbound(parsed(packet6)));
  EXPECT_FALSE(v6.admits_outbound(parsed(packet4)));
  EXPECT_TRUE(v6.admits_outbound(parsed(packet6)));
  EXPECT_FALSE(v4.is_any_both_families());
}

TEST(SelectorPair, AnAnyFamilyOnOneSideAloneIsNotAny) {
  const SelectorPair pair(any_selectors(), prefix_selectors("10.2.0.0/16"));
  EXPECT_FALSE(pair.is_any(IpFamily::V4));
  const Bytes bytes = make_inner({.destination = "10.3.0.1"});
  EXPECT_FALSE(pair.admits_outbound(parsed(bytes)));
}

TEST(SelectorPair, ProtocolsAndPortsAreHeldAgainstTheRightEnd) {
  const SelectorPair pair({with_ports("10.1.0.0/16", 6, 0, 65535)},
                          {with_ports("10.2.0.0/16", 6, 443, 444)});
  const auto admits = [&](uint8_t protocol, uint16_t source, uint16_t destination) {
    const Bytes bytes =
        make_inner({.protocol = protocol, .source_port = source, .destination_port = destination});
    return pair.admits_outbound(parsed(bytes));
  };
  EXPECT_TRUE(admits(6, 50000, 443));
  EXPECT_TRUE(admits(6, 50000, 444));
  EXPECT_FALSE(admits(6, 50000, 445));
  EXPECT_FALSE(admits(6, 443, 50000));
  EXPECT_FALSE(admits(17, 50000, 443));
  const Bytes reply = make_inner({.source = "10.2.0.1",
                                  .destination = "10.1.0.1",
                                  .protocol = 6,
                                  .source_port = 443,
                                  .destination_port = 50000});
  EXPECT_TRUE(pair.admits_inbound(parsed(reply)));
}

TEST(SelectorPair, ALaterFragmentMatchesSelectorsWithoutPortsAlone) {
  Bytes fragment = make_inner({.protocol = 6, .destination_port = 443});
  store_be16(&fragment[6], 0x0010);
  const auto any_source = prefix_selectors("10.1.0.0/16");
  const SelectorPair ported(any_source, {with_ports("10.2.0.0/16", 6, 443, 443)});
  const SelectorPair protocol(any_source, {with_ports("10.2.0.0/16", 6, 0, 65535)});
  const SelectorPair other_protocol(any_source, {with_ports("10.2.0.0/16", 17, 0, 65535)});
  const SelectorPair address(any_source, prefix_selectors("10.2.0.0/16"));
  EXPECT_FALSE(ported.admits_outbound(parsed(fragment)));
  EXPECT_TRUE(protocol.admits_outbound(parsed(fragment)));
  EXPECT_FALSE(other_protocol.admits_outbound(parsed(fragment)));
  EXPECT_TRUE(address.admits_outbound(parsed(fragment)));
}

TEST(SelectorPair, IcmpTypeAndCodeSelect) {
  const uint16_t echo = 8 * 256;
  const SelectorPair pair({with_ports("10.1.0.0/16", 1, echo, echo)},
                          prefix_selectors("10.2.0.0/16"));
  const Bytes request = make_inner({.protocol = 1, .source_port = echo});
  const Bytes other = make_inner({.protocol = 1, .source_port = 13 * 256});
  EXPECT_TRUE(pair.admits_outbound(parsed(request)));
  EXPECT_FALSE(pair.admits_outbound(parsed(other)));
}

TEST(SelectorPair, WithoutSelectorsNothingPasses) {
  const SelectorPair pair({}, {});
  const Bytes bytes = make_inner({});
  EXPECT_FALSE(pair.admits_outbound(parsed(bytes)));
  EXPECT_FALSE(pair.is_any_both_families());
}

bool refuses(const SourceFilter& filter, const char* text) {
  const IpAddress address = *IpAddress::parse(text);
  return filter.refuses(address.family(), to_number(address));
}

TEST(SourceFilter, RefusesMartiansWhenAsked) {
  const SourceFilter filter({.refuse_martians = true, .refused_sources = {}});
  for (const char* martian :
       {"0.0.0.0", "127.0.0.1", "127.255.255.255", "169.254.1.1", "224.0.0.1", "239.255.255.255",
        "255.255.255.255", "::", "::1", "fe80::1", "ff02::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(refuses(filter, martian)) << martian;
    EXPECT_FALSE(refuses(SourceFilter({}), martian)) << martian;
  }
  for (const char* fine : {"1.0.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "10.0.0.1",
                           "223.255.255.255", "::2", "fd01::1", "2001:db8::1", "fec0::1"}) {
    EXPECT_FALSE(refuses(filter, fine)) << fine;
  }
}

TEST(SourceFilter, NestedAndNeighbouringPrefixesAreAllRefused) {
  const auto prefix = [](const char* text) { return *IpPrefix::parse(text); };
  const SourceFilter filter(
      {.refused_sources = {prefix("10.2.0.0/24"), prefix("10.1.0.0/16"), prefix("10.1.128.0/24"),
                           prefix("10.2.1.0/24"), prefix("fd00::/8"), prefix("10.1.0.0/24"),
                           prefix("0.0.0.0/32")}});
  for (const char* own :
       {"0.0.0.0", "10.1.0.0", "10.1.128.3", "10.1.255.255", "10.2.0.0", "10.2.1.255", "fdff::1"}) {
    EXPECT_TRUE(refuses(filter, own)) << own;
  }
  for (const char* other :
       {"0.0.0.1", "10.0.255.255", "10.2.2.0", "255.255.255.255", "fe00::", "::"}) {
    EXPECT_FALSE(refuses(filter, other)) << other;
  }
  EXPECT_EQ(filter.range_count(), 3u) << "0.0.0.0, 10.1.0.0 to 10.2.1.255, fd00::/8";
}

// As the sources are that are behind no prefix of a tunnel.
TEST(SourceFilter, EverythingButAPrefixIsTwoRangesWhateverItIsMadeOf) {
  const IpPrefix own = *IpPrefix::parse("10.2.3.0/24");
  SourcePolicy policy;
  for (unsigned length = 1; length <= own.length(); ++length) {
    const IpPrefix around(own.address(), length - 1);
    const IpPrefix lower(around.address(), length);
    policy.refused_sources.push_back(
        lower.contains(own.address()) ? IpPrefix(around.last_address(), length) : lower);
  }
  const SourceFilter filter(policy);
  EXPECT_EQ(filter.range_count(), 2u);
  for (const char* other : {"0.0.0.0", "10.2.2.255", "10.2.4.0", "255.255.255.255"})
    EXPECT_TRUE(refuses(filter, other)) << other;
  for (const char* inside : {"10.2.3.0", "10.2.3.255"})
    EXPECT_FALSE(refuses(filter, inside)) << inside;
}

}  // namespace
}  // namespace twinspan::esp
