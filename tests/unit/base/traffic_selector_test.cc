#include "base/traffic_selector.h"

#include <gtest/gtest.h>

#include <random>

namespace twinspan {
namespace {

TrafficSelector net(std::string_view text) {
  return TrafficSelector::from_prefix(IpPrefix::parse(text).value());
}

TrafficSelector range(std::string_view first, std::string_view last) {
  return {.first_address = IpAddress::parse(first).value(),
          .last_address = IpAddress::parse(last).value()};
}

TrafficSelector with_ports(TrafficSelector selector, uint8_t protocol, uint16_t first,
                           uint16_t last) {
  selector.protocol = protocol;
  selector.first_port = first;
  selector.last_port = last;
  return selector;
}

const TrafficSelector kAny4 = TrafficSelector::any(IpFamily::V4);
const TrafficSelector kAny6 = TrafficSelector::any(IpFamily::V6);

TEST(TrafficSelector, AnyIsEveryPacketOfItsFamilyOnly) {
  EXPECT_TRUE(kAny4.is_any());
  EXPECT_TRUE(kAny6.is_any());
  EXPECT_FALSE(net("0.0.0.0/1").is_any());
  EXPECT_FALSE(with_ports(kAny4, 6, 0, 65535).is_any());
  EXPECT_FALSE(with_ports(kAny4, 0, 0, 65534).is_any());
  EXPECT_TRUE(kAny4.contains(IpAddress::highest(IpFamily::V4)));
  EXPECT_FALSE(kAny4.contains(IpAddress::any(IpFamily::V6)));
  EXPECT_FALSE(kAny6.contains(kAny4));
}

TEST(TrafficSelector, PrintsPrefixesRangesProtocolsAndPorts) {
  EXPECT_EQ(kAny4.to_string(), "0.0.0.0/0");
  EXPECT_EQ(kAny6.to_string(), "::/0");
  EXPECT_EQ(net("10.1.0.0/16").to_string(), "10.1.0.0/16");
  EXPECT_EQ(range("10.0.0.1", "10.0.0.9").to_string(), "10.0.0.1-10.0.0.9");
  EXPECT_EQ(range("10.0.0.1", "10.0.0.1").to_string(), "10.0.0.1/32");
  EXPECT_EQ(range("10.0.0.0", "10.0.1.255").to_string(), "10.0.0.0/23");
  EXPECT_EQ(range("10.0.1.0", "10.0.2.255").to_string(), "10.0.1.0-10.0.2.255");
  EXPECT_EQ(with_ports(net("10.1.0.0/16"), 6, 443, 443).to_string(), "10.1.0.0/16[6/443]");
  EXPECT_EQ(with_ports(net("10.1.0.0/16"), 17, 1, 99).to_string(), "10.1.0.0/16[17/1-99]");
  EXPECT_EQ(with_ports(net("10.1.0.0/16"), 1, 0, 65535).to_string(), "10.1.0.0/16[1]");
  EXPECT_EQ(with_ports(net("10.1.0.0/16"), 0, 53, 53).to_string(), "10.1.0.0/16[any/53]");
  EXPECT_EQ(to_string(TrafficSelectors{net("10.1.0.0/16"), kAny6}), "10.1.0.0/16, ::/0");
  EXPECT_EQ(to_string(TrafficSelectors{}), "");
}

TEST(TrafficSelector, ContainmentNeedsAddressesProtocolAndPorts) {
  const TrafficSelector outer = with_ports(net("10.0.0.0/8"), 6, 100, 200);
  EXPECT_TRUE(outer.contains(outer));
  EXPECT_TRUE(outer.contains(with_ports(net("10.1.0.0/16"), 6, 150, 150)));
  EXPECT_FALSE(outer.contains(with_ports(net("11.0.0.0/16"), 6, 150, 150)));
  EXPECT_FALSE(outer.contains(with_ports(net("10.1.0.0/16"), 17, 150, 150)));
  EXPECT_FALSE(outer.contains(with_ports(net("10.1.0.0/16"), 0, 150, 150)));
  EXPECT_FALSE(outer.contains(with_ports(net("10.1.0.0/16"), 6, 99, 150)));
  EXPECT_FALSE(outer.contains(with_ports(net("10.1.0.0/16"), 6, 150, 201)));
  EXPECT_TRUE(net("10.0.0.0/8").contains(outer));
}

TEST(TrafficSelector, IntersectionTakesTheNarrowerOfEachField) {
  const auto both = TrafficSelector::intersect(with_ports(net("10.0.0.0/8"), 0, 100, 200),
                                               with_ports(net("10.1.0.0/16"), 6, 150, 300));
  EXPECT_EQ(both, with_ports(net("10.1.0.0/16"), 6, 150, 200));
  EXPECT_EQ(
      TrafficSelector::intersect(range("10.0.0.1", "10.0.0.9"), range("10.0.0.9", "10.0.1.0")),
      range("10.0.0.9", "10.0.0.9"));
}

TEST(TrafficSelector, NothingInCommonHasNoIntersection) {
  const auto apart = [](const TrafficSelector& a, const TrafficSelector& b) {
    return !TrafficSelector::intersect(a, b) && !TrafficSelector::intersect(b, a);
  };
  EXPECT_TRUE(apart(kAny4, kAny6));
  EXPECT_TRUE(apart(net("10.1.0.0/16"), net("10.2.0.0/16")));
  EXPECT_TRUE(apart(with_ports(kAny4, 6, 0, 65535), with_ports(kAny4, 17, 0, 65535)));
  EXPECT_TRUE(apart(with_ports(kAny4, 6, 1, 99), with_ports(kAny4, 6, 100, 200)));
}

TEST(TrafficSelector, InvertedRangesAndOpaquePortsAdmitNothing) {
  // RFC 7296 3.13.1: OPAQUE is start port 65535 with end port 0.
  const TrafficSelector opaque = with_ports(net("10.1.0.0/16"), 6, 65535, 0);
  const TrafficSelector inverted = range("10.1.0.9", "10.1.0.1");
  EXPECT_TRUE(narrow({opaque, inverted}, {kAny4}).empty());
  EXPECT_TRUE(narrow({kAny4}, {opaque, inverted}).empty());
}

TEST(TrafficSelector, NarrowKeepsTheProposalsOrderAndDropsTheRest) {
  const TrafficSelectors allowed{net("10.1.0.0/16"), net("10.2.0.0/16")};
  EXPECT_EQ(narrow({net("10.2.0.0/24"), net("192.0.2.0/24"), net("10.1.0.0/24")}, allowed),
            (TrafficSelectors{net("10.2.0.0/24"), net("10.1.0.0/24")}));
  EXPECT_EQ(narrow({kAny4}, allowed), allowed);
  EXPECT_EQ(narrow({kAny4, kAny6}, {kAny6}), TrafficSelectors{kAny6});
}

TEST(TrafficSelector, NarrowIsEmptyWhenNothingIsAcceptable) {
  EXPECT_TRUE(narrow({net("10.3.0.0/16")}, {net("10.1.0.0/16")}).empty());
  EXPECT_TRUE(narrow({}, {kAny4}).empty());
  EXPECT_TRUE(narrow({kAny4}, {}).empty());
}

TEST(TrafficSelector, NarrowGivesNoDuplicatesAndNothingInsideAnother) {
  EXPECT_EQ(narrow({kAny4, kAny4}, {kAny4}), TrafficSelectors{kAny4});
  EXPECT_EQ(narrow({net("10.1.0.0/24"), kAny4}, {net("10.1.0.0/16")}),
            TrafficSelectors{net("10.1.0.0/16")});
  // The initiator's packet (RFC 7296 2.9) comes first and lies inside the next one.
  EXPECT_EQ(narrow({with_ports(net("10.1.0.5/32"), 6, 443, 443), net("10.1.0.0/16")}, {kAny4}),
            TrafficSelectors{net("10.1.0.0/16")});
}

TEST(TrafficSelector, NarrowNeverMakesMoreThanAPayloadCanHold) {
  TrafficSelectors proposed, allowed;
  for (uint16_t i = 0; i < 20; ++i) {
    proposed.push_back({.protocol = 17,
                        .first_port = static_cast<uint16_t>(i * 1000),
                        .last_port = static_cast<uint16_t>(i * 1000 + 9),
                        .first_address = *IpAddress::parse("10.0.0.0"),
                        .last_address = *IpAddress::parse("10.0.255.255")});
    const IpAddress host = IpAddress::v4((10u << 24) | (uint32_t{i} << 8));
    allowed.push_back(TrafficSelector::from_prefix(IpPrefix(host, 24)));
  }
  EXPECT_EQ(narrow(proposed, allowed).size(), kTrafficSelectorsMax);
}

TEST(TrafficSelector, CoversAsksEverySelectorOfTheInnerList) {
  const TrafficSelectors outer{net("10.1.0.0/16"), net("10.2.0.0/16")};
  EXPECT_TRUE(covers(outer, {net("10.1.0.0/24"), net("10.2.9.0/24")}));
  EXPECT_FALSE(covers(outer, {net("10.1.0.0/24"), net("10.3.0.0/24")}));
  EXPECT_FALSE(covers(outer, {net("10.0.0.0/8")}));
  EXPECT_TRUE(covers(outer, {}));
  EXPECT_FALSE(covers({}, outer));
}

// ---- Properties over random lists in a small world, so that selectors often meet ----

class SmallWorld {
 public:
  explicit SmallWorld(uint64_t seed) : engine_(seed) {}

  TrafficSelectors selectors() {
    TrafficSelectors list;
    for (uint64_t count = below(5); count > 0; --count) list.push_back(selector());
    return list;
  }

  // A single packet, as the selector that holds nothing else.
  TrafficSelector packet() {
    const IpAddress address = IpAddress::v4(0x0a000000 + static_cast<uint32_t>(below(16)));
    const auto port = static_cast<uint16_t>(below(8));
    return {.protocol = below(2) == 0 ? uint8_t{6} : uint8_t{17},
            .first_port = port,
            .last_port = port,
            .first_address = address,
            .last_address = address};
  }

 private:
  uint64_t below(uint64_t limit) { return engine_() % limit; }

  TrafficSelector selector() {
    static constexpr uint8_t kProtocols[] = {0, 6, 17};
    uint64_t a = below(16), b = below(16), p = below(8), q = below(8);
    if (a > b) std::swap(a, b);
    if (p > q) std::swap(p, q);
    const bool all_ports = below(2) == 0;
    return {.protocol = kProtocols[below(3)],
            .first_port = all_ports ? uint16_t{0} : static_cast<uint16_t>(p),
            .last_port = all_ports ? uint16_t{65535} : static_cast<uint16_t>(q),
            .first_address = IpAddress::v4(0x0a000000 + static_cast<uint32_t>(a)),
            .last_address = IpAddress::v4(0x0a000000 + static_cast<uint32_t>(b))};
  }

  std::mt19937_64 engine_;
};

bool admits(const TrafficSelectors& list, const TrafficSelector& packet) {
  return std::any_of(list.begin(), list.end(),
                     [&](const TrafficSelector& selector) { return selector.contains(packet); });
}

TEST(TrafficSelector, NarrowAdmitsExactlyThePacketsThatBothSidesAdmit) {
  size_t admitted = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SmallWorld world(seed);
    const TrafficSelectors proposed = world.selectors(), allowed = world.selectors();
    const TrafficSelectors result = narrow(proposed, allowed);
    for (int i = 0; i < 50; ++i) {
      const TrafficSelector packet = world.packet();
      const bool expected = admits(proposed, packet) && admits(allowed, packet);
      ASSERT_EQ(admits(result, packet), expected) << "seed " << seed << " " << packet.to_string();
      admitted += expected ? 1 : 0;
    }
  }
  EXPECT_GT(admitted, 1000u);
}

TEST(TrafficSelector, NarrowIsCoveredByBothSidesAndIsMinimalAndStable) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SmallWorld world(seed);
    const TrafficSelectors proposed = world.selectors(), allowed = world.selectors();
    const TrafficSelectors result = narrow(proposed, allowed);
    ASSERT_TRUE(covers(proposed, result)) << "seed " << seed;
    ASSERT_TRUE(covers(allowed, result)) << "seed " << seed;
    for (size_t i = 0; i < result.size(); ++i) {
      for (size_t j = 0; j < result.size(); ++j) {
        ASSERT_FALSE(i != j && result[i].contains(result[j])) << "seed " << seed;
      }
    }
    ASSERT_EQ(narrow(result, allowed), result) << "seed " << seed;
    ASSERT_EQ(result.empty(), narrow(allowed, proposed).empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace twinspan
