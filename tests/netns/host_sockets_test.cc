// LinuxHost: outer sockets, who holds them, and which of a group gets a packet.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <set>

#include "tests/netns/host_fixture.h"
#include "tun/socket_address.h"

namespace twinspan::tun {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(HostTest, ATakenPortIsRefusedWithItsOwner) {
  const auto host = make_linux_host({});
  for (const char* taken : {"192.0.2.1", "0.0.0.0", "::"}) {
    const Endpoint holder{address(taken), 4500};
    Bystander other([&] {
      const int fd = ::socket(holder.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
      const int on = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
      sockaddr_in6 in6{};
      sockaddr_in in{};
      in6.sin6_family = AF_INET6;
      in6.sin6_port = htons(4500);
      in.sin_family = AF_INET;
      in.sin_port = htons(4500);
      std::memcpy(&in.sin_addr, holder.address.bytes().data(), 4);
      if (holder.address.is_v4()) {
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&in), sizeof(in)), 0);
      } else {
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&in6), sizeof(in6)), 0);
      }
    });
    for (const unsigned sockets : {1U, 2U}) {
      const auto refused = host->open_udp({{address("192.0.2.1"), 4500}, sockets, true});
      ASSERT_FALSE(refused) << taken;
      EXPECT_THAT(refused.error().to_string(),
                  AllOf(HasSubstr("UDP 192.0.2.1:4500"), HasSubstr(other.pid_text())));
    }
    EXPECT_TRUE(host->open_udp({{address("192.0.2.1"), 500}, 1, true}));
  }
}

TEST_F(HostTest, AnotherGatewaysGroupOfSocketsIsNotJoined) {
  const auto host = make_linux_host({});
  const UdpSocketSpec spec{{address("2001:db8::1"), 4500}, 2, true};
  const auto first = host->open_udp(spec);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_FALSE(host->open_udp(spec));
  EXPECT_TRUE(host->open_udp({{address("192.0.2.1"), 4500}, 2, true}));
}

TEST_F(HostTest, AnAddressThatIsNotHereIsRefusedWithThoseThatAre) {
  const auto host = make_linux_host({});
  const auto udp = host->open_udp({{address("192.0.2.99"), 4500}, 1, true});
  ASSERT_FALSE(udp);
  EXPECT_THAT(udp.error().to_string(),
              AllOf(HasSubstr("192.0.2.99:4500"), HasSubstr("192.0.2.1"), HasSubstr("10.1.0.1")));
  EXPECT_FALSE(host->open_raw_esp(address("2001:db8::99"), 1));
}

TEST_F(HostTest, AnAddressInDuplicateDetectionIsWaitedFor) {
  run("ip addr add 2001:db8::2/64 dev up0");
  const auto sockets = make_linux_host({})->open_udp({{address("2001:db8::2"), 4500}, 1, true});
  EXPECT_TRUE(sockets) << sockets.error().to_string();
}

TEST_F(HostTest, OuterSocketsCarryTheMark) {
  const auto host = claimed_host();
  ASSERT_TRUE(host->set_routes({prefix("0.0.0.0/0")}, {}, {}));
  const auto sockets = host->open_udp({{address("192.0.2.1"), 4500}, 2, true});
  ASSERT_TRUE(sockets);
  for (const UniqueFd& fd : *sockets) {
    uint32_t mark = 0;
    socklen_t length = sizeof(mark);
    ASSERT_EQ(::getsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, &length), 0);
    EXPECT_EQ(mark, kSocketMark);
    int buffer = 0;
    ASSERT_EQ(::getsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &buffer, &length), 0);
    EXPECT_GE(buffer, 8 << 20);
  }
}

// Which of the sockets got the payload; sent over the loopback, so it is there when sendto returns.
int receiver_of(const std::vector<UniqueFd>& sockets) {
  int receiver = -1;
  char bytes[2048];
  for (size_t i = 0; i < sockets.size(); ++i) {
    if (::recv(sockets[i].get(), bytes, sizeof(bytes), MSG_DONTWAIT) < 0) continue;
    EXPECT_EQ(receiver, -1) << "two sockets got it";
    receiver = static_cast<int>(i);
  }
  return receiver;
}

int send_udp(const Endpoint& to, const std::vector<UniqueFd>& sockets, std::string payload) {
  const UniqueFd fd(::socket(to.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM, 0));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(to.port);
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(to.port);
  std::memcpy(&in.sin_addr, to.address.bytes().data(), 4);
  if (to.address.is_v6()) std::memcpy(&in6.sin6_addr, to.address.bytes().data(), 16);
  const auto* target = to.address.is_v4() ? reinterpret_cast<const sockaddr*>(&in)
                                          : reinterpret_cast<const sockaddr*>(&in6);
  const socklen_t length = to.address.is_v4() ? sizeof(in) : sizeof(in6);
  EXPECT_GE(::sendto(fd.get(), payload.data(), payload.size(), 0, target, length), 0);
  return receiver_of(sockets);
}

std::string spi_bytes(uint32_t spi) {
  std::string bytes(64, 'x');
  store_be32(reinterpret_cast<uint8_t*>(bytes.data()), spi);
  return bytes;
}

TEST_F(HostTest, UdpEncapsulatedEspReachesTheSocketOfItsSpi) {
  const auto host = make_linux_host({});
  for (const char* local : {"192.0.2.1", "2001:db8::1"}) {
    const Endpoint esp{address(local), 4500};
    const auto sockets = host->open_udp({esp, 3, true});
    ASSERT_TRUE(sockets);
    for (const uint32_t spi : {256U, 257U, 258U, 0x80000000U, 0xffffffffU}) {
      EXPECT_EQ(send_udp(esp, *sockets, spi_bytes(spi)), static_cast<int>(spi % 3)) << spi;
    }
    EXPECT_EQ(send_udp(esp, *sockets, spi_bytes(0)), 0) << "IKE behind its marker";
    EXPECT_EQ(send_udp(esp, *sockets, "\xff"), 0) << "keepalive";
    const Endpoint ike{address(local), 500};
    const auto ike_sockets = host->open_udp({ike, 3, false});
    ASSERT_TRUE(ike_sockets);
    EXPECT_EQ(send_udp(ike, *ike_sockets, spi_bytes(257)), 0) << "an initiator's SPI";
  }
}

Endpoint endpoint_of(const UniqueFd& fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length), 0);
  return to_endpoint(storage);
}

TEST_F(HostTest, SendersHaveMarkedPortsOfTheirOwnAndTakeNothingInButIke) {
  const auto host = make_linux_host({});
  for (const char* local : {"192.0.2.1", "2001:db8::1"}) {
    const auto senders = host->open_udp_senders(address(local), 3);
    ASSERT_TRUE(senders) << senders.error().to_string();
    std::set<uint16_t> ports;
    for (const UniqueFd& fd : *senders) {
      uint32_t mark = 0;
      socklen_t length = sizeof(mark);
      ASSERT_EQ(::getsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, &length), 0);
      EXPECT_EQ(mark, kSocketMark);
      const Endpoint own = endpoint_of(fd);
      EXPECT_EQ(own.address, address(local));
      ports.insert(own.port);
      EXPECT_EQ(send_udp(own, *senders, spi_bytes(300)), -1) << "nobody gets it";
      EXPECT_EQ(send_udp(own, *senders, "\xff"), -1);
      EXPECT_EQ(send_udp(own, *senders, spi_bytes(0)), static_cast<int>(&fd - senders->data()));
    }
    EXPECT_EQ(ports.size(), 3U);
    EXPECT_FALSE(ports.contains(0));
  }
  EXPECT_FALSE(host->open_udp_senders(address("192.0.2.99"), 1));
}

TEST_F(HostTest, RawEspReachesTheSocketOfItsSpiAndOneGatewayOnly) {
  const auto host = make_linux_host({});
  for (const char* local : {"192.0.2.1", "2001:db8::1"}) {
    const IpAddress own = address(local);
    const auto sockets = host->open_raw_esp(own, 2);
    ASSERT_TRUE(sockets) << sockets.error().to_string();
    const UniqueFd sender(::socket(own.is_v4() ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_ESP));
    for (const uint32_t spi : {256U, 257U, 0xffffffffU}) {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      std::memcpy(&in.sin_addr, own.bytes().data(), 4);
      sockaddr_in6 in6{};
      in6.sin6_family = AF_INET6;
      if (own.is_v6()) std::memcpy(&in6.sin6_addr, own.bytes().data(), 16);
      const auto* target = own.is_v4() ? reinterpret_cast<const sockaddr*>(&in)
                                       : reinterpret_cast<const sockaddr*>(&in6);
      const std::string packet = spi_bytes(spi);
      ASSERT_GT(::sendto(sender.get(), packet.data(), packet.size(), 0, target,
                         own.is_v4() ? sizeof(in) : sizeof(in6)),
                0);
      EXPECT_EQ(receiver_of(*sockets), static_cast<int>(spi % 2)) << spi;
    }
    const auto second = host->open_raw_esp(own, 1);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().to_string(), HasSubstr(std::to_string(::getpid())));
  }
}

}  // namespace
}  // namespace twinspan::tun
