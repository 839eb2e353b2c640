#include "tun/datagram_receiver.h"

#include <netinet/udp.h>

namespace twinspan::tun {
namespace {

// 0: no train.
size_t gro_segment_size(msghdr& header) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(c), sizeof size);
    return size > 0 ? static_cast<size_t>(size) : 0;
  }
  return 0;
}

}  // namespace

DatagramReceiver::DatagramReceiver(PacketIo& io) : io_(io), pool_(kSlots, kSlotSize) {}

std::span<const Received> DatagramReceiver::receive(int fd) {
  for (size_t i = 0; i < kSlots; ++i) {
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
  const int count = io_.recvmmsg(fd, messages_);
  size_t used = 0;
  for (int i = 0; i < count; ++i) {
    mmsghdr& message = messages_[static_cast<size_t>(i)];
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++truncated_;
      continue;
    }
    const size_t segment = gro_segment_size(message.msg_hdr);
    const size_t length = message.msg_len;
    received_[used++] = {.bytes = {pool_.buffer(static_cast<size_t>(i)), length},
                         .segment_size = segment == 0 ? length : segment,
                         .remote = to_endpoint(names_[static_cast<size_t>(i)])};
  }
  return {received_.data(), used};
}

}  // namespace twinspan::tun
