// The self-test of UDP trains against the kernel as it is, and against kernels that get it wrong.
#include "tun/gso_self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>
#include <functional>

#include "base/bytes.h"

namespace twinspan::tun {
namespace {

// The system's kernel, behind something that changes what is sent.
class WrongKernel : public PacketIo {
 public:
  explicit WrongKernel(std::function<void(Bytes&)> change) : change_(std::move(change)) {}

  int sendmmsg(int fd, std::span<mmsghdr> messages) override {
    for (mmsghdr& message : messages) {
      auto* const base = static_cast<uint8_t*>(message.msg_hdr.msg_iov->iov_base);
      Bytes bytes(base, base + message.msg_hdr.msg_iov->iov_len);
      change_(bytes);
      iovec changed{bytes.data(), bytes.size()};
      mmsghdr copy = message;
      copy.msg_hdr.msg_iov = &changed;
      if (PacketIo::sendmmsg(fd, {&copy, 1}) != 1) return -1;
    }
    return static_cast<int>(messages.size());
  }

 private:
  std::function<void(Bytes&)> change_;
};

TEST(GsoSelfTest, ThisKernelIsSound) {
  EXPECT_EQ(find_gso_flaw(system_packet_io()), std::nullopt);
}

TEST(GsoSelfTest, AByteThatChangesIsNoticedAndNamed) {
  WrongKernel io([](Bytes& bytes) {
    if (bytes.size() > 3000) bytes[2 * 1452] ^= 1;
  });
  EXPECT_EQ(find_gso_flaw(io), "IPv4, UDP_GRO off: datagram 3 of 21 has other bytes");
}

TEST(GsoSelfTest, DatagramsThatChangePlacesAreNoticed) {
  WrongKernel io([](Bytes& bytes) {
    if (bytes.size() == 64 * 104) std::swap_ranges(&bytes[0], &bytes[104], &bytes[104]);
  });
  EXPECT_EQ(find_gso_flaw(io), "IPv4, UDP_GRO off: datagram 1 of 64 has other bytes");
}

TEST(GsoSelfTest, ALostTailIsNoticed) {
  WrongKernel io([](Bytes& bytes) {
    if (bytes.size() > 20 * 1452) bytes.resize(20 * 1452);
  });
  EXPECT_EQ(find_gso_flaw(io), "IPv4, UDP_GRO off: 20 of 21 datagrams came");
}

TEST(GsoSelfTest, ATailThatIsCutIsNoticed) {
  WrongKernel io([](Bytes& bytes) {
    if (bytes.size() > 20 * 1452) bytes.pop_back();
  });
  EXPECT_EQ(find_gso_flaw(io), "IPv4, UDP_GRO off: datagram 21 of 21 has 332 bytes instead of 333");
}

// What fails openly is for the packet path's own fall-back.
TEST(GsoSelfTest, ARefusalIsNoFlaw) {
  class Refusing : public PacketIo {
   public:
    int sendmmsg(int, std::span<mmsghdr>) override {
      errno = EIO;
      return -1;
    }
  } io;
  EXPECT_EQ(find_gso_flaw(io), std::nullopt);
}

}  // namespace
}  // namespace twinspan::tun
