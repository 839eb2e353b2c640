#include "tun/error_queue.h"

#include <linux/errqueue.h>
#include <netinet/in.h>

#include "tun/socket_address.h"

namespace twinspan::tun {
namespace {

constexpr uint8_t kIcmpUnreachable = 3, kIcmpFragmentationNeeded = 4, kIcmp6TooBig = 2;

bool is_error_control(const cmsghdr& control) {
  return (control.cmsg_level == IPPROTO_IP && control.cmsg_type == IP_RECVERR) ||
         (control.cmsg_level == IPPROTO_IPV6 && control.cmsg_type == IPV6_RECVERR);
}

bool is_too_big(const sock_extended_err& error) {
  switch (error.ee_origin) {
    case SO_EE_ORIGIN_LOCAL:
      return error.ee_errno == EMSGSIZE;
    case SO_EE_ORIGIN_ICMP:
      return error.ee_type == kIcmpUnreachable && error.ee_code == kIcmpFragmentationNeeded;
    case SO_EE_ORIGIN_ICMP6:
      return error.ee_type == kIcmp6TooBig;
    default:
      return false;
  }
}

}  // namespace

std::optional<TooBigReport> parse_error(msghdr& message, ByteView quoted) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (!is_error_control(*c) || c->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(c), sizeof error);
    if (!is_too_big(error) || message.msg_name == nullptr) return std::nullopt;
    sockaddr_storage destination{};
    std::memcpy(&destination, message.msg_name,
                std::min<size_t>(message.msg_namelen, sizeof destination));
    TooBigReport report{.destination = to_endpoint(destination).address,
                        .mtu = error.ee_info,
                        .is_local = error.ee_origin == SO_EE_ORIGIN_LOCAL,
                        .spi = std::nullopt};
    if (quoted.size() >= sizeof(uint32_t)) report.spi = load_be32(quoted.data());
    return report;
  }
  return std::nullopt;
}

std::span<const TooBigReport> ErrorQueue::drain(int fd) {
  size_t count = 0;
  // Errors of other kinds count too, so that a flood of them does not hold the loop.
  for (size_t taken = 0; taken < kReportsMax; ++taken) {
    alignas(cmsghdr) std::array<uint8_t, 256> control;
    std::array<uint8_t, 64> quoted;
    sockaddr_storage destination{};
    iovec piece{quoted.data(), quoted.size()};
    msghdr message{};
    message.msg_name = &destination;
    message.msg_namelen = sizeof destination;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = io_.receive_error(fd, message);
    if (length < 0) break;
    const auto report = parse_error(message, ByteView(quoted).first(static_cast<size_t>(length)));
    if (report) reports_[count++] = *report;
  }
  return {reports_.data(), count};
}

}  // namespace twinspan::tun
