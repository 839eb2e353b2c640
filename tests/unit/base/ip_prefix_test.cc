#include "base/ip_prefix.h"

#include <gtest/gtest.h>

namespace twinspan {
namespace {

IpPrefix prefix(std::string_view text) {
  const auto parsed = IpPrefix::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpPrefix());
}
IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(IpPrefix, PrintsWhatItParsed) {
  for (const char* text :
       {"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.128.0/17", "192.0.2.1/32", "::/0",
        "2001:db8::/32", "2001:db8::8000:0/97", "::1/128"}) {
    EXPECT_EQ(prefix(text).to_string(), text);
  }
  EXPECT_EQ(prefix("192.0.2.1").to_string(), "192.0.2.1/32");
  EXPECT_EQ(prefix("2001:db8::1").to_string(), "2001:db8::1/128");
}

TEST(IpPrefix, RefusesHostBitsAndImpossibleLengths) {
  for (const char* text :
       {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
        "10.0.0.0/8 ", "10.0.0.0/ 8", "10.0.0.0/8/8", "10.0.0.0/0x8", "10.0.0.1/8", "10.1.0.0/15",
        "::/129", "2001:db8::1/64", "10.0.0.0/4294967304", "10.0.0.0/255.0.0.0"}) {
    EXPECT_FALSE(IpPrefix::parse(text)) << text;
  }
}

TEST(IpPrefix, ClearsHostBitsAndKnowsItsLastAddress) {
  for (unsigned length = 0; length <= 32; ++length) {
    const IpPrefix p(ip("255.255.255.255"), length);
    const auto mask = length == 0 ? 0u : 0xffffffffu << (32 - length);
    EXPECT_EQ(p.address(), IpAddress::v4(mask));
    EXPECT_EQ(IpPrefix(ip("0.0.0.0"), length).last_address(), IpAddress::v4(~mask));
  }
  EXPECT_EQ(prefix("2001:db8::/33").last_address(), ip("2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_EQ(prefix("::/0").last_address(), IpAddress::highest(IpFamily::V6));
}

TEST(IpPrefix, ContainsExactlyTheAddressesBetweenFirstAndLast) {
  for (const char* text : {"10.1.128.0/17", "10.1.2.3/32", "2001:db8::/45", "2001:db8::1/128"}) {
    const IpPrefix p = prefix(text);
    EXPECT_TRUE(p.contains(p.address()));
    EXPECT_TRUE(p.contains(p.last_address()));
    EXPECT_FALSE(p.contains(*p.address().previous()));
    EXPECT_FALSE(p.contains(*p.last_address().next()));
  }
}

TEST(IpPrefix, FamiliesNeverContainEachOther) {
  EXPECT_FALSE(IpPrefix::any(IpFamily::V4).contains(ip("::")));
  EXPECT_FALSE(IpPrefix::any(IpFamily::V6).contains(ip("0.0.0.0")));
  EXPECT_FALSE(IpPrefix::any(IpFamily::V4).overlaps(IpPrefix::any(IpFamily::V6)));
}

TEST(IpPrefix, PrefixesNestOrAreApart) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.1.0.0/16")));
  EXPECT_FALSE(prefix("10.1.0.0/16").contains(prefix("10.0.0.0/8")));
  EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.0.0.0/8")));
  EXPECT_TRUE(prefix("10.1.0.0/16").contains(prefix("10.1.0.0/16")));
  EXPECT_FALSE(prefix("10.1.0.0/16").overlaps(prefix("10.2.0.0/16")));
  EXPECT_TRUE(prefix("0.0.0.0/0").contains(prefix("255.255.255.255/32")));
}

TEST(IpPrefixDeathTest, ALengthPastTheFamilyStopsTheProgram) {
  EXPECT_DEATH(IpPrefix(ip("10.0.0.0"), 33), "CHECK failed");
  EXPECT_DEATH(IpPrefix(ip("::"), 129), "CHECK failed");
}

}  // namespace
}  // namespace twinspan
