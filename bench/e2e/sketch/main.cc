// The baseline of the namespace benchmark: what a gateway costs that neither encrypts nor keeps
// state, with the offloads of TUN (TCP segmentation) and UDP (UDP_SEGMENT, UDP_GRO) and nothing
// else.
//
//   sketch DEVICE LOCAL REMOTE PORT
//
// It is not a VPN, and it stays as it is: what is compared with it must not move it along. One
// thread each way, blocking calls, one system call per super-packet; ends on SIGTERM or SIGINT.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "bench/e2e/sketch/inbound.h"
#include "bench/e2e/sketch/outbound.h"

namespace {

constexpr int kSocketBufferBytes = 8 << 20;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int open_device(const char* name) {
  const int fd = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (fd < 0) fail("sketch: /dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
  if (::ioctl(fd, TUNSETIFF, &request) != 0) fail("sketch: TUNSETIFF");
  if (::ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) != 0) fail("sketch: TUNSETOFFLOAD");
  return fd;
}

sockaddr_in make_address(const char* text, const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  ::inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

int open_socket(const sockaddr_in& local, const sockaddr_in& remote) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kSocketBufferBytes, sizeof kSocketBufferBytes);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kSocketBufferBytes, sizeof kSocketBufferBytes);
  if (::setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) != 0) fail("sketch: UDP_GRO");
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    fail("sketch: bind");
  }
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&remote), sizeof remote) != 0) {
    fail("sketch: connect");
  }
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: sketch DEVICE LOCAL REMOTE PORT\n", stderr);
    return 2;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int tun = open_device(argv[1]);
  const int udp = open_socket(make_address(argv[2], argv[4]), make_address(argv[3], argv[4]));
  std::thread([=] { twinspan::sketch::Outbound(tun, udp).run(); }).detach();
  std::thread([=] { twinspan::sketch::Inbound(tun, udp).run(); }).detach();
  std::puts("ready");
  std::fflush(stdout);
  int number = 0;
  sigwait(&signals, &number);
  std::_Exit(0);  // Both threads are inside blocking calls.
}
