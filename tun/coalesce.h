// Joins consecutive packets of a TCP or UDP flow into one super-packet for one TUN write (inner
// GRO). The packets stay where they were opened; a super-packet is the first packet's headers and a
// list of payload pieces.
//
// add() takes the packets of one batch in arrival order and puts each into a group: a run that
// merges, or a single packet. Groups are written in the order in which they began, so packets of a
// flow never overtake each other: whatever cannot join its flow's group closes it.
//
// What may merge is what the kernel's own GRO would merge: segmenting the result again gives back
// the packets bit by bit (the identification of IPv4 packets with DF aside, which means nothing:
// RFC 6864). Checksums are verified before a packet first merges; a bad one leaves alone, so that
// merging never hides an error from the receiver.
// Thread: the inbound loop that owns it.
#pragma once

#include <sys/uio.h>

#include <array>
#include <span>

#include "base/bytes.h"
#include "tun/virtio_header.h"

namespace twinspan::tun {

// What the device that a packet goes to accepts.
struct CoalesceKinds {
  bool tcp = false;
  bool udp = false;
};

class TunPort;

enum class GroupKind : uint8_t { Single, Tcp, Udp };

class Coalescer {
 public:
  static constexpr size_t kPacketsMax = 1024;  // Of a batch.
  static constexpr size_t kFlowsMax = 64;  // Open at a time; packets of further flows stay single.
  static constexpr size_t kSegmentsMax = 64;  // Of a group: UDP_MAX_SEGMENTS of kernels before 6.9.

  void clear();
  bool full() const { return packet_count_ == kPacketsMax; }
  // `device` only tells where the packet goes. The packet must be a whole IP packet with matching
  // lengths, as esp::open() leaves it, and stay in place until clear(). Not when full().
  void add(TunPort& device, ByteSpan packet, CoalesceKinds kinds);

  size_t group_count() const { return group_count_; }
  GroupKind kind(size_t group) const;
  TunPort& device(size_t group) const { return *groups_[group].device; }
  size_t packet_count(size_t group) const { return groups_[group].count; }
  size_t byte_count(size_t group) const;

  // The super-packet, or the single packet as it came. pieces[0] is the virtio header. Changes the
  // headers of the group's first packet; restore() undoes that. The pieces are valid until the next
  // call.
  std::span<iovec> merge(size_t group);
  void restore(size_t group);
  // The packets of a group one by one, for a kernel that refuses super-packets.
  size_t first_packet(size_t group) const { return groups_[group].first; }
  size_t next_packet(size_t packet) const { return packets_[packet].next; }
  ByteSpan packet(size_t index) const { return {packets_[index].bytes, packets_[index].length}; }

 private:
  static constexpr uint16_t kNone = 0xffff;
  static constexpr size_t kHeaderMax = 100;  // IPv6 and a TCP header with 40 bytes of options.

  struct Packet {
    uint8_t* bytes;
    uint32_t length;
    uint16_t next;
  };
  struct Group {
    TunPort* device;
    uint16_t first;
    uint16_t last;
    uint16_t count;
    GroupKind kind;    // Of the flow; Single when it can never merge.
    bool is_verified;  // The first packet's checksum is known to be good.
    bool is_closed;    // Nothing may follow: a short segment, or PSH.
    uint16_t header_length;
    uint16_t segment_payload;
    uint32_t payload_length;
    uint32_t next_sequence;  // TCP
    uint16_t first_id;       // IPv4 identification of the first packet.
  };
  // What identifies a flow and the layout of a packet that may take part in one.
  struct Candidate {
    GroupKind kind = GroupKind::Single;
    // Of the packet's flow; a packet may have a known flow and yet not merge.
    enum class Flow : uint8_t { Known, None, Unknown } flow = Flow::Unknown;
    uint16_t header_length = 0;
    uint32_t payload_length = 0;
  };
  struct OpenFlow {
    TunPort* device;
    uint16_t group;    // kNone: closed.
    uint16_t example;  // A packet of the flow, for its addresses and ports.
  };

  static Candidate classify(ByteView packet, CoalesceKinds kinds);
  static bool same_flow(const uint8_t* a, const uint8_t* b);
  static bool checksum_holds(ByteView packet);
  bool headers_match(const Group& group, const uint8_t* packet) const;
  bool join(Group& group, const Candidate& candidate, uint16_t index);
  uint16_t begin_group(TunPort& device, const Candidate& candidate, uint16_t index);
  OpenFlow* find_flow(const TunPort& device, const uint8_t* packet);
  VirtioHeader finish_headers(const Group& group);

  size_t packet_count_ = 0;
  size_t group_count_ = 0;
  size_t flow_count_ = 0;
  size_t current_flow_ = 0;  // Where the last packet belonged: most batches are one flow.
  std::array<Packet, kPacketsMax> packets_;
  std::array<Group, kPacketsMax> groups_;
  std::array<OpenFlow, kFlowsMax> flows_;
  VirtioHeader header_;
  std::array<uint8_t, kHeaderMax> saved_header_;
  std::array<iovec, kSegmentsMax + 2> pieces_;
};

}  // namespace twinspan::tun
