#include "policy/identity.h"

#include <gtest/gtest.h>

namespace twinspan::policy {
namespace {

Identity parsed(std::string_view text) {
  const auto identity = parse_identity(text);
  EXPECT_TRUE(identity.has_value()) << text;
  return identity.value_or(Identity{});
}

TEST(Identity, TheFormFollowsFromTheText) {
  EXPECT_EQ(parsed("192.0.2.1"), (Identity{IdentityType::Ipv4, "192.0.2.1"}));
  EXPECT_EQ(parsed("2001:DB8::0:1"), (Identity{IdentityType::Ipv6, "2001:db8::1"}));
  EXPECT_EQ(parsed("gw-a.example.net"), (Identity{IdentityType::Fqdn, "gw-a.example.net"}));
  EXPECT_EQ(parsed("gateway"), (Identity{IdentityType::Fqdn, "gateway"}));
  EXPECT_EQ(parsed("gw@example.net"), (Identity{IdentityType::Email, "gw@example.net"}));
  EXPECT_EQ(parsed("keyid:blue @ 7"), (Identity{IdentityType::KeyId, "blue @ 7"}));
}

TEST(Identity, WhatHasNoGoodFormIsNone) {
  for (const char* const text :
       {"", "keyid:", "@gw", "gw@", "a@b@c", "192.0.2.300", "192.0.2.0/24", "2001:db8:::1", "1234",
        "a b", "a..b", ".a", "-a", "a\tb", "*.example.net", "b\xC3\xA4r"}) {
    EXPECT_FALSE(parse_identity(text).has_value()) << text;
  }
  EXPECT_TRUE(parse_identity(std::string(kIdentityMax, 'a')).has_value());
  EXPECT_FALSE(parse_identity(std::string(kIdentityMax + 1, 'a')).has_value());
}

}  // namespace
}  // namespace twinspan::policy
