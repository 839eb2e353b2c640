#include "ike/core/remote_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace twinspan::ike {
namespace {

using testing::ElementsAre;

IpAddress at(const char* text) {
  return *IpAddress::parse(text);
}

const IpAddress kLocal = at("192.0.2.1");

TEST(RemoteName, TriesEachAddressInTurnWhateverTheOrderOfTheAnswers) {
  RemoteName name;
  name.take({at("192.0.2.2"), at("192.0.2.3")}, kLocal);
  EXPECT_EQ(name.next(), at("192.0.2.2"));
  name.take({at("192.0.2.2"), at("192.0.2.3")}, kLocal);
  EXPECT_EQ(name.next(), at("192.0.2.3"));
  name.take({at("192.0.2.3"), at("192.0.2.2")}, kLocal);
  EXPECT_EQ(name.next(), at("192.0.2.3"));  // A new round.
  name.take({at("192.0.2.3"), at("192.0.2.2")}, kLocal);
  EXPECT_EQ(name.next(), at("192.0.2.2"));
}

TEST(RemoteName, ForgetsWhatItTriedWhenItIsConnectedOrTheAddressIsGone) {
  RemoteName name;
  name.take({at("192.0.2.2"), at("192.0.2.3")}, kLocal);
  EXPECT_EQ(name.next(), at("192.0.2.2"));
  name.connected();
  EXPECT_EQ(name.next(), at("192.0.2.2"));
  name.take({at("192.0.2.4")}, kLocal);
  EXPECT_EQ(name.next(), at("192.0.2.4"));
  EXPECT_EQ(name.next(), at("192.0.2.4"));
}

TEST(RemoteName, KeepsWhatATunnelMayLeadTo) {
  RemoteName name;
  name.take({at("0.0.0.0"), at("127.0.0.1"), at("224.0.0.1"), at("255.255.255.255"),
             at("169.254.1.1"), at("2001:db8::1"), kLocal, at("198.51.100.1"), at("198.51.100.1")},
            kLocal);
  EXPECT_THAT(name.addresses(), ElementsAre(at("198.51.100.1")));
  name.take({at("fe80::1"), at("::1"), at("192.0.2.2"), at("2001:db8::1")}, at("2001:db8::9"));
  EXPECT_THAT(name.addresses(), ElementsAre(at("2001:db8::1")));
  name.take({}, kLocal);
  EXPECT_EQ(name.next(), std::nullopt);
}

TEST(RemoteName, IsBounded) {
  std::vector<IpAddress> many;
  for (uint32_t i = 0; i < 1000; ++i) many.push_back(IpAddress::v4(0xc6336400 + i));
  RemoteName name;
  name.take(many, kLocal);
  EXPECT_EQ(name.addresses().size(), kRemoteAddressesMax);
  EXPECT_LT(describe_useless(many, kLocal).size(), 400u);
}

}  // namespace
}  // namespace twinspan::ike
