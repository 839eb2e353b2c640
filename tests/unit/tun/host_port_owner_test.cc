#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tun/port_owner.h"

namespace twinspan::tun {
namespace {

// As a kernel on a little-endian machine prints them.
constexpr const char* kUdpTable =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n"
    "  512: 00000000:1194 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "4711 2 0000000000000000 0\n"
    "  600: 010200C0:1194 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "4712 2 0000000000000000 0\n";
constexpr const char* kUdp6Table =
    "  sl  local_address                         remote_address                        st tx_queue "
    "rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"
    " 700: B80D0120000000000000000001000000:01F4 00000000000000000000000000000000:0000 07 "
    "00000000:00000000 00:00000000 00000000     0        0 4713 2 0000000000000000 0\n";

Endpoint endpoint(const char* text, uint16_t port) {
  return {*IpAddress::parse(text), port};
}

TEST(HostPortOwner, RowsOfBothFamiliesAreRead) {
  const auto udp = parse_bound_sockets(kUdpTable);
  ASSERT_EQ(udp.size(), 2U);
  EXPECT_EQ(udp[0].local, endpoint("0.0.0.0", 4500));
  EXPECT_EQ(udp[1].local, endpoint("192.0.2.1", 4500));
  EXPECT_EQ(udp[1].inode, 4712U);
  const auto udp6 = parse_bound_sockets(kUdp6Table);
  ASSERT_EQ(udp6.size(), 1U);
  EXPECT_EQ(udp6[0].local, endpoint("2001:db8::1", 500));
}

TEST(HostPortOwner, RowsThatAreNotUnderstoodAreSkipped) {
  EXPECT_TRUE(parse_bound_sockets("").empty());
  EXPECT_TRUE(parse_bound_sockets("sl local_address\n 1: zz:1194 x x x x x x x 12\n").empty());
  EXPECT_TRUE(parse_bound_sockets("1: 00000000:11941194 a b c d e f g 12\n").empty());
  EXPECT_TRUE(parse_bound_sockets("1: 00000000 a b c d e f g h 12\n").empty());
}

TEST(HostPortOwner, TheVeryAddressIsNamedBeforeTheWildcard) {
  const auto conflicts =
      find_conflicts(parse_bound_sockets(kUdpTable), endpoint("192.0.2.1", 4500));
  ASSERT_EQ(conflicts.size(), 2U);
  EXPECT_EQ(conflicts[0].inode, 4712U);
  EXPECT_EQ(conflicts[1].inode, 4711U);
}

TEST(HostPortOwner, OtherPortsAndAddressesDoNotConflict) {
  const auto sockets = parse_bound_sockets(kUdpTable);
  EXPECT_TRUE(find_conflicts(sockets, endpoint("192.0.2.1", 500)).empty());
  EXPECT_EQ(find_conflicts(sockets, endpoint("192.0.2.9", 4500)).size(), 1U);
  EXPECT_TRUE(find_conflicts(sockets, endpoint("2001:db8::1", 4500)).empty());
}

TEST(HostPortOwner, TheIpv6WildcardMayHoldAnIpv4Port) {
  const std::vector<BoundSocket> sockets{{endpoint("::", 4500), 1}};
  EXPECT_EQ(find_conflicts(sockets, endpoint("192.0.2.1", 4500)).size(), 1U);
  EXPECT_EQ(find_conflicts(sockets, endpoint("2001:db8::1", 4500)).size(), 1U);
}

TEST(HostPortOwner, AUnixSocketIsFoundByItsWholeName) {
  const char* table =
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 12 @twinspan-host-10\n"
      "0000000000000000: 00000002 00000000 00000000 0002 01 13 @twinspan-host-1\n"
      "0000000000000000: 00000002 00000000 00000000 0002 01 14\n";
  EXPECT_EQ(find_unix_inode(table, "@twinspan-host-1"), 13U);
  EXPECT_EQ(find_unix_inode(table, "@twinspan-host-2"), std::nullopt);
}

}  // namespace
}  // namespace twinspan::tun
