#include "tun/datagram_receiver.h"

#include <netinet/udp.h>

namespace twinspan::tun {
namespace {

// What the kernel says beside the bytes.
struct Beside {
  size_t segment_size = 0;  // 0: no train.
  uint8_t traffic_class = 0;
};

// TOS comes as a byte, the others as an int of the host's order.
Beside read_control(msghdr& header) {
  Beside beside;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
      beside.traffic_class = *CMSG_DATA(c);
      continue;
    }
    int value = 0;
    std::memcpy(&value, CMSG_DATA(c), sizeof value);
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO && value > 0) {
      beside.segment_size = static_cast<size_t>(value);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
      beside.traffic_class = static_cast<uint8_t>(value);
    }
  }
  return beside;
}

}  // namespace

DatagramReceiver::DatagramReceiver(PacketIo& io) : io_(io), pool_(kSlots, kSlotSize) {}

std::span<const Received> DatagramReceiver::receive(int fd, size_t most) {
  for (size_t i = 0; i < most; ++i) {
    pieces_[i] = {pool_.buffer(i), kSlotSize};
    msghdr& header = messages_[i].msg_hdr;
    header = {};
    header.msg_name = &names_[i];
    header.msg_namelen = sizeof names_[i];
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].bytes.data();
    header.msg_controllen = controls_[i].bytes.size();
  }
  const int count = io_.recvmmsg(fd, std::span(messages_).first(most));
  size_t used = 0;
  for (int i = 0; i < count; ++i) {
    mmsghdr& message = messages_[static_cast<size_t>(i)];
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++truncated_;
      continue;
    }
    const Beside beside = read_control(message.msg_hdr);
    const size_t length = message.msg_len;
    received_[used++] = {.bytes = {pool_.buffer(static_cast<size_t>(i)), length},
                         .segment_size = beside.segment_size == 0 ? length : beside.segment_size,
                         .remote = to_endpoint(names_[static_cast<size_t>(i)]),
                         .ecn = esp::ecn_of(beside.traffic_class)};
  }
  return {received_.data(), used};
}

}  // namespace twinspan::tun
