// Sends sealed frames to one remote: as few system calls and datagram trains as the kernel allows.
//
// Runs of frames of one length, the last of which may be shorter, that lie side by side become one
// UDP_SEGMENT message; a run too long for one message is split evenly, so that both parts are worth
// their cost. All messages go down in one sendmmsg. A refusal never stops the frames behind it.
// Thread: the one that owns the sender; sockets may be shared.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "tun/packet_io.h"
#include "tun/raw_esp_socket.h"
#include "tun/udp_socket.h"

namespace twinspan::tun {

// Frames side by side that did not leave, or not as they should.
struct SendTrouble {
  enum class Kind : uint8_t { TooBig, Failed, ExceedsPath };
  Kind kind;
  size_t first;
  size_t count;
};

struct SendReport {
  size_t sent = 0;
  size_t too_big = 0;  // Larger than any datagram, or than a path that may not be fragmented.
  size_t failed = 0;
  bool exceeds_path = false;              // A train was refused for the size of its segments.
  std::span<const SendTrouble> troubles;  // Which frames these were; valid until the next send().
};

class FrameSender {
 public:
  static constexpr size_t kSegmentsMax = 64;         // UDP_MAX_SEGMENTS of kernels before 6.9.
  static constexpr size_t kMessageBytesMax = 65507;  // 65535 less IPv4 and UDP headers.
  static constexpr size_t kMessagesMax = 64;         // Of one sendmmsg.

  explicit FrameSender(PacketIo& io) : io_(io) {}

  // How many of one size a message holds.
  static size_t frames_per_message(size_t size);

  // `traffic_class` is that of the outer packets.
  SendReport send(UdpSocket& socket, const Endpoint& remote, std::span<const ByteView> frames,
                  uint8_t traffic_class = 0);
  SendReport send(RawEspSocket& socket, const IpAddress& remote, std::span<const ByteView> frames,
                  uint8_t traffic_class = 0);

 private:
  // UDP_SEGMENT and, beside it, a traffic class.
  static constexpr size_t kControlMax = CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int));
  static constexpr int kRefusalsMax =
      4;  // Errors in a row for one message before its frames are given up.
  static constexpr int kWaitMilliseconds = 5;

  struct Job;
  struct alignas(cmsghdr) Control {
    std::array<uint8_t, kControlMax> bytes;
  };

  SendReport run(Job job);
  size_t build(const Job& job);
  void add_message(const Job& job, size_t first, size_t count, size_t message);
  void handle_refusal(Job& job, int error);

  PacketIo& io_;
  std::vector<SendTrouble> troubles_;
  std::array<mmsghdr, kMessagesMax> messages_;
  std::array<iovec, kMessagesMax> pieces_;
  std::array<uint16_t, kMessagesMax> counts_;  // Frames of each message.
  std::array<Control, kMessagesMax> controls_;
};

}  // namespace twinspan::tun
