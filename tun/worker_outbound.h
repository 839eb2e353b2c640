// The outbound direction of one worker: TUN devices in, sealed frames out.
//
// A device is drained until it is empty or has had its share. A super-packet is cut, sealed as one
// batch and sent at once. Small packets gather where they were read, are sealed in place as one
// batch per SA, and leave when the device is empty, another SA's packet comes or a super-packet
// overtakes: never later than the end of the drain, so no timer is needed. Thread: the one its
// WorkerThread runs.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "esp/sa_table.h"
#include "esp/seal.h"
#include "tun/frame_sender.h"
#include "tun/packet_pool.h"
#include "tun/segment.h"
#include "tun/tun_port.h"
#include "tun/worker_records.h"
#include "tun/worker_thread.h"

namespace twinspan::tun {

class WorkerOutbound {
 public:
  static constexpr size_t kBatchMax = 128;        // Packets sealed together.
  static constexpr unsigned kReadsPerWake = 128;  // A device's share before the others have theirs.
  // In a row, of a device that answers reads with errors; then it is left alone: it was deleted
  // under us.
  static constexpr unsigned kReadErrorsMax = 16;

  WorkerOutbound(WorkerThread& thread, RecordQueue& records, PacketIo& io);
  ~WorkerOutbound();
  WorkerOutbound(const WorkerOutbound&) = delete;
  WorkerOutbound& operator=(const WorkerOutbound&) = delete;

  // Before the thread starts.
  void add_socket(UdpSocket& socket) { udp_.push_back(&socket); }
  void add_socket(RawEspSocket& socket) { raw_.push_back(&socket); }
  // Inside WorkerThread::call(). The port outlives its stay.
  void add_port(TunPort& port);
  void remove_port(TunPort& port);

  const esp::DirectionCounters& orphans() const { return orphans_; }

 private:
  class PortWatch;
  struct Batch;

  void drain(PortWatch& watch);
  uint8_t* read_position();
  void handle(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
              ByteSpan packet);
  void gather(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
              ByteSpan packet);
  void send_super_packet(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
                         ByteSpan packet);
  esp::DirectionCounters& counters_of(const esp::SaTable& table, const TunPort& port);
  void flush();
  void seal_and_send(esp::OutboundSa& sa, esp::DirectionCounters& counters);
  SendReport send(const esp::OutboundSa& sa, std::span<const ByteView> frames);
  void report_events(esp::OutboundSa& sa);

  WorkerThread& thread_;
  RecordQueue& records_;
  FrameSender sender_;
  std::vector<UdpSocket*> udp_;
  std::vector<RawEspSocket*> raw_;
  std::unordered_map<const TunPort*, std::unique_ptr<PortWatch>> ports_;
  esp::DirectionCounters orphans_;

  // Where packets are read, one behind the other while small ones gather.
  PacketPool stage_;
  // Where the segments of a super-packet are written and sealed.
  PacketPool slots_;
  // The batch: what `items_` says belongs to this SA and these counters.
  esp::OutboundSa* batch_sa_ = nullptr;
  esp::DirectionCounters* batch_counters_ = nullptr;
  size_t batch_size_ = 0;
  uint8_t* batch_end_ = nullptr;  // Behind the last gathered frame.
  std::array<esp::SealItem, kBatchMax> items_;
  std::array<ByteView, kBatchMax> frames_;
};

}  // namespace twinspan::tun
