#include "tun/frame_sender.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>

namespace twinspan::tun {

// One send() on its way.
struct FrameSender::Job {
  int fd;
  SocketAddress remote;
  std::span<const ByteView> frames;
  UdpSocket* udp;  // nullptr: a raw socket.
  uint8_t traffic_class;
  size_t next = 0;
  size_t singles_until = 0;  // Frames before this one are sent without segmentation.
  int refusals = 0;          // In a row.
  SendReport report{};

  bool may_segment() const { return udp != nullptr && udp->gso() && next >= singles_until; }
};

namespace {

// How many of the frames from the front are one train: adjacent, of one length, the last maybe
// shorter.
size_t run_length(std::span<const ByteView> frames) {
  const size_t size = frames[0].size();
  size_t count = 1;
  while (count < frames.size()) {
    const ByteView& previous = frames[count - 1];
    const ByteView& frame = frames[count];
    if (frame.data() != previous.data() + previous.size() || frame.size() > size) break;
    ++count;
    if (frame.size() < size) break;
  }
  return count;
}

// What an ICMP message turns into, which the kernel tells to whoever uses the socket next.
bool is_echo(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
         error == ENOPROTOOPT || error == EPROTO || error == EACCES;
}

// Ancillary data, one piece behind the other.
class ControlWriter {
 public:
  explicit ControlWriter(ByteSpan out) : out_(out) {}

  template <class Value>
  void add(int level, int type, Value value) {
    cmsghdr control{};
    control.cmsg_level = level;
    control.cmsg_type = type;
    control.cmsg_len = CMSG_LEN(sizeof value);
    std::memset(&out_[size_], 0, CMSG_SPACE(sizeof value));
    std::memcpy(&out_[size_], &control, sizeof control);
    std::memcpy(&out_[size_ + CMSG_LEN(0)], &value, sizeof value);
    size_ += CMSG_SPACE(sizeof value);
  }
  size_t size() const { return size_; }

 private:
  ByteSpan out_;
  size_t size_ = 0;
};

}  // namespace

SendReport FrameSender::send(UdpSocket& socket, const Endpoint& remote,
                             std::span<const ByteView> frames, uint8_t traffic_class) {
  return run({.fd = socket.fd(),
              .remote = to_socket_address(remote),
              .frames = frames,
              .udp = &socket,
              .traffic_class = traffic_class});
}

SendReport FrameSender::send(RawEspSocket& socket, const IpAddress& remote,
                             std::span<const ByteView> frames, uint8_t traffic_class) {
  // A port is not a raw socket's business; IPv6 refuses any but 0.
  return run({.fd = socket.fd(),
              .remote = to_socket_address({remote, 0}),
              .frames = frames,
              .udp = nullptr,
              .traffic_class = traffic_class});
}

SendReport FrameSender::run(Job job) {
  troubles_.clear();
  while (job.next < job.frames.size()) {
    const size_t count = build(job);
    const int sent = io_.sendmmsg(job.fd, {messages_.data(), count});
    if (sent <= 0) {
      handle_refusal(job, sent == 0 ? EAGAIN : errno);
      continue;
    }
    job.refusals = 0;
    for (size_t i = 0; i < static_cast<size_t>(sent); ++i) {
      job.report.sent += counts_[i];
      job.next += counts_[i];
    }
  }
  job.report.troubles = troubles_;
  return job.report;
}

size_t FrameSender::frames_per_message(size_t size) {
  return std::clamp<size_t>(kMessageBytesMax / std::max<size_t>(1, size), 1, kSegmentsMax);
}

// Messages for the frames from job.next on, as many as one call takes.
size_t FrameSender::build(const Job& job) {
  size_t messages = 0;
  size_t first = job.next;
  size_t limit = job.next < job.singles_until ? job.singles_until : job.frames.size();
  while (first < limit && messages < kMessagesMax) {
    const size_t run = job.may_segment() ? run_length(job.frames.subspan(first)) : 1;
    const size_t most = frames_per_message(job.frames[first].size());
    const size_t parts = (run + most - 1) / most;
    const size_t count = (run + parts - 1) / parts;
    add_message(job, first, count, messages++);
    first += count;
  }
  return messages;
}

void FrameSender::add_message(const Job& job, size_t first, size_t count, size_t message) {
  const ByteView& head = job.frames[first];
  const ByteView& tail = job.frames[first + count - 1];
  const auto length = static_cast<size_t>(tail.data() + tail.size() - head.data());
  pieces_[message] = {const_cast<uint8_t*>(head.data()), length};
  counts_[message] = static_cast<uint16_t>(count);
  msghdr& header = messages_[message].msg_hdr;
  header = {};
  header.msg_name = const_cast<sockaddr_storage*>(&job.remote.storage);
  header.msg_namelen = job.remote.length;
  header.msg_iov = &pieces_[message];
  header.msg_iovlen = 1;
  ControlWriter control(controls_[message].bytes);
  if (count > 1)
    control.add<uint16_t>(IPPROTO_UDP, UDP_SEGMENT, static_cast<uint16_t>(head.size()));
  if (job.traffic_class != 0) {
    const bool is_v4 = job.remote.storage.ss_family == AF_INET;
    control.add<int>(is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TOS : IPV6_TCLASS,
                     job.traffic_class);
  }
  if (control.size() == 0) return;
  header.msg_control = controls_[message].bytes.data();
  header.msg_controllen = control.size();
}

// Decides about the message that the last call began with.
void FrameSender::handle_refusal(Job& job, int error) {
  const size_t count = counts_[0];
  ++job.refusals;
  if (error == EINTR && job.refusals < kRefusalsMax) return;
  if (error == EAGAIN && job.refusals < kRefusalsMax) {
    // The send buffer is full: waiting makes the device's queue the place where packets are lost.
    io_.wait_writable(job.fd, kWaitMilliseconds);
    return;
  }
  if ((error == EIO || error == EINVAL) && count > 1) {
    // No checksum offload on the way out (EIO before 6.11), or a device that cannot: from the first
    // unsent frame on, and for good on this socket, datagrams go one by one.
    job.udp->disable_gso();
    return;
  }
  // IP_RECVERR: about an earlier datagram; this one was not tried. EMSGSIZE may be that or the
  // truth.
  if (is_echo(error) && job.refusals < kRefusalsMax) return;
  if (error == EMSGSIZE && job.refusals == 1) return;
  if (error == EMSGSIZE && count > 1) {
    // The segments are larger than the path. That says nothing against segmentation; one by one the
    // kernel may fragment them.
    job.report.exceeds_path = true;
    troubles_.push_back({SendTrouble::Kind::ExceedsPath, job.next, count});
    job.singles_until = job.next + count;
    return;
  }
  if (error == EMSGSIZE) {
    job.report.too_big += count;
    troubles_.push_back({SendTrouble::Kind::TooBig, job.next, count});
  } else {
    job.report.failed += count;
    troubles_.push_back({SendTrouble::Kind::Failed, job.next, count});
  }
  job.next += count;
  job.refusals = 0;
}

}  // namespace twinspan::tun
