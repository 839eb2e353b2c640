// The inbound direction of one worker: datagrams in, packets written to TUN devices.
//
// A round takes what one recvmmsg gives (trains of datagrams with UDP_GRO), classifies each
// segment, opens all ESP frames as one batch in place, coalesces the inner packets and writes each
// group with one call. Frames of another worker's SA are handed over to it; its replay windows are
// touched by it alone. Thread: the one its WorkerThread runs. HandoverRing is the only thing shared
// with other workers.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "esp/open.h"
#include "esp/sa_table.h"
#include "tun/coalesce.h"
#include "tun/datagram_receiver.h"
#include "tun/path_reports.h"
#include "tun/raw_esp_socket.h"
#include "tun/single_guess.h"
#include "tun/tun_port.h"
#include "tun/udp_socket.h"
#include "tun/worker_handover.h"
#include "tun/worker_records.h"
#include "tun/worker_thread.h"

namespace twinspan::tun {

class WorkerInbound {
 public:
  static constexpr size_t kFramesMax = Coalescer::kPacketsMax;  // Opened together.
  static constexpr unsigned kRoundsPerWake = 4;
  static constexpr unsigned kUnknownSpiPerSecondMax = 10;
  static constexpr uint64_t kMovedIntervalMs = 100;  // Between two RemoteMoved of an SA.
  static constexpr size_t kMovedMax = 1024;          // SAs remembered for that.

  WorkerInbound(WorkerThread& thread, RecordQueue& records, PacketIo& io);
  ~WorkerInbound();
  WorkerInbound(const WorkerInbound&) = delete;
  WorkerInbound& operator=(const WorkerInbound&) = delete;

  // Inside WorkerThread::call(), or before the thread starts.
  void add_socket(UdpSocket& socket);
  void add_socket(RawEspSocket& socket);
  // Before the thread starts. `all` are the inbound loops of every worker, in their order; this one
  // is all[own].
  void join_workers(std::span<const std::unique_ptr<WorkerInbound>> all, size_t own);
  // Inside WorkerThread::call(). The port outlives its stay.
  void add_port(TunPort& port);
  void remove_port(TunPort& port);

  const esp::DirectionCounters& orphans() const { return orphans_; }
  const esp::DropLog& drops() const { return drops_; }  // By coarse_milliseconds().
  const PathCounters& path_counters() const { return path_reports_.counters(); }
  uint64_t handover_overflows() const { return handover_overflows_.read(); }

 private:
  template <class Socket>
  class SocketWatch;
  class HandoverWatch;

  size_t guess_waiting(SingleGuess& single) const;
  static bool may_hold_more(SingleGuess& single, unsigned round, size_t most, size_t count);
  void receive(UdpSocket& socket, SingleGuess& single);
  void receive(RawEspSocket& socket, SingleGuess& single);
  void receive_handed_over();
  void take_train(UdpSocket& socket, const Received& train, const esp::SaTable& table);

  void add_source(const FrameSource& source, const esp::SaTable& table);
  // A frame from the source that was added last.
  void add_frame(ByteSpan frame, const esp::SaTable& table);
  void claim_frames(const esp::SaTable& table);
  bool is_ours(esp::InboundSa& sa, size_t frame);
  bool hand_over(const esp::InboundSa& sa, size_t frame);
  void finish_batch(const esp::SaTable& table);
  void take_opened(size_t index, const esp::SaTable& table);
  void write_groups(const esp::SaTable& table);
  void finish_round(const esp::SaTable& table);

  TunPort* find_port(TunnelId tunnel) const;
  void note_refused(const esp::OpenItem& item, const FrameSource& source);
  void note_unknown_spi(const esp::OpenItem& item, const FrameSource& source);
  bool note_remote(const esp::OpenItem& item, const FrameSource& source);
  void report_events(esp::InboundSa& sa);

  WorkerThread& thread_;
  RecordQueue& records_;
  DatagramReceiver receiver_;
  PathReports path_reports_;
  Coalescer coalescer_;
  std::vector<std::unique_ptr<Pollable>> watches_;
  std::vector<TunPort*> ports_;  // By tunnel; nullptr: none here.
  esp::DirectionCounters orphans_;
  esp::DropLog drops_;

  size_t own_ = 0;
  size_t workers_ = 1;
  UniqueFd handover_event_;
  std::vector<std::unique_ptr<HandoverRing>> incoming_;  // By giving worker; nullptr at own_.
  std::vector<WorkerInbound*> peers_;                    // By worker.
  std::vector<bool> is_given_;                           // Peers to be woken after this round.
  esp::Counter handover_overflows_;

  // The batch.
  size_t frame_count_ = 0;
  size_t source_count_ = 0;
  std::array<esp::OpenItem, kFramesMax> items_;
  std::array<uint16_t, kFramesMax> source_of_;
  std::array<FrameSource, kFramesMax> sources_;
  // The SA and source last found to agree: each train is asked once, not each frame.
  struct {
    const esp::InboundSa* sa = nullptr;
    const FrameSource* source = nullptr;
  } expected_;

  uint64_t unknown_second_ = 0;
  unsigned unknown_in_second_ = 0;
  std::unordered_map<uint32_t, uint64_t> moved_at_;  // SPI to milliseconds.
};

}  // namespace twinspan::tun
