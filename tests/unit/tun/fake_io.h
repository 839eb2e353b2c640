// A kernel that does what the test says: records what is written and sent, and refuses on demand.
#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>

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
    if (const cmsghdr* control = CMSG_FIRSTHDR(&header)) {
      uint16_t size = 0;
      std::memcpy(&size, CMSG_DATA(control), sizeof size);
      out.segment_size = size;
    }
    return out;
  }
};

}  // namespace twinspan::tun
