#include "base/ip_address.h"

#include <gtest/gtest.h>

#include <unordered_set>

#include "base/endpoint.h"

namespace twinspan {
namespace {

IpAddress ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress());
}

TEST(IpAddress, PrintsWhatItParsed) {
  for (const char* text : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "fe80::1",
                           "2001:db8::ff00:42:8329", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_EQ(ip(text).to_string(), text);
  }
  EXPECT_EQ(ip("2001:DB8:0:0:0:0:0:1").to_string(), "2001:db8::1");
}

TEST(IpAddress, RefusesAllElse) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv, "1.2.3.4 "sv, " 1.2.3.4"sv, "1.2.3.4/32"sv,
        "0x7f.1.1.1"sv, "01.2.3.4"sv, "1::2::3"sv, ":::"sv, "fe80::1%eth0"sv, "[::1]"sv,
        "1.2.3.4\0"sv, "example.net"sv, "12345::"sv}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, MakersAgreeWithTheParser) {
  const uint8_t v4[] = {192, 0, 2, 1};
  EXPECT_EQ(IpAddress::v4(v4), ip("192.0.2.1"));
  EXPECT_EQ(IpAddress::v4(0xc0000201), ip("192.0.2.1"));
  const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(IpAddress::v6(v6), ip("2001:db8::1"));
  EXPECT_EQ(IpAddress(), ip("0.0.0.0"));
  EXPECT_EQ(IpAddress::any(IpFamily::V6), ip("::"));
  EXPECT_EQ(IpAddress::highest(IpFamily::V4), ip("255.255.255.255"));
  EXPECT_EQ(ip("192.0.2.1").bytes().size(), 4u);
  EXPECT_EQ(ip("2001:db8::1").bytes().size(), 16u);
}

TEST(IpAddress, OrderIsFamilyThenNumber) {
  EXPECT_LT(ip("9.255.255.255"), ip("10.0.0.0"));
  EXPECT_LT(ip("10.0.0.255"), ip("10.0.1.0"));
  EXPECT_LT(ip("255.255.255.255"), ip("::"));
  EXPECT_LT(ip("2001:db8::ffff"), ip("2001:db8::1:0"));
  EXPECT_NE(ip("0.0.0.0"), ip("::"));
}

TEST(IpAddress, NeighboursCarryAndStopAtTheEnds) {
  EXPECT_EQ(ip("10.0.0.255").next(), ip("10.0.1.0"));
  EXPECT_EQ(ip("10.0.1.0").previous(), ip("10.0.0.255"));
  EXPECT_EQ(ip("2001:db8::ffff:ffff").next(), ip("2001:db8::1:0:0"));
  EXPECT_EQ(ip("2001:db8::1:0:0").previous(), ip("2001:db8::ffff:ffff"));
  for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
    EXPECT_EQ(IpAddress::highest(family).next(), std::nullopt);
    EXPECT_EQ(IpAddress::any(family).previous(), std::nullopt);
    EXPECT_EQ(IpAddress::any(family).next()->previous(), IpAddress::any(family));
    EXPECT_EQ(IpAddress::highest(family).previous()->next(), IpAddress::highest(family));
  }
}

TEST(IpAddress, KnowsItsSpecialRanges) {
  EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
  EXPECT_TRUE(ip("::").is_unspecified());
  EXPECT_FALSE(ip("0.0.0.1").is_unspecified());
  EXPECT_TRUE(ip("127.255.0.1").is_loopback());
  EXPECT_FALSE(ip("128.0.0.1").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("::2").is_loopback());
  EXPECT_TRUE(ip("224.0.0.1").is_multicast());
  EXPECT_TRUE(ip("239.255.255.255").is_multicast());
  EXPECT_FALSE(ip("223.255.255.255").is_multicast());
  EXPECT_FALSE(ip("240.0.0.0").is_multicast());
  EXPECT_TRUE(ip("ff02::1").is_multicast());
  EXPECT_FALSE(ip("fe80::1").is_multicast());
  EXPECT_TRUE(ip("169.254.1.1").is_link_local());
  EXPECT_FALSE(ip("169.253.1.1").is_link_local());
  EXPECT_TRUE(ip("febf::1").is_link_local());
  EXPECT_FALSE(ip("fec0::1").is_link_local());
}

TEST(IpAddress, HashesByValue) {
  std::unordered_set<IpAddress> set;
  for (const char* text : {"10.0.0.1", "10.0.0.2", "::1", "10.0.0.1", "::1"}) set.insert(ip(text));
  EXPECT_EQ(set.size(), 3u);
}

TEST(Endpoint, PrintsSixWithBrackets) {
  EXPECT_EQ((Endpoint{ip("192.0.2.1"), 4500}).to_string(), "192.0.2.1:4500");
  EXPECT_EQ((Endpoint{ip("2001:db8::1"), 500}).to_string(), "[2001:db8::1]:500");
}

}  // namespace
}  // namespace twinspan
