#include "tun/worker_outbound.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "base/prefetch.h"
#include "esp/aggfrag.h"
#include "esp/ecn.h"
#include "esp/mss_clamp.h"
#include "tun/coarse_clock.h"
#include "tun/ip_layout.h"
#include "tun/single_guess.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

// More than any ESP header: SPI, sequence number, an IV of 16 bytes and the header of an AGGFRAG
// payload.
constexpr size_t kHeadroom = 64;
// More than any ESP trailer: 255 bytes of padding, 2 of trailer, an ICV of 32.
constexpr size_t kTailroom = 320;
// Gathering stops here, so that a packet of any size still fits behind.
constexpr size_t kGatherBytesMax = 65536;
constexpr size_t kStageSize = kHeadroom + kGatherBytesMax + kTailroom + kIpPacketMax + kTailroom;

void count_drop(esp::DirectionCounters& counters, Verdict verdict, size_t packets) {
  if (packets != 0) counters.drops[static_cast<size_t>(verdict)].add(packets);
}

}  // namespace

class WorkerOutbound::PortWatch : public Pollable {
 public:
  PortWatch(WorkerOutbound& outbound, TunPort& port) : outbound_(outbound), port_(port) {}
  void prefetch() const override {
    twinspan::prefetch(&port_);
    twinspan::prefetch(entry_);
    twinspan::prefetch(sa_);
  }
  void on_ready() override {
    outbound_.drain(*this, take_share(outbound_.thread_.round(), outbound_.thread_.ready_count()));
  }
  const void* crew() const override { return &outbound_; }
  void finish() override { outbound_.finish_row(); }
  TunPort& port() { return port_; }

  // Asks for what sealing will need, so that it comes while the kernel hands out the packet.
  void look_ahead(const esp::SaTable& table) {
    prefetch();
    entry_ = table.find_tunnel(port_.tunnel());
    sa_ = entry_ == nullptr ? nullptr : entry_->only_any;
    if (sa_ == nullptr) return;
    prefetch_lines(&entry_->first_counters->outbound, kCacheLine);
    sa_->prefetch();
  }

  // Whether the device has failed too often in a row.
  bool note_error() { return ++errors_ >= kReadErrorsMax; }
  void note_packet() { errors_ = 0; }

  // How often it is read when `ready` descriptors are, of which it is one in this round. One that
  // is still ready in the next round is read twice as often.
  unsigned take_share(uint64_t round, int ready) {
    const bool has_more = round == last_round_ + 1;
    last_round_ = round;
    share_ = has_more ? std::min(2 * share_, kReadsPerWake) : 1;
    if (single_.guess(round, ready == 1)) return 1;
    return ready < kManyReady ? kReadsPerWake : share_;
  }
  void note_emptied(unsigned packets) { single_.note_emptied(packets); }

 private:
  WorkerOutbound& outbound_;
  TunPort& port_;
  unsigned errors_ = 0;
  unsigned share_ = 1;
  SingleGuess single_;
  uint64_t last_round_ = 0;
  // Where it found them last; only looked at again when they are found again.
  const esp::TunnelEntry* entry_ = nullptr;
  const esp::OutboundSa* sa_ = nullptr;
};

WorkerOutbound::WorkerOutbound(WorkerThread& thread, RecordQueue& records, PacketIo& io)
    : thread_(thread),
      records_(records),
      io_(io),
      sender_(io),
      drops_(coarse_milliseconds),
      stage_(1, kStageSize),
      slots_(1, kSlotsSize),
      aside_(1, kIpPacketMax) {}

WorkerOutbound::~WorkerOutbound() = default;

void WorkerOutbound::add_port(TunPort& port) {
  auto watch = std::make_unique<PortWatch>(*this, port);
  thread_.watch(port.fd(), *watch);
  ports_.emplace(&port, std::move(watch));
}

void WorkerOutbound::remove_port(TunPort& port) {
  thread_.unwatch(port.fd());
  ports_.erase(&port);
}

void WorkerOutbound::finish_port(TunPort& port) {
  PortWatch& watch = *ports_.at(&port);
  for (unsigned round = 0; round < kFinishRoundsMax && !drain(watch, kReadsPerWake); ++round) {
  }
  finish_row();
  remove_port(port);
}

// At most `share` reads. Whether nothing is left in it.
bool WorkerOutbound::drain(PortWatch& watch, unsigned share) {
  TunPort& port = watch.port();
  bool is_empty = false;
  if (table_ == nullptr) table_ = &thread_.newest_table();
  watch.look_ahead(*table_);
  for (unsigned reads = 0; reads < share; ++reads) {
    uint8_t* position = read_position();
    VirtioHeader header;
    const ssize_t length = port.read(header, {position, kIpPacketMax});
    if (length < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && watch.note_error()) thread_.unwatch(port.fd());
      watch.note_emptied(reads);
      is_empty = true;
      break;
    }
    watch.note_packet();
    handle(*table_, port, header, {position, static_cast<size_t>(length)});
  }
  return is_empty;
}

void WorkerOutbound::finish_row() {
  flush();
  records_.flush();
  table_ = nullptr;
}

// Right behind the gathered frames, such that the next frame begins where the last one ends if its
// SA has the same layout: adjacent frames of one length are one datagram train, whatever their SAs.
uint8_t* WorkerOutbound::read_position() {
  uint8_t* start = stage_.buffer(0) + kHeadroom;
  if (is_in_slots_) return start;
  if (batch_size_ != 0 && (batch_size_ == kBatchMax || batch_end_ > start + kGatherBytesMax))
    flush();
  return batch_size_ == 0 ? start : batch_end_ + esp::inner_offset(*runs_[run_count_ - 1].sa);
}

void WorkerOutbound::handle(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
                            ByteSpan packet) {
  if (header.gso_type == kVirtioGsoNone) {
    if (is_in_slots_) flush();  // What was read before leaves before.
    gather(table, port, header, packet);
  } else {
    if (!is_in_slots_) flush();
    gather_super_packet(table, port, header, packet);
  }
}

void WorkerOutbound::gather(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
                            ByteSpan packet) {
  Verdict verdict = complete_checksum(header, packet);
  esp::OutboundSa* sa = nullptr;
  if (verdict == Verdict::Accept) {
    sa = table.find_outbound(port.tunnel(), packet, verdict, port.queue());
  }
  if (sa == nullptr) {
    count_drop(counters_of(table, port), verdict, 1);
    drops_.note_inner(verdict, port.tunnel(), true, packet);
    return;
  }
  if (exceeds_path(*sa, packet, packet.size())) {
    flush();  // What was read before leaves before.
    handle_too_big({port, *sa, counters_of(table, port)}, packet);
    return;
  }
  esp::clamp_mss(packet, sa->mss_mtu());
  const uint8_t traffic_class = outer_class(*sa, port, packet.data());
  if (run_count_ == 0 || sa != runs_[run_count_ - 1].sa || traffic_class != batch_traffic_class_) {
    if (!may_join_batch(*sa, traffic_class)) flush();
    begin_run(*sa, counters_of(table, port), traffic_class);
  }
  uint8_t* const place = place_packet(*sa, packet.data() - esp::inner_offset(*sa), packet.size());
  if (place != packet.data()) std::memmove(place, packet.data(), packet.size());
}

uint8_t WorkerOutbound::outer_class(const esp::OutboundSa& sa, const TunPort& port,
                                    const uint8_t* packet) {
  const uint8_t inner = esp::traffic_class_of(packet);
  return sa.layout().is_aggfrag() ? esp::aggfrag_traffic_class(inner, port.copies_dscp())
                                  : esp::outer_traffic_class(inner, port.copies_dscp());
}

// Where a packet of this length goes: behind those of the run's last payload, if that may hold
// several and has room, else into a frame of its own that begins at `frame`; nullptr: the batch is
// full.
uint8_t* WorkerOutbound::place_packet(const esp::OutboundSa& sa, uint8_t* frame, size_t length) {
  if (sa.layout().is_aggfrag() && batch_size_ > runs_[run_count_ - 1].first_item) {
    esp::SealItem& last = items_[batch_size_ - 1];
    if (esp::fits_payload(last.inner_length, length, sa.payload_limit())) {
      uint8_t* const place = last.frame + esp::inner_offset(sa) + last.inner_length;
      last.inner_length += static_cast<uint32_t>(length);
      ++last.packet_count;
      batch_end_ = last.frame + esp::frame_size(sa, last.inner_length);
      return place;
    }
  }
  if (batch_size_ == batch_most_) return nullptr;
  uint8_t* const place = frame + esp::inner_offset(sa);
  items_[batch_size_++] = {
      .inner = place, .inner_length = static_cast<uint32_t>(length), .frame = frame};
  batch_end_ = frame + esp::frame_size(sa, length);
  return place;
}

esp::DirectionCounters& WorkerOutbound::counters_of(const esp::SaTable& table,
                                                    const TunPort& port) {
  const esp::TunnelEntry* entry = table.find_tunnel(port.tunnel());
  return entry == nullptr ? orphans_ : entry->counters_of(port.queue()).outbound;
}

// Whether its frames leave by the same socket to the same place, and its header fits in front of
// the packet that was read behind the last frame.
bool WorkerOutbound::may_join_batch(const esp::OutboundSa& sa, uint8_t traffic_class) const {
  if (run_count_ == 0) return true;
  const esp::OutboundSa& last = *runs_[run_count_ - 1].sa;
  return traffic_class == batch_traffic_class_ && sa.encapsulation() == last.encapsulation() &&
         socket_of(sa) == socket_of(last) && sa.remote() == last.remote() &&
         esp::inner_offset(sa) <= esp::inner_offset(last);
}

void WorkerOutbound::begin_run(esp::OutboundSa& sa, esp::DirectionCounters& counters,
                               uint8_t traffic_class) {
  if (run_count_ != 0) seal_run();
  runs_[run_count_++] = {&sa, &counters, batch_size_, frame_count_};
  batch_traffic_class_ = traffic_class;
}

// The whole batch; leaves it empty.
void WorkerOutbound::flush() {
  if (run_count_ == 0) return;
  seal_run();
  send_batch();
  for (size_t i = 0; i < run_count_; ++i) {
    const size_t end = i + 1 < run_count_ ? runs_[i + 1].first_frame : frame_count_;
    const auto items = std::span(items_).subspan(runs_[i].first_item);
    if (end > runs_[i].first_frame)
      probe_path(*runs_[i].sa, items.first(end - runs_[i].first_frame));
    report_events(*runs_[i].sa);
  }
  run_count_ = batch_size_ = frame_count_ = 0;
  is_in_slots_ = false;
  batch_most_ = kBatchMax;
}

// The last run of the batch.
void WorkerOutbound::seal_run() {
  const Run& run = runs_[run_count_ - 1];
  const auto items = std::span(items_).subspan(run.first_item, batch_size_ - run.first_item);
  const size_t sealed = esp::seal(*run.sa, items, *run.counters);
  for (const esp::SealItem& item : items.subspan(sealed)) note_unsealed(*run.sa, item);
  for (const esp::SealItem& item : items.first(sealed)) {
    frames_[frame_count_++] = {item.frame, item.frame_length};
  }
}

void WorkerOutbound::note_unsealed(esp::OutboundSa& sa, const esp::SealItem& item) {
  const bool is_expired = sa.state().lifetime.is_expired();
  drops_.note_inner(is_expired ? Verdict::Expired : Verdict::SequenceExhausted, sa.tunnel(), true,
                    {item.inner, item.inner_length});
}

void WorkerOutbound::send_batch() {
  if (frame_count_ == 0) return;
  const SendReport report = send(*runs_[0].sa, std::span(frames_).first(frame_count_));
  for (const SendTrouble& trouble : report.troubles) account(trouble);
}

void WorkerOutbound::account(const SendTrouble& trouble) {
  size_t run = 0;
  for (size_t frame = trouble.first; frame < trouble.first + trouble.count; ++frame) {
    while (run + 1 < run_count_ && runs_[run + 1].first_frame <= frame) ++run;
    switch (trouble.kind) {
      case SendTrouble::Kind::TooBig:
        count_drop(*runs_[run].counters, Verdict::TooBig, 1);
        drops_.note(Verdict::TooBig, runs_[run].sa->tunnel(), true);
        break;
      case SendTrouble::Kind::Failed:
        count_drop(*runs_[run].counters, Verdict::SendFailed, 1);
        drops_.note(Verdict::SendFailed, runs_[run].sa->tunnel(), true);
        break;
      case SendTrouble::Kind::ExceedsPath:
        runs_[run].sa->path().want_probe();
        break;
    }
  }
}

SendReport WorkerOutbound::send(const esp::OutboundSa& sa, std::span<const ByteView> frames) {
  if (UdpSocket* socket = udp_socket_of(sa)) {
    return sender_.send(*socket, sa.remote(), frames, batch_traffic_class_);
  }
  if (RawEspSocket* socket = raw_socket_of(sa)) {
    return sender_.send(*socket, sa.remote().address, frames, batch_traffic_class_);
  }
  // No socket is bound to the SA's local address.
  no_socket_ = {SendTrouble::Kind::Failed, 0, frames.size()};
  return {.failed = frames.size(), .troubles = {&no_socket_, 1}};
}

UdpSocket* WorkerOutbound::udp_socket_of(const esp::OutboundSa& sa) const {
  if (sa.encapsulation() != Encapsulation::Udp) return nullptr;
  const auto is_bound = [&](const UdpSocket* socket) { return socket->local() == sa.local(); };
  if (sa.has_own_source_port()) {
    const auto own = std::ranges::find_if(senders_, is_bound);
    if (own != senders_.end()) return *own;
  }
  const auto shared = std::ranges::find_if(udp_, is_bound);
  return shared == udp_.end() ? nullptr : *shared;
}

RawEspSocket* WorkerOutbound::raw_socket_of(const esp::OutboundSa& sa) const {
  if (sa.encapsulation() != Encapsulation::Esp) return nullptr;
  for (RawEspSocket* socket : raw_) {
    if (socket->local().address == sa.local().address) return socket;
  }
  return nullptr;
}

void WorkerOutbound::report_events(esp::OutboundSa& sa) {
  const uint8_t events = sa.take_events();
  if (events == 0) return;
  if ((events & esp::kEventSoftLimit) != 0) records_.push(SoftLimit{sa.inbound_spi()});
  if ((events & esp::kEventHardLimit) != 0) records_.push(HardLimit{sa.inbound_spi()});
}

}  // namespace twinspan::tun
