// A kernel that does what the test says: records what is written and sent, and refuses on demand.
#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "base/bytes.h"
#include "tun/packet_io.h"

namespace twinspan::tun {

struct SentMessage {
  Bytes bytes;
  size_t segment_size = 0;  // 0: no UDP_SEGMENT.
  size_t call = 0;
  int traffic_class = 0;
  bool operator==(const SentMessage&) const = default;
};

class FakeIo : public PacketIo {
 public:
  // Returns errno for a message or write that is to be refused, 0 to accept.
  std::function<int(const SentMessage&)> refuse_message = [](const SentMessage&) { return 0; };
  std::function<int(const Bytes&)> refuse_write = [](const Bytes&) { return 0; };
  std::map<int, int> refused_options;  // Option to errno.

  std::vector<SentMessage> sent;
  std::vector<Bytes> written;
  std::deque<Bytes> to_read;
  size_t send_calls = 0;
  size_t waits = 0;

  ssize_t readv(int, std::span<const iovec> pieces) override {
    if (to_read.empty()) return fail(EAGAIN);
    const Bytes packet = to_read.front();
    to_read.pop_front();
    size_t done = 0;
    for (const iovec& piece : pieces) {
      const size_t part = std::min(piece.iov_len, packet.size() - done);
      std::memcpy(piece.iov_base, packet.data() + done, part);
      done += part;
    }
    return static_cast<ssize_t>(done);
  }

  ssize_t writev(int, std::span<const iovec> pieces) override {
    const Bytes all = joined(pieces);
    if (const int error = refuse_write(all)) return fail(error);
    written.push_back(all);
    return static_cast<ssize_t>(all.size());
  }

  int sendmmsg(int, std::span<mmsghdr> messages) override {
    ++send_calls;
    int accepted = 0;
    for (mmsghdr& message : messages) {
      const SentMessage out = read_message(message.msg_hdr);
      if (const int error = refuse_message(out)) {
        if (accepted == 0) return static_cast<int>(fail(error));
        break;  // As the kernel does: the error is for the next call.
      }
      sent.push_back(out);
      ++accepted;
    }
    return accepted;
  }

  int recvmmsg(int, std::span<mmsghdr>) override { return static_cast<int>(fail(EAGAIN)); }

  // Messages of the error queue: parts of a msghdr, as the kernel fills them in.
  struct ErrorMessage {
    Bytes name;
    Bytes control;
    Bytes quoted;
  };
  std::deque<ErrorMessage> errors;

  ssize_t receive_error(int, msghdr& message) override {
    if (errors.empty()) return fail(EAGAIN);
    const ErrorMessage next = errors.front();
    errors.pop_front();
    std::ranges::copy(next.name, static_cast<uint8_t*>(message.msg_name));
    message.msg_namelen = static_cast<socklen_t>(next.name.size());
    std::ranges::copy(next.control, static_cast<uint8_t*>(message.msg_control));
    message.msg_controllen = next.control.size();
    const size_t length = std::min(message.msg_iov[0].iov_len, next.quoted.size());
    std::copy_n(next.quoted.begin(), length, static_cast<uint8_t*>(message.msg_iov[0].iov_base));
    return static_cast<ssize_t>(length);
  }

  int setsockopt(int, int, int option, int) override {
    const auto refused = refused_options.find(option);
    return refused == refused_options.end() ? 0 : static_cast<int>(fail(refused->second));
  }

  void wait_writable(int, int) override { ++waits; }

 private:
  static ssize_t fail(int error) {
    errno = error;
    return -1;
  }

  static Bytes joined(std::span<const iovec> pieces) {
    Bytes all;
    for (const iovec& piece : pieces) {
      const auto* bytes = static_cast<const uint8_t*>(piece.iov_base);
      all.insert(all.end(), bytes, bytes + piece.iov_len);
    }
    return all;
  }

  SentMessage read_message(msghdr& header) const {
    SentMessage out{.bytes = joined({header.msg_iov, header.msg_iovlen}), .call = send_calls};
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level == IPPROTO_UDP) {
        uint16_t size = 0;
        std::memcpy(&size, CMSG_DATA(c), sizeof size);
        out.segment_size = size;
      } else {
        std::memcpy(&out.traffic_class, CMSG_DATA(c), sizeof out.traffic_class);
      }
    }
    return out;
  }
};

}  // namespace twinspan::tun
