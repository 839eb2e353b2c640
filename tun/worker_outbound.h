// The outbound direction of one worker: TUN devices in, sealed frames out.
//
// A device is drained until it is empty or has had its share. The segments of super-packets of one
// SA gather in slots, small packets where they were read; either are sealed in place as one batch
// per SA, and leave when the devices that are ready are empty, a packet to another gateway comes,
// one of the other kind follows, or the batch is full: never later than the end of the row, so no
// timer is needed.
// Frames of several tunnels to one gateway leave together. On an SA with AGGFRAG (RFC 9347) each
// packet joins the one before it in its payload as long as both fit. Thread: the one its
// WorkerThread runs.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "esp/drop_log.h"
#include "esp/rate_limit.h"
#include "esp/sa_table.h"
#include "esp/seal.h"
#include "tun/frame_sender.h"
#include "tun/packet_pool.h"
#include "tun/segment.h"
#include "tun/tun_port.h"
#include "tun/worker_records.h"
#include "tun/worker_thread.h"

namespace twinspan::tun {

struct OutboundPathCounters {
  esp::Counter probes;
  esp::Counter fragmented;          // Inner packets that were cut before sealing.
  esp::Counter too_big_answered;    // Their senders were told.
  esp::Counter too_big_unanswered;  // Not told, because too many were.
};

class WorkerOutbound {
 public:
  static constexpr size_t kBatchMax = 128;        // Packets sealed together.
  static constexpr unsigned kReadsPerWake = 128;  // A device's share before the others have theirs.
  // So many ready at once have a packet or two each, as a rule. They are not read until they are
  // empty: a read in vain costs as much as the next wait, which tells of all that have more.
  static constexpr int kManyReady = 4;
  static constexpr uint32_t kTooBigPerSecondMax = 100;  // ICMP messages towards the inside.
  // In a row, of a device that answers reads with errors; then it is left alone: it was deleted
  // under us.
  static constexpr unsigned kReadErrorsMax = 16;
  // Of finish_port(): more than the kernel queues for it (LinuxHost: 1,000 packets).
  static constexpr unsigned kFinishRoundsMax = 16;

  WorkerOutbound(WorkerThread& thread, RecordQueue& records, PacketIo& io);
  ~WorkerOutbound();
  WorkerOutbound(const WorkerOutbound&) = delete;
  WorkerOutbound& operator=(const WorkerOutbound&) = delete;

  // Inside WorkerThread::call(), or before the thread starts.
  void add_socket(UdpSocket& socket) { udp_.push_back(&socket); }
  // For SAs with a source port of their own; `socket.local()` is the endpoint that it stands for.
  void add_sender(UdpSocket& socket) { senders_.push_back(&socket); }
  void add_socket(RawEspSocket& socket) { raw_.push_back(&socket); }
  // Inside WorkerThread::call(). The port outlives its stay.
  void add_port(TunPort& port);
  void remove_port(TunPort& port);
  // Takes what waits in the port, then removes it.
  void finish_port(TunPort& port);

  const esp::DirectionCounters& orphans() const { return orphans_; }
  const OutboundPathCounters& path_counters() const { return path_counters_; }
  const esp::DropLog& drops() const { return drops_; }  // By coarse_milliseconds().

 private:
  class PortWatch;
  struct Batch;

  bool drain(PortWatch& watch, unsigned share);
  void finish_row();
  uint8_t* read_position();
  void handle(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
              ByteSpan packet);
  struct Outbound {
    TunPort& port;
    esp::OutboundSa& sa;
    esp::DirectionCounters& counters;
  };
  void gather(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
              ByteSpan packet);
  void gather_super_packet(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
                           ByteSpan packet);
  template <class Pieces>
  void gather_pieces(const Outbound& outbound, ByteView packet, const Pieces& pieces);
  bool continues_pieces(const esp::OutboundSa& sa, uint8_t traffic_class) const;
  void begin_pieces(const Outbound& outbound, uint8_t traffic_class, size_t length);
  uint8_t* place_piece(const esp::OutboundSa& sa, size_t length);
  static bool exceeds_path(const esp::OutboundSa& sa, ByteView packet, size_t length);
  void handle_too_big(const Outbound& outbound, const Segmenter& segments);
  bool handle_too_big(const Outbound& outbound, ByteView packet);
  void probe_path(esp::OutboundSa& sa, std::span<const esp::SealItem> sealed);
  UdpSocket* udp_socket_of(const esp::OutboundSa& sa) const;
  RawEspSocket* raw_socket_of(const esp::OutboundSa& sa) const;
  int socket_of(const esp::OutboundSa& sa) const;
  esp::DirectionCounters& counters_of(const esp::SaTable& table, const TunPort& port);
  bool may_join_batch(const esp::OutboundSa& sa, uint8_t traffic_class) const;
  void begin_run(esp::OutboundSa& sa, esp::DirectionCounters& counters, uint8_t traffic_class);
  static uint8_t outer_class(const esp::OutboundSa& sa, const TunPort& port, const uint8_t* packet);
  [[nodiscard]] uint8_t* place_packet(const esp::OutboundSa& sa, uint8_t* frame, size_t length);
  void flush();
  void seal_run();
  void note_unsealed(esp::OutboundSa& sa, const esp::SealItem& item);
  void send_batch();
  void account(const SendTrouble& trouble);
  SendReport send(const esp::OutboundSa& sa, std::span<const ByteView> frames);
  void report_events(esp::OutboundSa& sa);

  WorkerThread& thread_;
  RecordQueue& records_;
  PacketIo& io_;
  FrameSender sender_;
  std::vector<UdpSocket*> udp_;
  std::vector<UdpSocket*> senders_;
  std::vector<RawEspSocket*> raw_;
  std::unordered_map<const TunPort*, std::unique_ptr<PortWatch>> ports_;
  esp::DirectionCounters orphans_;
  OutboundPathCounters path_counters_;
  esp::DropLog drops_;
  esp::RateLimit too_big_limit_{kTooBigPerSecondMax, kTooBigPerSecondMax};

  // Where packets are read, one behind the other while small ones gather.
  PacketPool stage_;
  // Where the pieces of packets are written and sealed. 47 segments of a 64 KB super-packet take
  // 69 KB, which one message does not hold; those of several fill so many messages at a time.
  static constexpr size_t kMessagesOfPieces = 2;
  static constexpr size_t kSlotsSize = kMessagesOfPieces * FrameSender::kMessageBytesMax;
  PacketPool slots_;
  // Where a segment lies that has to be cut once more. Not resident before.
  PacketPool aside_;
  // The table of the row, nullptr between rows: what a batch refers to is in it.
  const esp::SaTable* table_ = nullptr;
  // The batch: packets to one gateway with one traffic class outside, run by run. A run is of one
  // SA; all but the last are sealed.
  struct Run {
    esp::OutboundSa* sa;
    esp::DirectionCounters* counters;
    size_t first_item;
    size_t first_frame;
  };
  std::array<Run, kBatchMax> runs_;
  size_t run_count_ = 0;
  uint8_t batch_traffic_class_ = 0;
  bool is_in_slots_ = false;       // Its frames are; else in the stage.
  size_t batch_most_ = kBatchMax;  // Of pieces, as many as fill their messages.
  size_t batch_size_ = 0;          // Of items_.
  size_t frame_count_ = 0;
  uint8_t* batch_end_ = nullptr;  // Behind the last frame.
  std::array<esp::SealItem, kBatchMax> items_;
  std::array<ByteView, kBatchMax> frames_;
  SendTrouble no_socket_{};
};

}  // namespace twinspan::tun
